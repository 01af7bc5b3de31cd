import Testing

@testable import Core

@Suite("Timestamps")
struct TimestampTests {
    @Test("each millisecond is written, and read back as what it was")
    func milliseconds() {
        for second in [0, 1_795_370_400, 253_402_300_799] as [Int64] {
            for rest in 0..<1000 as Range<Int64> {
                let instant = Timestamp(milliseconds: second * 1000 + rest)
                #expect(instant.description.hasSuffix(".\(String(rest + 1000).dropFirst())Z"))
                #expect(Timestamp(instant.description) == instant)
            }
        }
    }

    @Test("before 1970 the milliseconds count forward too")
    func early() {
        #expect(Timestamp(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
        #expect(Timestamp(milliseconds: -1000).description == "1969-12-31T23:59:59.000Z")
    }
}
