import Testing

@testable import TransparencyLog

@Suite("entries are I-JSON")
struct JSONCheckTests {
    @Test(
        "well-formed entries",
        arguments: [
            "{}", #"{"a":1}"#, #"{"a":-9007199254740991,"b":9007199254740991,"c":0}"#, #"{"a":[],"b":[{},[1,"x"]]}"#,
            #"{"a":null,"b":true,"c":false}"#, #"{ "a" : [ 1 , 2 ] }"#, #"{"a":"\u00e9\ud83d\ude00\n\"\\\/"}"#,
            #"{"é":1,"e\u0301":2}"#, #"{"a":{"a":{"a":1}}}"#, #"{"":""}"#,
        ])
    func good(_ text: String) {
        #expect(JSONCheck.entry(Array(text.utf8)) == nil)
    }

    @Test(
        "what another reader could see differently, and where",
        arguments: [
            ("", 0), ("[]", 0), ("1", 0), ("{} {}", 3), (#"{"a":1"#, 6), (#"{"a":1,}"#, 7), (#"{"a" 1}"#, 5),
            (#"{"a":1,"a":2}"#, 7), (#"{"a":1,"\u0061":2}"#, 7), (#"{"é":1,"\u00e9":2}"#, 8),
            (#"{"a":1.0}"#, 5), (#"{"a":1e3}"#, 5), (#"{"a":9007199254740992}"#, 5), (#"{"a":-9007199254740992}"#, 5),
            (#"{"a":99999999999999999999}"#, 5), (#"{"a":01}"#, 5), (#"{"a":-0}"#, 5), (#"{"a":-}"#, 6),
            (#"{"a":+1}"#, 5),
            (#"{"a":NaN}"#, 5), (#"{"a":tru}"#, 5), (#"{"a":"x}"#, 8), (#"{"a":"\x"}"#, 6), (#"{"a":"\ud800"}"#, 6),
            (#"{"a":"\udc00\ud800"}"#, 6), (#"{"a":"\u12"}"#, 8), (#"{"a":"\uffff"}"#, 13), ("{\"a\":\"\u{1}\"}", 6),
            ("{\"a\":1,\n\"b\":2}", 7), ("{\"a\":\"\n\"}", 6), ("{a:1}", 1), (#"{"a":[1,]}"#, 8),
        ] as [(String, Int)])
    func bad(_ text: String, offset: Int) {
        #expect(JSONCheck.entry(Array(text.utf8))?.offset == offset)
    }

    @Test("invalid UTF-8 and endless nesting")
    func bytes() {
        #expect(JSONCheck.entry(Array(#"{"a":""#.utf8) + [0xE8, 0x20] + Array(#""}"#.utf8)) != nil)
        let deep = #"{"a":"# + String(repeating: "[", count: 60_000)
        #expect(JSONCheck.entry(Array(deep.utf8))?.what.contains("64 levels") == true)
    }
}
