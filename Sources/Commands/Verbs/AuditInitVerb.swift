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
            """)

    @OptionGroup var global: GlobalOptions

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let log = try await workspace.makeLog()
        terminal.write(
            MadeLogView(log: log, directory: workspace.logDirectory, configured: workspace.configuration.log.key).text)
        return .done
    }
}
