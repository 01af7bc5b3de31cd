import Core
public import TransparencyLog

/// A change of the log's key.
public struct KeyChange: Sendable {
    /// The key until then.
    public let old: VerifierKey
    /// The key from then on.
    public let new: VerifierKey
}

extension Belay {
    /// Changes the key of the project's log, to the one that was prepared or else to a new one.
    ///
    /// - Parameters:
    ///   - name: a key that ssh-agent holds, as the file of its public half or its fingerprint; nil: one in the log's folder.
    ///   - reason: why, for whoever reads the log; at most 1000 bytes, since the entry must hold it.
    /// - Returns: the change, and the checkpoint that both keys signed.
    /// - Throws: ``AuditError`` when it was not done to its end; the next attempt goes on with the same new key.
    public func rotateKey(
        keptAs name: String? = nil, reason: String
    ) async throws -> (change: KeyChange, checkpoint: Checkpoint) {
        guard reason.utf8.count <= 1000 else {
            throw WorkspaceError("the reason has \(reason.utf8.count) bytes", remedy: "Say it in 1000.")
        }
        let old = try await log.log.verifierKey
        let signed = try await log.rotateKey(keptAs: name, reason: reason, by: Environment.holder)
        return (KeyChange(old: old, new: try await log.log.verifierKey), signed.checkpoint)
    }
}

extension Workspace {
    /// The key that the log will change to, made now if there is none: so that its witnesses and auditors know it beforehand.
    ///
    /// - Parameter name: as of ``Belay/rotateKey(keptAs:reason:)``.
    /// - Throws: ``WorkspaceError`` when there is no log, ``AuditError`` when its folder cannot be written, or the agent does not
    ///   have that key.
    public func nextKey(keptAs name: String? = nil) throws -> KeyChange {
        guard let key = try VerifierKey.ofLog(in: logDirectory) else {
            throw WorkspaceError(
                "there is no log in \(logDirectory)",
                remedy: "It is made with the first plan, or by `belay audit init`.")
        }
        let next = try AuditLog.nextKey(directory: logDirectory, origin: configuration.log.origin, keptAs: name)
        return KeyChange(old: key, new: next)
    }
}
