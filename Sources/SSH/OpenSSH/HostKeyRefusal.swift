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
        let verdict = HostKeyVerdict(shown.key, record)
        switch verdict {
        case .trusted: return nil
        case .needsCertificate:
            let authorities = record.list(.authority) ?? "none"
            return error(
                .hostKeyMismatch,
                "the node has no certificate of its authority: shown \(described); authorities: \(authorities)",
                "have the node's host key certified, or verify it out of band and record it in known_hosts")
        case .revoked, .changed, .unknown:
            return verdict.refusal(shown.key, shown: described, record, endpoint)
        }
    }

    private var described: String { "\(shown.type) \(shown.key.fingerprint)" }

    private func error(_ code: SSHError.Code, _ message: String, _ remedy: String) -> SSHError {
        SSHError(code, .hostKey, host: endpoint.description, message, remedy: remedy)
    }
}
