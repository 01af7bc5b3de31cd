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
    static func names(for known: [PublicKey]) -> [String] { names(ofTypes: Set(known.map(\.type))) }

    /// Every type there is, in order of preference.
    static var types: [String] { order }

    /// Those of some types; all when there are none.
    static func names(ofTypes types: Set<String>) -> [String] {
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
    /// The key whose possession the node has proven in the handshake.
    func shownHostKey(_ ssh: LibSSH2Session) throws(SSHError) -> PublicKey {
        var length = 0
        var type: Int32 = 0
        guard let bytes = libssh2_session_hostkey(ssh.pointer, &length, &type),
            let shown = PublicKey(blob: Array(UnsafeRawBufferPointer(start: bytes, count: length)))
        else { throw error(.protocolFailure, .hostKey, "the node showed no readable host key", "check its sshd") }
        return shown
    }

    /// Compares the proven host key with what is on record, before anything about the user is sent.
    func verifyHostKey(_ ssh: LibSSH2Session, _ record: KnownHosts.Record) throws(SSHError) -> PublicKey {
        let shown = try shownHostKey(ssh)
        let verdict = HostKeyVerdict(shown, record)
        guard verdict != .trusted else { return shown }
        throw verdict.refusal(shown, shown: shown.description, record, endpoint)
    }
}

extension HostKeyVerdict {
    /// Why a key is refused, with both fingerprints, where the known ones stand, and what to do; the same whoever has carried the connection.
    /// - Parameter shown: type and fingerprint, for people.
    func refusal(_ key: PublicKey, shown: String, _ record: KnownHosts.Record, _ endpoint: Endpoint) -> SSHError {
        let name = printable(KnownHosts.name(of: endpoint).utf8)
        let known = record.list(.trusted) ?? "none"
        func error(_ code: SSHError.Code, _ message: String, _ remedy: String) -> SSHError {
            SSHError(code, .hostKey, host: endpoint.description, message, remedy: remedy)
        }
        switch self {
        case .revoked:
            let places = record.entries.filter { $0.role == .revoked && $0.key == key }.map(\.source.description)
            return error(
                .hostKeyRevoked,
                "the host key is marked @revoked (\(places.joined(separator: ", "))): shown \(shown); trusted: \(known)",
                "do not connect, the key is known to be compromised; give the node a new host key, then: \(Self.trust)")
        case .needsCertificate:
            return error(
                .hostKeyUnsupported,
                "\(name) is known by @cert-authority only, and host certificates are not supported: shown \(shown); "
                    + "authorities: \(record.list(.authority) ?? "none")",
                "compare the shown key with ssh-keygen -l on the node's console, then: \(Self.trust)")
        case .unknown:
            return error(
                .hostUnknown, "no host key is on record for \(name): shown \(shown); known: none",
                "compare with ssh-keygen -l on the node's console, then: \(Self.trust); never accept it blindly")
        case .changed, .trusted:
            return error(
                .hostKeyMismatch, "the host key of \(name) has changed: shown \(shown); known: \(known)",
                "someone may be in between; if the node was reinstalled, compare the shown key with ssh-keygen -l on its "
                    + "console, then: \(Self.trust)")
        }
    }

    private static let trust = "belay inventory trust NODE"
}
