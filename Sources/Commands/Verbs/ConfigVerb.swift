import ArgumentParser
import Core
import Engine

/// `belay config`.
struct ConfigVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show every setting in effect, which file gives it, and the digest of the guardrails.",
        discussion: """
            A machine's settings (\(ConfigurationLayer.systemFile)) win over the project's. A user's file and flags set nothing \
            that is a guardrail. Plans carry the digest, and are applied under the same one only.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOption

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let view = ConfigView(
            settings: workspace.configuration.settings(logDirectory: workspace.logDirectory),
            policySet: try workspace.guardrails().policies.digest)
        terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
        return .done
    }
}
