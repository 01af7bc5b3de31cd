extension Evaluator {
    mutating func comprehension(_ comprehension: Comprehension) throws(EvaluationError) -> Value {
        let elements = try self.elements(of: try evaluate(comprehension.range), comprehension.macro)
        switch comprehension.macro {
        case .all: return .bool(try quantified(comprehension, elements, deciding: false))
        case .exists: return .bool(try quantified(comprehension, elements, deciding: true))
        case .existsOne: return .bool(try satisfying(comprehension.body, comprehension, elements).count == 1)
        case .filter: return .list(try satisfying(comprehension.body, comprehension, elements))
        case .map: return .list(try mapped(comprehension, elements))
        }
    }

    private func elements(of range: Value, _ macro: Comprehension.Macro) throws(EvaluationError) -> [Value] {
        switch range {
        case .list(let elements): return elements
        case .map(let map): return map.entries.map(\.key.value)
        default: throw EvaluationError(.noSuchOverload, "\(macro.rawValue)() does not go over \(range.kind)")
        }
    }

    private mutating func withElement(
        _ element: Value, _ comprehension: Comprehension, _ node: Node
    ) throws(EvaluationError) -> Value {
        try meter.charge()
        scopes.append((comprehension.variable, element))
        defer { scopes.removeLast() }
        return try evaluate(node)
    }

    private mutating func condition(
        _ node: Node, _ element: Value, _ comprehension: Comprehension
    ) throws(EvaluationError) -> Bool {
        try truth(of: try withElement(element, comprehension, node), comprehension.macro.rawValue)
    }

    /// `all` is a conjunction and `exists` a disjunction: an element that decides absorbs the errors of the others.
    ///
    /// Of the trace only the element that decided is kept, or else the first that failed: the others would drown it.
    private mutating func quantified(
        _ comprehension: Comprehension, _ elements: [Value], deciding: Bool
    ) throws(EvaluationError) -> Bool {
        let start = trace.count
        var failure: (error: EvaluationError, trace: ArraySlice<(SourceRange, Result<Value, EvaluationError>)>)?
        for element in elements {
            do throws(EvaluationError) {
                if try condition(comprehension.body, element, comprehension) == deciding { return deciding }
            } catch {
                if error.isLimit { throw error }
                if failure == nil { failure = (error, trace[start...].map { ($0.range, $0.outcome) }[...]) }
            }
            trace.removeSubrange(start...)
        }
        guard let failure else { return !deciding }
        trace += failure.trace.map { (range: $0.0, outcome: $0.1) }
        throw failure.error.located(at: comprehension.body.range)
    }

    private mutating func satisfying(
        _ node: Node, _ comprehension: Comprehension, _ elements: [Value]
    ) throws(EvaluationError) -> [Value] {
        let start = trace.count
        var kept: [Value] = []
        for element in elements {
            if try condition(node, element, comprehension) { kept.append(element) }
            trace.removeSubrange(start...)
        }
        return kept
    }

    private mutating func mapped(_ comprehension: Comprehension, _ elements: [Value]) throws(EvaluationError) -> [Value]
    {
        let start = trace.count
        var results: [Value] = []
        for element in elements {
            if let filter = comprehension.filter, try !condition(filter, element, comprehension) {
                trace.removeSubrange(start...)
                continue
            }
            results.append(try withElement(element, comprehension, comprehension.body))
            trace.removeSubrange(start...)
        }
        return results
    }
}
