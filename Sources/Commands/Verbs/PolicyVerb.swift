import ArgumentParser
import Core
import Engine

/// `belay policy`.
struct PolicyVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "List, check, test and explain the guardrails.",
        subcommands: [
            List.self, PolicyTestVerb.self, PolicyLintVerb.self, PolicyExplainVerb.self, PolicyReplayVerb.self,
            PolicySchemaVerb.self,
        ])

    /// `belay policy list`.
    struct List: Verb {
        static let configuration = CommandConfiguration(
            abstract: "List policies and grants, how they bind, and where they are.")

        @OptionGroup var global: GlobalOptions

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            terminal.write(PoliciesView(try await global.workspace().guardrails().policies).text())
            return .done
        }
    }
}
