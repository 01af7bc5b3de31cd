/// A saved plan: everything a run will do, fixed before anyone approves it (law 4).
///
/// Its identity is the SHA-256 of its file's bytes. Apply is described entirely by it, never by flags given later.
public struct Plan: Codable, Sendable, Hashable {
    /// `belay/v1`.
    public var apiVersion = Plan.apiVersion
    /// `Plan`.
    public var kind = "Plan"
    /// The id of the run it will become; also part of unit names on the nodes: `[a-z0-9-]`.
    public var id: String
    /// When it was made.
    public var createdAt: Timestamp
    /// After this it cannot be applied.
    public var expiresAt: Timestamp
    /// Who asks: the principal of the key that signs it.
    public var requester: String
    /// Why, in the requester's words; nil when that was not said.
    public var reason: String?
    /// What will be run.
    public var runbook: RunbookReference
    /// The run this plan rolls back; nil for a plan of a runbook.
    public var rollsBack: String?
    /// How long what it leaves may stay in place once it has ended; nil for good.
    public var temporarySeconds: Int?
    /// What its nodes have to do with that by themselves; nil for nothing.
    public var onNode: OnNode?
    /// The runbook's parameters as bound.
    public var parameters: [String: ParameterValue]
    /// Those of them that are secrets; nil when none is.
    public var secretParameters: [String]?
    /// The cluster its targets belong to.
    public var cluster: ClusterReference
    /// The log it may be spent in.
    public var log: LogReference
    /// Digest of the effective policy set it was judged by.
    public var policySet: String
    /// What happens to a node whose step fails.
    public var onFailure: OnFailure
    /// How the nodes are gone through.
    public var strategy: Strategy
    /// The targets, in the order they are run.
    public var nodes: [NodePlan]

    /// The version of the format.
    public static let apiVersion = "belay/v1"

    /// Collects the parts.
    public init(
        id: String, createdAt: Timestamp, expiresAt: Timestamp, requester: String, reason: String? = nil,
        runbook: RunbookReference, rollsBack: String? = nil, temporarySeconds: Int? = nil, onNode: OnNode? = nil,
        parameters: [String: ParameterValue], secretParameters: [String]? = nil, cluster: ClusterReference,
        log: LogReference, policySet: String,
        onFailure: OnFailure, strategy: Strategy = Strategy(), nodes: [NodePlan]
    ) {
        self.id = id
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.requester = requester
        self.reason = reason
        self.runbook = runbook
        self.rollsBack = rollsBack
        self.temporarySeconds = temporarySeconds
        self.onNode = onNode
        self.parameters = parameters
        self.secretParameters = secretParameters
        self.cluster = cluster
        self.log = log
        self.policySet = policySet
        self.onFailure = onFailure
        self.strategy = strategy
        self.nodes = nodes
    }
}

extension Plan {
    /// How many nodes are worked on at once, at most.
    var atOnce: Int { strategy.waves(of: nodes.count).map(\.count).max() ?? 0 }

    /// The values that are kept out of the log and off the screen.
    public var secrets: [String] { (secretParameters ?? []).compactMap { parameters[$0]?.text } }
}

/// Which runbook, by content.
public struct RunbookReference: Codable, Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its title.
    public var title: String
    /// Its author as the file says.
    public var author: String
    /// SHA-256 of the file's bytes.
    public var digest: String

    /// Names a runbook.
    public init(name: String, title: String, author: String, digest: String) {
        self.name = name
        self.title = title
        self.author = author
        self.digest = digest
    }
}

/// Which cluster, as the inventory says.
public struct ClusterReference: Codable, Sendable, Hashable {
    /// Its name.
    public var name: String
    /// `production`, `staging`, …: what policies match on.
    public var environment: String

    /// Names a cluster.
    public init(name: String, environment: String) {
        self.name = name
        self.environment = environment
    }
}

/// Which audit log: a plan cannot be spent in another one.
public struct LogReference: Codable, Sendable, Hashable {
    /// The log's origin line.
    public var origin: String
    /// The log's public key as a vkey.
    public var key: String

    /// Names a log.
    public init(origin: String, key: String) {
        self.origin = origin
        self.key = key
    }
}

/// What happens when a step of a node fails.
public enum OnFailure: String, Codable, Sendable, CaseIterable {
    /// The failing node is rolled back; when the failure budget is used up, the run stops.
    case rollback
    /// As `rollback`; when the budget is used up, every node of the run is rolled back, in reverse.
    case rollbackAll = "rollback-all"
    /// The run stops and leaves the node as it is (under a dead-man it is rolled back all the same).
    case stop
}

/// What will be done to one node.
public struct NodePlan: Codable, Sendable, Hashable {
    /// Its name in the inventory.
    public var name: String
    /// Who it is: compared again before anything is written; nil when no step runs on the node itself.
    public var identity: NodeIdentity?
    /// Where its cluster steps run and the API is asked; nil when there is no such place.
    public var host: HostPlan?
    /// The kubeconfig there, nil without such a place.
    public var kubeconfig: String?
    /// Its name in Kubernetes.
    public var kubernetesName: String
    /// Its roles as the inventory says.
    public var roles: [String]
    /// Its pool as the inventory says.
    public var pool: String
    /// What must hold when its turn comes.
    public var preconditions: [CheckPlan]
    /// The steps, in order.
    public var steps: [StepPlan]
    /// Checks over all steps together, after the last.
    public var verify: [CheckPlan]
    /// The units whose facts the checks read.
    public var services: [String]
    /// Seconds until the node reverts by itself; nil when no step can cut its path.
    public var deadManSeconds: Int?
    /// Whether it also reverts at its next boot, since the effect of a path-cutting step outlives one.
    public var deadManAtBoot: Bool

    /// Collects the parts.
    public init(
        name: String, identity: NodeIdentity?, host: HostPlan? = nil, kubeconfig: String? = nil,
        kubernetesName: String? = nil, roles: [String], pool: String,
        preconditions: [CheckPlan] = [], steps: [StepPlan], verify: [CheckPlan], services: [String],
        deadManSeconds: Int?, deadManAtBoot: Bool = false
    ) {
        self.name = name
        self.identity = identity
        self.host = host
        self.kubeconfig = kubeconfig
        self.kubernetesName = kubernetesName ?? name
        self.preconditions = preconditions
        self.roles = roles
        self.pool = pool
        self.steps = steps
        self.verify = verify
        self.services = services
        self.deadManSeconds = deadManSeconds
        self.deadManAtBoot = deadManAtBoot
    }

    /// How long the lease is asked for: twice what everything may take, since all of it may have to be undone.
    public var leaseSeconds: Int {
        2 * (steps.reduce(0) { $0 + $1.timeoutSeconds } + allChecks().reduce(0) { $0 + $1.withinSeconds })
            + (deadManSeconds ?? 0) + 300
    }

    /// Who answers for a place; nil when nothing of the plan runs there.
    public func host(at place: Place) -> HostPlan? {
        switch place {
        case .node: identity.map { HostPlan(name: name, identity: $0) }
        case .cluster: host
        }
    }

    /// Whether any expression needs to know what the cluster's API says of the node.
    public var asksCluster: Bool {
        let checks = (preconditions + allChecks()).map(\.expression)
        return (checks + steps.compactMap(\.when)).contains { $0.contains("kubernetes") }
    }

    /// Where a write goes.
    public func place(of write: Write) -> Place {
        switch write {
        case .acquireLease(let place, _), .releaseLease(let place): place
        case .apply(let step), .undo(let step): steps[step].place
        case .armDeadMan, .disarmDeadMan, .fireDeadMan, .armReturn, .takeReturn: .node
        }
    }

    /// All checks: of every step that is not left out, then of the whole.
    public func allChecks(without skipped: Set<Int> = []) -> [CheckPlan] {
        steps.indices.filter { !skipped.contains($0) }.flatMap { steps[$0].verify } + verify
    }
}

/// A machine that runs steps: the target, or the execution host of its cluster steps.
public struct HostPlan: Codable, Sendable, Hashable {
    /// Its name in the inventory.
    public var name: String
    /// Who it is.
    public var identity: NodeIdentity
    /// Where records lie there, nil for ``NodeRecord/root``.
    public var records: String?

    /// Names a machine.
    public init(name: String, identity: NodeIdentity, records: String? = nil) {
        self.name = name
        self.identity = identity
        self.records = records
    }

    /// The operator's machine, which nobody reaches over SSH.
    /// - Parameter records: a folder of the operator's, nil for root.
    public static func local(machineID: String, records: String?) -> HostPlan {
        let identity = NodeIdentity(address: "local", hostKey: "local", machineID: machineID)
        return HostPlan(name: "local", identity: identity, records: records)
    }

    /// True for the operator's machine.
    public var isLocal: Bool { identity.hostKey == "local" }
}

/// What makes a node that node.
public struct NodeIdentity: Codable, Sendable, Hashable {
    /// Address and port that were dialled.
    public var address: String
    /// Fingerprint of the host key it proved, `SHA256:…`.
    public var hostKey: String
    /// `/etc/machine-id`.
    public var machineID: String

    /// Collects the parts.
    public init(address: String, hostKey: String, machineID: String) {
        self.address = address
        self.hostKey = hostKey
        self.machineID = machineID
    }
}

/// One step on one node.
public struct StepPlan: Codable, Sendable, Hashable {
    /// Its name in the runbook.
    public var name: String
    /// The action's name.
    public var action: String
    /// Its arguments.
    public var arguments: Arguments
    /// How far it can be undone.
    public var reversibility: Reversibility
    /// Where it runs.
    public var place: Place
    /// A CEL expression over facts and the steps before it; when it does not hold the step is skipped.
    public var when: String?
    /// True when a step that cannot be begun is skipped instead of failing the node.
    public var optional: Bool
    /// Why it will not run, when that was clear as the plan was made; then nothing below is known.
    public var skipped: String?
    /// True when it runs under the dead-man.
    public var cutsPath: Bool
    /// Set when this step restores what another run found, instead of applying the action.
    public var restores: Observation?
    /// Seconds its commands may take.
    public var timeoutSeconds: Int
    /// What was observed when the plan was made.
    public var before: Observation
    /// What it will leave.
    public var prediction: Prediction
    /// The writes; empty = nothing to do.
    public var apply: [Command]
    /// The writes that undo it, from `before`.
    public var undo: [Command]
    /// What must hold afterwards.
    public var verify: [CheckPlan]

    /// Collects the parts.
    public init(
        name: String, action: String, arguments: Arguments, reversibility: Reversibility, place: Place = .node,
        when: String? = nil, optional: Bool = false, skipped: String? = nil, cutsPath: Bool,
        restores: Observation? = nil, timeoutSeconds: Int, before: Observation, prediction: Prediction,
        apply: [Command], undo: [Command], verify: [CheckPlan]
    ) {
        self.name = name
        self.action = action
        self.arguments = arguments
        self.reversibility = reversibility
        self.place = place
        self.when = when
        self.optional = optional
        self.skipped = skipped
        self.cutsPath = cutsPath
        self.restores = restores
        self.timeoutSeconds = timeoutSeconds
        self.before = before
        self.prediction = prediction
        self.apply = apply
        self.undo = undo
        self.verify = verify
    }

    /// The action this step runs, made again from the plan alone.
    public func makeAction() throws(ArgumentError) -> any Action {
        let action = try ActionRegistry.make(action, arguments: arguments)
        return restores.map { Restore(base: action, target: $0) } ?? action
    }
}

/// A CEL expression over facts that must become true within a time.
public struct CheckPlan: Codable, Sendable, Hashable {
    /// The expression.
    public var expression: String
    /// Seconds from the end of the step.
    public var withinSeconds: Int

    /// Collects the parts.
    public init(expression: String, withinSeconds: Int) {
        self.expression = expression
        self.withinSeconds = withinSeconds
    }
}
