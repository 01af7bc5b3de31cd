import Testing

@testable import Core

@Suite("policies of a machine and of a project")
struct PolicyLayersTests {
    typealias File = (file: String, bytes: [UInt8])

    private func policy(_ name: String, _ file: String) -> File {
        let text = """
            apiVersion: belay/v1
            kind: Policy
            metadata: {name: \(name)}
            spec:
              enforcement: hard
              match: {phases: [execute]}
              params: {least: 2}
              validations:
              - {expression: "size(approvals) >= params.least", message: too few, remedy: Ask.}
            """
        return (file, Array(text.utf8))
    }

    private func grant(_ name: String, _ file: String) -> File {
        let text = """
            apiVersion: belay/v1
            kind: Grant
            metadata: {name: \(name)}
            spec: {who: {groups: [sre]}, runbooks: ["*"]}
            """
        return (file, Array(text.utf8))
    }

    private func load(
        system: [File], project: [File], _ own: String = "", machine: String = ""
    ) throws(Diagnostics) -> PolicySet {
        let configuration = try SystemConfigurationTests.project(
            "log: {origin: a.example/log}\n\(own)", under: SystemConfigurationTests.system(machine))
        return try PolicySet.load(system: system, project: project, of: configuration)
    }

    @Test("a project adds policies and, where the machine has none, grants; the machine's params hold")
    func adds() throws {
        let set = try load(
            system: [policy("a", "/etc/a.yaml")], project: [policy("b", "p/b.yaml"), grant("g", "p/g.yaml")],
            "params: {b: {least: 3}}", machine: "params: {a: {least: 4}, b: {least: 5}}")
        #expect(
            set.policies.map { $0.params["least"] } == [.single(.int(4)), .single(.int(5))] && set.grants.count == 1)
    }

    @Test("attack: a project's policy or grant that takes the name of the machine's is refused")
    func shadow() {
        for file in [policy("a", "p/a.yaml"), grant("a", "p/a.yaml")] {
            let error = #expect(throws: Diagnostics.self) {
                try load(system: [policy("a", "/etc/a.yaml")], project: [file])
            }
            #expect(error?.description.contains("the name 'a' is taken by /etc/a.yaml") == true)
            #expect(error?.all.map(\.location.file) == ["p/a.yaml"])
        }
    }

    @Test(
        "attack: a project's param of a policy of the machine's is refused with its place, whether or not the machine sets it"
    )
    func param() {
        let error = #expect(throws: Diagnostics.self) {
            try load(system: [policy("a", "/etc/a.yaml")], project: [], "params: {a: {least: 0}}")
        }
        #expect(error?.all.map { "\($0.location) \($0.field)" } == ["/srv/p/belay.yaml:4:21 params.a.least"])
        #expect(error?.description.contains("the policy is the machine's (/etc/a.yaml") == true)
    }

    @Test("attack: a project's grant is refused where the machine grants")
    func grants() {
        let error = #expect(throws: Diagnostics.self) {
            try load(system: [grant("few", "/etc/g.yaml")], project: [grant("all", "p/all.yaml")])
        }
        #expect(error?.all.map(\.location.file) == ["p/all.yaml"])
        #expect(error?.description.contains("a project grants nothing where the machine does") == true)
    }

    @Test("attack: a policy that the machine has params for cannot be left out")
    func leftOut() {
        let error = #expect(throws: Diagnostics.self) {
            try load(system: [], project: [policy("b", "p/b.yaml")], machine: "params: {a: {least: 4}}")
        }
        #expect(
            error?.description.hasPrefix("/etc/belay/belay.yaml:3:13: params.a: there is no policy 'a' in the set")
                == true)
    }

    @Test("the digest is that of what holds, whichever layer says it")
    func digest() throws {
        let one = try load(system: [policy("a", "/etc/a.yaml")], project: [])
        let other = try load(system: [], project: [policy("a", "p/a.yaml")])
        let raised = try load(system: [policy("a", "/etc/a.yaml")], project: [], machine: "params: {a: {least: 3}}")
        #expect(one.digest == other.digest && raised.digest != one.digest)
    }
}
