import ArgumentParser
import Core
import Engine
import Services
import TransparencyLog

/// `belay audit`: the log itself. To read it nobody needs to be able to write it.
struct AuditVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Make, read and verify the audit log.",
        subcommands: [
            AuditInitVerb.self, AuditRotateVerb.self, Log.self, Show.self, AuditReportVerb.self, AuditExportVerb.self,
            AuditEraseVerb.self,
            Verify.self, AuditProveVerb.self, AuditCheckProofVerb.self, AuditWitnessVerb.self, AuditReindexVerb.self,
        ])

    /// `belay audit log`.
    struct Log: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print entries of the log.",
            discussion: "-o json prints JSON Lines: index, leaf hash and the entry itself.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption
        @OptionGroup var selection: EntrySelection

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let found = try await selection.entries(of: workspace, now: SystemClock().now(), terminal)
            await workspace.logReading(of: found.entries.count, terminal)
            let view = EntriesView(entries: found.entries, plans: found.plans, namesRun: selection.run == nil)
            terminal.write(output.format == .json ? view.jsonLines : view.text(terminal.style))
            return .done
        }
    }

    /// `belay audit show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show a run as a timeline, or one entry with its leaf hash.",
            discussion: "Digits alone are an entry's index where the log has it, else the beginning of a run's id.")

        @OptionGroup var global: GlobalOptions

        @Argument(help: ArgumentHelp("A run's id or its beginning, or an entry's index.", valueName: "run|index"))
        var subject: String

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let records = try await workspace.records()
            if let index = UInt64(subject), let entry = records.first(where: { $0.index == index }) {
                await workspace.logReading(of: 1, terminal)
                terminal.write(try EntryView(entry: entry).text(terminal.style))
                return .done
            }
            let store = RunStore(records)
            let run = try find(store, count: records.count)
            let isHeld = try RunLock.isHeld(run: run.id, in: workspace.logDirectory)
            await workspace.logReading(of: run.records.count, terminal)
            let view = RunReadingView(
                history: RunHistory(run, among: store.runs), inventory: workspace.inventory, isHeld: isHeld)
            terminal.write(view.text(terminal.style))
            return .done
        }

        private func find(_ store: RunStore, count entries: Int) throws -> StoredRun {
            if UInt64(subject) != nil, !store.runs.contains(where: { $0.id.hasPrefix(subject) }) {
                throw UsageError(
                    "the log has no entry \(subject), and no run whose id begins so",
                    remedy:
                        "It has \(count(entries, "entry", "entries")), counted from 0; `belay runs list` shows the runs."
                )
            }
            return try store.run(subject)
        }
    }

    /// `belay audit verify`.
    struct Verify: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Verify the log from its first entry to its last.",
            discussion: """
                Give the public key from elsewhere, and checkpoints that somebody kept: without them a log rewritten by \
                someone who has its key cannot be told from the true one. With --witness a checkpoint must have been cosigned by \
                the quorum of that policy, too. With --since only what came after that checkpoint is read. A folder without a \
                journal, such as a mirror, is verified by its tiles. Exits with 9 when the log does not verify.
                """)

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Argument(help: "The log's folder; the project's unless given.")
        var directory: String?

        @Option(help: ArgumentHelp("The log's public key, or a file with it.", valueName: "vkey"))
        var key: String?

        @Option(
            name: .customLong("kept"),
            help: ArgumentHelp("A checkpoint kept elsewhere; again for more.", valueName: "file"))
        var kept: [String] = []

        @Option(
            help: ArgumentHelp(
                "Which witnesses must have cosigned: a file as log.witnesses names.", valueName: "policy"))
        var witness: String?

        @Option(
            help: ArgumentHelp(
                "A checkpoint kept from an earlier verification: what it covers is not read again.", valueName: "file"))
        var since: String?

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let checkpoints = try kept.map { KeptCheckpoint(source: $0, bytes: try InputFile.read($0)) }
            let start = try since.map { KeptCheckpoint(source: $0, bytes: try InputFile.read($0)) }
            var folder = directory
            if folder == nil { folder = try await global.workspace().logDirectory }
            let report = try LogVerifier.verify(
                directory: folder ?? "", key: try key.map(VerifierArguments.key), kept: checkpoints,
                policy: try witness.map(VerifierArguments.policy), since: start)
            let view = VerificationView(report: report, directory: folder ?? "", since: since)
            terminal.write(output.format == .json ? try view.json() : view.text(terminal.style))
            return view.exit
        }
    }
}
