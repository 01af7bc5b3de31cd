import Core
import Engine
import TransparencyLog

/// What the log itself says for what is on the page.
struct LogStatement: Sendable {
    /// The name the log signs with; nil when it has no key.
    let origin: String?
    /// Its public key.
    let key: String?
    /// Whether the key is the project's; else it was read from the log's own folder.
    var isKeyGiven = false
    /// The last signed checkpoint, word for word; nil when there is none.
    let checkpoint: String?
    /// How many entries from the first the log's good checkpoints cover.
    let signedSize: UInt64
    /// Whether the log verified when the page was made.
    let isIntact: Bool
    /// What was found, in a sentence.
    let verdict: String
}

extension LogStatement {
    /// - Parameter checkpoint: the file's text, read before the log was verified.
    init(_ report: VerificationReport, checkpoint: String?) {
        switch report.key {
        case .given(let key): (origin, self.key, isKeyGiven) = (key.name, key.description, true)
        case .fromLog(let key): (origin, self.key) = (key.name, key.description)
        case .none: (origin, key) = (nil, nil)
        }
        self.checkpoint = checkpoint
        signedSize = report.signedSize
        isIntact = report.isIntact
        verdict =
            report.failures.first.map { "\($0)" }
            ?? "it verified with \(count(Int(clamping: report.entries), "entry", "entries")), of which "
            + "\(report.signedSize) are signed"
    }
}

/// What a doubter needs: the log's name and key, every entry of the runs with its leaf hash, the last checkpoint, and how to
/// hold them against each other.
struct ProofSection: Sendable {
    let proof: LogStatement
    let runs: [RunHistory]

    var html: HTML {
        .tag(
            "section", ["id": "proof"],
            [
                .tag("h2", [:], [.text("Proof")]), facts, .tag("h3", [:], [.text("The last checkpoint")]),
                .tag("pre", "note", [.lines((proof.checkpoint ?? "none is signed yet").printableLines)]),
                .tag("h3", [:], [.text("How to verify it")]),
            ] + verifying + runs.map(entries))
    }

    /// From what is told to the entry that says it.
    static func link(_ index: UInt64) -> HTML {
        .tag("a", ["class": "entry", "href": "#entry-\(index)"], [.text("#\(index)")])
    }

    private var facts: HTML {
        let rows = [
            ("log", proof.origin ?? "unknown: it has no key"), ("verifier key", proof.key ?? "none"),
            ("when this was made", proof.verdict),
        ]
        return .tag(
            "dl", "facts mono", rows.flatMap { [HTML.tag("dt", [:], [.text($0)]), .tag("dd", [:], [.text($1)])] })
    }

    private var verifying: [HTML] {
        let key = ShellQuote.display([proof.key ?? "VKEY"])
        let steps: [(String, [String])] = [
            (
                "The key above is the \(proof.isKeyGiven ? "project's" : "log's own"). Hold it against the one that was handed out when the log was made, then verify the folder DIR of the log, or a copy:",
                ["belay audit verify DIR --key \(key)"]
            ),
            (
                "The leaf hashes of the entries must be those below:",
                runs.map { "belay audit log --run \(ShellQuote.display([$0.run.id])) -o json" }
            ),
            (
                "Keep the checkpoint, and give it to belay audit verify with --kept. An entry whose index is below its size cannot be exchanged any more without that being seen. How to do all of it by hand, without Belay, says audit/README.md.",
                []
            ),
        ]
        let items = steps.map { words, commands in
            HTML.tag(
                "li", [:],
                [.tag("p", [:], [.text(words)])] + (commands.isEmpty ? [] : [.tag("pre", [:], [.lines(commands)])]))
        }
        return [.tag("ol", "steps", items)]
    }

    private func entries(_ history: RunHistory) -> HTML {
        let head = HTML.tag(
            "tr", [:], ["entry", "type", "leaf hash", "signed"].map { .tag("th", [:], [.text($0)]) })
        let rows = history.run.records.map { entry in
            HTML.tag(
                "tr", ["id": "entry-\(entry.index)"],
                [
                    .tag("td", "number", "\(entry.index)"), .tag("td", [:], [.text(entry.record.type)]),
                    .tag("td", "hash", Merkle.leaf(entry.bytes).hex),
                    .tag("td", [:], [.text(entry.index < proof.signedSize ? "yes" : "not yet")]),
                ])
        }
        let title = "Run \(history.run.id): \(count(rows.count, "entry", "entries")) and their leaf hashes"
        return .details(
            title, isOpen: true, [.tag("table", [:], [.tag("thead", [:], [head]), .tag("tbody", [:], rows)])])
    }
}
