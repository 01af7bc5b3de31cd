import ArgumentParser
import Core
import Engine
import Foundation
import TransparencyLog

/// `belay audit report`.
struct AuditReportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Write runs as a page for a reviewer.",
        discussion: """
            The page is one file that needs nothing else and holds no script. It says whether the log verified when it was \
            made; exits with 9 when it did not.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("Runs by their ids or beginnings; without any, all since --since.", valueName: "run"))
    var names: [String] = []

    @Option(help: ArgumentHelp("Only runs planned from then on: 2h ago, or 2026-11-22T18:00:00Z.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Where the page is written.", valueName: "file"))
    var html: String

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let now = SystemClock().now()
        let since = try since.map { try TimeArguments.instant($0, option: "--since", now: now) }
        let workspace = try await global.workspace()
        let store = try await workspace.store()
        let runs = try chosen(store, since)
        await workspace.logReading(of: runs.reduce(0) { $0 + $1.records.count }, terminal)
        // Before the log is verified: what is signed meanwhile covers more.
        let checkpoint = try? InputFile.text("\(workspace.logDirectory)/\(LogLayout.checkpoint)")
        let key = try workspace.configuration.log.key.map({ try VerifierKey($0) })
        let report = try LogVerifier.verify(directory: workspace.logDirectory, key: key)
        let held = try runs.filter { try RunLock.isHeld(run: $0.id, in: workspace.logDirectory) }.map(\.id)
        let page = ReportPage(
            runs: runs.map { RunHistory($0, among: store.runs) }, proof: LogStatement(report, checkpoint: checkpoint),
            inventory: workspace.inventory, held: Set(held), at: now)
        try OutputFile.write(Array(page.html.utf8), to: html)
        terminal.write("\(html.printable): \(count(runs.count, "run"))")
        return report.isIntact ? .done : .logNotIntact
    }

    private func chosen(_ store: RunStore, _ since: Timestamp?) throws -> [StoredRun] {
        guard !names.isEmpty || since != nil else {
            throw UsageError(
                "no run is named", remedy: "Name runs, or say since when with --since; `belay runs list` shows them.")
        }
        let named = try names.map { try store.run($0).id }
        let runs = store.runs.filter { run in
            (named.isEmpty || named.contains(run.id)) && since.map { run.plan.createdAt >= $0 } ?? true
        }
        guard !runs.isEmpty else {
            throw UsageError("no such run was planned since then", remedy: "`belay runs list` shows them all.")
        }
        return runs
    }
}
