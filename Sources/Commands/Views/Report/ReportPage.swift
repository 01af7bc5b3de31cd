import Core
import Engine

/// `belay audit report`: runs as one page that needs nothing but itself, for a reviewer with a browser.
struct ReportPage: Sendable {
    let runs: [RunHistory]
    let proof: LogStatement
    let inventory: Inventory
    /// The runs that a process drives now.
    var held: Set<String> = []
    /// When the page was made.
    let at: Timestamp

    /// The page. Nothing in it is fetched, and no script runs even if one got in.
    var html: String {
        HTML.document(head: head, body: [.tag("main", [:], opening + runs.map(section) + [proofSection, footer])])
    }

    private var title: String {
        runs.count == 1 ? "Run \(runs[0].run.id)" : "\(count(runs.count, "run"))"
    }

    private var head: [HTML] {
        [
            .void("meta", ["charset": "utf-8"]),
            .void("meta", ["http-equiv": "Content-Security-Policy", "content": ReportStyle.policy]),
            .void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .void("meta", ["name": "referrer", "content": "no-referrer"]),
            .void("meta", ["name": "color-scheme", "content": "light dark"]),
            .tag("title", [:], [.text("\(title) · Belay")]), .style(ReportStyle.css),
        ]
    }

    // One run speaks for itself; of several there is a list to choose from.
    private var opening: [HTML] {
        let warning = proof.isIntact ? [] : [HTML.tag("p", "alarm", "The log does not verify: \(proof.verdict)")]
        guard runs.count > 1 else { return warning }
        let rows = runs.map { history in
            HTML.tag(
                "li", [:],
                [
                    .tag("a", ["href": "#run-\(history.run.id)"], [.text(history.run.plan.runbook.title)]),
                    chip(history), .tag("span", "faint", "\(history.run.id) · \(history.run.plan.requester)"),
                ])
        }
        return warning + [.tag("nav", [:], [.tag("h1", [:], [.text(title)]), .tag("ol", "runs", rows)])]
    }

    private func chip(_ history: RunHistory) -> HTML {
        RunSection(history, inventory: inventory, isHeld: held.contains(history.run.id)).chip
    }

    private func section(_ history: RunHistory) -> HTML {
        RunSection(history, inventory: inventory, isHeld: held.contains(history.run.id)).html
    }

    private var proofSection: HTML { ProofSection(proof: proof, runs: runs).html }

    private var footer: HTML {
        let words =
            "Made by belay audit report at \(at.toSeconds) from the audit log. Times are the executor's, in UTC; "
            + "order is that of the log. The page is a reading of the log and no evidence by itself."
        return .tag("footer", [:], [.text(words)])
    }
}
