extension Checker {
    /// What the arithmetic operators take and yield. Numbers of different types do not mix.
    private static let arithmetic: [BinaryOperator: [(left: CELType, right: CELType, result: CELType)]] = {
        let numbers: [(CELType, CELType, CELType)] = [CELType.int, .uint, .double].map { ($0, $0, $0) }
        return [
            .add: numbers + [
                (.string, .string, .string), (.bytes, .bytes, .bytes), (.duration, .duration, .duration),
                (.timestamp, .duration, .timestamp), (.duration, .timestamp, .timestamp),
                (.list(.dyn), .list(.dyn), .list(.dyn)),
            ],
            .subtract: numbers + [
                (.duration, .duration, .duration), (.timestamp, .duration, .timestamp),
                (.timestamp, .timestamp, .duration),
            ],
            .multiply: numbers,
            .divide: numbers,
            .remainder: [(.int, .int, .int), (.uint, .uint, .uint)],
        ]
    }()

    mutating func unary(_ symbol: UnaryOperator, _ operand: CELType, _ node: Node) -> CELType {
        if operand.isDynamic { return symbol == .not ? .bool : .dyn }
        switch symbol {
        case .not where operand == .bool: return .bool
        case .negate where operand == .int || operand == .double || operand == .duration: return operand
        default: return refuse(.type, "'\(symbol.rawValue)' does not take \(operand)", at: node.focus)
        }
    }

    mutating func binary(_ symbol: BinaryOperator, _ leftNode: Node, _ rightNode: Node, _ node: Node) -> CELType {
        if symbol == .and || symbol == .or {
            requireBool(leftNode, "the left side of '\(symbol.rawValue)'")
            return requireBool(rightNode, "the right side of '\(symbol.rawValue)'")
        }
        let (left, right) = (check(leftNode), check(rightNode))
        switch symbol {
        case .equal, .notEqual:
            if left.isComparable(with: right) { return .bool }
            return refuse(.type, "\(left) and \(right) are never equal\(hint(left, right))", at: node.focus)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return areOrdered(left, right) ? .bool : mismatch(symbol, left, right, node)
        case .in: return membership(left, right, node)
        default: return arithmetic(symbol, left, right, node)
        }
    }

    private func areOrdered(_ left: CELType, _ right: CELType) -> Bool {
        let ordered: [CELType] = [
            .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .dyn, .unconstrained,
        ]
        guard ordered.contains(left), ordered.contains(right) else { return false }
        return left.isDynamic || right.isDynamic || left == right || (left.isNumeric && right.isNumeric)
    }

    private mutating func membership(_ element: CELType, _ container: CELType, _ node: Node) -> CELType {
        switch container {
        case .dyn, .unconstrained: return .bool
        case .list(let type), .map(let type, _):
            if element.isComparable(with: type) { return .bool }
            return refuse(.type, "\(element) is never in \(container)", at: node.focus)
        default: return refuse(.type, "'in' asks a list or the keys of a map, not \(container)", at: node.focus)
        }
    }

    private mutating func arithmetic(
        _ symbol: BinaryOperator, _ left: CELType, _ right: CELType, _ node: Node
    ) -> CELType {
        if symbol == .add, case .list = left, case .list = right { return left.joined(with: right) }
        let rows = (Self.arithmetic[symbol] ?? []).filter { left.fits($0.left) && right.fits($0.right) }
        guard let first = rows.first else { return mismatch(symbol, left, right, node) }
        return rows.allSatisfy { $0.result == first.result } ? first.result : .dyn
    }

    private mutating func mismatch(
        _ symbol: BinaryOperator, _ left: CELType, _ right: CELType, _ node: Node
    ) -> CELType {
        let message = "'\(symbol.rawValue)' does not take \(left) and \(right)\(hint(left, right))"
        return refuse(.type, message, at: node.focus)
    }

    private func hint(_ left: CELType, _ right: CELType) -> String {
        if left.isNumeric && right.isNumeric { return "; convert one with \(left)(…) or \(right)(…)" }
        if left == .string || right == .string { return "; convert with string(…)" }
        return ""
    }
}
