import Core

/// One step on one node: first what changes, then what is run for it, then how it is undone.
struct StepView: Sendable {
    private let step: StepPlan
    private let number: Int
    private let verbose: Bool

    /// - Parameter number: from 1, as people count.
    init(_ step: StepPlan, number: Int, verbose: Bool) {
        self.step = step
        self.number = number
        self.verbose = verbose
    }

    func lines(_ style: Style) -> [String] {
        if let why = step.skipped {
            let heading = "  \(number). \(style.strong(step.name.printable)): \(step.action.printable), "
            return [heading + style.warning("left out"), "    \(why.printable)"]
        }
        return [heading(style)] + (notes(style) + changes(style) + commands(style) + checks).indented(4)
    }

    private func heading(_ style: Style) -> String {
        let reversibility =
            switch step.reversibility {
            case .read: "read only"
            case .reversible: style.good("reversible")
            case .compensable: style.warning("compensable")
            case .irreversible: style.bad("IRREVERSIBLE")
            }
        let marks =
            ["\(step.action.printable)", reversibility, quality(style)]
            + (step.place == .cluster ? ["by kubectl on the execution host"] : [])
            + (step.optional ? ["left out when it cannot be begun"] : [])
            + (step.cutsPath ? [style.warning("can cut the path to the node")] : [])
        return "  \(number). \(style.strong(step.name.printable)): \(marks.joined(separator: ", "))"
    }

    // The worst of its fields that do not change by themselves anyhow.
    private func quality(_ style: Style) -> String {
        let fields = FieldView.fields(of: step)
        let qualities = fields.filter { $0.volatile == nil }.map(\.quality)
        if qualities.contains(where: { if case .unpredictable = $0 { true } else { false } }) {
            return style.warning("not all predictable")
        }
        guard qualities.allSatisfy({ $0 == .exact }) else { return style.warning("predicted within bounds") }
        return "predicted exactly" + (qualities.count == fields.count ? "" : ", but for what changes by itself")
    }

    private func notes(_ style: Style) -> [String] {
        let when = step.when.map { ["only when \($0.printable), asked again at its turn"] } ?? []
        return when + step.prediction.notes.map { style.warning("! \($0.printable)") }
    }

    private func changes(_ style: Style) -> [String] {
        if step.apply.isEmpty { return ["nothing to do: the node is in this state already"] }
        let fields = FieldView.fields(of: step).flatMap { $0.lines(style, verbose: verbose) }
        return fields.isEmpty ? ["no field of the observed state changes"] : fields
    }

    private func commands(_ style: Style) -> [String] {
        guard !step.apply.isEmpty else { return [] }
        let secrets = Secrets(step)
        let undo = CommandView(step.undo, secrets: secrets, verbose: verbose).lines(style).indented(2)
        return [style.strong("runs") + " as root, for at most \(step.timeoutSeconds) s"]
            + CommandView(step.apply, secrets: secrets, verbose: verbose).lines(style).indented(2)
            + (undo.isEmpty ? [style.bad("nothing undoes it")] : [style.strong("undone by")] + undo)
    }

    private var checks: [String] {
        step.apply.isEmpty ? [] : step.verify.map { "then \($0.expression.printable) within \($0.withinSeconds) s" }
    }
}
