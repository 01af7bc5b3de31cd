import Core

/// The turn to begin a run of a log. Whoever has it reads what the log says of other runs, judges, and appends the run's
/// beginning, which reserves its nodes, before anybody else reads: of two that look at the same time both would find room
/// for one more. Only beginnings take turns; runs under way, with their way back, and recovery do not (law 5).
///
/// It excludes the processes that share a log. Those with logs of their own are kept apart by leases on the nodes.
struct Ledger: Sendable {
    /// How long another process may have the turn, in seconds: no node is asked in it, and no witness.
    static let patience = 120.0

    let directory: String
    let clock: any Clock

    /// Waits for the turn and gives it back after `body`; the kernel takes it back from a process that dies.
    /// - Throws: ``WorkspaceError`` when another process keeps it, or what `body` throws.
    func turn<Value: ~Copyable>(_ body: () async throws -> Value) async throws -> Value {
        let lock = try FileLock("\(directory)/ledger.lock", files: SystemFiles())
        let deadline = clock.uptime() + Self.patience
        // Not waited for in flock: that would take a thread of the few that tasks have.
        while try !lock.tryAcquire() {
            guard clock.uptime() < deadline else {
                throw WorkspaceError(
                    "another process has been about to begin a run for \(Int(Self.patience)) s",
                    remedy:
                        "`lslocks` names it, at \(directory)/ledger.lock. Nothing was begun, and the plan is not spent."
                )
            }
            try await clock.sleep(seconds: 0.02)
        }
        defer { lock.release() }
        return try await body()
    }
}
