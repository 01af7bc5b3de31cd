extension Parser {
    /// The node of a macro call, or `nil` when the name is not a macro.
    func expand(
        _ name: String, _ token: Token, target: Node?, arguments: [Node], range: SourceRange
    ) throws(CompileError) -> Node? {
        guard let target else {
            return name == "has" ? try has(token, arguments, range) : nil
        }
        guard let macro = Comprehension.Macro(rawValue: name == "existsOne" ? "exists_one" : name) else { return nil }
        let hasFilter = macro == .map && arguments.count == 3
        guard arguments.count == 2 || hasFilter, let body = arguments.last else {
            let isTwoVariables = arguments.count == 3 && macro != .filter
            let reason = isTwoVariables ? "with two variables is not supported" : "takes a variable and an expression"
            throw failure("\(name)() \(reason)", at: token.range, kind: isTwoVariables ? .unsupported : .syntax)
        }
        guard case .identifier(let variable) = arguments[0].kind else {
            throw failure("the first argument of \(name)() is a new variable, a plain name", at: arguments[0].range)
        }
        let comprehension = Comprehension(
            macro: macro, range: target, variable: variable, filter: hasFilter ? arguments[1] : nil, body: body)
        return try node(.comprehension(comprehension), range, focus: token.range)
    }

    private func has(_ token: Token, _ arguments: [Node], _ range: SourceRange) throws(CompileError) -> Node {
        guard arguments.count == 1, case .select(let operand, let field) = arguments[0].kind else {
            throw failure("has() takes one field selection, such as has(labels.zone)", at: token.range)
        }
        return try node(.has(operand, field: field), range, focus: arguments[0].focus)
    }
}
