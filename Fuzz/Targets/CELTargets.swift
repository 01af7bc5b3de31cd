import CEL

/// The text of an expression.
func cel(_ bytes: [UInt8]) { judge(String(decoding: bytes, as: UTF8.self)) }

/// An expression of which the bytes choose the parts: most compile, while of texts that were changed at random few do.
func celTree(_ bytes: [UInt8]) {
    var grammar = CELGrammar(choices: bytes)
    judge(grammar.expression())
}

/// A little of what hosts declare, and of every type something.
private let declarations: Declarations = {
    var declarations = Declarations()
    declarations.declare(message: "Firewall", fields: [("inputPolicy", .string), ("rules", .int)])
    declarations.declare(
        message: "Node",
        fields: [
            ("name", .string), ("firewall", .message("Firewall")), ("ready", .bool), ("labels", .map(.string, .string)),
        ])
    let variables: [(String, CELType)] = [
        ("node", .message("Node")), ("nodes", .list(.message("Node"))), ("names", .list(.string)),
        ("params", .map(.string, .dyn)), ("now", .timestamp), ("wait", .duration), ("count", .int), ("v", .dyn),
    ]
    for (name, type) in variables { declarations.declare(variable: name, type) }
    return declarations
}()

private let bindings: [String: Value] = {
    let firewall = Value.message(
        name: "Firewall", fields: ["inputPolicy": "DROP", "rules": .unknown(path: "rules", cause: "not asked")])
    let node = Value.message(
        name: "Node", fields: ["name": "n1", "firewall": firewall, "ready": true, "labels": .map(["zone": "a"])])
    return [
        "node": node, "nodes": .list([node, .unknown(path: "nodes", cause: "not asked"), node]),
        "names": ["n1", "e\u{301}", ""], "params": .map(["window": "1h", "max": 3, "none": .null]),
        "now": Timestamp(seconds: 1_774_746_000).map(Value.timestamp) ?? .null, "wait": .duration(.seconds(90)),
        "count": -1, "v": .list([1, "a", 1.5]),
    ]
}()

private let limits: Limits = {
    var limits = Limits.default
    limits.cost = 5000
    return limits
}()

private func judge(_ source: String) {
    do throws(CompileError) {
        check(try Program.compile(source, declarations: declarations))
    } catch {
        let ends = error.diagnostics.map { ($0.offset, $0.offset + $0.length) }
        expect(!ends.isEmpty, "a refusal has a reason")
        expect(ends.allSatisfy { $0 >= 0 && $0 <= $1 && $1 <= source.utf8.count }, "a reason has its place in the text")
        expect(!error.render(source: source).isEmpty, "a reason can be shown")
    }
}

private func check(_ program: Program) {
    let (first, second) = (program.evaluate(bindings, limits: limits), program.evaluate(bindings, limits: limits))
    expect(first.result == second.result && first.cost == second.cost, "an evaluation is the same every time")
    expect(first.trace.count <= limits.traceEntries, "a trace is bounded")
    expect(first.trace.allSatisfy { $0.rendered.unicodeScalars.count <= 120 }, "what a trace shows is bounded")
    switch first.result {
    case .success(let value):
        expect(first.cost <= limits.cost, "nothing has a value that costs more than the limit")
        expect(isOf(value, program.type), "a value has the type that the checker deduced")
    case .failure(let error): expect(!error.message.isEmpty, "an error has a reason")
    }
}

private func isOf(_ value: Value, _ type: CELType) -> Bool {
    switch (value, type) {
    case (_, .dyn), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double), (.string, .string): true
    case (.bytes, .bytes), (.timestamp, .timestamp), (.duration, .duration), (.type, .type), (.null, .null): true
    case (.null, .message), (.null, .timestamp), (.null, .duration): true
    case (.list(let elements), .list(let element)): elements.allSatisfy { isOf($0, element) || isError($0) }
    case (.map(let map), .map(let key, let value)):
        map.entries.allSatisfy { isOf($0.key.value, key) && (isOf($0.value, value) || isError($0.value)) }
    case (.message(let name, _), .message(let expected)): name == expected
    case (.message("optional_type", let fields), .optional(let wrapped)):
        fields.values.allSatisfy { isOf($0, wrapped) || isError($0) }
    default: false
    }
}

private func isError(_ value: Value) -> Bool {
    if case .error = value { true } else { false }
}
