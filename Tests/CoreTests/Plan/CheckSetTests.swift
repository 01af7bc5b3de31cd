import Foundation
import Testing

@testable import Core

/// Checks of a plan over one reading of the facts.
@Suite("check set")
struct CheckSetTests {
    func facts(uptime: String = "100.50 1.00\n") -> Facts {
        let probe = FactsProbe(services: ["demo"])
        return probe.parse([CommandOutput(status: 0, output: Payload(uptime))])
    }

    func failures(_ checks: [(String, Int)], _ facts: Facts, parameters: [String: ParameterValue] = [:]) throws
        -> [(sentence: String, withinSeconds: Int)]
    {
        try CheckSet(checks.map { CheckPlan(expression: $0.0, withinSeconds: $0.1) }, parameters: parameters).failures(
            facts)
    }

    @Test("what holds is not told, what does not is, with its time and the facts it read")
    func sentences() throws {
        let failed = try failures(
            [("facts.uptime > duration('1s')", 5), ("facts.uptime > duration('1h')", 60), ("parameters.n == 3", 7)],
            facts(),
            parameters: ["n": .integer(2)])
        #expect(failed.map(\.withinSeconds) == [60, 7])
        #expect(failed[0].sentence.hasPrefix("facts.uptime > duration('1h') did not hold within 60 s (facts.uptime = "))
        #expect(failed[1].sentence == "parameters.n == 3 did not hold within 7 s")
    }

    @Test(
        "an unknown is a failure with its cause, never a default",
        arguments: ["facts.uptime > duration('1s')", "facts.services['demo'].active"])
    func unknown(expression: String) throws {
        let failed = try failures([(expression, 5)], facts(uptime: "nonsense"))
        #expect(failed.count == 1)
        #expect(failed.first?.sentence.hasPrefix("\(expression): cannot be told: ") == true)
    }

    @Test("an unknown that does not decide is no failure")
    func irrelevant() throws {
        #expect(try failures([("true || facts.services['demo'].active", 5)], facts()).isEmpty)
    }

    @Test("the longest time is the set's, none without checks")
    func longest() throws {
        let checks = [3, 9, 4].map { CheckPlan(expression: "true", withinSeconds: $0) }
        #expect(try CheckSet(checks, parameters: [:]).withinSeconds == 9)
        #expect(try CheckSet([], parameters: [:]).withinSeconds == 0)
    }

    @Test(
        "a check that does not compile is refused",
        arguments: ["facts.uptime >", "facts.nothing == 1", "'text'", "1 + 1"])
    func broken(expression: String) {
        #expect(throws: PlanError.self) {
            try CheckSet([CheckPlan(expression: expression, withinSeconds: 1)], parameters: [:])
        }
    }
}
