import Core
import Measuring
import TransparencyLog

/// The records of a run that restarts services: of each step an intent, its outcome, a check and a change of state.
struct RecordSource {
    /// Bytes of an entry, about.
    let size: Int
    private static let start = Timestamp(milliseconds: 1_760_000_000_000)

    /// Entry `number` of a log that has them all, from 0; `previous` is the one before it.
    func entry(_ number: Int, after previous: [UInt8]?) throws -> [UInt8] {
        let bytes = try JSON.encode(padded(number))
        guard number % 4 == 1, let previous else { return bytes }
        // Which intent an outcome is of stands before what the record says itself.
        let intent = #"{"intent":{"index":\#(number - 1),"leaf":"\#(Merkle.leaf(previous))"},"#
        return Array(intent.utf8) + bytes.dropFirst()
    }

    /// Any number of entries that name no others, so that several writers can append them.
    func independent(_ count: Int) throws -> [[UInt8]] {
        try (0..<count).map { try JSON.encode(padded(4 * $0 + 3)) }
    }

    func measureEncoding(_ count: Int) throws -> String {
        var measurement = Measurement()
        for entry in try independent(count) { measurement.bytes += entry.count }
        measurement.end()
        return measurement.json
    }

    private func padded(_ number: Int) -> LogRecord {
        // Around the text there are some 230 bytes, 150 more in an intent.
        let rest = max(0, size - (number % 4 == 3 ? 230 : 380))
        return record(number, filler: String(repeating: "a line of output, ", count: rest / 18))
    }

    private func record(_ number: Int, filler: String) -> LogRecord {
        let (run, step) = (number / 4000, number / 4 % 20)
        let write = Write.apply(step: step)
        let event: Event =
            switch number % 4 {
            case 0:
                .intent(Intent(write, commands: [Command(["systemctl", "restart", "kubelet.service", filler])]))
            case 1: .outcome(write, .done(status: 0, failedAt: 0, output: Payload(filler)))
            case 2: .verified(step: step, failures: [])
            default: .nodeState(.running, reason: filler)
            }
        return LogRecord(
            at: Self.start.adding(seconds: number / 100), by: "root@executor:4711", run: "01K9ZBENCH\(run)",
            node: "worker-\(number / 80 % 50)", event: .run(event))
    }
}
