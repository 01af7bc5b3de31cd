import CEL

extension PolicySet {
    /// Whether an expression of any policy names a path of the input or a part of it: what no policy names need not be
    /// collected, and stays unknown. Grants have no expressions.
    public func reads(_ path: String) -> Bool { policies.contains { $0.reads(path) } }
}

extension Policy {
    /// Whether one of its expressions names a path or a part of it.
    func reads(_ path: String) -> Bool {
        programs.contains { program in program.references.contains { $0 == path || $0.hasPrefix(path + ".") } }
    }

    private var programs: [Program] {
        let messages = validations.compactMap { validation in
            if case .program(let program) = validation.message { program } else { nil }
        }
        return conditions.map(\.program) + variables.map(\.program) + validations.map(\.program) + messages
    }
}
