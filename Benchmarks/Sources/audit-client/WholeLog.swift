import Engine
import Measuring
import Services
import TransparencyLog

/// What is done with all of a log.
struct WholeLog {
    let directory: String

    /// A new log, published as it grows.
    func fill(_ count: Int, _ source: RecordSource) async throws -> String {
        var measurement = Measurement()
        let log = try await AuditLog.open(directory: directory, origin: "audit.example/bench")
        var last: [UInt8]?
        for start in stride(from: 0, to: count, by: 1000) {
            var batch: [[UInt8]] = []
            for number in start..<min(start + 1000, count) {
                let entry = try source.entry(number, after: last)
                batch.append(entry)
                last = entry
                measurement.bytes += entry.count
            }
            _ = try await log.append(batch)
        }
        _ = try await log.checkpoint()
        await log.close()
        measurement.end()
        return measurement.json
    }

    func verify() throws -> String {
        var measurement = Measurement()
        let report = try LogVerifier.verify(directory: directory)
        measurement.end()
        guard report.isIntact, report.unsignedEntries == 0 else {
            throw Failed(what: report.summary.joined(separator: "\n"))
        }
        measurement.more = [("entries", Double(report.entries)), ("checkpoints", Double(report.checkpoints.count))]
        return measurement.json.dropLast() + ", \"root\": \"\(report.root)\"}"
    }

    func index() async throws -> String {
        var measurement = Measurement()
        let entries = try await LogIndex(log: directory).rebuild()
        measurement.end()
        measurement.more = [("entries", Double(entries))]
        return measurement.json
    }
}
