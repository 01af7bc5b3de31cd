public import Core

extension Belay {
    /// Logs who reads what, signed at once: the reader may not come back.
    /// - Throws: ``AuditError`` when the log cannot be written.
    public static func logReading(_ workspace: Workspace, _ reading: LogReading) async throws {
        let log = try await RunLog.open(
            directory: workspace.logDirectory, origin: workspace.configuration.log.origin, clock: SystemClock(),
            by: Environment.holder)
        try await log.append(.read(reading), by: Environment.holder, run: nil)
        _ = try await log.log.checkpoint()
        await log.log.close()
    }
}
