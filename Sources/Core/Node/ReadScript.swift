/// Several read-only commands as one script, so that looking at a node is one round trip.
///
/// Every output crosses as base64 behind a random nonce: a node cannot forge a frame, end one early, or flood us
/// (each output is cut at ``outputLimit`` on the node). Needs a POSIX shell, coreutils' `base64`, `head`, `tail`, `timeout`.
public struct ReadScript: Sendable {
    /// Bytes of standard output kept of one command; what is longer is marked as truncated.
    public static let outputLimit = 1 << 20
    /// Seconds one command may take before `timeout` ends it (status 124).
    public static let secondsEach = 20
    /// Seconds that all of a script's commands may take on a node.
    public static let seconds = 30

    /// What is run, in order.
    public let commands: [Command]
    private let nonce: String
    private let bounds: Bounds

    /// How much is kept of what commands say, and how many run at once.
    public struct Bounds: Sendable {
        /// Bytes of standard output kept of each command, in their order; ``outputLimit`` where there is none.
        public var outputs: [Int] = []
        /// Bytes kept of the end of each standard error.
        public var errors = 4096
        /// Commands that run at once, after the first one has ended.
        public var lanes = 1

        /// The bounds of a script that reads what decides.
        public init() {}

        /// The most bytes that a script of so many commands prints.
        public func printed(by commands: Int) -> Int {
            (0..<commands).reduce(0) { sum, index in
                // Each frame: the nonce, the index, a letter, the text in base64, a newline.
                sum + 2 * (32 + 12) + 4 * ((limit(of: index) + 3) / 3) + 4 * ((errors + 8) / 3)
            }
        }

        func limit(of index: Int) -> Int { outputs.indices.contains(index) ? outputs[index] : ReadScript.outputLimit }
    }

    /// A script for these commands; `nonce` must be unguessable to the node.
    public init(_ commands: [Command], nonce: String, bounds: Bounds = Bounds()) {
        self.commands = commands
        self.nonce = nonce
        self.bounds = bounds
    }

    /// The script, to be run by `/bin/sh` as root.
    public var text: String {
        let calls = commands.enumerated().map { index, command in
            Self.feeding(
                command.input, "look \(index) \(bounds.limit(of: index) + 1) \(ShellQuote.join(command.argv))")
        }
        let script = bounds.lanes > 1 ? Self.sharing(calls, among: bounds.lanes) : calls.joined(separator: "\n")
        return Self.prelude(nonce: nonce, bounds: bounds) + script + "\n"
    }

    /// The first call by itself, then so many lists of calls at once. What a list says is kept until it is done. Without
    /// flock(1), or where somebody holds its lock, they would tear each other's frames, so they run one after the other.
    private static func sharing(_ calls: [String], among lanes: Int) -> String {
        let rest = Array(calls.dropFirst())
        let lists = (0..<lanes).map { lane in
            stride(from: lane, to: rest.count, by: lanes).map { rest[$0] }.joined(separator: "\n")
        }.filter { !$0.isEmpty }
        let functions = lists.enumerated().map { "lane\($0)() {\n\($1)\n}" }
        let names = lists.indices.map { "lane\($0)" }
        return (calls.prefix(1) + functions).joined(separator: "\n") + """

            if command -v flock >/dev/null 2>&1 && flock -w 1 / true 2>/dev/null; then
              keep() { kept=$(cat); (flock -w 3 7; printf '%s\\n' "$kept" >&6) 7</; }
              \(names.map { "{ \($0) 6>&1 | keep; } &" }.joined(separator: " ")) wait
            else
              \(names.joined(separator: "; "))
            fi
            """
    }

    private static func feeding(_ input: Payload?, _ call: String) -> String {
        guard let input else { return "\(call) </dev/null" }
        return "printf %s \(ShellQuote.quote(Base64.encode(input.bytes))) | base64 -d | \(call)"
    }

    // Standard output of the command goes through descriptor 4 to `head`; its error tail and its status come back
    // through the command substitution, so that nothing is written to the node's disk to read it.
    private static func prelude(nonce: String, bounds: Bounds) -> String {
        """
        \(ShellPrelude.environment)
        exec 6>&1
        say() { printf '%s\\n' "$@" >&6; }
        # A process costs a busy node more than what it does here: there are a dozen for each command, and no more.
        look() {
          i=$1 c=$2; shift 2
          o=$(
            { e=$( { timeout -k 2 \(secondsEach) "$@" 2>&1 >&4 4>&- 6>&-; printf '\\n%s' "$?"; } | tail -c \(bounds.errors) | base64 -w 0)
              say "\(nonce) $i e $e"
            } 4>&1 | { head -c "$c"; cat >/dev/null; } | base64 -w 0
          )
          say "\(nonce) $i o $o"
        }

        """
    }

    /// Reads what the script printed: one output for each command, in order.
    /// - Throws: ``ObservationError`` when a frame is missing or malformed, which a sound node never does.
    public func parse(_ printed: [UInt8]) throws(ObservationError) -> [CommandOutput] {
        var outputs: [Int: [UInt8]] = [:]
        var errors: [Int: [UInt8]] = [:]
        for line in String(decoding: printed, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 4, words[0] == nonce, let index = Int(words[1]) else { continue }
            guard let bytes = Base64.decode(words[3]) else { throw Self.malformed("frame \(index) is not base64") }
            if words[2] == "o" { outputs[index] = bytes } else { errors[index] = bytes }
        }
        return try commands.indices.map { (index) throws(ObservationError) in
            guard let output = outputs[index], let tail = errors[index] else {
                throw Self.malformed("no answer to '\(ShellQuote.display(commands[index].argv))'")
            }
            return try Self.assemble(output, tail, limit: bounds.limit(of: index))
        }
    }

    private static func assemble(
        _ output: [UInt8], _ tail: [UInt8], limit: Int
    ) throws(ObservationError) -> CommandOutput {
        guard let newline = tail.lastIndex(of: UInt8(ascii: "\n")),
            let status = Int(String(decoding: tail[(newline + 1)...], as: UTF8.self))
        else { throw malformed("a frame without an exit status") }
        return CommandOutput(
            status: status, output: Payload(bytes: Array(output.prefix(limit))),
            errorTail: Payload(bytes: Array(tail[..<newline])), truncated: output.count > limit)
    }

    private static func malformed(_ what: String) -> ObservationError {
        ObservationError(
            "the node's answer could not be read: \(what)",
            remedy: "Check that /bin/sh, base64, head, tail and timeout work on the node for root.")
    }
}

/// What every script sets first, so that a node's locale, pager or PATH changes nothing.
enum ShellPrelude {
    static let environment = """
        set -u; umask 077
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C SYSTEMD_PAGER= SYSTEMD_COLORS=0
        export PATH LC_ALL SYSTEMD_PAGER SYSTEMD_COLORS
        """
}
