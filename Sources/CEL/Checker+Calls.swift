extension Checker {
    mutating func call(_ name: String, _ target: Node?, _ arguments: [Node], _ node: Node) -> CELType {
        if let reason = refusal(of: name, target) { return refuse(.unsupported, reason, at: node.focus) }
        let candidates = Library.overloads(name, isMethod: target != nil)
        guard !candidates.isEmpty else {
            // Its arguments may be those of a misspelt macro, with a variable that does not exist otherwise.
            if let target { _ = check(target) }
            return unknown(name, isMethod: target != nil, node)
        }
        let before = diagnostics.count
        let types = (target.map { [check($0)] } ?? []) + arguments.map { check($0) }
        let fitting = candidates.filter { $0.takes(types) }
        guard let first = fitting.first else {
            // Arguments that were refused themselves say enough.
            return diagnostics.count > before ? .dyn : mismatch(name, types, candidates, node)
        }
        checkLiterals(name, target, arguments)
        let result = first.result(of: types)
        return fitting.allSatisfy { $0.result(of: types) == result } ? result : .dyn
    }

    private func refusal(of name: String, _ target: Node?) -> String? {
        if let reason = Library.unsupported[name] { return "\(name)() is not supported: \(reason)" }
        if case .identifier(let library)? = target?.kind, Self.foreignNames.contains(library),
            declarations.variables[library] == nil
        {
            return "\(library).\(name)() belongs to a library that is not supported"
        }
        return nil
    }

    private mutating func unknown(_ name: String, isMethod: Bool, _ node: Node) -> CELType {
        if !Library.overloads(name, isMethod: !isMethod).isEmpty {
            let form = isMethod ? "\(name)(value)" : "value.\(name)()"
            return refuse(.undeclared, "'\(name)' is written \(form)", at: node.focus)
        }
        let known = Library.names + Array(Library.macros)
        let hint = Suggestion.text(for: name, among: known)
        return refuse(.undeclared, "there is no function '\(name)'\(hint)", at: node.focus)
    }

    private mutating func mismatch(_ name: String, _ types: [CELType], _ candidates: [Overload], _ node: Node)
        -> CELType
    {
        let isMethod = candidates[0].isMethod
        let given = types.dropFirst(isMethod ? 1 : 0).map(\.description).joined(separator: ", ")
        let receiver = isMethod ? types[0].description + "." : ""
        let known = candidates.prefix(6).map(\.signature).joined(separator: ", ")
        return refuse(.type, "there is no \(receiver)\(name)(\(given)); there is \(known)", at: node.focus)
    }

    /// Literal arguments are read when loaded: `duration('10x')` is a mistake of the author, not of the input.
    private mutating func checkLiterals(_ name: String, _ target: Node?, _ arguments: [Node]) {
        // The expression comes last in both forms of matches().
        guard let argument = name == "matches" ? arguments.last : arguments.first,
            case .literal(.string(let text)) = argument.kind
        else { return }
        do throws(EvaluationError) {
            switch name {
            case "duration" where target == nil: _ = try Duration(parsingCEL: text)
            case "timestamp" where target == nil: _ = try Timestamp(parsing: text)
            case "matches": patterns[ObjectIdentifier(argument)] = try Pattern(text)
            case _ where target != nil && Library.timeGetters.contains(name): _ = try ZoneArgument(text)
            default: break
            }
        } catch {
            let isZone = Library.timeGetters.contains(name) && diagnostics.count < Self.maximumDiagnostics
            let hint = isZone ? Suggestion.text(for: text, among: Zone.commonNames) : ""
            _ = refuse(error.isLimit ? .limit : .literal, error.message + hint, at: argument.range)
        }
    }
}
