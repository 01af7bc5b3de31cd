import ArgumentParser
import Core
import Engine
import Foundation
import Services
import TransparencyLog

/// `belay audit prove`.
struct AuditProveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "prove", abstract: "Write proofs that entries are in the log, for who has not got the log.",
        discussion: """
            Each entry gives a file NAME-INDEX.tlog-proof and, since a proof is about bytes, the entry itself beside it as \
            NAME-INDEX.json; NAME is the last part of the log's origin. The proofs are under the log's last checkpoint, with its \
            cosignatures; what is not signed yet is published first, which needs the log's key. On standard output the \
            entry comes along in the proof. `belay audit check-proof` checks them.

            --consistency prints a proof that the log has only grown between two states, each a number of entries or the file \
            of a checkpoint. The newer must be one that was signed.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("An entry's index, or a run's id or its beginning.", valueName: "entry|run"))
    var subject: String?

    @Option(
        help: ArgumentHelp(
            "The folder for the files; for one entry the proof's own file, or - for standard output.", valueName: "path"
        ))
    var out = "."

    @Option(parsing: .upToNextOption, help: ArgumentHelp("The older and the newer state.", valueName: "state"))
    var consistency: [String] = []

    mutating func validate() throws {
        guard consistency.isEmpty || consistency.count == 2 else {
            throw ValidationError("--consistency takes two states: the older and the newer.")
        }
        guard (subject == nil) != consistency.isEmpty else {
            throw ValidationError("Name an entry or a run, or two states with --consistency.")
        }
    }

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let workspace = try await global.workspace()
        if let subject {
            try await prove(subject, of: workspace, terminal)
        } else {
            let proof = try workspace.prove(from: Self.state(consistency[0]), to: Self.state(consistency[1]))
            terminal.write(String(decoding: proof.bytes, as: UTF8.self))
        }
        return .done
    }

    private static func state(_ word: String) throws -> Workspace.LogState {
        if let size = UInt64(word) { return .size(size) }
        return .kept(KeptCheckpoint(source: word, bytes: try InputFile.read(word)))
    }

    private func prove(_ subject: String, of workspace: Workspace, _ terminal: Terminal) async throws {
        guard FileManager.default.fileExists(atPath: workspace.logDirectory) else {
            throw UsageError("there is no log in \(workspace.logDirectory)", remedy: "It is made with the first plan.")
        }
        var entries: [JournalEntry] = []
        if let index = UInt64(subject), let entry = try Self.entry(index, in: workspace.logDirectory) {
            entries = [entry]
        } else {
            entries = try await run(subject, of: workspace, terminal)
        }
        let proofs = try await workspace.prove(entries, carriesEntry: out == "-")
        await workspace.logReading(of: entries.count, terminal)
        if out == "-" {
            guard proofs.count == 1 else {
                throw UsageError(
                    "\(subject) has \(proofs.count) entries, and standard output takes the proof of one",
                    remedy: "Name one by its index, or a folder with --out.")
            }
            terminal.write(String(decoding: proofs[0].bytes, as: UTF8.self))
        } else {
            try write(proofs, entries, origin: workspace.configuration.log.origin)
            let size = count(Int(clamping: try Checkpoint(text: proofs[0].note.text).size), "entry", "entries")
            terminal.write("\(count(proofs.count, "proof")) under the checkpoint of \(size), in \(out.printable)")
        }
    }

    private static func entry(_ index: UInt64, in log: String) throws -> JournalEntry? {
        var reader = try JournalReader(directory: log, from: index)
        return try reader.next()
    }

    /// The entries of the only run whose id begins so.
    private func run(_ subject: String, of workspace: Workspace, _ terminal: Terminal) async throws -> [JournalEntry] {
        let found = try await workspace.excerpt(EntryFilter(run: subject), terminal).entries
        let runs = Set(found.compactMap(\.record.run))
        guard let run = runs.contains(subject) ? subject : runs.count == 1 ? runs.first : nil else {
            throw UsageError(
                runs.isEmpty
                    ? "the log has no entry '\(subject)', and no run whose id begins so"
                    : "'\(subject)' is the beginning of \(runs.count) runs",
                remedy: "`belay runs list` shows the runs; entries are counted from 0.")
        }
        return found.filter { $0.record.run == run }.map { JournalEntry(index: $0.index, bytes: $0.bytes) }
    }

    private func write(_ proofs: [LogProof], _ entries: [JournalEntry], origin: String) throws {
        let name = origin.split(separator: "/").last.map(String.init) ?? origin
        let isFile = proofs.count == 1 && !OutputFile.isFolder(out)
        for (proof, entry) in zip(proofs, entries) {
            let file = isFile ? out : "\(out)/\(name)-\(proof.index)\(ProofFile.suffix)"
            // The entry first: a proof that is there has what it is about beside it.
            try OutputFile.write(entry.bytes, to: ProofFile.entry(of: file))
            try OutputFile.write(proof.bytes, to: file)
        }
    }
}

/// How files of proofs are called.
enum ProofFile {
    static let suffix = ".tlog-proof"

    /// The file with the bytes that a proof is about.
    static func entry(of proof: String) -> String {
        (proof.hasSuffix(suffix) ? String(proof.dropLast(suffix.count)) : proof) + ".json"
    }
}
