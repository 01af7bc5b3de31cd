import Core

/// One field of a step's state: what it is, what it will be, and how sure that is.
struct FieldView: Sendable {
    let name: String
    let before: FieldValue?
    let after: FieldValue?
    let quality: Quality
    /// Why the field changes by itself; nil when it does not.
    let volatile: String?
    /// Whether its value must not be shown.
    let isSecret: Bool

    /// Lines of one field beyond this are only counted, unless all are asked for.
    static let shownLines = 120

    /// The fields of a step that say something: those that will change, and those of which that is not known (law 8).
    static func fields(of step: StepPlan) -> [FieldView] {
        let action = try? step.makeAction()
        let secrets = Secrets(step)
        let names = Set(step.before.fields.keys).union(step.prediction.after.fields.keys)
        return names.sorted().compactMap { name in
            let (before, after) = (step.before[name], step.prediction.after[name])
            let quality = step.prediction.quality(of: name)
            let volatile = action.flatMap { why(name, $0) }
            guard before != after || (quality != .exact && volatile == nil) else { return nil }
            return FieldView(
                name: name, before: before, after: after, quality: quality, volatile: volatile,
                isSecret: secrets.hide(before) || secrets.hide(after))
        }
    }

    /// The fields of a step that differ between two looks at the node.
    static func changes(of step: StepPlan, from before: Observation, to after: Observation) -> [FieldView] {
        let action = try? step.makeAction()
        let secrets = Secrets(step)
        return Set(before.fields.keys).union(after.fields.keys).sorted().compactMap { name in
            guard before[name] != after[name] else { return nil }
            return FieldView(
                name: name, before: before[name], after: after[name], quality: .exact,
                volatile: action.flatMap { why(name, $0) },
                isSecret: secrets.hide(before[name]) || secrets.hide(after[name]))
        }
    }

    /// What was expected of a step's state, and what is there.
    static func fields(of differences: [Difference], _ step: StepPlan) -> [FieldView] {
        let secrets = Secrets(step)
        return differences.map { difference in
            FieldView(
                name: difference.field, before: difference.expected, after: difference.found, quality: .exact,
                volatile: nil, isSecret: secrets.hide(difference.expected) || secrets.hide(difference.found))
        }
    }

    private static func why(_ name: String, _ action: any Action) -> String? {
        if case .volatile(let why) = action.role(of: name) { why } else { nil }
    }

    /// A heading and the diff under it.
    func lines(_ style: Style, verbose: Bool) -> [String] {
        let lines = [heading(style)] + diff(verbose: verbose).map { $0.text(style) }.indented(2)
        return volatile == nil ? lines : lines.map { style.faint($0) }
    }

    /// Its name, and how sure its value is.
    func heading(_ style: Style) -> String {
        let name = style.strong(name.printable)
        if let volatile { return "\(self.name.printable) (changes by itself: \(volatile.printable))" }
        switch quality {
        case .exact: return name
        case .bounded(let why): return "\(name) \(style.warning("bounded: \(why.printable)"))"
        case .unpredictable(let why): return "\(name) \(style.warning("unpredictable: \(why.printable)"))"
        }
    }

    /// What changes of it.
    func diff(verbose: Bool) -> [UnifiedDiff.Line] {
        guard before != after else { return [] }
        if isSecret { return summary(before).map { .removed($0) } + summary(after).map { .added($0) } }
        let (old, new) = (Self.lines(of: before), Self.lines(of: after))
        var lines = UnifiedDiff(from: old, to: new).lines
        // What differs and shows no line of it: an empty file that was absent, a newline at the end.
        if lines.isEmpty { return [.removed(Self.form(of: before)), .added(Self.form(of: after))] }
        if old.count <= 1, new.count <= 1 { lines = Array(lines.dropFirst()) }
        guard !verbose, lines.count > Self.shownLines else { return lines }
        return lines.prefix(Self.shownLines) + [
            .place("… \(lines.count - Self.shownLines) more lines; --verbose shows them")
        ]
    }

    private func summary(_ value: FieldValue?) -> [String] {
        switch value {
        case .content(let payload): ["masked: \(payload.summary)"]
        case .lines(let lines): ["masked: \(Payload(lines.joined(separator: "\n")).summary)"]
        case .text(let text): ["masked: \(Payload(text).summary)"]
        case .absent, nil: []
        }
    }

    private static func form(of value: FieldValue?) -> String {
        switch value {
        case .text(let text): "(a text of \(Payload(text).summary))"
        case .lines(let lines): "(\(count(lines.count, "line")))"
        case .content(let payload): "(content of \(payload.summary))"
        case .absent, nil: "(absent)"
        }
    }

    /// A value as printable lines; what is not there has none.
    static func lines(of value: FieldValue?) -> [String] {
        switch value {
        case .text(let text): [Redactor().redact(text).printable]
        case .lines(let lines): lines.map { Redactor().redact($0).printable }
        case .content(let payload):
            payload.text.map { Redactor().redact($0).printableLines } ?? ["(not text: \(payload.summary))"]
        case .absent, nil: []
        }
    }
}
