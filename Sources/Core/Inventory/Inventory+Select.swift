extension Inventory {
    /// The nodes a selector matches, in the order of the inventory.
    /// - Throws: when a key is none that any node has, and when nothing matches, with what there is. Places are columns of
    ///   the selector's text.
    public func nodes(matching selector: Selector) throws(Diagnostics) -> [Node] {
        let subjects = nodes.map(\.subject)
        let strangers = selector.requirements.compactMap { stranger($0, subjects) }
        if !strangers.isEmpty { throw Diagnostics(strangers) }
        let found = nodes.filter { selector.matches($0.subject) }
        if found.isEmpty { throw Diagnostics(nothing(selector, subjects)) }
        return found
    }

    /// Nodes by name and by selectors: all selectors must match, and of named nodes they leave the ones that match.
    /// - Throws: as ``nodes(named:)`` and ``nodes(matching:)`` do, and when nothing is left.
    public func nodes(named names: [String], matching selectors: [Selector]) throws(Diagnostics) -> [Node] {
        var found = names.isEmpty ? nodes : try nodes(named: names)
        for selector in selectors {
            let matching = Set(try nodes(matching: selector).map(\.name))
            found = found.filter { matching.contains($0.name) }
        }
        if found.isEmpty, let selector = selectors.last {
            let (others, what) = names.isEmpty ? ("all selectors", "node") : ("the selectors", "named node")
            let place = SourceLocation(file: "", line: 1, column: 1, length: selector.text.unicodeScalars.count)
            throw Diagnostics([Diagnostic("no \(what) matches \(others)", at: place)])
        }
        return found
    }

    // `rol!=worker` would match every node. That a key is absent may be asked of a key that nobody has.
    private func stranger(_ requirement: Selector.Requirement, _ subjects: [Selector.Subject]) -> Diagnostic? {
        guard case .label(let key) = requirement.key, requirement.test != .absent else { return nil }
        let labels = Set(subjects.flatMap(\.labels.keys))
        guard !labels.contains(key) else { return nil }
        let known = labels.sorted() + Selector.Key.words.keys.sorted()
        return Diagnostic(
            "no node of \(file) has a label '\(key)'\(Suggestion.hint(for: key, among: known))",
            at: requirement.location)
    }

    private func nothing(_ selector: Selector, _ subjects: [Selector.Subject]) -> [Diagnostic] {
        let never = selector.requirements.filter { requirement in !subjects.contains(where: requirement.matches) }
        guard !never.isEmpty else {
            let whole = SourceLocation(file: "", line: 1, column: 1, length: selector.text.unicodeScalars.count)
            return [Diagnostic("no node of \(file) meets all of it; each part alone is met by some node", at: whole)]
        }
        return never.map { requirement in
            let values = Set(subjects.flatMap { $0.values(of: requirement.key) }).sorted()
            let given = requirement.test.patterns.first ?? ""
            let hint =
                values.isEmpty
                ? "; no node has a \(requirement.key.text)"
                : Suggestion.hint(for: given, among: values)
            return Diagnostic("no node of \(file) matches this\(hint)", at: requirement.location)
        }
    }
}

extension Selector.Requirement {
    fileprivate var location: SourceLocation {
        SourceLocation(file: "", line: 1, column: columns.lowerBound, length: max(1, columns.count))
    }
}

extension Selector.Test {
    fileprivate var patterns: [String] {
        switch self {
        case .anyOf(let patterns), .noneOf(let patterns): patterns
        case .exists, .absent: []
        }
    }
}
