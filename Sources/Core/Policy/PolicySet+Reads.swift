import CEL

extension PolicySet {
    /// Whether an expression of any policy names a path of the input, or a part or the whole of it: what no policy names need
    /// not be collected, and stays unknown. Grants have no expressions.
    public func reads(_ path: String) -> Bool { policies.contains { $0.reads(path) } }
}

extension Policy {
    /// Whether one of its expressions names a path, or a part or the whole of it.
    func reads(_ path: String) -> Bool {
        programs.contains { program in
            program.references.contains { $0 == path || $0.hasPrefix(path + ".") || path.hasPrefix($0 + ".") }
        }
    }

    private var programs: [Program] {
        let messages = validations.compactMap { validation in
            if case .program(let program) = validation.message { program } else { nil }
        }
        return conditions.map(\.program) + variables.map(\.program) + validations.map(\.program) + messages
    }
}

extension [Policy.Variable] {
    /// The names of those whose value depends on any of these, through others too.
    func reading(_ roots: Set<Substring>) -> Set<Substring> {
        // Each names only those before it.
        reduce(into: []) { readers, variable in
            if variable.program.reads(anyOf: roots, through: readers) { readers.insert(variable.name[...]) }
        }
    }
}

extension Program {
    /// Whether its value depends on any of these variables of the input, by itself or through those of its policy.
    func reads(anyOf roots: Set<Substring>, through variables: Set<Substring>) -> Bool {
        references.contains { path in
            let parts = path.split(separator: ".", maxSplits: 2)
            guard parts[0] == "variables" else { return roots.contains(parts[0]) }
            // All of them as a whole: any may be among what is read.
            return parts.count == 1 ? !variables.isEmpty : variables.contains(parts[1])
        }
    }
}
