/// One program run on a node: an argv, never a shell line.
///
/// A value from a runbook is always one element of `argv` or the bytes of `input`, so no shell ever parses it. Where an
/// action needs more than one program's worth of logic it runs `sh -c` with a *fixed* text and passes values behind it
/// as positional parameters (``Command/shell(_:_:input:accepts:)``).
public struct Command: Codable, Sendable, Hashable {
    /// Program and arguments; the program is looked up in root's PATH on the node.
    public var argv: [String]
    /// Bytes given on standard input; nothing (`/dev/null`) when nil.
    public var input: Payload?
    /// The exit statuses that count as success; an action that can read meaning from others lists them.
    public var accepts: Set<Int>

    /// A command that succeeds with the given exit statuses (0 unless said).
    public init(_ argv: [String], input: Payload? = nil, accepts: Set<Int> = [0]) {
        self.argv = argv
        self.input = input
        self.accepts = accepts
    }

    /// A fixed POSIX shell text with values as `$1`, `$2`, …; `text` must be a literal of the action's source.
    public static func shell(
        _ text: StaticString, _ values: [String] = [], input: Payload? = nil, accepts: Set<Int> = [0]
    ) -> Command {
        Command(["/bin/sh", "-c", "\(text)", "belay"] + values, input: input, accepts: accepts)
    }

    private enum CodingKeys: String, CodingKey { case argv, input, accepts }

    /// `accepts` is left out of the JSON when it is just `[0]`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        argv = try container.decode([String].self, forKey: .argv)
        input = try container.decodeIfPresent(Payload.self, forKey: .input)
        accepts = Set(try container.decodeIfPresent([Int].self, forKey: .accepts) ?? [0])
    }

    /// Sorted, so that equal commands have equal bytes.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(argv, forKey: .argv)
        try container.encodeIfPresent(input, forKey: .input)
        if accepts != [0] { try container.encode(accepts.sorted(), forKey: .accepts) }
    }
}

/// What one command answered: hostile bytes, bounded by the script that ran it.
public struct CommandOutput: Codable, Sendable, Hashable {
    /// The exit status; 128 + N when signal N ended it, 124 when its time limit did.
    public var status: Int
    /// Standard output, at most ``ReadScript/outputLimit`` bytes.
    public var output: Payload
    /// The end of standard error, for messages to people; nothing is decided by it.
    public var errorTail: Payload
    /// True when the command wrote more than was kept: a parser must then refuse rather than read half a state.
    public var truncated: Bool

    /// Collects the parts.
    public init(status: Int, output: Payload, errorTail: Payload = Payload(""), truncated: Bool = false) {
        self.status = status
        self.output = output
        self.errorTail = errorTail
        self.truncated = truncated
    }
}
