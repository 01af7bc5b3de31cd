import Core
import Engine
import Foundation

extension RunStore {
    /// Run → its plan.
    var plans: [String: Plan] { Dictionary(runs.map { ($0.id, $0.plan) }, uniquingKeysWith: { first, _ in first }) }
}

/// Reading the project's log, for which its folder need not be writable.
extension Workspace {
    /// Every record; none before the first plan was made.
    func records() async throws -> [IndexedRecord] {
        guard FileManager.default.fileExists(atPath: logDirectory) else { return [] }
        return try await RecordReader(directory: logDirectory).records()
    }

    /// Every run.
    func store() async throws -> RunStore { RunStore(try await records()) }

    /// Every run in brief, and whether a process drives it now.
    func summaries() async throws -> [RunSummary] {
        try await store().runs.map { run in
            RunSummary(run, isHeld: run.isOpen ? try RunLock.isHeld(run: run.id, in: logDirectory) : false)
        }
    }
}
