/// How a script ended, as far as it is known.
public enum Termination: Sendable, Equatable {
    /// It ended with this exit status; the node's own word, never inferred from silence.
    case exited(Int)
    /// A signal ended it or the command whose status it passed on (a shell reports both as 128 + n). The name is
    /// without `SIG`, for example `KILL`.
    case signaled(String)
    /// The node ended it at its time limit.
    case timedOut
    /// It may have run, in part or whole, and may still be running until its time limit; the reason says why nobody
    /// knows.
    case unknown(String)
}

/// What a script wrote to one stream.
public struct CapturedStream: Sendable, Equatable {
    /// The first bytes, up to the command's output limit.
    public let head: [UInt8]
    /// How many bytes were written in truth.
    public let length: Int
    /// SHA-256 of everything that was written, kept or not; 32 bytes.
    public let sha256: [UInt8]

    /// Whether bytes beyond `head` were dropped.
    public var isTruncated: Bool { length > head.count }
    /// `head` as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: head, as: UTF8.self) }
}

/// A script's result.
public struct Output: Sendable, Equatable {
    /// How it ended.
    public let termination: Termination
    /// Its standard output.
    public let stdout: CapturedStream
    /// Its standard error.
    public let stderr: CapturedStream
    /// What start-up files of the user's shell wrote before the script began, bounded and escaped; empty as it should be.
    public let noise: String
    /// From asking for the command until its end was known here.
    public let duration: Duration
}
