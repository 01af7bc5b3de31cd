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

    /// A script for these commands; `nonce` must be unguessable to the node.
    public init(_ commands: [Command], nonce: String) {
        self.commands = commands
        self.nonce = nonce
    }

    /// The script, to be run by `/bin/sh` as root.
    public var text: String {
        let calls = commands.enumerated().map { index, command in
            "\(Self.source(of: command.input)) | look \(index) \(ShellQuote.join(command.argv))"
        }
        return Self.prelude(nonce: nonce) + calls.joined(separator: "\n") + "\n"
    }

    private static func source(of input: Payload?) -> String {
        guard let input else { return ":" }
        return "printf %s \(ShellQuote.quote(Base64.encode(input.bytes))) | base64 -d"
    }

    // Standard output of the command goes through descriptor 4 to `head`; its error tail and its status come back
    // through the command substitution, so that nothing is written to the node's disk to read it.
    private static func prelude(nonce: String) -> String {
        """
        \(ShellPrelude.environment)
        exec 6>&1
        look() {
          i=$1; shift
          o=$(
            { e=$( { timeout -k 2 \(secondsEach) "$@" 2>&1 >&4 4>&- 6>&-; printf '\\n%s' "$?"; } | tail -c 4096 | base64 | tr -d '\\n')
              printf '\(nonce) %s e %s\\n' "$i" "$e" >&6
            } 4>&1 | { head -c \(outputLimit + 1); cat >/dev/null; } | base64 | tr -d '\\n'
          )
          printf '\(nonce) %s o %s\\n' "$i" "$o" >&6
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
            return try Self.assemble(output, tail)
        }
    }

    private static func assemble(_ output: [UInt8], _ tail: [UInt8]) throws(ObservationError) -> CommandOutput {
        guard let newline = tail.lastIndex(of: UInt8(ascii: "\n")),
            let status = Int(String(decoding: tail[(newline + 1)...], as: UTF8.self))
        else { throw malformed("a frame without an exit status") }
        return CommandOutput(
            status: status, output: Payload(bytes: Array(output.prefix(outputLimit))),
            errorTail: Payload(bytes: Array(tail[..<newline])), truncated: output.count > outputLimit)
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
