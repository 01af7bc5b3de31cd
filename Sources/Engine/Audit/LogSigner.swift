import SSH
import TransparencyLog

/// What signs a log's checkpoints.
enum LogSigner: Sendable {
    /// A secret key in the log's folder.
    case file(SigningKey)
    /// One that ssh-agent keeps, and that is never seen here.
    case agent(AgentKey)

    /// The public half.
    var verifier: VerifierKey {
        switch self {
        case .file(let key): key.verifier
        case .agent(let key): key.verifier
        }
    }

    /// Signs as the log.
    func sign(_ checkpoint: Checkpoint) throws -> SignedCheckpoint {
        switch self {
        case .file(let key): try SignedCheckpoint(checkpoint, signedBy: key)
        case .agent(let key): try key.sign(checkpoint)
        }
    }

    /// Throws when it could not sign now.
    func checkPresence() throws {
        if case .agent(let key) = self { try key.checkPresence() }
    }
}

/// A log's key that ssh-agent keeps. What an agent signs for ssh-ed25519 (RFC 8709 section 6) is the message itself, so its signature is
/// that of a note.
struct AgentKey: Sendable {
    let verifier: VerifierKey
    private let key: PublicKey
    private let agent: SigningAgent

    private static let type = "ssh-ed25519"
    // RFC 8709 section 4: string "ssh-ed25519", string of 32 bytes.
    private static let head: [UInt8] = [0, 0, 0, 11] + Array(type.utf8) + [0, 0, 0, 32]

    /// - Throws: ``AuditError`` when the key is not one of Ed25519.
    init(_ key: PublicKey, origin: String, agent: SigningAgent) throws {
        guard key.blob.starts(with: Self.head), key.blob.count == Self.head.count + 32 else {
            throw AuditError(.invalid, "the key \(key) cannot be a log's: that is one of \(Self.type)")
        }
        verifier = try VerifierKey(log: origin, ed25519: Array(key.blob.suffix(32)))
        self.key = key
        self.agent = agent
    }

    /// As it is kept in a file, in the form of OpenSSH's public keys.
    var line: String { "\(key.type) \(key.base64)" }

    func sign(_ checkpoint: Checkpoint) throws -> SignedCheckpoint {
        let signature = try agent.sign(Array(checkpoint.text.utf8), with: key)
        do {
            return try SignedCheckpoint(checkpoint, signature: signature, by: verifier)
        } catch {
            throw agent.failure("its signature is not that of \(key): \(error)")
        }
    }

    func checkPresence() throws {
        guard try agent.keys().contains(key) else { throw agent.failure("it does not have \(key)") }
    }
}

extension PublicKey {
    /// Reads a line of a `.pub` file: type, base64, and a comment that is not kept.
    init?(line: String) {
        let words = line.split { $0 == " " || $0 == "\t" || $0 == "\n" }
        guard words.count >= 2 else { return nil }
        self.init(base64: String(words[1]))
        guard type == words[0] else { return nil }
    }
}
