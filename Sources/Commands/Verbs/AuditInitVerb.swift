import ArgumentParser
import Core
import Engine

/// `belay audit init`.
struct AuditInitVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the project's log and its key, and print the public half.",
        discussion: """
            The first plan would make it, too. Made beforehand, its key can be handed to whoever will audit it before there is \
            anything to audit. A log that is there already is left as it is, and described.

            With --agent the log has no secret key in its folder: each checkpoint is signed by ssh-agent, and without it \
            nothing begins.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "The log's key is this Ed25519 key of ssh-agent: KEY.pub, or SHA256:… as ssh-add -l shows it.",
            valueName: "key"))
    var agent: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let log = try await workspace.makeLog(keptAs: agent)
        terminal.write(
            MadeLogView(log: log, directory: workspace.logDirectory, configured: workspace.configuration.log.key).text)
        return .done
    }
}
