import CEL

extension PolicySet {
    /// Whether an expression of any policy names a path of the input or a part of it: what no policy names need not be
    /// collected, and stays unknown. Grants have no expressions.
    public func reads(_ path: String) -> Bool {
        policies.contains { policy in
            policy.programs.contains { program in
                program.references.contains { $0 == path || $0.hasPrefix(path + ".") }
            }
        }
    }
}

extension Policy {
    fileprivate var programs: [Program] {
        let messages = validations.compactMap { validation in
            if case .program(let program) = validation.message { program } else { nil }
        }
        return conditions.map(\.program) + variables.map(\.program) + validations.map(\.program) + messages
    }
}
