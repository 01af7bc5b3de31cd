import CEL
import Testing

@testable import Core

@Suite struct PolicyTestFileTests {
    private static func text(_ more: String) -> String {
        "apiVersion: belay/v1\nkind: PolicyTest\npolicy: rule\ncases:\n- {name: a, expect: deny\(more)}\n"
    }

    private static func parse(_ more: String) throws(Diagnostics) -> PolicyTestFile {
        try PolicyTestFile.parse(Array(text(more).utf8), file: "rule.test.yaml")
    }

    private static func value(_ more: String, at path: String) throws -> Value {
        try #require(parse(more).cases.first).document.value(path)
    }

    @Test("a case that expects a denial need not say why")
    func reason() throws {
        let test = try #require(Self.parse("").cases.first)
        #expect(test.expectation == .deny && test.says == nil)
        #expect(test.location.description == "rule.test.yaml:5:10")
    }

    @Test(
        "what is wrong in a case is refused at its line and column, with the nearest name",
        arguments: [
            (", set: {action.typ: x}", "5:33", "action has no 'typ'; did you mean 'type'?"),
            (", set: {acton.type: x}", "5:33", "the input document has no 'acton'; did you mean 'action'?"),
            (
                ", set: {node.roles.first: worker}", "5:33",
                "node.roles is a list(string), which is set as a whole"
            ),
            (", set: {now: yesterday}", "5:38", "now: "),
            (", set: {action.timeout: 30}", "5:49", "'30' is not a duration"),
            (", set: {action.verify: sometimes}", "5:48", "action.verify must be bool, not text"),
            (", set: {node.firewall.rules: 1.5}", "5:54", "node.firewall.rules must be int, not a number"),
            (", set: {node.roles: worker}", "5:45", "node.roles must be list(string), not text"),
            (", set: {action.deadMan: {planed: true}}", "5:50", "a DeadMan has no 'planed'; did you mean 'planned'?"),
            (", set: [now]", "5:32", "must be a mapping"),
            (", unknown: [action.clas]", "5:37", "did you mean 'class'?"),
            (", unknown: [{a: b}]", "5:37", "must be a text"),
            (", expects: pass", "5:27", "there is no such field"),
        ])
    func faults(more: String, place: String, says: String) {
        do {
            _ = try Self.parse(more)
            Issue.record("it was accepted: \(more)")
        } catch {
            #expect(error.all.count == 1, "\(error)")
            #expect(error.all[0].location.description == "rule.test.yaml:\(place)", "\(error)")
            #expect(error.description.contains(says), "\(error)")
        }
    }

    @Test("all faults of a file are said together")
    func together() throws {
        let text = Self.text(", set: {nod: 1, action.clas: x}, unknown: [nowt]") + "- {expect: perhaps, name: b}\n"
        do {
            _ = try PolicyTestFile.parse(Array(text.utf8), file: "rule.test.yaml")
            Issue.record("it was accepted")
        } catch { #expect(error.all.count == 4, "\(error)") }
    }

    @Test("each value has the type of its path")
    func types() throws {
        #expect(try Self.value(", set: {action.timeout: 1m30s}", at: "action.timeout") == .duration(.seconds(90)))
        #expect(try Self.value(", set: {runbook.name: 12}", at: "runbook.name") == "12")
        #expect(try Self.value(", set: {node.firewall.rules: 3}", at: "node.firewall.rules") == 3)
        let disks = try Self.value(", set: {node.disks: {/: {usedPercent: 91}}}", at: "node.disks")
        guard case .map(let map) = disks, case .message("Disk", let disk)? = map["/"] else {
            Issue.record("no disk in \(disks)")
            return
        }
        #expect(disk["usedPercent"] == .double(91))
        // What the case does not say is no default.
        guard case .error? = disk["inodesUsedPercent"] else {
            Issue.record("it is known: \(disk)")
            return
        }
    }

    @Test("a field of something unknown can be set; the rest of it stays unknown")
    func insideUnknown() throws {
        let more = ", set: {node.pods.pdbBlocked: [web/db-0]}"
        guard case .list(let blocked) = try Self.value(more, at: "node.pods.pdbBlocked") else {
            Issue.record("node.pods.pdbBlocked is no list")
            return
        }
        #expect(blocked.count == 1)
        #expect(throws: EvaluationError.self) { try Self.value(more, at: "node.pods.total") }
    }

    @Test("a fact that the case makes unknown is an error with its path")
    func unknown() {
        #expect(throws: EvaluationError.self) { try Self.value(", unknown: [action.deadMan]", at: "action.deadMan") }
    }
}
