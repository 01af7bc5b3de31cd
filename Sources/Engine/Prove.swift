import Core
public import TransparencyLog

/// Proofs for somebody who has not got the log. Tiles and checkpoints are read; only what is not signed yet has to be published first.
extension Workspace {
    /// Proofs of entries, all under the last checkpoint, each verified.
    ///
    /// - Parameters:
    ///   - entries: as the journal has them.
    ///   - carriesEntry: whether a proof shall bring its entry's bytes along, as its extra data.
    /// - Throws: ``WorkspaceError`` when an entry is not signed and the log's key is not here, ``AuditError`` when the log
    ///   cannot be published, or does not have such an entry there.
    public func prove(_ entries: [JournalEntry], carriesEntry: Bool = false) async throws -> [LogProof] {
        let signed = try await checkpoint(covering: (entries.map(\.index).max() ?? 0) + 1)
        let tiles = TileReader(directory: logDirectory)
        return try reading {
            try entries.map { try tiles.proof(of: $0, under: signed, extra: carriesEntry ? $0.bytes : nil) }
        }
    }

    /// One side of a proof that a log has only grown.
    public enum LogState: Sendable {
        /// When it had so many entries.
        case size(UInt64)
        /// As a checkpoint says that was kept, with what to call it.
        case kept(KeptCheckpoint)
    }

    /// A proof that the log has only grown from one state to another, verified.
    ///
    /// - Parameter new: a state that was signed: only then its root counts for anybody.
    /// - Throws: ``WorkspaceError`` for a state that was not, ``AuditError`` when the log has not grown so.
    public func prove(from old: LogState, to new: LogState) throws -> GrowthProof {
        let signed = try signedCheckpoint(new)
        let tiles = TileReader(directory: logDirectory)
        let (origin, newSize) = (signed.checkpoint.origin, signed.checkpoint.size)
        let older: Checkpoint
        switch old {
        case .kept: older = try signedCheckpoint(old).checkpoint
        case .size(let size):
            guard size <= newSize else {
                throw WorkspaceError(
                    "\(size) entries are more than \(newSize)", remedy: "Name the smaller size first.")
            }
            older = try reading {
                try Checkpoint(origin: origin, size: size, root: tiles.root(ofFirst: size, inTreeOf: newSize))
            }
        }
        return try reading { try tiles.proof(from: older, to: signed) }
    }

    private func signedCheckpoint(_ state: LogState) throws -> SignedCheckpoint {
        switch state {
        case .kept(let kept):
            do {
                return try SignedCheckpoint(kept.bytes, verifiedByAnyOf: keys())
            } catch let error as FormatError {
                throw WorkspaceError(
                    "\(kept.source): \(error)", remedy: "Give a checkpoint of this log, signed with its key.")
            }
        case .size(let size):
            let file = "\(LogLayout.checkpoints)/\(LogLayout.name(of: size))"
            if let signed = try signedCheckpoint(file) { return signed }
            throw WorkspaceError(
                "no checkpoint of \(size) entries was ever signed",
                remedy: "The names of the files in \(logDirectory)/\(LogLayout.checkpoints) are the sizes that were.")
        }
    }

    /// One that lies in the log's folder.
    private func signedCheckpoint(_ file: String) throws -> SignedCheckpoint? {
        let keys = try keys()
        return try reading {
            try Files.read("\(logDirectory)/\(file)", limit: SignedNote.maxBytes)
                .map { try SignedCheckpoint($0, verifiedByAnyOf: keys) }
        }
    }

    private func keys() throws -> [VerifierKey] {
        let keys = try LogKeys.verifiers(in: logDirectory)
        guard !keys.isEmpty else {
            throw WorkspaceError(
                "there is no log in \(logDirectory)",
                remedy: "It is made with the first plan, or by `belay audit init`.")
        }
        return keys
    }

    /// The last checkpoint; where it has fewer than `size` entries the log is published first.
    private func checkpoint(covering size: UInt64) async throws -> SignedCheckpoint {
        let last = try signedCheckpoint(LogLayout.checkpoint)
        if let last, last.checkpoint.size >= size { return last }
        guard LogKeys.areHere(logDirectory) else {
            throw WorkspaceError(
                "entry \(size - 1) is not signed yet: the last checkpoint has \(last?.checkpoint.size ?? 0) entries, and the "
                    + "log's secret key, which would sign another, is not in \(logDirectory)",
                remedy: "Run this where the log is written, or take a copy of the log after its next run.")
        }
        let log = try await RunLog.open(
            directory: logDirectory, origin: configuration.log.origin, clock: SystemClock(), by: Environment.holder
        ).log
        let signed = try await log.checkpoint()
        await log.close()
        return signed
    }

    /// What tiles and checkpoints do not bear out is damage.
    private func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw AuditError(
                .damaged, "\(logDirectory): \(error). `belay audit verify` says what is wrong; nothing was proven")
        }
    }
}
