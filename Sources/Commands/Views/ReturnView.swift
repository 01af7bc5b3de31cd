import Core
import Engine

/// What came of giving back what a temporary run left in place.
struct ReturnView: Sendable {
    let run: String
    let returned: Belay.Returned
    /// How to reach the nodes by hand.
    let inventory: Inventory

    /// How that counts.
    var exit: Exit {
        switch returned {
        case .ran(let state): Exit(state.end)
        case .waits: .approvalMissing
        case .denied, .refused: .denied
        case .alone: .done
        case .conflict, .stuck, .failed, .underWay, .stopped, .foreign: .needsPerson
        }
    }

    func text(_ style: Style) -> String {
        let id = run.printable
        switch returned {
        case .ran(let state): return OutcomeView(state: state, inventory: inventory).text(style)
        case .waits(let file):
            let path = ShellQuote.display([file]).printable
            return [
                "\(style.warning("WAITS")) run \(id): its way back is planned as \(path), and waits for approvals",
                "  → somebody else: belay approve \(path) --comment 'why'; the next belay return goes on",
            ].text
        case .denied(let decision):
            return
                (["Run \(id) stays in place, since the policies deny its way back:"]
                + DecisionView(decision).lines(style).indented(2)).text
        case .refused(let file):
            let path = ShellQuote.display([file]).printable
            return [
                "\(style.bad("DENIED")) run \(id): somebody denied its way back, \(path), and it stays in place",
                "  → why: belay approvals show \(path)", "  " + choices(id),
            ].text
        case .conflict(let conflict):
            let changes = conflict.changes.map(\.printable).indented(2)
            return
                ([
                    "\(style.bad("NEEDS A PERSON")) run \(id) stays in place: giving it back would overwrite what others did"
                ]
                + changes + ["  " + choices(id)]).text
        case .stuck(let back):
            return [
                "\(style.bad("NEEDS A PERSON")) run \(id): run \(back.printable), which gives it back, has not come to its end",
                "  → what to do: belay runs show \(back.printable)",
            ].text
        case .failed(let back):
            return [
                "\(style.bad("NEEDS A PERSON")) run \(id): run \(back.printable), which was to give it back, failed and was undone",
                "  → why: belay runs show \(back.printable); to try once more: belay return \(id)",
            ].text
        case .alone(let report):
            return (["\(style.warning("GIVEN BACK")) run \(id): by its nodes themselves"] + lines(report)).text
        case .underWay(let report):
            return
                (["\(style.warning("UNDER WAY")) run \(id): a node gives it back by itself at this moment"]
                + lines(report)
                + ["  → in a minute, once more: belay return \(id)"]).text
        case .stopped(let report):
            return
                (["\(style.bad("NEEDS A PERSON")) run \(id): a node began to give it back by itself, and stopped"]
                + lines(report) + [
                    "  → by a plan that shows what is there: belay return \(id), belay rollback \(id) where others' work is to go,",
                    "    or have it for good: belay keep \(id) --reason 'why'",
                ]).text
        case .foreign:
            return [
                "\(style.bad("NEEDS A PERSON")) run \(id) was found on a node: nobody's signature stands for it here",
                "  " + choices(id),
            ].text
        }
    }

    private func lines(_ report: NodeReturnReport) -> [String] {
        report.standings.sorted { $0.key < $1.key }.flatMap { node, standing in
            let printed = standing.output.flatMap { OutputView($0, nil) }?.lines.suffix(10) ?? []
            return ["\(node.printable): \(standing.words.printable)"] + Array(printed).indented(8)
        }
        .indented(2)
    }

    private func choices(_ id: String) -> String {
        "→ look at it and put it back: belay rollback \(id), or have it for good: belay keep \(id) --reason 'why'"
    }
}

extension Plan {
    /// How long what it leaves may stay in place, spelled out; nil for good.
    var temporaryTime: String? { temporarySeconds.map { DurationText.spell(.seconds($0)) } }
}

extension SignedKeeping {
    /// As one line of a timeline, printable.
    func words(_ entry: LogRecord) -> String {
        do {
            let keeping = try keeping(of: entry.run ?? "", planSha256: nil, by: entry.by)
            return "KEPT by \(keeping.by.printable): \(keeping.reason.printable)"
        } catch {
            return "a statement that keeps nothing: \(error.message.printable)"
        }
    }
}
