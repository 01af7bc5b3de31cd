import CSSH2

/// Which host key algorithms to ask for.
enum HostKeyAlgorithms {
    private static let byType = [
        "ssh-ed25519": ["ssh-ed25519"],
        "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
        "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
        "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
        // Never plain "ssh-rsa": that is the SHA-1 signature.
        "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
    ]
    private static let order = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
    ]

    /// Those of the known keys, so that the server proves a key we can check; all when none is known, to be able to
    /// show its fingerprint.
    static func names(for known: [PublicKey]) -> [String] {
        let types = Set(known.map(\.type))
        let wanted = order.filter { types.isEmpty || types.contains($0) }
        let names = wanted.flatMap { byType[$0] ?? [] }
        return names.isEmpty ? types.sorted() : names
    }
}

/// The verdict on the key a host has shown. Strict: only a key on record is accepted.
enum HostKeyVerdict: Equatable {
    case trusted, revoked, changed, unknown, needsCertificate

    init(_ shown: PublicKey, _ record: KnownHosts.Record) {
        if record.revoked.contains(shown) {
            self = .revoked
        } else if record.trusted.contains(shown) {
            self = .trusted
        } else if !record.trusted.isEmpty {
            self = .changed
        } else {
            self = record.authorities.isEmpty ? .unknown : .needsCertificate
        }
    }
}

extension Session {
    /// Compares the proven host key with what is on record, before anything about the user is sent.
    func verifyHostKey(_ ssh: LibSSH2Session, _ record: KnownHosts.Record) throws(SSHError) -> PublicKey {
        var length = 0
        var type: Int32 = 0
        guard let bytes = libssh2_session_hostkey(ssh.pointer, &length, &type),
            let shown = PublicKey(blob: Array(UnsafeRawBufferPointer(start: bytes, count: length)))
        else { throw error(.protocolFailure, .hostKey, "the node showed no readable host key", "check its sshd") }
        let verdict = HostKeyVerdict(shown, record)
        guard verdict != .trusted else { return shown }
        throw refusal(verdict, shown, record)
    }

    private func refusal(_ verdict: HostKeyVerdict, _ shown: PublicKey, _ record: KnownHosts.Record) -> SSHError {
        let name = KnownHosts.name(of: endpoint)
        let known = record.trusted.map(\.description).joined(separator: ", ")
        switch verdict {
        case .revoked:
            return error(
                .hostKeyRevoked, .hostKey, "the host key is marked @revoked: shown \(shown); trusted \(known)",
                "do not connect: the key is known to be compromised; give the node a new host key and record it")
        case .needsCertificate:
            return error(
                .hostKeyUnsupported, .hostKey,
                "\(name) is known by @cert-authority only, and host certificates are not supported: shown \(shown)",
                "verify the shown key out of band and record it in known_hosts")
        case .unknown:
            return error(
                .hostUnknown, .hostKey, "no host key is on record for \(name): shown \(shown); known: none",
                "compare with ssh-keygen -l on the node's console, then record the key; never accept it blindly")
        case .changed, .trusted:
            return error(
                .hostKeyMismatch, .hostKey, "the host key has changed: shown \(shown); known \(known)",
                "someone may be in between; if the node was reinstalled, verify the new key out of band and record it")
        }
    }
}
