import CEL
import Foundation

@testable import Core

/// Answers of a host to a survey, in a folder of Fixtures/cluster: `QUESTION.out`, or `QUESTION.failed` where kubectl failed.
enum ClusterFixture {
    typealias Question = ClusterSurvey.Question

    static let now = Core.Timestamp(milliseconds: 1_795_800_000_000)
    static let folders = [
        "healthy", "faults", "hostile", "node-down", "kubelet-stopped", "disk-pressure", "scheduler", "api-down",
        "api-slow",
    ]

    static func outputs(_ folder: String, _ change: [Question: CommandOutput] = [:]) throws -> [CommandOutput] {
        try Question.allCases.map { try change[$0] ?? recorded("\(folder)/\($0)") }
    }

    static func facts(_ folder: String, _ change: [Question: CommandOutput] = [:]) throws -> ClusterSurveyFacts {
        ClusterSurvey(kubeconfig: "/k").parse(try outputs(folder, change), at: now)
    }

    static func failed(_ said: String) -> CommandOutput { CommandOutput(status: 1, output: Payload(said + "\n")) }

    private static func recorded(_ name: String) throws -> CommandOutput {
        if let bytes = try? ModelFixture.bytes("cluster/\(name).failed") {
            return CommandOutput(status: 1, output: Payload(bytes: bytes))
        }
        return CommandOutput(status: 0, output: Payload(bytes: try ModelFixture.bytes("cluster/\(name).out")))
    }

    static let declarations: Declarations = {
        var declarations = Declarations()
        Facts.declare(in: &declarations)
        ClusterSurvey.declare(in: &declarations)
        return declarations
    }()

    /// What an expression over `kubernetes` yields, as CEL prints it; `error: CAUSE` where it cannot be told.
    static func evaluate(_ source: String, _ facts: ClusterSurveyFacts) throws -> String {
        let program = try Program.compile(source, declarations: declarations)
        return switch program.evaluate(["kubernetes": facts.value]).result {
        case .success(let value): value.rendered()
        case .failure(let error): "error: \(error.message)"
        }
    }
}

/// Whether values of facts are what their tables say.
enum FactShape {
    private static let messages = ClusterSurvey.messages.merging(
        ["KubernetesAPI": [FactField("reachable", .bool, ""), FactField("error", .string, "")]]) { own, _ in own }

    /// What is not as declared, by path. Errors may stand for anything.
    static func faults(_ value: Value, _ type: CELType, at path: String = "kubernetes") -> [String] {
        switch (value, type) {
        case (.error, _), (.bool, .bool), (.int, .int), (.double, .double), (.string, .string): return []
        case (.timestamp, .timestamp), (.duration, .duration): return []
        case (.list(let elements), .list(let type)):
            return elements.flatMap { faults($0, type, at: "\(path)[]") }
        case (.map(let map), .map(.string, let type)):
            return map.entries.flatMap { faults($0.value, type, at: "\(path){}") }
        case (.message(let name, let fields), .message(let declared)) where name == declared:
            guard let table = messages[name], Set(table.map(\.name)) == Set(fields.keys) else {
                return ["\(path) has \(fields.keys.sorted())"]
            }
            return table.flatMap { field in
                fields[field.name].map { faults($0, field.type, at: "\(path).\(field.name)") } ?? []
            }
        default: return ["\(path) is \(value.kind), not \(type)"]
        }
    }
}
