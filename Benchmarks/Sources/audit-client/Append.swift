import Engine
import Glibc
import Measuring

/// Several writers, each of which waits until its entry is durable before it appends the next one.
struct Append {
    typealias Moment = (index: UInt64, at: ContinuousClock.Instant)

    let directory: String
    let writers: Int
    let count: Int
    let size: Int

    func measure(batches: String) async throws -> String {
        let entries = try RecordSource(size: size).entries(count)
        let files = MeasuredFiles()
        let log = try await AuditLog.open(directory: directory, origin: "audit.example/bench", files: files)
        files.forget()
        var measurement = Measurement()
        let moments = try await append(entries, to: log)
        measurement.end()
        let during = files.state
        // The last of them are published within the pace's second.
        try await Task.sleep(for: .seconds(2))
        let published = files.state.published
        await log.close()
        let latencies = moments.compactMap { moment in
            published.first { $0.size > moment.index }.map { ($0.at - moment.at) / .milliseconds(1) }
        }.sorted()
        let written = during.batches
        measurement.bytes = written.reduce(0) { $0 + $1.length }
        measurement.more = [
            ("syncs", Double(during.syncs.count)), ("sync_ms_p50", percentile(during.syncs.sorted(), 50) * 1000),
            ("sync_share", during.syncs.reduce(0, +) / measurement.duration),
            ("entries_a_batch", Double(count) / Double(max(1, written.count))),
            ("publish_ms_p50", percentile(latencies, 50)), ("publish_ms_p99", percentile(latencies, 99)),
            ("checkpoints", Double(published.count)),
        ]
        try write(written, to: batches)
        return measurement.json
    }

    /// Gives for some entries when they were durable.
    private func append(_ entries: [[UInt8]], to log: AuditLog) async throws -> [Moment] {
        try await withThrowingTaskGroup(of: [Moment].self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var moments: [Moment] = []
                    for number in stride(from: writer, to: entries.count, by: writers) {
                        let index = try await log.append(entries[number])
                        if number / writers % 16 == 0 { moments.append((index, .now)) }
                    }
                    return moments
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func percentile(_ sorted: [Double], _ percent: Int) -> Double {
        sorted.isEmpty ? 0 : sorted[(sorted.count - 1) * percent / 100]
    }

    private func write(_ batches: [MeasuredFiles.Batch], to path: String) throws {
        guard let file = fopen(path, "w") else { throw Failed(what: "\(path) cannot be written") }
        defer { fclose(file) }
        for batch in batches { fputs("\(batch.segment) \(batch.offset) \(batch.length)\n", file) }
    }
}

/// Why nothing was measured.
struct Failed: Error {
    let what: String
}
