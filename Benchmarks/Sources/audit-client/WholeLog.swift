import Engine
import Measuring
import Services
import TransparencyLog

/// What is done with all of a log.
struct WholeLog {
    let directory: String

    /// A new log of real runs' entries, published as it grows.
    func fill(_ count: Int, recorded: String) async throws -> String {
        var measurement = Measurement()
        var runs = try RecordedRuns(path: recorded)
        let log = try await AuditLog.open(directory: directory, origin: "audit.example/bench")
        var rest = count
        while rest > 0 {
            let entries = Array(runs.next().prefix(rest))
            measurement.bytes += entries.reduce(0) { $0 + $1.count }
            _ = try await log.append(entries)
            rest -= entries.count
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
