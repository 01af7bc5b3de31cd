import Glibc
import SSH
import TransparencyLog

/// The log's keys in `keys/`: the secret ones for their owner only, the public halves for anyone, and the names of those that
/// ssh-agent keeps.
struct LogKeys: Sendable {
    private static let secret = "keys/log.skey"
    /// A public key in place of the secret one. Where both are, the secret one was replaced by it and is still to be deleted.
    private static let kept = "keys/agent"
    /// Keys that are not in use: one waits for `rotate`, or a change was interrupted.
    private static let (nextSecret, nextKept) = ("keys/next.skey", "keys/next.agent")
    private static let replaced = "keys/old"

    let directory: String
    let origin: String
    let files: any LogFiles
    let agent: SigningAgent

    /// Whether whoever has this folder can sign, or can ask for it.
    static func areHere(_ directory: String) -> Bool {
        [secret, kept].contains { access("\(directory)/\($0)", F_OK) == 0 }
    }

    /// Reads the key, or makes one when the log is new.
    ///
    /// - Throws: ``AuditError`` when it is not there, or kept by an agent that does not have it: then nothing is to begin.
    func load(isNew: Bool) throws -> LogSigner {
        if let key = try current() {
            if !agent.mayBeAbsent { try key.checkPresence() }
            if try Files.read(path(LogLayout.verifierKey), limit: 4096) == nil { try writePublicHalf(of: key.verifier) }
            return key
        }
        guard isNew else {
            throw AuditError(
                .damaged,
                "\(path(Self.secret)) is missing, but the log has entries: restore the key, or start a log elsewhere")
        }
        let key = try SigningKey(generatingWithName: origin)
        // The public half first: a log with a secret key always has the public one beside it.
        try writePublicHalf(of: key.verifier)
        try write(key.skey, to: Self.secret, mode: 0o600)
        return .file(key)
    }

    /// Whether the log's secret key is with ssh-agent.
    static func isKept(_ directory: String) -> Bool { access("\(directory)/\(kept)", F_OK) == 0 }

    /// Has a log that is yet to be made sign with a key that ssh-agent keeps; before it is opened for the first time.
    ///
    /// - Throws: ``AuditError`` when there is a log with another key.
    func keepNew(_ key: PublicKey) throws {
        let key = try AgentKey(key, origin: origin, agent: agent)
        for folder in ["", "/keys", "/tmp"] { try files.createFolder(directory + folder) }
        try FileLock(path("lock"), files: files).exclusively {
            let present = try current()?.verifier
            if present == key.verifier { return }
            guard
                try present == nil && !CheckpointStore.hasAny(directory, anchor: nil)
                    && Files.list(path(LogLayout.journal))?.isEmpty != false
            else {
                throw AuditError(
                    .invalid,
                    "\(directory): there is a log with another key already; `belay audit rotate --agent` changes that")
            }
            try write(key.line, to: Self.kept, mode: 0o644)
        }
    }

    /// The key to sign with; nil when none is there.
    func current() throws -> LogSigner? {
        guard let key = try readKept(Self.kept) else { return try readSecret(Self.secret) }
        try removeSecrets()
        return key
    }

    /// The key that waits to take its place; nil when there is none.
    func successor() throws -> LogSigner? { try readKept(Self.nextKept) ?? readSecret(Self.nextSecret) }

    /// The public half of the key that is to be the log's next: of one that the agent keeps, of the one that waits, or of a new one,
    /// which then waits.
    func next(keptAs name: String?) throws -> VerifierKey {
        let named = try name.map { try AgentKey(agent.key(named: $0), origin: origin, agent: agent) }
        // Another descriptor than the publisher's, whose lock would not keep its own process out.
        return try FileLock(path("publish.lock"), files: files).exclusively {
            if let named {
                try write(named.line, to: Self.nextKept, mode: 0o644)
                return named.verifier
            }
            if let waiting = try successor() { return waiting.verifier }
            guard case .file? = try current() else {
                throw AuditError(
                    .invalid, "the log's key is kept by ssh-agent, and so must be the next one: name it with --agent")
            }
            let made = try SigningKey(generatingWithName: origin)
            try write(made.skey, to: Self.nextSecret, mode: 0o600)
            return made.verifier
        }
    }

    /// Makes the successor the log's key, once a checkpoint of `size` entries that both signed is durable. Interrupted, it is
    /// done again from the beginning; the old secret key goes with the last step.
    func install(_ successor: LogSigner, inPlaceOf old: VerifierKey, at size: UInt64) throws {
        try files.createFolder(path(Self.replaced))
        try write(old.description, to: "\(Self.replaced)/\(LogLayout.name(of: size)).vkey", mode: 0o644)
        try writePublicHalf(of: successor.verifier)
        switch successor {
        case .file: try files.rename(path(Self.nextSecret), to: path(Self.secret))
        case .agent: try files.rename(path(Self.nextKept), to: path(Self.kept))
        }
        try files.synchronizeFolder(path("keys"))
        if case .agent = successor { try removeSecrets() }
    }

    /// The public keys that checkpoints in the folder are signed with: that of now, and those that were replaced. None but a
    /// verifier judges which of them had which checkpoint to sign.
    static func verifiers(in directory: String) throws -> [VerifierKey] {
        let names = try Files.list("\(directory)/\(replaced)") ?? []
        let files = [LogLayout.verifierKey] + names.map { "\(replaced)/\($0)" }
        return try files.compactMap { try VerifierKey.inFile("\(directory)/\($0)") }
    }

    /// Those that an agent's key has replaced.
    private func removeSecrets() throws {
        let removed = [Self.secret, Self.nextSecret].filter { unlink(path($0)) == 0 }
        if !removed.isEmpty { try files.synchronizeFolder(path("keys")) }
    }

    private func path(_ file: String) -> String { "\(directory)/\(file)" }

    private func writePublicHalf(of key: VerifierKey) throws {
        try write(key.description, to: LogLayout.verifierKey, mode: 0o644)
    }

    private func write(_ text: String, to file: String, mode: UInt32) throws {
        try files.replace(path(file), with: Array((text + "\n").utf8), temporary: path("tmp/key.new"), mode: mode)
    }

    private func readKept(_ file: String) throws -> LogSigner? {
        guard let text = try text(of: file) else { return nil }
        guard let key = PublicKey(line: text) else {
            throw AuditError(.damaged, "\(path(file)): is not an OpenSSH public key")
        }
        return .agent(try AgentKey(key, origin: origin, agent: agent))
    }

    private func readSecret(_ file: String) throws -> LogSigner? {
        guard let text = try text(of: file) else { return nil }
        let key: SigningKey
        do {
            key = try SigningKey(skey: text)
        } catch {
            throw AuditError(.damaged, "\(path(file)): \(error)")
        }
        guard key.verifier.name == origin else {
            throw AuditError(.invalid, "\(path(file)): the log's origin is \(key.verifier.name), not \(origin)")
        }
        return .file(key)
    }

    private func text(of file: String) throws -> String? {
        guard let bytes = try Files.read(path(file), limit: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
