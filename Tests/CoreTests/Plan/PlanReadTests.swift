import Testing

@testable import Core

@Suite("Reading plans")
struct PlanReadTests {
    static let changes: [(String, @Sendable (inout Plan) -> Void)] = [
        ("waves", { $0.strategy.maxUnavailable = .max }), ("canaries", { $0.strategy.canary = -1 }),
        ("budget", { $0.strategy.failureBudget = .max }), ("pause", { $0.strategy.pauseSeconds = .max }),
        ("timeout", { $0.nodes[0].steps[0].timeoutSeconds = .max }),
        ("timeout", { $0.nodes[1].steps[0].timeoutSeconds = -1 }),
        ("dead-man", { $0.nodes[0].deadManSeconds = .max }),
        ("check", { $0.nodes[0].verify = [CheckPlan(expression: "true", withinSeconds: .max)] }),
        ("check of a step", { $0.nodes[0].steps[0].verify[0].withinSeconds = .max }),
        ("precondition", { $0.nodes[0].preconditions = [CheckPlan(expression: "true", withinSeconds: -1)] }),
    ]

    private static func plan() throws -> Plan {
        RunSamples.plan([
            try RunSamples.node("n1", [RunSamples.restart()]), try RunSamples.node("n2", [RunSamples.restart()]),
        ])
    }

    @Test("a plan is read from its bytes")
    func whole() throws {
        let plan = try Self.plan()
        #expect(try Plan(bytes: JSON.encode(plan)) == plan)
    }

    @Test("a number from which more is reckoned than an integer holds is refused", arguments: changes.indices)
    func overflow(index: Int) throws {
        var plan = try Self.plan()
        Self.changes[index].1(&plan)
        let bytes = try JSON.encode(plan)
        #expect(throws: DecodingError.self, "\(Self.changes[index].0)") { try Plan(bytes: bytes) }
    }

    @Test("no file gives a duration of more than a year")
    func durations() {
        let faults = YAMLDocumentTests.faults("a: 106751991167d\nb: 366d\n") {
            ($0.optionalDuration("a"), $0.optionalDuration("b"))
        }
        #expect(faults == ["f:1:4: a: must be at most 366d"])
    }
}
