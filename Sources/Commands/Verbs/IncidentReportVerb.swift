import ArgumentParser
import Core
import Engine
import TransparencyLog

/// `belay incident report`.
struct IncidentReportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report an incident as Markdown: what was found, what was done, and when.",
        discussion: """
            Everything in it is read from the log, and each thing names its entry. It says whether the log verified when it was \
            made; exits with 9 when it did not.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The incident; the only open one unless given.")
    var id: String?

    @Option(name: .customShort("o"), help: ArgumentHelp("md or json.", valueName: "format"))
    var format: ReportFormat = .md

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let incident = try await workspace.incidents().meant(id)
        let records = try await workspace.records()
        let story = IncidentStory(incident, in: records) { run in
            (try? RunLock.isHeld(run: run, in: workspace.logDirectory)) ?? false
        }
        await workspace.logReading(of: story.entries, terminal)
        let key = try workspace.configuration.log.key.map({ try VerifierKey($0) })
        let report = try LogVerifier.verify(directory: workspace.logDirectory, key: key)
        let view = IncidentReportView(story: story, log: IncidentReportView.Log(report), at: SystemClock().now())
        terminal.write(format == .json ? try view.json() : view.markdown)
        return report.isIntact ? .done : .logNotIntact
    }

    /// For whom the report is.
    enum ReportFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
        case md, json
    }
}
