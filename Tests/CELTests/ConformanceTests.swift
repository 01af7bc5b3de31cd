import Foundation
import Testing

@testable import CEL

/// The official conformance suite, profile v1. The cases are data of their own and not part of this package.
@Suite("Conformance to the language definition")
struct ConformanceTests {
    @Test("every case of the official suite passes")
    func suite() throws {
        guard let cases = try ConformanceCase.load() else {
            print("conformance: left out, there is no ../shared/cel/conformance.json and BELAY_SHARED is not set")
            #expect(ProcessInfo.processInfo.environment["CI"] == nil, "the conformance cases must be there in CI")
            return
        }
        var passed = 0
        for test in cases {
            switch test.run() {
            case .passed: passed += 1
            case let outcome: Issue.record("\(test.id): \(test.expression): \(outcome)")
            }
        }
        print("conformance: \(passed) of \(cases.count) pass")
        #expect(passed == cases.count)
    }
}

struct ConformanceCase {
    enum Outcome {
        case passed
        case unsupported(String)
        case wrong(String)
    }

    let id: String
    let expression: String
    let isUnchecked: Bool
    let isCheckOnly: Bool
    let variables: [String: String]
    let bindings: [String: Value]
    let expectation: [String: Any]

    /// The v1 cases, or `nil` when the file is not there.
    static func load() throws -> [ConformanceCase]? {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let shared =
            ProcessInfo.processInfo.environment["BELAY_SHARED"].map { URL(filePath: $0) }
            ?? checkout.deletingLastPathComponent().appending(path: "shared")
        let file = shared.appending(path: "cel/conformance.json")
        guard FileManager.default.fileExists(atPath: file.path()) else { return nil }
        let root = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let tests = try #require(root?["tests"] as? [[String: Any]])
        return try tests.filter { $0["profile"] as? String == "v1" }.map(ConformanceCase.init)
    }

    init(_ json: [String: Any]) throws {
        id = try #require(json["id"] as? String)
        expression = try #require(json["expr"] as? String)
        isUnchecked = json["disable_check"] as? Bool ?? false
        isCheckOnly = json["check_only"] as? Bool ?? false
        variables = json["vars"] as? [String: String] ?? [:]
        bindings = try (json["bindings"] as? [String: [String: Any]] ?? [:]).mapValues(Self.value)
        expectation = try #require(json["expect"] as? [String: Any])
    }

    func run() -> Outcome {
        let program: Program
        do {
            program = try compiled()
        } catch let error as CompileError {
            return judge(refusal: error)
        } catch {
            return .wrong("\(error)")
        }
        if let type = expectation["type"] as? String, "\(program.type)" != type, !isUnchecked {
            return .wrong("deduced \(program.type), not \(type)")
        }
        return isCheckOnly ? .passed : judge(program.evaluate(bindings).result)
    }

    private func compiled() throws -> Program {
        if isUnchecked { return try Program.unchecked(expression) }
        var declarations = Declarations()
        for (name, type) in variables { declarations.declare(variable: name, try CELType(parsing: type)) }
        return try Program.compile(expression, declarations: declarations)
    }

    private func judge(refusal: CompileError) -> Outcome {
        if let diagnostic = refusal.diagnostics.first(where: { $0.kind == .unsupported }) {
            return .unsupported(diagnostic.message)
        }
        if expectation["error"] != nil { return .passed }
        return .wrong("refused: \(refusal)")
    }

    private func judge(_ result: Result<Value, EvaluationError>) -> Outcome {
        let reason: String
        switch (result, expectation["value"] as? [String: Any]) {
        case (.failure, nil): return .passed
        case (.success(let value), nil): reason = "an error is expected, not \(value)"
        case (.failure(let error), let expected?): reason = "\(expected) is expected, not the error \(error)"
        case (.success(let value), let expected?):
            if let wanted = try? Self.value(expected), value == wanted { return .passed }
            reason = "\(expected) is expected, not \(value)"
        }
        return .wrong(reason)
    }

    /// A typed value: `{"int": "1"}`, `{"list": [...]}`, `{"map": [[key, value], ...]}`.
    static func value(_ json: [String: Any]) throws -> Value {
        let (kind, content) = try #require(json.first)
        let text = content as? String ?? ""
        switch kind {
        case "null": return .null
        case "bool": return .bool(try #require(content as? Bool))
        case "int": return .int(try #require(Int64(text)))
        case "uint": return .uint(try #require(UInt64(text)))
        case "double": return .double(try #require(Double(text)))
        case "string": return .string(text)
        case "bytes": return .bytes([UInt8](try #require(Data(base64Encoded: text))))
        case "type": return .type(text)
        case "duration_ns": return .duration(.nanoseconds(try #require(Int64(text))))
        case "timestamp": return .timestamp(try Timestamp(parsing: text))
        case "list": return .list(try #require(content as? [[String: Any]]).map(value))
        case "map":
            var map = MapValue()
            for entry in try #require(content as? [[[String: Any]]]) {
                map.insert(try #require(MapKey(try value(entry[0]))), try value(entry[1]))
            }
            return .map(map)
        default: throw CELType.NotationError(description: "unknown kind of value \(kind)")
        }
    }
}
