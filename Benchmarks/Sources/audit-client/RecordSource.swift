import Core
import Measuring

/// Records that say how a node is, and name no others: several writers can append them in any order.
struct RecordSource {
    /// Bytes of an entry, about.
    let size: Int
    private static let start = Timestamp(milliseconds: 1_760_000_000_000)

    /// So many, as entries.
    func entries(_ count: Int) throws -> [[UInt8]] {
        try (0..<count).map { try JSON.encode(padded($0)) }
    }

    func measureEncoding(_ count: Int) throws -> String {
        var measurement = Measurement()
        for entry in try entries(count) { measurement.bytes += entry.count }
        measurement.end()
        return measurement.json
    }

    private func padded(_ number: Int) -> LogRecord {
        // Around the text there are some 230 bytes.
        let filler = String(repeating: "a line of output, ", count: max(0, size - 230) / 18)
        return LogRecord(
            at: Self.start.adding(seconds: number / 100), by: "root@executor:4711", run: "01K9ZBENCH\(number / 4000)",
            node: "worker-\(number / 80 % 50)", event: .run(.nodeState(.running, reason: filler)))
    }
}
