extension PolicySet {
    /// What is accepted and probably not meant: none of it keeps the set from loading.
    /// - Parameter tested: the names of the policies and grants that have cases.
    public func warnings(tested: Set<String>) -> [Diagnostic] {
        policies.flatMap { untested($0.name, $0.location, tested) + $0.warnings }
            + grants.flatMap { untested($0.name, $0.location, tested) + $0.warnings }
    }

    private func untested(_ name: String, _ location: SourceLocation, _ tested: Set<String>) -> [Diagnostic] {
        guard !tested.contains(name) else { return [] }
        return [
            Diagnostic(
                "'\(name)' has no cases", severity: .warning, at: location, field: "metadata",
                remedy: "Write \(name).test.yaml beside it")
        ]
    }
}

extension Grant {
    /// Whatever a standing grant does not limit runs without anybody having approved it.
    fileprivate var warnings: [Diagnostic] {
        guard isStanding else { return [] }
        let isPlaced = environments != nil || pools != nil || nodes != nil || roles != nil
        let open = [
            runbooks == nil ? "which runbooks" : nil, isPlaced ? nil : "which nodes",
            maxNodes == nil ? "how many nodes at once" : nil,
        ].compactMap(\.self)
        guard !open.isEmpty else { return [] }
        return [
            Diagnostic(
                "'\(name)' is standing and does not say \(open.joined(separator: ", "))", severity: .warning,
                at: location, field: "spec.standing",
                remedy: "Name runbooks, and in targets roles, pools, nodes or environments, and maxNodes")
        ]
    }
}

extension Policy {
    fileprivate var warnings: [Diagnostic] {
        unusedVariables + emptyRemedies + misfit
    }

    private var unusedVariables: [Diagnostic] {
        variables.filter { !reads("variables.\($0.name)") }.map {
            warning(
                "no expression names variables.\($0.name)", at: $0.location, field: "spec.variables",
                remedy: "Use it or leave it out")
        }
    }

    private var emptyRemedies: [Diagnostic] {
        validations.filter { !$0.remedy.contains(where: \.isLetter) }.map {
            warning(
                "its remedy says nothing that a person can do", at: $0.location, field: "spec.validations",
                remedy: "Say in a sentence how to come to a yes")
        }
    }

    /// Each word is known, or it would not have loaded; together they may still be about nothing.
    private var misfit: [Diagnostic] {
        let kinds = (match.actions ?? ActionRegistry.names).compactMap(ActionRegistry.kind)
        let isAboutSome = kinds.contains { kind in
            match.disrupts.map { !kind.disrupts.isDisjoint(with: $0) } ?? true
                && match.touches.map { !kind.touches.isDisjoint(with: $0) } ?? true
        }
        // A step that may change a node is never of the class of those that only read.
        let onlyReads =
            match.mutating == true && match.classes.map { Set($0) == [Reversibility.read.rawValue] } ?? false
        guard !isAboutSome || onlyReads else { return [] }
        let why = onlyReads ? "no step of class read is mutating" : "no action disrupts and touches what it says"
        return [
            warning(
                "it can never fit: \(why)", at: matchLocation, field: "spec.match",
                remedy: "Leave out what keeps it from fitting")
        ]
    }

    private func warning(_ summary: String, at place: SourceLocation, field: String, remedy: String) -> Diagnostic {
        Diagnostic(summary, severity: .warning, at: place, field: field, remedy: remedy)
    }
}
