import Testing

@testable import Core

@Suite("intents that a log leaves open")
struct OpenIntentTests {
    private func record(_ event: Event, run: String = "r", node: String? = "a") -> LogRecord {
        LogRecord(at: Timestamp(milliseconds: 0), by: "t", run: run, node: node, event: .run(event))
    }

    @Test("an intent is open until the outcome of its node in its run; of one without its blob the write is not known")
    func open() {
        var lost = record(.intent(Intent(.apply(step: 1))), node: "c")
        lost.event = nil
        let records = [
            record(.started(holder: "t"), node: nil),
            record(.intent(Intent(.armDeadMan))), record(.outcome(.armDeadMan, .armed)),
            record(.intent(Intent(.apply(step: 0)))),
            record(.intent(Intent(.apply(step: 0))), run: "s"), record(.intent(Intent(.undo(step: 2))), node: "b"),
            lost,
            record(.outcome(.apply(step: 0), .lost(rebooted: false)), run: "s"),
        ]
        let open = OpenIntent.all(in: records.enumerated().map { (UInt64($0), $1) })
        #expect(
            open == [
                OpenIntent(index: 3, run: "r", node: "a", write: .apply(step: 0)),
                OpenIntent(index: 5, run: "r", node: "b", write: .undo(step: 2)),
                OpenIntent(index: 6, run: "r", node: "c", write: nil),
            ])
    }
}
