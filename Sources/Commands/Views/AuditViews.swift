import Core
import Engine
import TransparencyLog

/// `belay audit log`.
struct EntriesView: Sendable {
    let entries: [IndexedRecord]
    /// Run → its plan, for the names of steps.
    var plans: [String: Plan] = [:]
    /// False where all are of the one run that was asked for.
    var namesRun = true

    /// One line each, for people.
    func text(_ style: Style) -> String {
        entries.map { entry in
            TimelineView(entry, plan: entry.record.run.flatMap { plans[$0] }).line(style, namesRun: namesRun)
        }.text
    }

    /// JSON Lines: `{"index":…,"leafHash":"…","entry":…}`, the entry's own bytes unchanged but for what a terminal would act
    /// on, which is spelled as JSON escapes.
    var jsonLines: String {
        entries.map { entry in
            let leaf = Merkle.leaf(entry.bytes).hex
            // No newline either: it would begin a line that another entry could seem to stand in.
            let text = Printable.spell(json: String(decoding: entry.bytes, as: UTF8.self), keepsLines: false)
            return "{\"index\":\(entry.index),\"leafHash\":\"\(leaf)\",\"entry\":\(text)}"
        }.text
    }
}

/// `belay audit show`: one entry, pretty, with what an inclusion proof would be about.
struct EntryView: Sendable {
    let entry: IndexedRecord
    /// Its blob was read back.
    var isWhole: Bool { entry.record.event != nil }

    func text(_ style: Style) throws -> String {
        let leaf = Merkle.leaf(entry.bytes).hex
        let blob =
            entry.record.blob.map {
                [
                    "blob \($0.commitment.printable), \(count($0.length, "byte"))\(isWhole ? "" : ": erased, or not on this disk")"
                ]
            } ?? []
        var record = entry.record
        // Secrets stay where they are, in the blob.
        if record.shown != nil { record.event = nil }
        let lines = try JSONText.pretty(record).printableLines
        return
            ([style.strong("Entry \(entry.index)"), "leaf hash \(leaf), \(count(entry.bytes.count, "byte"))"] + blob
            + lines).text
    }
}

/// `belay audit verify`: whether the log is what was written; the first thing that is not comes first.
struct VerificationView: Sendable {
    let report: VerificationReport
    let directory: String
    /// The checkpoint before which nothing was to be read.
    var since: String?

    /// 9 when the log does not verify.
    var exit: Exit { report.isIntact ? .done : .logNotIntact }

    func text(_ style: Style) -> String {
        let failures = report.failures.sorted { Self.first($0) < Self.first($1) }.flatMap { lines($0, style) }
        let verdict =
            report.isIntact
            ? style.good("INTACT") + " \(directory.printable)" : style.bad("NOT INTACT") + " \(directory.printable)"
        return ([verdict] + failures + facts).text
    }

    func json() throws -> String {
        struct Failure: Encodable {
            let kind: String
            let firstEntry: UInt64?
            let entriesEnd: UInt64?
            let file: String?
            let offset: UInt64?
            let what: String
            let meaning: String
        }
        struct Cosigner: Encodable {
            let key: String
            let time: UInt64
        }
        struct Witnessed: Encodable {
            let size: UInt64
            let cosigners: [Cosigner]
        }
        struct Term: Encodable {
            let key: String
            let fromSize: UInt64
            let untilSize: UInt64?
        }
        struct Report: Encodable {
            let intact: Bool
            let directory: String
            let source: String
            let since: UInt64
            let entries: UInt64
            let root: String
            let signedSize: UInt64
            let key: String?
            let keyIsFromLog: Bool
            let keys: [Term]
            let witnessed: Witnessed?
            let failures: [Failure]
        }
        let (key, isFromLog) = source
        let failures = report.failures.map {
            Failure(
                kind: $0.kind.rawValue, firstEntry: $0.entries?.lowerBound, entriesEnd: $0.entries?.upperBound,
                file: $0.file,
                offset: $0.offset, what: $0.what, meaning: $0.meaning)
        }
        let witnessed = report.witnessed.map { found in
            Witnessed(
                size: found.size,
                cosigners: found.cosigners.map { Cosigner(key: $0.key.description, time: $0.time) })
        }
        let shown = Report(
            intact: report.isIntact, directory: directory, source: report.source.rawValue, since: report.since,
            entries: report.entries, root: report.root.hex, signedSize: report.signedSize, key: key,
            keyIsFromLog: isFromLog,
            keys: report.keys.map { term in
                let isLast = term == report.keys.last
                return Term(
                    key: term.key.description, fromSize: term.sizes.lowerBound,
                    untilSize: isLast ? nil : term.sizes.upperBound)
            }, witnessed: witnessed,
            failures: failures)
        return try JSONText.pretty(shown)
    }

    private static func first(_ failure: VerificationFailure) -> UInt64 { failure.entries?.lowerBound ?? .max }

    private func lines(_ failure: VerificationFailure, _ style: Style) -> [String] {
        let entries = failure.entries.map { range in
            range.count == 1 ? "entry \(range.lowerBound)" : "entries \(range.lowerBound) to \(range.upperBound &- 1)"
        }
        let place = [entries, failure.file.map { $0 + (failure.offset.map { " at byte \($0)" } ?? "") }].compactMap(
            \.self)
        let heading = place.isEmpty ? "the log" : place.joined(separator: ", ")
        return [
            style.bad("✗ \(heading.printable)"), "    \(failure.what.printable)", "    \(failure.meaning.printable)",
        ]
    }

    private var facts: [String] {
        let (key, isFromLog) = source
        let unsigned = report.unsignedEntries == 0 ? "" : ", \(report.unsignedEntries) after it not yet signed"
        let trust =
            isFromLog
            ? [
                "  the key is the log's own: this shows accidents, not a rewrite with another key; give --key from elsewhere"
            ] : []
        let torn = report.tornTail.map { ["  \("\($0)".printable): it was never acknowledged and is no entry"] } ?? []
        let findings =
            report.findingCount == 0
            ? [] : ["  \(count(report.findingCount, "entry", "entries")) not one I-JSON object"]
        // After a failure what is signed is not known: what was damaged may have been.
        let signed =
            report.isIntact
            ? [
                "  \(count(report.checkpoints.count, "checkpoint")) verified, the largest covers \(report.signedSize)\(unsigned)"
            ] : []
        return ["  \(count(Int(clamping: report.entries), "entry", "entries")), root \(report.root.hex)"] + scope
            + signed
            + report.witnessLines.indented(2)
            + ["  key \((key ?? "none").printable)"] + report.keyLines.indented(2) + trust + torn + findings
    }

    /// What was read, where that is not all of a journal.
    private var scope: [String] {
        let mirror =
            report.source == .tiles
            ? ["  there is no journal, as in a mirror: verified by the bundles and hashes among the tiles"] : []
        guard let since else { return mirror }
        guard report.since > 0 else {
            return mirror + [
                "  the tiles do not have the tree of \(since.printable): all was read, from the first entry on"
            ]
        }
        let skipped =
            report.skippedCheckpoints == 0
            ? "" : "; \(count(report.skippedCheckpoints, "smaller checkpoint")) not compared"
        return mirror + [
            "  the first \(report.since) were not read again: the log continues \(since.printable), which covers them\(skipped)"
        ]
    }

    private var source: (key: String?, isFromLog: Bool) {
        switch report.key {
        case .given(let key): (key.description, false)
        case .fromLog(let key): (key.description, true)
        case .none: (nil, false)
        }
    }
}

extension VerificationReport {
    /// Which keys the log has had, where it had several.
    fileprivate var keyLines: [String] {
        keys.count < 2
            ? []
            : keys.dropLast().map { "until size \($0.sizes.upperBound) its key was \($0.key.description.printable)" }
                + ["its key is now \(keys[keys.count - 1].key.description.printable)"]
    }
}
