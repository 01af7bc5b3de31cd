/// Why a host key is refused, by our own reading of the known_hosts files that ssh has read.
struct HostKeyRefusal {
    private let shown: ShownKey
    private let record: KnownHosts.Record
    private let endpoint: Endpoint

    init(_ shown: ShownKey, _ record: KnownHosts.Record, _ endpoint: Endpoint) {
        self.shown = shown
        self.record = record
        self.endpoint = endpoint
    }

    /// Nil when the files would trust the key: then ssh had another reason.
    func error(_ words: String) -> SSHError? {
        if let authority = shown.authority, record.authorities.contains(authority) {
            // ssh judges certificates: it has let this one pass, or says why not.
            guard words.contains("Certificate invalid") else { return nil }
            return error(
                .hostKeyMismatch, "the host's certificate is not accepted: \(described); ssh says: \(words)",
                "check its principals and validity with ssh-keygen -L, and the authority in known_hosts")
        }
        let known = record.trusted.map(\.description).joined(separator: ", ")
        let name = printable(KnownHosts.name(of: endpoint).utf8)
        switch HostKeyVerdict(shown.key, record) {
        case .trusted: return nil
        case .revoked:
            return error(
                .hostKeyRevoked, "the host key is marked @revoked: shown \(described); trusted \(known)",
                "do not connect: the key is known to be compromised; give the node a new host key and record it")
        case .changed:
            return error(
                .hostKeyMismatch, "the host key has changed: shown \(described); known \(known)",
                "someone may be in between; if the node was reinstalled, verify the new key out of band and record it")
        case .needsCertificate:
            let authorities = record.authorities.map(\.description).joined(separator: ", ")
            return error(
                .hostKeyMismatch,
                "\(name) has no certificate of its authority: shown \(described); authorities \(authorities)",
                "have the node's host key certified, or verify it out of band and record it in known_hosts")
        case .unknown:
            return error(
                .hostUnknown, "no host key is on record for \(name): shown \(described); known: none",
                "compare with ssh-keygen -l on the node's console, then record the key; never accept it blindly")
        }
    }

    private var described: String { "\(shown.type) \(shown.key.fingerprint)" }

    private func error(_ code: SSHError.Code, _ message: String, _ remedy: String) -> SSHError {
        SSHError(code, .hostKey, host: endpoint.description, message, remedy: remedy)
    }
}
