import Core
public import TransparencyLog

extension Workspace {
    /// What there is to know of a log that was made.
    public struct MadeLog: Sendable {
        /// Its key, whose name is the log's origin.
        public let key: VerifierKey
        /// Whether it was made just now.
        public let isNew: Bool
    }

    /// Makes the project's log with a new key, as its first use would; an existing one is left as it is.
    ///
    /// - Throws: ``WorkspaceError`` when the project names the key of a log that is elsewhere, ``AuditError`` when it cannot
    ///   be written or is another one's.
    public func makeLog() async throws -> MadeLog {
        let isNew = try Files.read("\(logDirectory)/\(LogLayout.verifierKey)", limit: 4096) == nil
        if isNew, let key = configuration.log.key {
            throw WorkspaceError(
                "there is no log in \(logDirectory), and log.key in \(Self.fileName) is the key of one: \(key)",
                remedy: "A new log would have another key. Set log.directory to where that log is, or take log.key out."
            )
        }
        let log = try await RunLog.open(
            directory: logDirectory, origin: configuration.log.origin, clock: SystemClock(), by: Environment.holder
        ).log
        let key = try await log.verifierKey
        _ = try await log.checkpoint()
        await log.close()
        return MadeLog(key: key, isNew: isNew)
    }
}
