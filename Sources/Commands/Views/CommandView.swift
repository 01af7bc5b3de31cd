import Core

/// Commands as they will be run, word for word.
struct CommandView: Sendable {
    private let commands: [Command]
    private let secrets: Secrets
    private let verbose: Bool

    /// Belay's own shell texts longer than this are folded, since what they are given says more about this change.
    static let foldedLines = 10

    /// - Parameter verbose: also what they read on standard input, and the long shell texts in full.
    init(_ commands: [Command], secrets: Secrets, verbose: Bool) {
        self.commands = commands
        self.secrets = secrets
        self.verbose = verbose
    }

    /// One command after the other, each after a `$`.
    func lines(_ style: Style) -> [String] { commands.flatMap { command($0, style) } }

    private func command(_ command: Command, _ style: Style) -> [String] {
        let argv = command.masked(secrets).argv
        var lines = folded(argv).split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        // As a shell's second prompt: what stands in an argument must not pass for a line of ours.
        lines = ["$ " + lines[0]] + lines.dropFirst().map { "> " + $0 }
        if command.accepts != [0] {
            lines.append(
                style.faint(
                    "  # success is status \(command.accepts.sorted().map(String.init).joined(separator: ", "))"))
        }
        return lines + input(command, style)
    }

    private func input(_ command: Command, _ style: Style) -> [String] {
        guard let input = command.input else { return [] }
        let isHidden = secrets.hide(input: input)
        let summary = style.faint("  < input: \(input.summary)\(isHidden ? ", masked" : "")")
        guard verbose, !isHidden else { return [summary] }
        return [summary]
            + (input.text.map { Redactor().redact($0).printableLines } ?? ["(not text)"]).map {
                style.faint("  | " + $0)
            }
    }

    private func folded(_ argv: [String]) -> String {
        guard !verbose, argv.count > 2, argv[0] == "/bin/sh", argv[1] == "-c" else { return ShellQuote.display(argv) }
        let length = argv[2].split(separator: "\n", omittingEmptySubsequences: false).count
        guard length > Self.foldedLines else { return ShellQuote.display(argv) }
        let text = "'…\(length) lines, sha256 \(Digest.sha256(argv[2].utf8).prefix(12))…'"
        return (["/bin/sh -c \(text)"] + [ShellQuote.display(Array(argv.dropFirst(3)))]).joined(separator: " ")
    }
}
