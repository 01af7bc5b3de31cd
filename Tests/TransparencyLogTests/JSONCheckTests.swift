import CChecksum
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

    @Test("a string is read to its end, and a control character in it is found, at every length", arguments: 0..<40)
    func lengths(length: Int) {
        let filler = String(repeating: "x", count: length)
        #expect(JSONCheck.entry(Array(#"{"a":"\#(filler)","b":"é\#(filler)\n"}"#.utf8)) == nil)
        #expect(JSONCheck.entry(Array("{\"a\":\"\(filler)\u{1F}yyyyyyyy\"}".utf8))?.offset == 6 + length)
        #expect(JSONCheck.entry(Array("{\"a\":\"\(filler)".utf8))?.what == "a string without end")
    }

    @Test(
        "bytes that are no UTF-8, or no character",
        arguments: [
            ([0x80], "UTF-8"), ([0xC0, 0x80], "UTF-8"), ([0xC3], "UTF-8"), ([0xC3, 0x28], "UTF-8"),
            ([0xE0, 0x9F, 0xBF], "UTF-8"),
            ([0xED, 0xA0, 0x80], "UTF-8"), ([0xE2, 0x82], "UTF-8"), ([0xF0, 0x8F, 0xBF, 0xBF], "UTF-8"),
            ([0xF4, 0x90, 0x80, 0x80], "UTF-8"), ([0xF5, 0x80, 0x80, 0x80], "UTF-8"), ([0xFF], "UTF-8"),
            ([0xEF, 0xBF, 0xBE], "noncharacter"), ([0xEF, 0xB7, 0x90], "noncharacter"),
            ([0xF0, 0x9F, 0xBF, 0xBF], "noncharacter"), ([0xF4, 0x8F, 0xBF, 0xBF], "noncharacter"),
        ] as [([UInt8], String)])
    func notText(bytes: [UInt8], what: String) {
        #expect(JSONCheck.entry(Array(#"{"a":""#.utf8) + bytes + Array(#""}"#.utf8))?.what.contains(what) == true)
        #expect(JSONCheck.entry(Array(#"{"a":1"#.utf8) + bytes + Array("}".utf8)) != nil)
    }

    @Test(
        "the first and the last scalars of each length",
        arguments: ["\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFD}", "\u{10000}", "\u{10FFFD}"])
    func scalars(text: String) {
        #expect(JSONCheck.entry(Array(#"{"\#(text)":"\#(text)\#(text)"}"#.utf8)) == nil)
    }

    @Test("a key that comes again is found among any number of keys, and the same key in another object is none")
    func manyKeys() {
        for count in [2, 31, 32, 33, 200] {
            let members = (0..<count).map { #""k\#($0)":{"k0":\#($0)}"# }.joined(separator: ",")
            #expect(JSONCheck.entry(Array("{\(members)}".utf8)) == nil)
            for again in [#""k0""#, #""\u006b0""#, #""k\#(count - 1)""#] {
                #expect(
                    JSONCheck.entry(Array("{\(members),\(again):1}".utf8))
                        == JSONDefect(what: "duplicate key", offset: members.utf8.count + 2))
            }
        }
    }

    /// Entries of all shapes, most of them with a byte that does not belong there.
    private struct Shapes {
        var random: SystemRandomNumberGenerator = SystemRandomNumberGenerator()
        private static let names = [
            "type", "run", "node", "intent", "leaf", "index", "a", "b", "exactly8", "exactly8, and",
            "exactly8, and one more", "", #"a\n"#, #"exactly8\n"#, #"exactly8, \nand one more"#,
        ]
        private static let texts = [
            "", "x", "a longer text than eight", #"\n"#, #"\""#, #"\u0041"#, "é", #"\x"#, "\u{1}", "…", #"\é"#, #"\\…"#,
            "\u{FFFE}", "😀", "\u{800}", "\u{D7FF}",
        ]

        mutating func entry() -> [UInt8] {
            var bytes = Array(object(0).utf8)
            if Int.random(in: 0..<3, using: &random) > 0 {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8(ascii: " "), at: place)
                default: bytes.removeLast(bytes.count - place)
                }
            }
            return bytes
        }

        private mutating func object(_ depth: Int) -> String {
            let count = Int.random(in: 0..<(depth == 0 ? 19 : 4), using: &random)
            var keys = (0..<count).map { number in
                Self.names[Int.random(in: 0..<Self.names.count, using: &random)] + (number < 3 ? "" : "\(number)")
            }
            if Int.random(in: 0..<3, using: &random) > 0 { keys.sort() }
            let members = keys.map { "\"\($0)\":\(value(depth + 1))" }
            return "{\(members.joined(separator: ","))}"
        }

        private mutating func value(_ depth: Int) -> String {
            switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &random) {
            case 0:
                return ["0", "-0", "7", "-12", "01", "9007199254740991", "9007199254740992", "1.5", "1e3", "-"]
                    .randomElement(using: &random) ?? ""
            case 1: return ["true", "false", "null", "tru", "nul"].randomElement(using: &random) ?? ""
            case 2...5: return "\"\(Self.texts.randomElement(using: &random) ?? "")\""
            case 6:
                return
                    "[\((0..<Int.random(in: 0..<3, using: &random)).map { _ in value(depth + 1) }.joined(separator: ","))]"
            default: return object(depth)
            }
        }
    }

    @Test("what is scanned fast is what the whole grammar takes, and says the same of itself")
    func plain() {
        var shapes = Shapes()
        var count = 0
        for _ in 0..<20_000 {
            let entry = shapes.entry()
            entry.withUnsafeBytes { bytes in
                var fast = JSONScanner()
                var whole = JSONScanner()
                let defects = [
                    Result { () throws(JSONDefect) in try fast.scan(bytes) },
                    Result { () throws(JSONDefect) in try whole.scanWhole(bytes) },
                ].map { if case .failure(let defect) = $0 { defect } else { nil as JSONDefect? } }
                #expect(defects[0] == defects[1], "\(String(decoding: entry, as: UTF8.self))")
                if defects[1] == nil {
                    #expect(fast.head == whole.head, "\(String(decoding: entry, as: UTF8.self))")
                    fast.bytes = bytes
                    if fast.scanPlain() { count += 1 }
                }
            }
        }
        #expect(count > 500, "nearly nothing was scanned fast")
    }

    @Test("each way to mark bytes marks those of the definition, at every length")
    func marks() {
        let alphabet = Array(#""\\\ntu/rbfx{: "#.utf8) + [0x00, 0x1F, 0x20, 0x7F, 0x80, 0xFF]
        for count in Array(0...260) + [4096, 65_535] {
            // Long runs of one byte, too: of backslashes every second one escapes.
            var bytes: [UInt8] = []
            while bytes.count < count {
                bytes += Array(repeating: alphabet.randomElement() ?? 0, count: .random(in: 1...3))
            }
            let marks = Self.marks(bytes.prefix(count))
            var found = [UInt64](repeating: 1, count: count / 64 + 1)
            belay_json_marks(bytes, count, &found)
            #expect(found == marks, "\(bytes)")
            for way in 0..<belay_json_ways() {
                found = [UInt64](repeating: 1, count: count / 64 + 1)
                belay_json_marks_by(way, bytes, count, &found)
                #expect(found == marks, "\(way): \(bytes)")
            }
        }
    }

    /// The definition, byte by byte.
    private static func marks(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
        var marks = [UInt64](repeating: 0, count: bytes.count / 64 + 1)
        var isEscaped = false
        for (place, byte) in bytes.enumerated() {
            let isPlain = byte >= 0x20 && byte < 0x80
            let isMarked = isEscaped ? !Array(#"n"\t/rbf"#.utf8).contains(byte) : byte == UInt8(ascii: "\"") || !isPlain
            if isMarked { marks[place / 64] |= 1 << UInt64(place % 64) }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        marks[bytes.count / 64] |= 1 << UInt64(bytes.count % 64)
        return marks
    }
}
