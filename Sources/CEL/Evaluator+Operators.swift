extension Evaluator {
    func unary(_ symbol: UnaryOperator, _ operand: Value) throws(EvaluationError) -> Value {
        switch (symbol, operand) {
        case (.not, .bool(let bool)): return .bool(!bool)
        case (.negate, .int(let int)): return .int(try Numbers.integer(.subtract, 0, int))
        case (.negate, .double(let double)): return .double(-double)
        case (.negate, .duration(let duration)):
            return .duration(.nanoseconds(try Numbers.integer(.subtract, 0, try duration.nanoseconds())))
        default: throw EvaluationError(.noSuchOverload, "'\(symbol.rawValue)' does not take \(operand.kind)")
        }
    }

    mutating func binary(_ symbol: BinaryOperator, _ left: Node, _ right: Node) throws(EvaluationError) -> Value {
        if symbol == .and || symbol == .or { return .bool(try logical(symbol, left, right)) }
        let (a, b) = (try evaluate(left), try evaluate(right))
        switch symbol {
        case .equal: return .bool(try areEqual(a, b, depth: 0))
        case .notEqual: return .bool(try !areEqual(a, b, depth: 0))
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return .bool(try isOrdered(symbol, a, b))
        case .in: return .bool(try contains(b, a))
        default: return try arithmetic(symbol, a, b)
        }
    }

    /// `&&` and `||`: the side that decides does so whatever the other is, even an error on the left.
    private mutating func logical(_ symbol: BinaryOperator, _ left: Node, _ right: Node) throws(EvaluationError) -> Bool
    {
        let deciding = symbol == .or
        let first = try operand(left, symbol)
        if case .success(deciding) = first { return deciding }
        let second = try operand(right, symbol)
        if case .success(deciding) = second { return deciding }
        switch (first, second) {
        case (.failure(let error), _), (_, .failure(let error)): throw error
        default: return !deciding
        }
    }

    /// A side as a truth value or an error; limits are not a result but the end.
    private mutating func operand(
        _ node: Node, _ symbol: BinaryOperator
    ) throws(EvaluationError) -> Result<Bool, EvaluationError> {
        do throws(EvaluationError) {
            return .success(try truth(of: try evaluate(node), symbol.rawValue))
        } catch {
            if error.isLimit { throw error }
            return .failure(error.located(at: node.range))
        }
    }

    // MARK: Equality and order

    /// The equality of CEL: numbers by value across types, different kinds are unequal, an error inside is an error.
    mutating func areEqual(_ left: Value, _ right: Value, depth: Int) throws(EvaluationError) -> Bool {
        guard depth < limits.depth else { throw EvaluationError(.depthLimit, "the values are nested too deeply") }
        try meter.charge()
        // Most of what is compared.
        if case .string(let a) = left, case .string(let b) = right {
            try meter.charge(bytes: min(a.utf8.count, b.utf8.count))
            return Text.equal(a, b)
        }
        let (left, right) = (try read(left), try read(right))
        if let order = Numbers.order(left, right) { return order == .equal }
        switch (left, right) {
        case (.bytes(let a), .bytes(let b)):
            try meter.charge(bytes: min(a.count, b.count))
            return a == b
        case (.list(let a), .list(let b)): return try areEqual(a, b, depth: depth)
        case (.map(let a), .map(let b)): return try areEqual(a, b, depth: depth)
        case (.message(let a, let fields), .message(let b, let others)):
            guard a == b else { return false }
            return try areEqual(MapValue(fields), MapValue(others), depth: depth)
        default: return left == right
        }
    }

    private mutating func areEqual(_ left: [Value], _ right: [Value], depth: Int) throws(EvaluationError) -> Bool {
        guard left.count == right.count else { return false }
        for (a, b) in zip(left, right) where try !areEqual(a, b, depth: depth + 1) { return false }
        return true
    }

    private mutating func areEqual(_ left: MapValue, _ right: MapValue, depth: Int) throws(EvaluationError) -> Bool {
        guard left.count == right.count else { return false }
        for entry in left.entries {
            guard let other = right[entry.key] else { return false }
            if try !areEqual(entry.value, other, depth: depth + 1) { return false }
        }
        return true
    }

    private mutating func isOrdered(_ symbol: BinaryOperator, _ left: Value, _ right: Value) throws(EvaluationError)
        -> Bool
    {
        let order = try order(symbol, left, right)
        return switch symbol {
        case .less: order == .less
        case .lessOrEqual: order == .less || order == .equal
        case .greater: order == .greater
        default: order == .greater || order == .equal
        }
    }

    private mutating func order(_ symbol: BinaryOperator, _ left: Value, _ right: Value) throws(EvaluationError)
        -> Ordering
    {
        if let order = Numbers.order(left, right) { return order }
        switch (left, right) {
        case (.bool(let a), .bool(let b)): return Ordering(a ? 1 : 0, b ? 1 : 0)
        case (.timestamp(let a), .timestamp(let b)): return Ordering(a, b)
        case (.duration(let a), .duration(let b)): return Ordering(a, b)
        case (.string(let a), .string(let b)):
            try meter.charge(bytes: min(a.utf8.count, b.utf8.count))
            return Text.equal(a, b) ? .equal : Text.precedes(a, b) ? .less : .greater
        case (.bytes(let a), .bytes(let b)):
            try meter.charge(bytes: min(a.count, b.count))
            return a == b ? .equal : a.lexicographicallyPrecedes(b) ? .less : .greater
        default: throw mismatch(symbol, left, right)
        }
    }

    private func mismatch(_ symbol: BinaryOperator, _ left: Value, _ right: Value) -> EvaluationError {
        EvaluationError(.noSuchOverload, "'\(symbol.rawValue)' does not take \(left.kind) and \(right.kind)")
    }

    /// `in`: an unknown element only matters when no other one is equal; an unknown map value hides whether it is there.
    private mutating func contains(_ container: Value, _ element: Value) throws(EvaluationError) -> Bool {
        switch container {
        case .list(let elements):
            var failure: EvaluationError?
            for candidate in elements {
                do throws(EvaluationError) {
                    if try areEqual(candidate, element, depth: 0) { return true }
                } catch {
                    if error.isLimit { throw error }
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
            return false
        case .map(let map):
            guard let key = MapKey(element), let value = map[key] else { return false }
            _ = try read(value)
            return true
        default: throw mismatch(.in, element, container)
        }
    }

    // MARK: Arithmetic

    private mutating func arithmetic(_ symbol: BinaryOperator, _ left: Value, _ right: Value) throws(EvaluationError)
        -> Value
    {
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(try Numbers.integer(symbol, a, b))
        case (.uint(let a), .uint(let b)): return .uint(try Numbers.integer(symbol, a, b))
        case (.double(let a), .double(let b)):
            guard let result = Numbers.double(symbol, a, b) else { throw mismatch(symbol, left, right) }
            return .double(result)
        case (.timestamp, _), (.duration, _): return try time(symbol, left, right)
        default:
            guard symbol == .add else { throw mismatch(symbol, left, right) }
            return try concatenation(left, right)
        }
    }

    private mutating func concatenation(_ left: Value, _ right: Value) throws(EvaluationError) -> Value {
        switch (left, right) {
        case (.string(let a), .string(let b)):
            try meter.charge(bytes: a.utf8.count + b.utf8.count)
            return .string(a + b)
        case (.bytes(let a), .bytes(let b)):
            try meter.charge(bytes: a.count + b.count)
            return .bytes(a + b)
        case (.list(let a), .list(let b)):
            try meter.charge(a.count + b.count)
            return .list(a + b)
        default: throw mismatch(.add, left, right)
        }
    }

    private func time(_ symbol: BinaryOperator, _ left: Value, _ right: Value) throws(EvaluationError) -> Value {
        switch (left, symbol, right) {
        case (.timestamp(let a), .subtract, .timestamp(let b)):
            return .duration(.nanoseconds(try a.nanoseconds(since: b)))
        case (.timestamp(let a), .add, .duration(let b)), (.duration(let b), .add, .timestamp(let a)):
            return .timestamp(try a.adding(nanoseconds: try b.nanoseconds()))
        case (.timestamp(let a), .subtract, .duration(let b)):
            return .timestamp(try a.adding(nanoseconds: try Numbers.integer(.subtract, 0, try b.nanoseconds())))
        case (.duration(let a), .add, .duration(let b)), (.duration(let a), .subtract, .duration(let b)):
            let (a, b) = (try a.nanoseconds(), try b.nanoseconds())
            return .duration(.nanoseconds(try Numbers.integer(symbol, a, b)))
        default: throw mismatch(symbol, left, right)
        }
    }
}
