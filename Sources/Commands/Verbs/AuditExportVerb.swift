import ArgumentParser
import Core
import Engine
import Services

/// `belay audit export`.
struct AuditExportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write entries of the log for other programs.",
        discussion: """
            jsonl has index, leaf hash and the entry itself, as `audit log -o json`. csv has a line for each entry, for \
            spreadsheets: a cell that would be taken for a formula begins with an apostrophe.
            """)

    /// For which program.
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable {
        case jsonl, csv
    }

    @OptionGroup var global: GlobalOptions
    @OptionGroup var selection: EntrySelection

    @Option(help: ArgumentHelp("jsonl or csv.", valueName: "format"))
    var format: Format

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        let found = try await selection.entries(of: workspace, now: SystemClock().now(), terminal)
        await workspace.logReading(of: found.entries.count, terminal)
        switch format {
        case .jsonl: terminal.write(EntriesView(entries: found.entries, plans: found.plans).jsonLines)
        case .csv: terminal.write(EntriesTable(entries: found.entries, plans: found.plans).csv)
        }
        return .done
    }
}
