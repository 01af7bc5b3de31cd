import Foundation
import Testing

@testable import Core

/// The cases that ship beside runbooks, and that a case which is wrong says so.
@Suite("cases of runbooks")
struct RunbookTestFileTests {
    static func outcomes(_ name: String) throws -> [RunbookTestFile.Outcome] {
        let (book, test) = ("\(name).yaml", "\(name).test.yaml")
        let runbook = try Runbook.parse(ModelFixture.bytes(book, in: RunbookTests.shipped), file: book)
        return runbook.test(try .parse(ModelFixture.bytes(test, in: RunbookTests.shipped), file: test))
    }

    @Test(
        "every shipped runbook has cases, at least one of them a refusal, and they hold", arguments: RunbookTests.names)
    func shipped(name: String) throws {
        let outcomes = try Self.outcomes(name)
        for outcome in outcomes { #expect(outcome.faults.isEmpty, "\(outcome.test.name)") }
        #expect(outcomes.contains { $0.test.refused == nil } && outcomes.contains { $0.test.refused != nil })
    }

    private static let unit = "Id=x.service\\nLoadState=loaded\\nActiveState=active\\nUptime=100\\nFilesSHA256=a\\n"

    private func faults(_ cases: String) throws -> [String] {
        let runbook = try RunbookTests.runbook(
            """
              preconditions:
              - {expression: "facts.kubelet.healthz == 200", message: it is ill}
              steps:
              - {name: one, action: service.restart, with: {service: x}, when: "facts.services['x'].active"}
            """)
        let head = """
            apiVersion: belay/v1
            kind: RunbookTest
            set: {facts.kubelet.healthz: 200, facts.services.x: {active: true}}
            cases:

            """
        return try runbook.test(.parse(Array((head + cases).utf8), file: "x.test.yaml")).flatMap(\.faults)
    }

    @Test("what is as the case says has no fault")
    func right() throws {
        let step = #"seen: ["\#(Self.unit)"], before: {active: running}, apply: [restart x], undo: [start x]"#
        #expect(try faults("- {name: a, steps: {one: {\(step)}}}").isEmpty)
        #expect(try faults("- {name: a, set: {facts.kubelet.healthz: 0}, refused: it is ill}").isEmpty)
        #expect(
            try faults("- {name: a, set: {facts.services.x: {active: false}}, steps: {one: {skipped: not hold}}}")
                .isEmpty)
    }

    @Test(
        "what is not as the case says is a fault that says how it is",
        arguments: [
            (#"steps: {one: {seen: ["UNIT"], before: {active: stopped}}}"#, "active is 'running'"),
            (#"steps: {one: {seen: ["UNIT"], after: {size: "1"}}}"#, "no field size"),
            (#"steps: {one: {seen: ["UNIT"], apply: []}}"#, "1 commands and not 0"),
            (#"steps: {one: {seen: ["UNIT"], undo: [stop x]}}"#, "runs 'systemctl start x.service'"),
            (#"steps: {one: {seen: ["UNIT"], notes: [beware]}}"#, "does not say 'beware'"),
            (#"steps: {one: {skipped: never}}"#, "the test does not say what is seen"),
            (#"steps: {one: {seen: ["UNIT"], skipped: never}}"#, "is planned"),
            (#"steps: {one: {seen: ["UNIT"]}, two: {skipped: never}}"#, "there is no step 'two'"),
            (#"steps: {two: {skipped: never}}"#, "the test does not say what is seen"),
            (#"steps: {one: {seen: ["UNIT"]}}, refused: it is ill"#, "there is a plan"),
            (#"set: {facts.kubelet.healthz: 0}, steps: {one: {seen: ["UNIT"]}}"#, "there is no plan"),
            (#"set: {facts.kubelet.healthz: 0}, refused: for another reason"#, "not for 'for another reason'"),
            (#"steps: {one: {seen: [{status: "1", error: no bus}]}}"#, "no bus"),
            (#"unknown: [facts.kubelet.healthz], refused: it is ill now"#, "the test says so"),
        ])
    func wrong(test: String, says: String) throws {
        let found = try faults("- {name: a, \(test.replacingOccurrences(of: "UNIT", with: Self.unit))}")
        #expect(found.contains { $0.contains(says) }, "\(found)")
    }

    @Test(
        "a file that makes no sense is refused with its place",
        arguments: [
            "- {name: a}", "- {name: a, set: {facts.nothing: 1}, refused: x}", "- {name: a, steps: {one: {seen: x}}}",
            "- {name: a, steps: {one: {sen: []}}}", "- {name: a, parameters: [x], refused: x}", "[]",
        ])
    func malformed(cases: String) {
        #expect(throws: Diagnostics.self) { try faults(cases) }
    }
}
