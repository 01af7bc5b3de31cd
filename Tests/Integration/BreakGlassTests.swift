import Core
import Foundation
import Testing

/// A rescue that policies deny: from the denial to the signed review, on a real node.
@Suite("Break-glass on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct BreakGlassNodeTests {
    private static let freeze = """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: freeze}
        spec:
          enforcement: soft
          validations: [{expression: "false", message: there is a freeze, remedy: wait until it is over}]

        """

    @Test(
        "In a freeze nothing runs until the glass is broken: then it does, others are told, and somebody else reviews it"
    )
    func freeze() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write("policies/freeze.yaml", Self.freeze)
            try project.letAliceBreakGlass()

            let before = try await NodeTruth.read(node)
            let plan = "\(project.folder)/p.plan"
            let planned = try await project.belay("plan", "restart-kubelet", "--node", node, "--out", plan)
            #expect(
                planned.status == 3 && planned.output.contains("--break-glass"), "\(planned.output)\(planned.error)")
            let refused = try await project.belay("apply", plan)
            #expect(
                refused.status == 3 && refused.error.contains("there is a freeze"), "\(refused.output)\(refused.error)")
            #expect(try await NodeTruth.read(node) == before)

            let applied = try await project.belay(
                "apply", plan, "--break-glass", "--reason", "the kubelet is down and pods with it", "--incident",
                "INC-4711")
            #expect(
                applied.status == 0 && applied.error.contains("BREAK-GLASS by alice"),
                "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read(node).kubeletPID != before.kubeletPID)
            let told = try String(contentsOfFile: "\(project.folder)/told", encoding: .utf8)
            #expect(told.contains("\"incident\":\"INC-4711\"") && told.contains("page:oncall-lead"), "\(told)")

            let open = try await project.belay("status")
            #expect(open.status == 7 && open.output.contains("REVIEW OPEN"), "\(open.output)\(open.error)")
            let id = try #require(try await project.records().last { $0.type == "breakglass.used" }?.run)
            let reviewed = try await project.belay("review", id, "--comment", "it was down", "--key", "keys/bob")
            #expect(reviewed.status == 0, "\(reviewed.output)\(reviewed.error)")
            #expect(try await project.belay("status").status == 0)
            let replayed = try await project.belay("policy", "replay", id)
            #expect(replayed.status == 0 && replayed.output.contains("all the same again"), "\(replayed.output)")
            try await project.expectVerifies()
        }
    }
}
