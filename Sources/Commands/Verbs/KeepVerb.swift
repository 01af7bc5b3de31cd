import ArgumentParser
import Core
import Engine

/// `belay keep`: what a temporary run left in place stays there.
struct KeepVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "keep", abstract: "Sign that what a temporary run left in place stays there.",
        discussion: """
            Signed by a person and kept in the audit log; from then on it is due back no more. `belay status` shows what is \
            in place, and `belay return` gives it back. Where nodes would give it back by themselves that is taken from them; \
            one that cannot be reached then goes on: keep the run again once it can.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The run's id, or its beginning; `belay status` shows those that are temporary.")
    var run: String

    @Option(help: "Why it stays: it goes into the audit log.")
    var reason: String

    @Option(help: ArgumentHelp("The private key to sign with; the project's unless given.", valueName: "path"))
    var key: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        guard Keeping.isReason(reason) else {
            throw UsageError(
                "--reason has \(reason.utf8.count) bytes",
                remedy: "Give 1 to 1,000, not only blanks: say why it stays.")
        }
        let (run, reason, key) = (run, reason, key)
        let kept = try await global.workspace().withBelay(connection) {
            try await $0.keep(run: run, reason: reason, key: key)
        }
        let view = KeepView(kept: kept)
        terminal.write(view.text(terminal.style))
        return view.exit
    }
}
