import CEL
import Testing

@testable import Core

@Suite struct PolicyLoadTests {
    private func refusal(_ texts: String..., params: [String: [String: PolicyParam]] = [:]) -> String {
        do {
            _ = try PolicySamples.load(texts, params: params)
            return "loaded"
        } catch { return error.description }
    }

    @Test("every message the schema uses is declared in it")
    func schema() {
        #expect(PolicySchema.declarations.undeclaredMessages.isEmpty)
    }

    @Test("a misspelt field refuses the set with file, line, column and a caret under the word")
    func misspelt() throws {
        let text = PolicySamples.policy("action.deadMan.planed")
        let line =
            1
            + (text.split(separator: "\n", omittingEmptySubsequences: false).firstIndex { $0.contains("planed") } ?? 0)
        do {
            _ = try PolicySamples.load([text])
            Issue.record("it loaded")
        } catch {
            let fault = try #require(error.all.first)
            #expect(fault.location.description == "p0.yaml:\(line):33")
            let caret = fault.render(source: text).split(separator: "\n").first { $0.contains("^") }
            #expect(caret?.hasSuffix(" ^^^^^^") == true, "\(fault.render(source: text))")
            #expect(fault.summary.contains("planned"))
        }
    }

    @Test(
        "what is wrong or not supported is refused with its reason",
        arguments: [
            ("true", "match: {action: [service.restart]}", "did you mean 'actions'"),
            ("true", "match: {actions: [service.restrat]}", "did you mean 'service.restart'"),
            ("true", "match: {disrupts: [kublet]}", "did you mean 'kubelet'"),
            ("true", "match: {phases: [rollback]}", "'rollback' is not known here"),
            ("true", "match: {actions: []}", "at least one item"),
            ("params.min > 1", "params: {max: 1}", "'min'"),
            ("true", "params: {list: [1, a]}", "'list' is a list of"),
            ("true", "params: {list: [[1]]}", "params.list[0]: must be a single value"),
            ("true", "params: {list: {a: 1}}", "must be a single value"),
            ("params.list.size() > 0 && params.list[0] == 1", "params: {list: []}", "never equal"),
            ("true", "params: {on: yes}", "boolean"),
            ("params.min", "params: {min: 1}", "must be bool"),
            ("has(node.firewall)", "", "has()"),
            ("approvals.size() > 0", "", "phases: [execute]"),
            ("variables.all > 0", "variables: [{name: all, expression: approvals.size()}]", "phases: [execute]"),
            (
                "[dyn(variables)].exists(v, v.all > 0)", "variables: [{name: all, expression: approvals.size()}]",
                "phases: [execute]"
            ),
            ("variables.b", "variables: [{name: a, expression: variables.b}, {name: b, expression: 'true'}]", "'b'"),
            ("true", "obligations: [page]", "page:oncall-lead"),
            ("true", "failurePolicy: Ignore", "no such field"),
        ])
    func refused(expression: String, more: String, says: String) {
        let message = refusal(PolicySamples.policy(expression, more: more))
        #expect(message != "loaded")
        #expect(message.contains(says), "\(message)")
    }

    @Test("a grant without anybody, with limits that are none, and an unknown kind are refused")
    func grants() {
        #expect(refusal(PolicySamples.grant + "\n").contains("loaded"))
        func with(_ more: String) -> String {
            refusal(PolicySamples.grant.replacing("runbooks: [\"*\"]", with: "runbooks: [\"*\"], \(more)"))
        }
        #expect(with("standing: true, targets: {maxNodes: 1}").contains("loaded"))
        #expect(with("standing: yes").contains("spec.standing: must be true or false"))
        #expect(with("targets: {maxNodes: 0}").contains("spec.targets.maxNodes: must be at least 1"))
        #expect(refusal(PolicySamples.grant.replacing("groups: [sre]", with: "")).contains("groups or users"))
        #expect(
            refusal(PolicySamples.grant.replacing("kind: Grant", with: "kind: Gant")).contains("no kind of policy file")
        )
    }

    @Test("a validation without a message or a remedy is refused")
    func incomplete() {
        let text = PolicySamples.policy("true")
        #expect(refusal(text.replacing("    message: it is false\n", with: "")).contains("message"))
        #expect(refusal(text.replacing("    remedy: mend it", with: "")).contains("remedy"))
    }

    @Test("two of one name are refused, and all faults of all files are reported together")
    func together() {
        #expect(refusal(PolicySamples.policy("true"), PolicySamples.policy("true")).contains("is taken by p0.yaml"))
        let message = refusal(
            PolicySamples.policy("nod.name == ''"), PolicySamples.policy("true", enforcement: "harsh"))
        #expect(message.contains("p0.yaml:") && message.contains("p1.yaml:"))
    }

    @Test("params are overridden by policy and name; the unknown and the wrong type are refused")
    func params() throws {
        let text = PolicySamples.policy("params.min >= 2", more: "params: {min: 1, share: 0.5}")
        #expect(
            try PolicySamples.load([text], params: ["rule": ["min": .single(.int(2))]]).policies[0].params["min"]
                == .single(.int(2)))
        #expect(
            try PolicySamples.load([text], params: ["rule": ["share": .single(.int(1))]]).policies[0].params["share"]
                == .single(.double(1)))
        #expect(refusal(text, params: ["rul": ["min": .single(.int(2))]]).contains("did you mean 'rule'"))
        #expect(refusal(text, params: ["rule": ["mim": .single(.int(2))]]).contains("did you mean 'min'"))
        #expect(refusal(text, params: ["rule": ["min": .single(.string("2"))]]).contains("must be a number"))
    }

    @Test("a param may be a list: of one type, overridden by another list of it, and by nothing else")
    func lists() throws {
        let text = PolicySamples.policy("runbook.digest in params.reviewed", more: "params: {reviewed: []}")
        func decide(_ value: PolicyParam) throws -> Bool {
            let set = try PolicySamples.load([text, PolicySamples.grant], params: ["rule": ["reviewed": value]])
            return set.judge(PolicySamples.input()).allowed
        }
        #expect(try decide(.list([.string("c"), .string("d")])))
        #expect(try !decide(.list([.string("c")])))
        #expect(try !decide(.list([])))
        let one = PolicyParam.single(.string("d"))
        #expect(refusal(text, params: ["rule": ["reviewed": one]]).contains("must be a list as in the policy's file"))
        let numbers = PolicyParam.list([.int(1)])
        #expect(refusal(text, params: ["rule": ["reviewed": numbers]]).contains("must be a list"))
        let full = PolicySamples.policy("params.n.size() == 0", more: "params: {n: [1]}")
        #expect(try PolicySamples.load([full], params: ["rule": ["n": .list([])]]).policies[0].params["n"] == .list([]))
    }

    @Test("the digest is of each item of a list, and of where one ends")
    func listDigests() throws {
        let text = PolicySamples.policy("true", more: "params: {n: []}")
        let lists: [[YAMLScalar]] = [
            [], [.string("a")], [.string("b")], [.string("a b")], [.string("a"), .string("b")],
            [.string("b"), .string("a")],
        ]
        let digests = try lists.map { try PolicySamples.load([text], params: ["rule": ["n": .list($0)]]).digest }
        #expect(Set(digests).count == lists.count)
    }

    @Test("the digest is of contents and effective params: not of names and order, but of each byte and setting")
    func digest() throws {
        let (one, two) = (PolicySamples.policy("params.min == 1", more: "params: {min: 1}"), PolicySamples.grant)
        let digest = try PolicySamples.load([one, two]).digest
        #expect(try PolicySamples.load([two, one]).digest == digest)
        #expect(try PolicySamples.load([one + "\n", two]).digest != digest)
        #expect(try PolicySamples.load([one]).digest != digest)
        #expect(try PolicySamples.load([one, two], params: ["rule": ["min": .single(.int(1))]]).digest == digest)
        #expect(try PolicySamples.load([one, two], params: ["rule": ["min": .single(.int(2))]]).digest != digest)
        #expect(digest.count == 64)
    }

    @Test("files of cases are not policies")
    func names() {
        #expect(["a.yaml", "a.yml"].allSatisfy(PolicySet.isPolicyFile))
        #expect(!["a.test.yaml", "a.test.yml", "README.md", "a.yaml.orig"].contains(where: PolicySet.isPolicyFile))
    }
}
