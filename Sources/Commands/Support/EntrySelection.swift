import ArgumentParser
import Core
import Engine
import Services

/// Which entries of the log, as options; what is given must all fit.
struct EntrySelection: ParsableArguments {
    @Option(help: "Only what was done to this node.")
    var node: String?

    @Option(help: "Only what this person or executor did.")
    var user: String?

    @Option(help: ArgumentHelp("Only from then on: 2h ago, or 2026-11-22T18:00:00Z.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only up to then: 2h ago, or 2026-11-22T18:00:00Z.", valueName: "time"))
    var until: String?

    @Option(help: "Only this run, by its id or its beginning.")
    var run: String?

    @Option(help: ArgumentHelp("Only runs of this runbook.", valueName: "name"))
    var runbook: String?

    @Option(help: ArgumentHelp("Only steps of this action, such as service.restart.", valueName: "name"))
    var action: String?

    @Option(
        help: ArgumentHelp(
            "Only what came out so: how a run or node ended (rolled-back), a step's exit status (1), allowed, denied, failed.",
            valueName: "word"))
    var outcome: String?

    @Option(help: ArgumentHelp("Only entries of this type, such as outcome or approval.", valueName: "name"))
    var type: String?

    @Option(help: ArgumentHelp("Only entries whose JSON has this text, in capitals or not.", valueName: "text"))
    var text: String?

    @Option(help: ArgumentHelp("Only the last so many of these.", valueName: "count"))
    var last: Int?

    mutating func validate() throws {
        if let last, last < 1 { throw ValidationError("--last is \(last): give 1 or more.") }
    }

    /// The entries, in the log's order, and their runs' plans: by the log's index, or by reading all of the log where there is none.
    /// - Throws: `UsageError` for a time that is none, or two that leave nothing between them.
    func entries(of workspace: Workspace, now: Timestamp, _ terminal: Terminal) async throws -> LogExcerpt {
        try await workspace.excerpt(filter(now: now), last: last, terminal)
    }

    private func filter(now: Timestamp) throws -> EntryFilter {
        let since = try since.map { try TimeArguments.instant($0, option: "--since", now: now) }
        let until = try until.map { try TimeArguments.instant($0, option: "--until", now: now) }
        if let since, let until, until < since {
            throw UsageError(
                "--until \(until.toSeconds) is before --since \(since.toSeconds)", remedy: "Exchange the two.")
        }
        return EntryFilter(
            node: node, user: user, since: since, until: until, run: run, runbook: runbook, action: action,
            outcome: outcome, type: type, text: text)
    }
}
