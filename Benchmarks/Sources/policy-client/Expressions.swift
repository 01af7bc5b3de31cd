import CEL
import Core
import Measuring

/// Every expression of a policy set, on documents of a few nodes.
struct Expressions {
    /// One expression, and all that it may read, of each document.
    private struct Item {
        let name: String
        let program: Program
        let own: [[String: Value]]
    }

    private let items: [Item]
    private let documents: [[String: Value]]

    init(_ set: PolicySet, _ input: FixedInput) {
        let documents = input.samples.map { input.input.bindings(of: $0.step, on: $0.node) }
        self.documents = documents
        items = set.policies.flatMap { policy in
            let variables = documents.map { Self.own(of: policy, in: $0) }
            return Self.programs(of: policy).map { name, program in Item(name: name, program: program, own: variables) }
        }
    }

    private static func programs(of policy: Policy) -> [(String, Program)] {
        let conditions = policy.conditions.map { ("condition \($0.name)", $0.program) }
        let variables = policy.variables.map { ("variable \($0.name)", $0.program) }
        let validations = policy.validations.enumerated().flatMap { index, validation in
            let message: [(String, Program)] =
                if case .program(let program) = validation.message { [("message \(index + 1)", program)] } else { [] }
            return [("validation \(index + 1)", validation.program)] + message
        }
        return (conditions + variables + validations).map { ("\(policy.name): \($0.0)", $0.1) }
    }

    /// `params` and `variables`, as they are when all variables have been evaluated.
    private static func own(of policy: Policy, in document: [String: Value]) -> [String: Value] {
        var bindings = document.merging(["params": policy.paramsValue]) { first, _ in first }
        var fields: [String: Value] = [:]
        for variable in policy.variables {
            bindings["variables"] = .message(name: "Variables", fields: fields)
            switch variable.program.evaluate(bindings).result {
            case .success(let value): fields[variable.name] = value
            case .failure(let error): fields[variable.name] = .error(error)
            }
        }
        return ["params": policy.paramsValue, "variables": .message(name: "Variables", fields: fields)]
    }

    private func bindings(of item: Item) -> [[String: Value]] {
        zip(documents, item.own).map { $0.merging($1) { first, _ in first } }
    }

    func measure(_ count: Int) throws -> String {
        var lines: [String] = []
        var whole = Measurement()
        for item in items {
            let bindings = bindings(of: item)
            var (cost, measurement) = (0, Measurement())
            for _ in 0..<count {
                for document in bindings { cost += item.program.evaluate(document).cost }
            }
            measurement.end()
            let evaluations = count * bindings.count
            lines.append(
                "{\"name\": \(TypedJSON.text(item.name)), \"seconds\": \(measurement.duration / Double(evaluations)), "
                    + "\"cost\": \(Double(cost) / Double(evaluations))}")
        }
        whole.end()
        return whole.json.dropLast() + ", \"expressions\": [\(lines.joined(separator: ", "))]}"
    }

    /// What is the same in all documents stands in `common`.
    func exported() -> String {
        let names = (documents.first ?? [:]).keys.sorted()
        let own = names.filter { name in documents.contains { $0[name] != documents[0][name] } }
        let common = names.filter { !own.contains($0) }
        let each = documents.map { document in TypedJSON.object(own.map { ($0, document[$0]) }) }
        let all = items.map { item in
            let results = bindings(of: item).map { TypedJSON.result(item.program.evaluate($0).result) }
            return """
                {"name": \(TypedJSON.text(item.name)), "source": \(TypedJSON.text(item.program.source)), \
                "own": [\(item.own.map { TypedJSON.object($0.sorted { $0.key < $1.key }) }.joined(separator: ", "))], \
                "results": [\(results.joined(separator: ", "))]}
                """
        }
        let shared = TypedJSON.object(common.map { ($0, documents.first?[$0]) })
        return """
            {"common": \(shared), "documents": [\(each.joined(separator: ", "))], \
            "expressions": [\(all.joined(separator: ",\n"))], "failed": 0}
            """
    }
}
