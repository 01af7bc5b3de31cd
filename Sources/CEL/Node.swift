/// A node of the syntax tree. A class, since evaluating passes them on all the time.
final class Node: Sendable {
    enum Kind: Sendable {
        case literal(Value)
        case identifier(String)
        case select(Node, field: String)
        case has(Node, field: String)
        case index(Node, Node)
        case call(String, target: Node?, arguments: [Node])
        case unary(UnaryOperator, Node)
        case binary(BinaryOperator, Node, Node)
        case conditional(Node, Node, Node)
        case list([Node])
        case map([(key: Node, value: Node)])
        case comprehension(Comprehension)
    }

    let kind: Kind
    /// The whole sub-expression.
    let range: SourceRange
    /// Where a message about the node points: the operator, the field, the name of the function.
    let focus: SourceRange
    /// Levels of nodes including this one; bounded by the parser, and with it every recursion over the tree.
    let height: Int

    init(_ kind: Kind, range: SourceRange, focus: SourceRange? = nil) {
        self.kind = kind
        self.range = range
        self.focus = focus ?? range
        height = 1 + (Self.children(of: kind).map(\.height).max() ?? 0)
    }

    private static func children(of kind: Kind) -> [Node] {
        switch kind {
        case .literal, .identifier: []
        case .select(let operand, _), .has(let operand, _), .unary(_, let operand): [operand]
        case .index(let left, let right), .binary(_, let left, let right): [left, right]
        case .call(_, let target, let arguments): (target.map { [$0] } ?? []) + arguments
        case .conditional(let condition, let yes, let no): [condition, yes, no]
        case .list(let elements): elements
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .comprehension(let macro): [macro.range, macro.body] + (macro.filter.map { [$0] } ?? [])
        }
    }
}

/// A macro over the elements of a list or the keys of a map.
struct Comprehension: Sendable {
    enum Macro: String, Sendable {
        case all, exists, filter, map
        case existsOne = "exists_one"
    }

    let macro: Macro
    let range: Node
    let variable: String
    /// The condition of a `map` with three arguments.
    let filter: Node?
    let body: Node
}

enum UnaryOperator: String, Sendable {
    case not = "!"
    case negate = "-"
}

enum BinaryOperator: String, Sendable {
    case or = "||"
    case and = "&&"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in` = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    /// How strongly it binds; all are left-associative.
    var precedence: Int {
        switch self {
        case .or: 1
        case .and: 2
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in: 3
        case .add, .subtract: 4
        case .multiply, .divide, .remainder: 5
        }
    }

    init?(_ token: Token) {
        switch token.kind {
        case .symbol(let text): self.init(rawValue: text)
        case .keyword("in"): self = .in
        default: return nil
        }
    }
}
