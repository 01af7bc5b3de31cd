import Testing

@testable import Core

/// What policies read of a drain's pods.
@Suite struct DrainedPodsTests {
    private static func input(
        _ pods: [String], held: [String] = [], action: String = "node.drain", restores: Observation? = nil
    ) -> PolicyInput {
        var step = PolicySamples.step(action: action, arguments: [:])
        step.before = Observation([
            "pods": .lines(pods), "heldByBudget": .lines(held), "going": .lines(["a/b"]),
            "heldBack": .lines(["kube-system/proxy: of a DaemonSet, which would put it there again"]),
        ])
        step.restores = restores
        return PolicySamples.input(PolicySamples.plan([PolicySamples.node("n1", [step])]))
    }

    @Test(
        "the pods that the plan found are what policies judge",
        arguments: [
            "node.pods.total == 4", "node.pods.pdbBlocked == ['default/web-1']",
            "node.pods.localStorage == ['default/cache-1']",
        ])
    func reads(expression: String) throws {
        let input = Self.input(
            ["default/ReplicaSet/cache+emptyDir cache-1", "default/ReplicaSet/web web-1"],
            held: ["default/web-1: budget default/web allows none now (1 of 2 healthy, 1 must be)"])
        let decision = try PolicySamples.judge(PolicySamples.policy(expression), input)
        #expect(decision.allowed, "\(decision.findings)")
    }

    @Test("without a drain, or in a plan that takes one back, they are not known, and deny")
    func unknown() throws {
        for input in [
            Self.input([], action: "node.cordon"), Self.input([], restores: Observation()), PolicySamples.input(),
        ] {
            let decision = try PolicySamples.judge(PolicySamples.policy("node.pods.total == 0"), input)
            #expect(decision.findings.map(\.outcome) == [.error], "\(decision.findings)")
        }
    }
}
