import Core
import FoundationEssentials
import Measuring

/// A plan for many nodes after many runs, made of a recorded input for one node: the same every time.
struct FixedInput {
    private(set) var input: PolicyInput

    /// - Parameter template: the path of the recorded input, of one node with one step, and one run in its history.
    init(template: String, nodes: Int = 10_000, runs: Int = 1000) throws {
        input = try JSONDecoder().decode(PolicyInput.self, from: try Data(contentsOf: URL(filePath: template)))
        guard let node = input.plan.nodes.first, let snapshot = input.nodes[node.name],
            case .known(let history) = input.history, let run = history.steps.first,
            let pool = input.cluster.pools.value?[node.pool]
        else { throw Failed(what: "\(template) has no node, no pool of it or no history") }
        input.plan.nodes = (0..<nodes).map { Self.node($0, like: node) }
        input.nodes = Dictionary(uniqueKeysWithValues: input.plan.nodes.map { ($0.name, snapshot) })
        input.cluster.pools = .known(Dictionary(input.plan.nodes.map { ($0.pool, pool) }) { first, _ in first })
        let steps = (0..<runs).map { Self.run($0, like: run, before: input.now, on: input.plan.nodes) }
        input.history = .known(History(steps, logStart: input.now.adding(seconds: -History.seconds), now: input.now))
    }

    private static func node(_ index: Int, like template: NodePlan) -> NodePlan {
        var node = template
        node.name = "node-\(10_000 + index)"
        node.pool = "pool-\(100 + index / 100)"
        return node
    }

    /// One every ten minutes, each on another node.
    private static func run(
        _ index: Int, like template: HistoryStep, before now: Timestamp, on nodes: [NodePlan]
    ) -> HistoryStep {
        var run = template
        let node = nodes[index * 17 % nodes.count]
        run.run = "r-\(10_000 + index)"
        run.node = node.name
        run.pool = node.pool
        run.startedAt = now.adding(seconds: -600 * (index + 1))
        run.finishedAt = now.adding(seconds: -600 * (index + 1) + 60)
        return run
    }

    /// Twenty nodes of ten thousand, each with its step: the documents that expressions are measured on.
    var samples: [(node: NodePlan, step: StepPlan)] {
        stride(from: 0, to: input.plan.nodes.count, by: 500).compactMap { index in
            let node = input.plan.nodes[index]
            return node.steps.first.map { (node, $0) }
        }
    }

    /// Every policy and grant on every node's step.
    func measureJudging(by set: PolicySet, phase: PolicyPhase) throws -> String {
        var input = input
        input.phase = phase
        var measurement = Measurement()
        let decision = set.judge(input)
        measurement.end()
        guard decision.allowed else {
            let first = decision.denials.first
            throw Failed(what: "the plan is denied: \(first?.policy ?? "?"): \(first?.message ?? "?")")
        }
        let counts = decision.evaluated
        measurement.more = [
            ("documents", Double(counts.documents)), ("validations", Double(counts.validations)),
            ("policies", Double(counts.policies)), ("cost", Double(counts.cost)),
        ]
        return measurement.json
    }
}
