public import Core

/// How a world is furnished, and what may go wrong in it: drawn from its seed.
public struct Setting: Sendable {
    /// Which world it is.
    public var seed: UInt64
    /// Nodes that are worked on.
    public var nodes = 1
    /// Hosts with a log of their own, each with its operators.
    public var logs = 1
    /// Plans that are made and applied.
    public var runs = 1
    /// The most steps of a plan.
    public var steps = 3
    /// Whether logs are bytes on disks, see ``SimLog``.
    public var hasBytes = false
    /// The policy's limit of nodes of the pool that are under work at once.
    public var maxUnavailable = 1
    /// In thousandths of the occasions, how often each fault strikes.
    public var rates: [Fault: Int] = [:]
    /// Only these strike; nil = all.
    public var only: Set<String>?
    /// These strike and no others, whatever the rates; nil = as the rates have it.
    public var forced: Set<String>?
    /// The plans are made of this runbook; nil = of steps that are drawn.
    public var runbook: Runbook?

    /// The world of a seed. Each fault can happen in a part of the worlds only, so that some have much of a few
    /// (Groce et al., "Swarm Testing", 2012).
    public init(seed: UInt64) {
        self.seed = seed
        let chance = Chance(seed: seed, rates: [:])
        func one(of values: [Int]) -> Int { values[chance.below(values.count, .world)] }
        nodes = one(of: [1, 1, 1, 2, 2, 3])
        logs = one(of: [1, 1, 1, 2])
        runs = one(of: [1, 1, 1, 2, 2, 3])
        steps = one(of: [1, 2, 3, 4])
        maxUnavailable = one(of: [1, 1, 2])
        hasBytes = chance.percent(6, .world)
        for fault in Fault.allCases where chance.percent(30, .world) {
            rates[fault] = one(of: [4, 15, 50, 150])
        }
    }

    /// A quiet world, for one plan.
    public static func quiet(seed: UInt64) -> Setting {
        var setting = Setting(seed: seed)
        (setting.nodes, setting.logs, setting.runs, setting.maxUnavailable) = (1, 1, 1, 1)
        (setting.rates, setting.hasBytes) = ([:], false)
        return setting
    }

    static let pool = "default"

    /// What the simulated organisation forbids: judged by the production engine.
    func policies() throws -> PolicySet {
        let grant = """
            apiVersion: belay/v1
            kind: Grant
            metadata: {name: everybody}
            spec:
              who: {groups: [sre]}
              runbooks: ["*"]
            """
        let limit = """
            apiVersion: belay/v1
            kind: Policy
            metadata: {name: pool-limit}
            spec:
              enforcement: hard
              match: {mutating: true, phases: [execute]}
              params: {maxUnavailable: \(maxUnavailable)}
              variables:
              - name: others
                expression: "occupied.filter(o, o.pool == node.pool && o.node != node.name)"
              validations:
              - expression: "variables.others.size() + plan.atOnce <= params.maxUnavailable"
                message: "too many nodes of the pool are under work"
                remedy: "Wait."
            """
        return try PolicySet.load([("grant.yaml", Array(grant.utf8)), ("limit.yaml", Array(limit.utf8))])
    }

    func inventory() throws -> Inventory {
        let nodes = (1...self.nodes).map {
            "  - { name: n\($0), address: 192.0.2.\($0), user: root, roles: [worker] }\n"
        }
        let text = """
            apiVersion: belay/v1
            kind: Inventory
            cluster: { name: sim, environment: staging, kubectl: { host: cp1 } }
            nodes:
              - { name: cp1, address: 192.0.2.100, user: root, roles: [control-plane], pool: control }
            \(nodes.joined())
            """
        return try Inventory.parse(Array(text.utf8), file: "inventory.yaml")
    }
}
