import ArgumentParser
import CEL
import Engine
import Foundation
import Logging

/// What `belay` does with the process's arguments; ends the process with a code of `docs/exit-codes.md`.
///
/// `BELAY_LOG=debug` shows on standard error why a node is being waited for.
public func entry() async {
    // Before anything asks for a zone: what a variable points to must not say when a change window is open.
    guard Zone.hasOwnRules else { Foundation.exit(Exit.couldNotStart.rawValue) }
    // `belay apply … | head`, or a program that does not read what we tell it, must not end a run in the middle. A handler, since
    // programs that we start would inherit an ignored signal.
    signal(SIGPIPE) { _ in }
    let level = Environment.variable("BELAY_LOG").flatMap(Logger.Level.init(rawValue:)) ?? .warning
    LoggingSystem.bootstrap { label in
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = level
        return handler
    }
    let exit = await run(Array(CommandLine.arguments.dropFirst())) { color in Terminal.standard(color) }
    Foundation.exit(exit.rawValue)
}

/// Parses, performs, and turns whatever was thrown into words and a code: the only place that does.
func run(_ arguments: [String], on terminal: (ColorChoice) -> Terminal) async -> Exit {
    let command: any ParsableCommand
    do {
        command = try Root.parseAsRoot(arguments)
    } catch {
        return terminal(.auto).explain(parsing: error)
    }
    guard var verb = command as? any Verb else {
        // `help`, and a group of verbs named without one of them: the parser knows what to say.
        var command = command
        do { try command.run() } catch { return terminal(.auto).explain(parsing: error) }
        return .done
    }
    var output = terminal(verb.global.color)
    output.arguments = arguments
    do {
        return try await verb.perform(output)
    } catch {
        let failure = Failure(await verb.global.locating(error))
        output.complain(failure.text(output.errorStyle))
        return failure.exit
    }
}

/// A verb of the command line: does its work through the engine, and hands values to views.
protocol Verb: AsyncParsableCommand {
    /// The options every verb has.
    var global: GlobalOptions { get }

    /// Does it.
    /// - Returns: how it ended; what went wrong before that is thrown.
    mutating func perform(_ terminal: Terminal) async throws -> Exit
}

/// `belay`.
struct Root: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "belay",
        abstract: "Safe remediation of production nodes over SSH.",
        discussion: """
            plan → approve → apply: a plan shows what will change on every node and why it is allowed, approvals are \
            signatures of exactly that plan, and a run undoes itself when a check fails. When something was cut off in the \
            middle, `belay recover` brings every node to its state before or after.
            """,
        subcommands: [
            PlanVerb.self, RollbackVerb.self, ApproveVerb.self, ApprovalsVerb.self, ApplyVerb.self,
            RecoverVerb.self, ResolveVerb.self, ReviewVerb.self, ReturnVerb.self, KeepVerb.self, StatusVerb.self,
            RunsVerb.self, IncidentVerb.self, TriageVerb.self, RunbookVerb.self, InventoryVerb.self, FactsVerb.self,
            AuditVerb.self,
            PolicyVerb.self,
            ConfigVerb.self,
        ])

    @OptionGroup var global: GlobalOptions
}

extension Terminal {
    fileprivate func explain(parsing error: any Error) -> Exit {
        let message = Root.fullMessage(for: error)
        guard Root.exitCode(for: error) == .success else {
            complain(message)
            return .usage
        }
        write(message)
        return .done
    }
}
