/// Decides who carries a connection, from what is known before the first packet: no node is asked what it could be
/// known for, since OpenSSH penalises connections that come to nothing.
enum Preflight {
    /// Why this libssh2 cannot do it and OpenSSH should; nil when nothing speaks against libssh2.
    static func reason(_ route: Route, _ record: KnownHosts.Record, _ credentials: Credentials) -> String? {
        if let reason = route.openSSHReason { return reason }
        for jump in route.jumps {
            if let reason = jump.openSSHReason { return "the jump host \(printable(jump.name.utf8)): \(reason)" }
        }
        return hostKeyReason(record) ?? credentialsReason(credentials)
    }

    private static func hostKeyReason(_ record: KnownHosts.Record) -> String? {
        if record.trusted.isEmpty {
            return record.authorities.isEmpty
                ? nil : "its host key is known by a certificate authority (@cert-authority)"
        }
        let names = HostKeyAlgorithms.names(for: record.trusted)
        guard LibSSH2.supportedHostKeys.isDisjoint(with: names) else { return nil }
        let types = Set(record.trusted.map(\.type)).sorted().joined(separator: ", ")
        return
            "its only known host keys are of type \(printable(types.utf8)), which libssh2 \(LibSSH2.version) cannot check"
    }

    private static func credentialsReason(_ credentials: Credentials) -> String? {
        if let certificate = credentials.unusable.first(where: { $0.hasSuffix("is a user certificate") }) {
            return certificate
        }
        let hasKey = credentials.methods.contains { if case .keyboardInteractive = $0 { false } else { true } }
        return hasKey ? nil : credentials.unusable.first.map { "\($0), which libssh2 \(LibSSH2.version) cannot use" }
    }

    /// Why OpenSSH is worth a try after libssh2 has failed with this error; nil when it is not.
    static func reason(after error: SSHError, _ credentials: Credentials) -> String? {
        switch error.code {
        case .noCommonAlgorithm, .hostKeyUnsupported: error.message
        case .keyUnsupported where error.phase == .authentication:
            "there are keys that libssh2 \(LibSSH2.version) cannot use, and none of the others was accepted"
        default: nil
        }
    }
}
