import Core
import Engine

/// What came of keeping what a temporary run left in place.
struct KeepView: Sendable {
    let kept: Belay.Kept

    /// Somebody has to do something while a node may still give it back.
    var exit: Exit { kept.stillArmed.isEmpty ? .done : .needsPerson }

    func text(_ style: Style) -> String {
        let keeping = kept.keeping
        let verb = kept.isOld ? "KEPT ALREADY" : "KEPT"
        return
            ([
                "\(style.good(verb)) run \(keeping.run.printable) by \(keeping.by.printable): \(keeping.reason.printable)"
            ]
            + answers + kept.stillArmed.flatMap { armed($0, style) }).text
    }

    private var answers: [String] {
        kept.standings.sorted { $0.key < $1.key }.map { node, standing in
            switch standing {
            case .returned: "  \(node.printable): too late, the node had given it back by itself"
            default: "  \(node.printable): \(standing.words.printable)"
            }
        }
    }

    private func armed(_ node: String, _ style: Style) -> [String] {
        let why = kept.unreached[node].map { ": \($0.message.printable)" } ?? ""
        return [
            "  \(style.bad("NOT TAKEN")) from \(node.printable)\(why)",
            "    the node still gives it back by itself at \(kept.due.toSeconds)",
            "  → once it can be reached: belay keep \(kept.keeping.run.printable) --reason 'why'",
        ]
    }
}
