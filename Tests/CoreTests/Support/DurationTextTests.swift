import Testing

@testable import Core

@Suite("Durations")
struct DurationTextTests {
    @Test(
        "are read",
        arguments: [
            ("90s", Duration.seconds(90)), ("10m", .seconds(600)), ("2h", .seconds(7200)),
            ("500ms", .milliseconds(500)),
            ("1h30m", .seconds(5400)), ("1d", .seconds(86_400)), ("1s500ms", .milliseconds(1500)), ("0s", .zero),
        ])
    func reads(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.parse(DurationText.spell(duration)) == duration)
    }

    @Test(
        "are refused",
        arguments: [
            "", "90", "s", "1.5s", "-1s", "1m1h", "1s1s", "1 s", "1S", "9223372036854775807d", "1h30", "١s", "1s ",
        ])
    func refuses(text: String) { #expect(DurationText.parse(text) == nil) }
}
