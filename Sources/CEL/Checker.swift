/// A gradual type checker: what has a type is checked when loaded, `dyn` is left to the evaluation.
///
/// After a refusal a sub-expression counts as `dyn`, so that one mistake is told once.
struct Checker {
    static let maximumDiagnostics = 20

    let declarations: Declarations
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var references: Set<String> = []
    /// The literal arguments of `matches()`, compiled.
    var patterns: [ObjectIdentifier: Pattern] = [:]
    private var scopes: [(name: String, type: CELType)] = []

    init(_ declarations: Declarations) { self.declarations = declarations }

    /// Names that stand for a type.
    static let typeNames: Set<String> = [
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type",
    ]
    /// Libraries and packages of other evaluators.
    static let foreignNames: Set<String> = [
        "math", "optional", "sets", "base64", "strings", "lists", "cel", "google", "authorizer", "quantity", "semver",
    ]

    // MARK: Reporting

    mutating func refuse(_ kind: Diagnostic.Kind, _ message: String, at range: SourceRange) -> CELType {
        if diagnostics.count < Self.maximumDiagnostics {
            diagnostics.append(Diagnostic(kind: kind, message: message, range: range))
        }
        return .dyn
    }

    // MARK: Expressions

    /// The type of an expression; its static path counts as referenced.
    mutating func check(_ node: Node) -> CELType {
        if let path = staticPath(node) { references.insert(path) }
        return type(of: node)
    }

    private mutating func type(of node: Node) -> CELType {
        switch node.kind {
        case .literal(let value): literalType(value)
        case .identifier(let name): identifier(name, node)
        // The operand's path is only a part of this one's.
        case .select(let operand, let field): select(type(of: operand), field, node)
        case .has(let operand, let field): has(type(of: operand), field, node)
        case .index(let operand, let index): self.index(check(operand), check(index), index)
        case .call(let name, let target, let arguments): call(name, target, arguments, node)
        case .unary(let symbol, let operand): unary(symbol, check(operand), node)
        case .binary(let symbol, let left, let right): binary(symbol, left, right, node)
        case .conditional(let condition, let yes, let no): conditional(condition, yes, no, node)
        case .list(let elements): .list(elements.reduce(.unconstrained) { $0.joined(with: check($1)) })
        case .map(let entries): map(entries)
        case .comprehension(let comprehension): self.comprehension(comprehension)
        }
    }

    private func staticPath(_ node: Node) -> String? {
        switch node.kind {
        case .identifier(let name):
            scopes.contains { $0.name == name } || declarations.variables[name] == nil ? nil : name
        case .select(let operand, let field): staticPath(operand).map { "\($0).\(field)" }
        case .has(let operand, let field): staticPath(operand).map { "\($0).\(field)" }
        default: nil
        }
    }

    private func literalType(_ value: Value) -> CELType {
        value.kind == "null" ? .null : CELType.names.first { $0.name == value.kind }?.type ?? .dyn
    }

    private mutating func identifier(_ name: String, _ node: Node) -> CELType {
        if let scope = scopes.last(where: { $0.name == name }) { return scope.type }
        if let type = declarations.variables[name] { return type }
        if Self.typeNames.contains(name) { return .type }
        if Self.foreignNames.contains(name) {
            return refuse(.unsupported, "'\(name)' belongs to a library that is not supported", at: node.range)
        }
        let known = scopes.map(\.name) + declarations.variables.keys
        let hint = Suggestion.text(for: name, among: known)
        return refuse(.undeclared, "there is no variable '\(name)'\(hint)", at: node.range)
    }

    private mutating func select(_ operand: CELType, _ field: String, _ node: Node) -> CELType {
        switch operand {
        case .dyn, .unconstrained: return .dyn
        case .map(let key, let value):
            if CELType.string.fits(key) { return value }
            return refuse(.type, "a map with \(key) keys has no fields; write [key]", at: node.focus)
        case .message(let name):
            guard let fields = declarations.messages[name] else {
                return refuse(.undeclared, "the message '\(name)' is not declared", at: node.focus)
            }
            if let type = declarations.field(field, of: name) { return type }
            let hint = Suggestion.text(for: field, among: fields.map(\.name))
            return refuse(.undeclared, "\(name) has no field '\(field)'\(hint)", at: node.focus)
        default: return refuse(.type, "\(operand) has no fields", at: node.focus)
        }
    }

    private mutating func has(_ operand: CELType, _ field: String, _ node: Node) -> CELType {
        let before = diagnostics.count
        _ = select(operand, field, node)
        if diagnostics.count == before, case .message(let name) = operand {
            let message =
                "has() is for maps: '\(field)' is a declared field of \(name), and a fact that is not known is an error"
            _ = refuse(.type, message, at: node.focus)
        }
        return .bool
    }

    private mutating func index(_ operand: CELType, _ index: CELType, _ node: Node) -> CELType {
        switch operand {
        case .dyn, .unconstrained: return .dyn
        case .list(let element):
            if index.fits(.int) { return element }
            return refuse(.type, "the index of a list is an int, not \(index)", at: node.range)
        case .map(let key, let value):
            if index.fits(key) { return value }
            return refuse(.type, "the keys of this map are \(key), not \(index)", at: node.range)
        default: return refuse(.type, "\(operand) cannot be indexed; lists and maps can", at: node.range)
        }
    }

    private mutating func conditional(_ condition: Node, _ yes: Node, _ no: Node, _ node: Node) -> CELType {
        requireBool(condition, "the condition before '?'")
        let (left, right) = (check(yes), check(no))
        if left.isComparable(with: right) { return left.joined(with: right) }
        return refuse(.type, "the two sides of ':' must be of one type, not \(left) and \(right)", at: node.focus)
    }

    private mutating func map(_ entries: [(key: Node, value: Node)]) -> CELType {
        var (key, value) = (CELType.unconstrained, CELType.unconstrained)
        for entry in entries {
            let type = check(entry.key)
            if !type.isDynamic, ![.bool, .int, .uint, .string].contains(type) {
                let message = "the key of a map is a string, int, uint or bool, not \(type)"
                _ = refuse(.type, message, at: entry.key.range)
            }
            key = key.joined(with: type)
            value = value.joined(with: check(entry.value))
        }
        return .map(key, value)
    }

    @discardableResult mutating func requireBool(_ node: Node, _ what: String) -> CELType {
        let type = check(node)
        if !type.fits(.bool) { _ = refuse(.type, "\(what) must be bool, not \(type)", at: node.range) }
        return .bool
    }

    // MARK: Macros

    private mutating func comprehension(_ comprehension: Comprehension) -> CELType {
        let element = elementType(of: comprehension)
        scopes.append((comprehension.variable, element))
        defer { scopes.removeLast() }
        let name = comprehension.macro.rawValue
        if let filter = comprehension.filter { requireBool(filter, "the condition of \(name)()") }
        if comprehension.macro == .map { return .list(check(comprehension.body)) }
        requireBool(comprehension.body, "the condition of \(name)()")
        return comprehension.macro == .filter ? .list(element) : .bool
    }

    private mutating func elementType(of comprehension: Comprehension) -> CELType {
        let range = check(comprehension.range)
        switch range {
        case .dyn, .unconstrained: return .dyn
        case .list(let element): return element
        case .map(let key, _): return key
        default:
            let message = "\(comprehension.macro.rawValue)() goes over a list or the keys of a map, not \(range)"
            return refuse(.type, message, at: comprehension.range.range)
        }
    }
}
