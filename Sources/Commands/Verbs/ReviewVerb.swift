import ArgumentParser
import Core
import Engine

/// `belay review`: somebody else has looked at how the glass was broken.
struct ReviewVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Sign that you have looked at a run which broke the glass.",
        discussion: """
            Signed by another person than broke it, and kept in the audit log; until then `belay status` shows the review as open. \
            `belay audit show RUN` has what happened.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The run's id, or its beginning; `belay status` shows those that wait.")
    var run: String

    @Option(help: "What you found: it goes into the audit log.")
    var comment: String

    @Option(help: ArgumentHelp("The private key to sign with; the project's unless given.", valueName: "path"))
    var key: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        guard comment.contains(where: { !$0.isWhitespace }), comment.utf8.count <= 1000 else {
            throw UsageError(
                "--comment has \(comment.utf8.count) bytes",
                remedy: "Give 1 to 1,000, not only blanks: say what you found.")
        }
        let (run, comment, key) = (run, comment, key)
        let reviews = try await global.workspace().withBelay {
            try await $0.review(run: run, comment: comment, key: key)
        }
        for review in reviews {
            terminal.write(
                "\(terminal.style.good("REVIEWED")) run \(review.run.printable) by \(review.by.printable): \(review.comment.printable)"
            )
        }
        return .done
    }
}
