import CEL
import Foundation
import Testing

@testable import Core
@testable import Simulation

@Suite("Runbooks")
struct RunbookTests {
    static let shipped = ModelFixture.repository.appending(path: "runbooks")

    static func runbook(_ spec: String) throws -> Runbook {
        let head = "apiVersion: belay/v1\nkind: Runbook\nmetadata: {name: x, title: X, layer: node, author: a}\nspec:\n"
        return try Runbook.parse(Array((head + spec).utf8), file: "x.yaml")
    }

    static let service = """
          parameters:
            service: {type: string, required: true, description: which}
          steps:
          - {name: one, action: service.restart, with: {service: "{{ parameters.service }}"}}
        """

    static let names = ((try? ModelFixture.names(shipped, ".yaml")) ?? [])
        .filter { !$0.hasSuffix(".test.yaml") }.map { String($0.dropLast(".yaml".count)) }

    @Test("every shipped runbook loads, is named like its file and binds", arguments: names)
    func shippedRunbooks(name: String) throws {
        let runbook = try Runbook.parse(ModelFixture.bytes("\(name).yaml", in: Self.shipped), file: "\(name).yaml")
        #expect(runbook.metadata.name == name)
        #expect(!runbook.metadata.symptoms.isEmpty && !runbook.metadata.description.isEmpty)
        let bound = try runbook.bind(parameters: Samples.parameters(of: runbook))
        #expect(bound.steps.count == runbook.steps.count)
    }

    @Test("the documentation names every runbook that ships, and no other")
    func documented() throws {
        let text = String(
            decoding: try ModelFixture.bytes("docs/runbooks.md", in: ModelFixture.repository), as: UTF8.self)
        let list = try #require(text.split(separator: "\n\n").first { $0.hasPrefix("**What ships**") })
        let listed = list.split(separator: "`").enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
        #expect(!Self.names.isEmpty)
        #expect(listed.sorted() == Self.names.sorted())
    }

    @Test("restart-kubelet says what its file says")
    func model() throws {
        let bytes = try ModelFixture.bytes("restart-kubelet.yaml", in: Self.shipped)
        let runbook = try Runbook.parse(bytes, file: "restart-kubelet.yaml")
        #expect(runbook.digest == Digest.sha256(bytes))
        #expect(runbook.targets == .init(roles: ["worker", "control-plane"], max: 1))
        #expect(runbook.steps.map(\.name) == ["cordon", "restart", "uncordon"])
        #expect(runbook.steps.map(\.optional) == [true, false, false])
        #expect(runbook.steps.map { $0.when != nil } == [true, false, true])
        #expect(runbook.steps.map(\.timeout) == [.seconds(60), .seconds(90), .seconds(60)])
        #expect(runbook.steps[1].verify.map(\.within) == [.seconds(60), .seconds(60), .seconds(120)])
        #expect(runbook.steps[1].verify.map { $0.when != nil } == [false, false, true])
        #expect(runbook.onFailure == .rollback && runbook.deadMan == nil)
        #expect(try runbook.bind(parameters: [:]).services == ["kubelet"])
    }

    @Test(
        "a value with metacharacters stays one argument",
        arguments: [
            "a; rm -rf /", "$(reboot)", "`id`", "a b", "a\nb", "'\"", "{{ parameters.name }}", "*", "", "-x", "a\\",
            "é\u{202e}",
        ])
    func metacharacters(value: String) throws {
        let runbook = try Self.runbook(
            """
              parameters:
                name: {type: string, required: true, description: any}
              steps:
              - name: one
                action: file.replace
                with: {path: /etc/x, content: "<{{ parameters.name }}|{{parameters.name}}>"}
            """)
        let bound = try runbook.bind(parameters: ["name": value])
        #expect(bound.steps[0].arguments.values == ["path": .text("/etc/x"), "content": .text("<\(value)|\(value)>")])
    }

    @Test("a parameter inside a list is one element of it")
    func listElements() throws {
        let runbook = try Self.runbook(
            """
              parameters:
                unit: {type: string, default: "a b; c", description: any}
              steps:
              - {name: one, action: command, with: {apply: [[echo, "{{ parameters.unit }}", 0644, true]]}}
            """)
        let arguments = runbook.steps[0].arguments.filled(with: ["unit": .string("a b; c")])
        #expect(
            arguments.values["apply"] == .list([.list([.text("echo"), .text("a b; c"), .text("0644"), .flag(true)])]))
    }

    @Test("parameters are checked by name, type and enumeration")
    func parameterFaults() throws {
        let runbook = try Self.runbook(
            """
              parameters:
                mode: {type: string, enum: [accept, keep], default: accept, description: the mode}
                count: {type: integer, default: 3, description: how many}
                flag: {type: boolean, default: false, description: whether}
                must: {type: string, required: true, description: needed}
              steps:
              - {name: one, action: service.restart, with: {service: kubelet}}
            """)
        let error = #expect(throws: Diagnostics.self) {
            try runbook.bind(parameters: ["mode": "kep", "count": "3.5", "flag": "yes", "mod": "keep"])
        }
        #expect(
            error?.description.split(separator: "\n").map(String.init) == [
                "x.yaml: parameters.mod: x has no parameter 'mod'; did you mean 'mode'?",
                "x.yaml:6:11: parameters.mode: must be one of accept, keep, not 'kep'; did you mean 'keep'?",
                "x.yaml:7:12: parameters.count: '3.5' is not a whole number",
                "x.yaml:8:11: parameters.flag: 'yes' is not true or false",
                "x.yaml:9:11: parameters.must: must be given: needed",
            ])
        let bound = try runbook.bind(parameters: ["must": "x"])
        #expect(
            bound.parameters == [
                "mode": .string("accept"), "count": .integer(3), "flag": .boolean(false), "must": .string("x"),
            ])
    }

    @Test("an argument that an action cannot take is reported at its place in the file")
    func bindingFault() throws {
        let error = #expect(throws: Diagnostics.self) {
            try Self.runbook(Self.service).bind(parameters: ["service": "a b"])
        }
        #expect(error?.all.first?.location.line == 8)
        #expect(error?.all.first?.location.column == 58)
        #expect(error?.all.first?.field == "spec.steps[0].with.service")
    }

    @Test("a runbook may not say on which node, with which kubeconfig or as which run kubectl works")
    func injectedArguments() throws {
        let step = { (more: String) in "  steps:\n  - {name: one, action: node.label, with: {key: a, value: b\(more)}}"
        }
        let bound = try Self.runbook(step("")).bind(parameters: [:])
        #expect(bound.steps[0].action.place == .cluster)
        #expect(bound.steps[0].arguments.values.keys.sorted() == ["key", "value"])
        for name in ["node", "kubeconfig", "run"] {
            let error = #expect(throws: Diagnostics.self) { try Self.runbook(step(", \(name): w1")) }
            #expect(error?.all.first?.field == "spec.steps[0].with.\(name)")
            #expect(error?.all.first?.location.line == 6)
        }
    }

    @Test("a label's key that a parameter gives is checked when it is bound")
    func boundKey() throws {
        let runbook = try Self.runbook(
            """
              parameters:
                key: {type: string, required: true, description: which}
              steps:
              - {name: one, action: node.label, with: {key: "{{ parameters.key }}", remove: true}}
            """)
        _ = try runbook.bind(parameters: ["key": "example.com/x"])
        #expect(throws: Diagnostics.self) { try runbook.bind(parameters: ["key": "kubernetes.io/hostname"]) }
    }

    @Test(
        "uncordon-node takes a person's cordon only when told so, and no node that is not Ready",
        arguments: [
            ("belay", "a person", true, false), ("anyone", "a person", true, true), ("belay", "r-1", true, true),
            ("belay", "", true, true), ("anyone", "a person", false, false),
        ])
    func uncordon(owner: String, cordonedBy: String, ready: Bool, allowed: Bool) throws {
        let bytes = try ModelFixture.bytes("uncordon-node.yaml", in: Self.shipped)
        let bound = try Runbook.parse(bytes, file: "uncordon-node.yaml").bind(parameters: ["owner": owner])
        var kubernetes = Facts.Kubernetes.notAsked
        kubernetes.api.reachable = .known(true)
        kubernetes.node.ready = .known(ready)
        kubernetes.node.cordonedBy = .known(cordonedBy)
        let facts = FactsProbe(services: []).parse([]).with(kubernetes: kubernetes)
        let check = { () throws(PlanError) in try Planner.check(bound, against: facts, on: "n1") }
        if allowed { try check() } else { #expect(throws: PlanError.self) { try check() } }
        #expect(throws: PlanError.self) {
            try Planner.check(bound, against: facts.with(kubernetes: .notAsked), on: "n1")
        }
    }

    @Test("the services asked for come from arguments and from expressions")
    func services() throws {
        let runbook = try Self.runbook(
            """
              parameters:
                unit: {type: string, default: chisel, description: which}
              preconditions:
              - {expression: "facts.services[parameters.unit].loaded", message: none}
              - {expression: "facts.services[ \\"salt-minion\\" ].loaded || facts.services.sshd.active", message: none}
              steps:
              - {name: one, action: service.restart, with: {service: "{{ parameters.unit }}"}}
              verify:
              - {expression: "facts.services['docker'].active"}
            """)
        let bound = try runbook.bind(parameters: [:])
        #expect(bound.services == ["chisel", "salt-minion", "sshd", "docker"])
        #expect(FactsProbe(services: bound.services).services.contains("kubelet"))
    }

    @Test("expressions see facts and parameters; a service that was not asked for is an error that says so")
    func bindings() throws {
        let runbook = try Self.runbook(
            """
              parameters:
                policy: {type: string, default: keep, description: which}
              preconditions:
              - {expression: "parameters.policy == 'keep' && facts.kubelet.healthz == 200", message: none}
              - {expression: "facts.services['chisel'].active", message: none}
              steps:
              - {name: one, action: iptables.flush, with: {policy: "{{ parameters.policy }}"}}
            """)
        let bound = try runbook.bind(parameters: [:])
        var facts = FactsProbe(services: []).parse([])
        facts.kubelet.healthz = .known(200)
        let results = bound.runbook.preconditions.map {
            $0.condition.program.evaluate(bound.bindings(facts: facts)).result
        }
        #expect(results[0] == .success(.bool(true)))
        guard case .failure(let error) = results[1] else { return #expect(Bool(false), "must not be known") }
        #expect(error.message.contains("facts.services['chisel']"))
        #expect(error.message.contains("was not asked about this service"))
    }
}
