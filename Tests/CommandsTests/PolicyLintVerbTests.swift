import Core
import Foundation
import Testing

@testable import Commands

/// `belay policy lint` and `belay policy schema`.
struct PolicyLintVerbTests {
    private let recorder = Recorder()

    private static func policy(_ expression: String, more: String = "") -> String {
        """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: checked}
        spec:
          enforcement: hard
          \(more)
          validations:
          - {expression: "\(expression)", message: nothing checks it, remedy: Add a check.}
        """
    }

    @Test("a set that loads is ok, with its warnings under carets, and exits with 0")
    func warnings() async throws {
        let folder = try Folder()
        try folder.makeProject()
        _ = try folder.write(
            Self.policy("action.verify", more: "variables: [{name: old, expression: 'true'}]"),
            to: "policies/checked.yaml")
        #expect(await recorder.belay("-C", folder.path, "policy", "lint") == .done)
        #expect(
            recorder.output.contains(
                """
                warning: spec.variables: no expression names variables.old
                  --> \(folder.path)/policies/checked.yaml:6:22
                   |
                 6 |   variables: [{name: old, expression: 'true'}]
                   |                      ^^^
                  help: Use it or leave it out
                """), "\(recorder.output)")
        #expect(recorder.output.contains("warning: metadata: 'all' has no cases"))
        #expect(recorder.output.hasSuffix("ok: 2 files, 3 warnings\n"), "\(recorder.output)")
    }

    @Test("faults of policies, cases, signers and params are all reported, file by file, and exit with 2")
    func faults() async throws {
        let folder = try Folder()
        try folder.makeProject()
        _ = try folder.write(Self.policy("action.verfy && nod.ready"), to: "policies/checked.yaml")
        _ = try folder.write("apiVersion: belay/v1\nkind: Polcy\n", to: "policies/another.yaml")
        _ = try folder.write(
            "apiVersion: belay/v1\nkind: PolicyTest\npolicy: all\ncases:\n- {name: a, expect: perhaps}\n",
            to: "policies/grant.test.yaml")
        _ = try folder.write("alice\n", to: "allowed_signers")
        #expect(await recorder.belay("-C", folder.path, "policy", "lint") == .usage)
        for place in [
            "/policies/checked.yaml:8:26", "/policies/checked.yaml:8:35", "/policies/another.yaml:1",
            "/policies/grant.test.yaml:5:21", "/allowed_signers:1",
        ] {
            #expect(recorder.output.contains("--> " + folder.path + place), "\(place): \(recorder.output)")
        }
        #expect(recorder.output.hasSuffix("5 faults in 4 files\n"), "\(recorder.output)")
    }

    @Test("cases of a policy that is not there are a fault")
    func strangers() async throws {
        let folder = try Folder()
        try folder.makeProject()
        _ = try folder.write(
            "apiVersion: belay/v1\nkind: PolicyTest\npolicy: al\ncases:\n- {name: a, expect: granted}\n",
            to: "policies/grant.test.yaml")
        #expect(await recorder.belay("-C", folder.path, "policy", "lint") == .usage)
        #expect(recorder.output.contains("did you mean 'all'?"), "\(recorder.output)")
    }

    @Test("the schema needs no project, as YAML that Belay itself reads and as JSON")
    func schema() async throws {
        #expect(await recorder.belay("policy", "schema") == .done)
        #expect(recorder.output.contains("\n  now: {type: \"timestamp\", collected: true, about: \"the instant "))
        #expect(recorder.output.contains("\n    disks: {type: \"map(string, Disk)\", collected: true, "))
        #expect(recorder.output.contains("\n    labels: {type: \"map(string, string)\", collected: true, "))
        _ = try YAMLDocument(Array(recorder.output.utf8), file: "schema.yaml")
        let json = Recorder()
        #expect(await json.belay("policy", "schema", "-o", "json") == .done)
        #expect(try JSON.decode(PolicyInputSchema.self, from: Array(json.output.utf8)) == .declared)
    }
}
