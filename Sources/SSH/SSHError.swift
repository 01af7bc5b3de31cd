import Glibc

/// What went wrong on the way to a node, and what a person can do about it.
///
/// A command that ran and failed is not an error but a ``Termination``. Secrets are never part of an error.
public struct SSHError: Error, Sendable, Equatable {
    /// The kind of failure, for programs.
    public enum Code: String, Sendable, CaseIterable {
        // Finding and reaching the node: worth another try.
        case nameNotFound, unreachable, timedOut, connectionLost, peerSilent
        // The conversation could not start.
        case bannerRefused, noCommonAlgorithm, protocolFailure
        // Identity: never retried, a person decides.
        case hostUnknown, hostKeyMismatch, hostKeyRevoked, hostKeyUnsupported
        case authenticationFailed, agentUnavailable, keyEncrypted, keyUnreadable, keyUnsupported
        // The command was refused before the script started.
        case channelRefused, commandRefused, sudoNeedsPassword, sudoRefused, timeoutMissing, shellMissing, invalidScript
        // Local.
        case cancelled, closed, invalidInput, resources
    }

    /// How far the conversation had come.
    public enum Phase: String, Sendable, CaseIterable {
        case preparation, resolution, connection, banner, keyExchange, hostKey, authentication, channel, command,
            tunnel
    }

    /// The kind of failure.
    public let code: Code
    /// How far the conversation had come.
    public let phase: Phase
    /// `user@host:port`, or a file's path where no host is concerned.
    public let host: String
    /// The cause; what came from the node is escaped and bounded.
    public let message: String
    /// What a person can do about it.
    public let remedy: String

    /// Makes an error; `message` must be safe to print, see ``printable(_:limit:)``.
    public init(_ code: Code, _ phase: Phase, host: String, _ message: String, remedy: String) {
        self.code = code
        self.phase = phase
        self.host = host
        self.message = message
        self.remedy = remedy
    }
}

extension SSHError {
    /// Whether it may pass by itself (a reboot, a cut cable, a full MaxStartups): everything else, a person must change.
    public var isPassing: Bool {
        switch code {
        case .nameNotFound, .unreachable, .timedOut, .connectionLost, .peerSilent, .bannerRefused, .channelRefused,
            .closed, .resources, .protocolFailure:
            true
        default: false
        }
    }

    /// Whether sshd turned us away for now, before it said who it is: the moment to try again after a while.
    var isTurnedAway: Bool {
        code == .bannerRefused || (code == .connectionLost && (phase == .banner || phase == .keyExchange))
    }
}

extension SSHError: CustomStringConvertible {
    /// One line: host, phase, cause, remedy.
    public var description: String { "\(host): \(phase.rawValue): \(message) – \(remedy)" }
}

/// Text from a node, made safe for a terminal: control and non-ASCII bytes become `\xNN`, and at most `limit` bytes are
/// shown, since a node's output is hostile until proven otherwise.
func printable(_ bytes: some Collection<UInt8>, limit: Int = 400) -> String {
    var text = ""
    for byte in bytes.prefix(limit) {
        switch byte {
        case 0x0A: text += "\\n"
        case 0x0D: text += "\\r"
        case 0x5C: text += "\\\\"
        case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
        default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
    return bytes.count > limit ? text + "… (\(bytes.count) bytes)" : text
}

/// The system's words for an `errno`.
func systemMessage(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "errno \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// A call that a signal has interrupted has done nothing: it is made again.
func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}
