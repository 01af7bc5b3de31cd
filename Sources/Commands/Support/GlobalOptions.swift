import ArgumentParser
import Engine
import Foundation
import Services

/// Before or after the verb.
struct GlobalOptions: ParsableArguments {
    @Option(name: .customShort("C"), help: ArgumentHelp("The project's folder, or one below it.", valueName: "dir"))
    var directory: String?

    @Option(help: "Colours: auto, always or never. NO_COLOR is honoured.")
    var color: ColorChoice = .auto

    /// The project.
    func workspace() async throws -> Workspace {
        try await Workspace.open(from: directory ?? FileManager.default.currentDirectoryPath)
    }
}

/// When to colour.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, always, never

    /// Whether to, for one stream. <https://no-color.org>: set and not empty means no, unless a flag says otherwise.
    func isOn(isTerminal: Bool, noColor: String?, term: String?) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto: isTerminal && (noColor ?? "").isEmpty && term != "dumb"
        }
    }
}

/// `-o text|json`.
struct OutputOption: ParsableArguments {
    @Option(name: .customShort("o"), help: ArgumentHelp("text or json.", valueName: "format"))
    var format: OutputFormat = .text
}

/// For whom a view writes.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json
}

extension Workspace {
    /// Runs `body` with the project's log open for writing and its connections closed afterwards.
    func withBelay<Result>(
        _ connection: ConnectionOptions? = nil, isWayBack: Bool = false, _ body: (Belay) async throws -> Result
    ) async throws -> Result {
        let belay = try await Belay.open(
            self, choices: connection?.choices ?? Connector.Choices(), witnessing: WitnessClient(),
            isWayBack: isWayBack)
        do {
            let result = try await body(belay)
            await belay.close()
            return result
        } catch {
            await belay.close()
            throw error
        }
    }
}
