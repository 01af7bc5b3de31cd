import ArgumentParser
import Core

/// `belay policy schema`.
struct PolicySchemaVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the input document that the expressions of policies read.",
        discussion: "What is not collected by this version may be named, and denies until it is.")

    /// How it is written.
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case yaml, json
    }

    @OptionGroup var global: GlobalOptions

    @Option(name: .customShort("o"), help: ArgumentHelp("yaml or json.", valueName: "format"))
    var format: Format = .yaml

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let view = PolicySchemaView(schema: .declared)
        terminal.write(format == .json ? try view.json() : view.yaml)
        return .done
    }
}
