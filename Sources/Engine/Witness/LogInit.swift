import Core
public import TransparencyLog

extension Workspace {
    /// What there is to know of a log that was made.
    public struct MadeLog: Sendable {
        /// Its key, whose name is the log's origin.
        public let key: VerifierKey
        /// Whether it was made just now.
        public let isNew: Bool
        /// Whether its secret half is with ssh-agent, and not in the log's folder.
        public let isKeptByAgent: Bool
    }

    /// Makes the project's log with a new key, as its first use would; an existing one is left as it is.
    ///
    /// - Parameters:
    ///   - name: a key that ssh-agent holds, as the file of its public half or its fingerprint; nil: a secret key in the folder.
    ///   - agent: where that key is.
    /// - Throws: ``WorkspaceError`` when the project names the key of a log that is elsewhere, ``AuditError`` when it cannot
    ///   be written, is another one's, or has another key than was named.
    public func makeLog(keptAs name: String? = nil, agent: SigningAgent = .ofEnvironment) async throws -> MadeLog {
        let isNew = try Files.read("\(logDirectory)/\(LogLayout.verifierKey)", limit: 4096) == nil
        if isNew, let key = configuration.log.key {
            throw WorkspaceError(
                "there is no log in \(logDirectory), and log.key in \(Self.fileName) is the key of one: \(key)",
                remedy: "A new log would have another key. Set log.directory to where that log is, or take log.key out."
            )
        }
        let origin = configuration.log.origin
        if let name {
            let keys = LogKeys(directory: logDirectory, origin: origin, files: SystemFiles(), agent: agent)
            try keys.keepNew(agent.key(named: name))
        }
        let log = try await RunLog.open(
            directory: logDirectory, origin: origin, clock: SystemClock(), by: Environment.holder, agent: agent
        ).log
        let key = try await log.verifierKey
        _ = try await log.checkpoint()
        await log.close()
        return MadeLog(key: key, isNew: isNew, isKeptByAgent: LogKeys.isKept(logDirectory))
    }
}
