import Testing

@testable import CEL

extension Declarations {
    /// A small piece of what hosts declare.
    static var sample: Declarations {
        var declarations = Declarations()
        declarations.declare(message: "Firewall", fields: [("backend", .string), ("inputPolicy", .string)])
        declarations.declare(message: "Condition", fields: [("status", .string)])
        declarations.declare(
            message: "Node",
            fields: [
                ("name", .string), ("firewall", .message("Firewall")), ("ready", .bool), ("total", .int),
                ("labels", .map(.string, .string)), ("conditions", .map(.string, .message("Condition"))),
            ])
        declarations.declare(variable: "node", .message("Node"))
        declarations.declare(variable: "names", .list(.string))
        declarations.declare(variable: "now", .timestamp)
        declarations.declare(variable: "params", .map(.string, .dyn))
        declarations.declare(variable: "x", .dyn)
        declarations.declare(variable: "b", .bool)
        return declarations
    }
}

/// Compiles against the sample declarations and evaluates.
func run(_ source: String, _ bindings: [String: Value] = [:], limits: Limits = .default) throws -> Evaluation {
    try Program.compile(source, declarations: .sample).evaluate(bindings, limits: limits)
}

func value(_ source: String, _ bindings: [String: Value] = [:]) throws -> Value {
    try run(source, bindings).result.get()
}

/// The error an evaluation ends with.
func failure(_ source: String, _ bindings: [String: Value] = [:], limits: Limits = .default) throws -> EvaluationError?
{
    guard case .failure(let error) = try run(source, bindings, limits: limits).result else { return nil }
    return error
}

/// The reasons why an expression is refused; empty when it is not.
func refusals(_ source: String, expecting: CELType? = nil) -> [Diagnostic] {
    do throws(CompileError) {
        _ = try Program.compile(source, declarations: .sample, expecting: expecting)
        return []
    } catch {
        return error.diagnostics
    }
}
