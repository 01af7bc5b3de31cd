import Testing

@testable import SSH

@Suite("Wire encoding")
struct WireTests {
    @Test(
        "an mpint has no superfluous zeros and never looks negative",
        arguments: [
            ([0, 0, 1], [0, 0, 0, 1, 1]), ([0x80], [0, 0, 0, 2, 0, 0x80]), ([0x7F, 0xFF], [0, 0, 0, 2, 0x7F, 0xFF]),
            ([0], [0, 0, 0, 0]),
        ] as [([UInt8], [UInt8])])
    func mpint(_ magnitude: [UInt8], _ encoded: [UInt8]) {
        #expect(Wire.mpint(magnitude) == encoded)
    }

    @Test("a length beyond the end yields nothing")
    func bounds() {
        var reader = WireReader([0xFF, 0xFF, 0xFF, 0xFF, 1, 2] as [UInt8])
        #expect(reader.string() == nil)
        var short = WireReader([0, 0] as [UInt8])
        #expect(short.uint32() == nil)
    }

    @Test("a scalar is padded to its curve's width, and refused when it is wider")
    func unsigned() {
        var reader = WireReader([0, 0, 0, 3, 0, 1, 2] as [UInt8])
        #expect(reader.unsigned(width: 4) == [0, 0, 1, 2])
        var wide = WireReader([0, 0, 0, 3, 1, 1, 2] as [UInt8])
        #expect(wide.unsigned(width: 2) == nil)
    }

    @Test("bytes from a node are escaped and bounded")
    func escaping() {
        #expect(printable(Array("a\u{1B}[2J\n\\é".utf8)) == #"a\x1b[2J\n\\\xc3\xa9"#)
        #expect(printable([UInt8](repeating: 0x61, count: 9), limit: 3) == "aaa… (9 bytes)")
    }
}
