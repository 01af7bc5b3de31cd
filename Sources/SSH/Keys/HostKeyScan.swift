/// Asks a node for its host keys, so that a person can compare them with what is known by other ways.
///
/// The node proves that it has the keys, and nothing else is shown: whoever answers may be anybody.
public enum HostKeyScan {
    /// The node's host keys of every type that this libssh2 can verify, in order of preference.
    ///
    /// One connection for each type, one after the other, which sshd's MaxStartups hardly notices. Nobody logs in: the
    /// connections end after the key exchange. A node without a key of a type logs that it was asked for one; OpenSSH 9.8
    /// and later count each such connection against its source for a second (PerSourcePenalties, noauth).
    /// - Throws: when the node cannot be reached, or has no key of any type.
    public static func keys(
        of endpoint: Endpoint, options: Options = Options(), on loops: LoopGroup
    ) async throws(SSHError) -> [PublicKey] {
        try await keys(of: endpoint, through: nil, options, loops)
    }

    static func keys(
        of endpoint: Endpoint, through jump: Session?, _ options: Options, _ loops: LoopGroup
    ) async throws(SSHError) -> [PublicKey] {
        try endpoint.validate()
        var keys: [PublicKey] = []
        for type in HostKeyAlgorithms.types
        where !LibSSH2.supportedHostKeys.isDisjoint(with: HostKeyAlgorithms.names(ofTypes: [type])) {
            if let key = try await key(ofType: type, of: endpoint, through: jump, options, loops) { keys.append(key) }
        }
        guard !keys.isEmpty else {
            throw SSHError(
                .noCommonAlgorithm, .keyExchange, host: endpoint.description,
                "the node has no host key that libssh2 \(LibSSH2.version) can verify, or no key exchange in common",
                remedy: "compare with: ssh -vv \(endpoint.user)@\(endpoint.host); give the node an ed25519 host key "
                    + "(ssh-keygen -A)")
        }
        return keys
    }

    private static func key(
        ofType type: String, of endpoint: Endpoint, through jump: Session?, _ options: Options, _ loops: LoopGroup
    ) async throws(SSHError) -> PublicKey? {
        let session = Session(endpoint, options, on: loops.next(), loops.resolver)
        do throws(SSHError) {
            let key = try await session.hostKey(ofType: type, through: jump)
            await session.close()
            return key
        } catch {
            await session.close()
            throw error
        }
    }
}
