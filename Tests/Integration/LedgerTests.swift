import Core
import Foundation
import Testing

/// Limits over several runs, with as many executors at once as an alert storm starts: real processes, one log, real nodes.
@Suite("Many runs that begin at once", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct LedgerTests {
    private static let atOnce = 50
    private static let rate = 5

    private static let policy = """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: pool-limits}
        spec:
          enforcement: hard
          match: {phases: [execute]}
          params: {maxRuns: \(rate)}
          variables:
          - name: begun
            expression: history.runs.filter(h, h.id != request.id)
          - name: reserved
            expression: inflight.filter(r, !variables.begun.exists(h, h.id == r.id))
          validations:
          - expression: "!inflight.exists(r, r.pool == node.pool)"
            message: another run is at work in the pool
            remedy: Wait until it has ended.
          - expression: variables.begun.size() + variables.reserved.size() < params.maxRuns
            message: as many runs as are allowed were begun
            remedy: Look for a common cause.

        """

    /// Plans, so many at a time.
    private static func plans(_ count: Int, in folder: String, on nodes: [String]) async throws -> [String] {
        var plans: [String] = []
        for start in stride(from: 0, to: count, by: 6) {
            plans += try await withThrowingTaskGroup(of: String.self) { group in
                for number in start..<min(start + 6, count) {
                    let node = nodes[number % nodes.count]
                    group.addTask { try await Project.approvedPlan(in: folder, "span", node) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        return plans
    }

    private static func apply(_ plan: String, in folder: String) async throws -> Shell.Result {
        try await Shell.run(Testbed.binary, ["-C", folder, "--color", "never", "apply", plan], in: folder)
    }

    @Test("of fifty that start at once never two are at work in the pool, and no more begin than the rate allows")
    func storm() async throws {
        try await NodePool.shared.with(count: 2) { nodes in
            try await InflightTests.install(on: nodes)
            let project = try await Project(inventoryNodes: InflightTests.inventory(nodes))
            try project.write("runbooks/span.yaml", InflightTests.runbook)
            try project.write("policies/pool-limits.yaml", Self.policy)
            let folder = project.folder
            var plans = try await Self.plans(Self.atOnce + Self.rate + 1, in: folder, on: nodes)
            let storm = try await withThrowingTaskGroup(of: Shell.Result.self) { group in
                for plan in plans.prefix(Self.atOnce) { group.addTask { try await Self.apply(plan, in: folder) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            plans.removeFirst(Self.atOnce)
            var succeeded = storm.count { $0.status == 0 }
            let ends = Dictionary(grouping: storm, by: \.status).mapValues(\.count)
            print("fifty at once ended with \(ends.sorted { $0.key < $1.key })")
            #expect((1...Self.rate).contains(succeeded), "\(storm.first { $0.status != 0 }?.output ?? "")")
            for result in storm where result.status == 3 {
                #expect(
                    result.error.contains("pool-limits") || result.output.contains("pool-limits"), "\(result.error)")
            }
            // One after another what is left of the rate goes through, and not one more.
            for plan in plans {
                let result = try await Self.apply(plan, in: folder)
                let isLast = succeeded == Self.rate
                #expect(result.status == (isLast ? 3 : 0), "\(succeeded): \(result.output)\(result.error)")
                if isLast { #expect((result.output + result.error).contains("as many runs as are allowed")) }
                if result.status == 0 { succeeded += 1 }
            }
            #expect(succeeded == Self.rate)
            let spans = try await InflightTests.spans(nodes).sorted { $0.lowerBound < $1.lowerBound }
            #expect(spans.count == Self.rate, "what was denied ran, or what ran left no trace")
            #expect(zip(spans, spans.dropFirst()).allSatisfy { !$0.overlaps($1) }, "two were at work at once: \(spans)")
            let begun = try await project.records().filter { $0.type == "run.start" }
            #expect(begun.count == Self.rate)
            #expect(try await InflightTests.leases(nodes) == "")
            let replayed = try await project.belay("policy", "replay", try #require(begun.first?.run))
            #expect(replayed.status == 0, "\(replayed.output)\(replayed.error)")
            #expect(replayed.output.contains("all the same again"), "\(replayed.output)")
            try await project.expectVerifies()
        }
    }

    @Test("what would decide is explained from the nodes, and nothing is signed, saved or logged by it")
    func explained() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project(inventoryNodes: InflightTests.inventory([node]))
            let result = try await project.belay("policy", "explain", "restart-kubelet", "--node", node)
            #expect(result.status == 4, "\(result.output)\(result.error)")
            for words in ["waits for approval", "default-grant-sre", "irreversible-denied", "not about this"] {
                #expect(result.output.contains(words), "\(words) is not in\n\(result.output)")
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: project.folder)
            #expect(!left.contains { $0.hasSuffix(".plan") }, "\(left)")
            #expect(try await project.records().map(\.type) == ["log.init"])
        }
    }
}
