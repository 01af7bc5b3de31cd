/// What `ssh -v` says while it connects, read for progress, for words that help, and for nothing that must be true: the
/// node's banner and debug messages stand among its lines.
struct OpenSSHLog: Sendable {
    let lines: [Substring]

    init(_ text: String) {
        lines = text.split(whereSeparator: \.isNewline)
    }

    // MARK: Progress

    private static let steps: [(prefix: String, reached: SSHError.Phase)] = [
        ("debug1: Connecting to ", .connection), ("debug1: Executing proxy command: ", .connection),
        ("debug1: Connection established.", .banner), ("debug1: Remote protocol version ", .keyExchange),
        ("debug1: SSH2_MSG_NEWKEYS received", .authentication),
    ]

    /// How far it has come. A name is resolved before the first step.
    var phase: SSHError.Phase {
        Self.steps.last { step in lines.contains { $0.hasPrefix(step.prefix) } }?.reached ?? .resolution
    }

    var goesThroughProxy: Bool { lines.contains { $0.hasPrefix("debug1: Executing proxy command: ") } }

    // MARK: Facts

    private func last(_ prefix: String) -> Substring? {
        lines.last { $0.hasPrefix(prefix) }?.dropFirst(prefix.count)
    }

    /// The first one is ssh's own: the node can say nothing on a line of its own before.
    var server: String {
        let prefix = "debug1: Remote protocol version "
        let line = lines.first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count) ?? ""
        let parts = line.split(separator: ", remote software version ", maxSplits: 1)
        return printable((parts.count == 2 ? parts[1] : "").utf8, limit: 128)
    }

    /// The last ones are likely to be ssh's own: a banner comes before.
    var authentication: String {
        let parts = (last("Authenticated to ") ?? "").split(separator: "\"", omittingEmptySubsequences: false)
        let method = parts.count >= 3 ? parts[parts.count - 2] : ""
        let key = method == "publickey" ? last("debug1: Server accepts key: ").map { " " + $0 } ?? "" : ""
        return printable((method + key).utf8, limit: 256)
    }

    /// What it says besides its debug lines: the last few, on one line.
    var words: String {
        let said = lines.filter { !$0.hasPrefix("debug1: ") && !$0.hasPrefix("Authenticated to ") }
        return said.suffix(4).map { printable($0.utf8, limit: 240) }.joined(separator: "; ")
    }

    // MARK: Failures

    /// Why ssh has ended without being authenticated; nil when it says nothing that is known.
    var failure: Failure? {
        let said = lines.filter { !$0.hasPrefix("debug1: ") }
        for line in said.reversed() {
            if let cause = Self.causes.first(where: { $0.matches(line) }) {
                return Failure(code: cause.code, phase: cause.phase, remedy: cause.remedy)
            }
        }
        return closedEarly
    }

    struct Failure: Equatable {
        let code: SSHError.Code
        let phase: SSHError.Phase
        let remedy: String
    }

    /// sshd says "Exceeded MaxStartups" or "Not allowed at this time" in place of its banner.
    private var closedEarly: Failure? {
        guard [.banner, .connection].contains(phase), let line = lines.last(where: { $0.contains("_exchange_ident") })
        else { return nil }
        let spoke = lines.contains { $0.contains("banner line 0: ") } || line.contains("invalid")
        return Failure(
            code: spoke ? .bannerRefused : .connectionLost, phase: .banner,
            remedy: "check the port; if sshd limits new connections (MaxStartups, PerSourcePenalties), try again later")
    }

    /// What the node sent in place of a banner.
    var bannerWords: String {
        last("debug1: kex_exchange_identification: banner line 0: ").map { "; the node sent: \(printable($0.utf8))" }
            ?? ""
    }
}

extension OpenSSHLog {
    private struct Cause {
        let words: String
        let code: SSHError.Code
        let phase: SSHError.Phase
        let remedy: String

        func matches(_ line: Substring) -> Bool { line.contains(words) }
    }

    private static let checkNode = "check the address, that the node is up, and firewalls on the way"
    private static let checkConfig = "correct the ssh configuration; OpenSSH 8.5 or newer is needed"

    /// Lines that ssh ends with; none of them is translated.
    private static let causes = [
        Cause(
            words: "Could not resolve hostname", code: .nameNotFound, phase: .resolution,
            remedy: "check the name, or use an address"),
        Cause(words: ": Connection refused", code: .unreachable, phase: .connection, remedy: checkNode),
        Cause(words: ": No route to host", code: .unreachable, phase: .connection, remedy: checkNode),
        Cause(words: ": Network is unreachable", code: .unreachable, phase: .connection, remedy: checkNode),
        Cause(
            words: "timed out during banner exchange", code: .timedOut, phase: .banner,
            remedy: "something listens there but does not speak SSH in time: check the port and sshd's load"),
        Cause(words: ": Connection timed out", code: .timedOut, phase: .connection, remedy: checkNode),
        Cause(
            words: "Unable to negotiate with", code: .noCommonAlgorithm, phase: .keyExchange,
            remedy: "allow a current algorithm in the node's sshd_config, or the offered one in the ssh configuration"),
        Cause(
            words: "Host key verification failed.", code: .hostUnknown, phase: .hostKey,
            remedy: "verify the host's key out of band and record it in known_hosts; never accept it blindly"),
        Cause(
            words: "Permission denied (", code: .authenticationFailed, phase: .authentication,
            remedy: "check the user, the node's authorized_keys and the key; an encrypted key must be in an ssh-agent, "
                + "since nothing is asked for"),
        Cause(
            words: "Too many authentication failures", code: .authenticationFailed, phase: .authentication,
            remedy: "offer fewer keys: IdentitiesOnly and one IdentityFile"),
        Cause(words: "Bad configuration option", code: .invalidInput, phase: .preparation, remedy: checkConfig),
        Cause(words: "Bad owner or permissions on", code: .invalidInput, phase: .preparation, remedy: checkConfig),
        Cause(words: "terminating, ", code: .invalidInput, phase: .preparation, remedy: checkConfig),
        Cause(
            words: "ssh: not found", code: .invalidInput, phase: .preparation,
            remedy: "install OpenSSH's client, or use the libssh2 transport"),
    ]
}
