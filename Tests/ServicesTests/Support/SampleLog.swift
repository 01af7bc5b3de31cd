import Core
import Engine
import Foundation
import Synchronization
import Testing
import TransparencyLog

@testable import Services

/// A log in a folder that is gone after the test.
final class SampleLog: Sendable {
    let root = FileManager.default.temporaryDirectory.path + "/belay-index-\(UUID().uuidString)"
    var directory: String { root + "/log" }
    var file: String { root + "/log.index.sqlite" }
    private let told = Mutex<[String]>([])

    init() throws {
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    /// What was said about the index, which is forgotten then.
    func takeTold() -> [String] {
        told.withLock { told in
            defer { told = [] }
            return told
        }
    }

    /// Appends records, the events of `inBlobs` beside the log.
    func write(_ records: [LogRecord], inBlobs: Set<Int> = [], checkpoint: Bool = false) async throws {
        let log = try await AuditLog.open(
            directory: directory, origin: "test.example/log", pace: .onDemand)
        var entries: [[UInt8]] = []
        for (number, record) in records.enumerated() {
            var record = record
            if inBlobs.contains(number), let event = record.event {
                let blob = try await log.blobs.put(try JSON.encode(event))
                record.event = nil
                record.blob = BlobName(commitment: blob.commitment, length: Int(blob.length))
            }
            entries.append(try JSON.encode(record))
        }
        for start in stride(from: 0, to: entries.count, by: 500) {
            _ = try await log.append(Array(entries[start..<min(start + 500, entries.count)]))
        }
        if checkpoint { _ = try await log.checkpoint() }
        await log.close()
    }

    /// By the index.
    func search(_ filter: EntryFilter, last: Int? = nil, patience: Duration = .seconds(30)) async throws -> LogExcerpt {
        try await LogIndex(log: directory, patience: patience).search(filter, last: last) { line in
            self.told.withLock { $0.append(line) }
        }
    }

    func records() async throws -> [IndexedRecord] { try await RecordReader(directory: directory).records() }

    /// By reading all of the log.
    func scan(_ filter: EntryFilter, last: Int?, of all: [IndexedRecord]) -> LogExcerpt {
        let plans = RunStore(all).plans
        let admitted = all.filter { entry in filter.admits(entry, plan: entry.record.run.flatMap { plans[$0] }) }
        return LogExcerpt(entries: admitted.suffix(last ?? admitted.count), plans: plans)
    }

    /// The index finds what a scan finds, and knows the same plans.
    /// - Parameter all: the records, where they were read already.
    func expectSame(
        _ filter: EntryFilter, last: Int? = nil, among all: [IndexedRecord]? = nil,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await search(filter, last: last)
        var records = all ?? []
        if all == nil { records = try await self.records() }
        let expected = scan(filter, last: last, of: records)
        #expect(
            found.entries.map(\.index) == expected.entries.map(\.index), "\(filter)", sourceLocation: sourceLocation)
        #expect(found.entries.map(\.bytes) == expected.entries.map(\.bytes), sourceLocation: sourceLocation)
        #expect(found.entries.map(\.record) == expected.entries.map(\.record), sourceLocation: sourceLocation)
        for run in Set(expected.entries.compactMap(\.record.run)) {
            #expect(found.plans[run] == expected.plans[run], "\(run)", sourceLocation: sourceLocation)
        }
    }

    func indices(_ filter: EntryFilter) async throws -> [UInt64] {
        try await search(filter).entries.map(\.index)
    }

    /// Writes over bytes of a file.
    func overwrite(_ path: String, at offset: UInt64, with bytes: [UInt8]) throws {
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }
}

extension RunStore {
    var plans: [String: Plan] { Dictionary(runs.map { ($0.id, $0.plan) }, uniquingKeysWith: { first, _ in first }) }
}

/// Records made by hand.
enum Sample {
    static let time = Timestamp(milliseconds: 1_795_370_400_000)

    static func step(_ action: String, arguments: [String: ArgumentValue]) -> StepPlan {
        StepPlan(
            name: "step", action: action, arguments: Arguments(arguments), reversibility: .reversible, cutsPath: false,
            timeoutSeconds: 30, before: Observation([:]), prediction: Prediction(after: Observation([:])),
            apply: [Command(["true"])], undo: [Command(["true"])], verify: [])
    }

    /// A plan that restarts, then replaces a file, on each node.
    static func plan(_ run: String, runbook: String, nodes: [String], title: String = "Restart") -> Plan {
        let steps = [
            step("service.restart", arguments: ["service": .text("kubelet")]),
            step("file.replace", arguments: ["path": .text("/etc/motd"), "content": .text("x")]),
        ]
        return Plan(
            id: run, createdAt: time, expiresAt: time.adding(seconds: 3600), requester: "alice",
            runbook: RunbookReference(name: runbook, title: title, author: "belay", digest: digest),
            parameters: [:], cluster: ClusterReference(name: "prod", environment: "production"),
            log: LogReference(origin: "test.example/log", key: "test.example/log+00000000+AA=="), policySet: digest,
            onFailure: .rollback,
            nodes: nodes.map {
                NodePlan(
                    name: $0,
                    identity: NodeIdentity(address: "10.0.0.1:22", hostKey: "SHA256:abc", machineID: "0123abcd"),
                    roles: ["worker"], pool: "default", steps: steps, verify: [], services: [], deadManSeconds: nil)
            })
    }

    static let digest = String(repeating: "ab", count: 32)

    static func planned(_ plan: Plan) throws -> LogEvent {
        let bytes = try JSON.encodePretty(plan)
        return .planned(
            PlannedRecord(plan: Payload(bytes: bytes), planSha256: Digest.sha256(bytes), signature: "none"))
    }

    static func record(
        _ event: LogEvent, at seconds: Int = 0, by: String = "alice@laptop:7", run: String? = "2026-a",
        node: String? = nil
    ) -> LogRecord {
        LogRecord(at: time.adding(seconds: seconds), by: by, run: run, node: node, event: event)
    }

    /// An entry with some words in it.
    static func note(_ words: String, node: String = "n1") -> LogRecord {
        record(.run(.nodeState(.rollingBack, reason: words)), node: node)
    }
}
