public import CEL

/// What a runbook file says: checks, and steps of typed actions, for the nodes it applies to.
///
/// Parsed by ``parse(_:file:)``; given its parameters by ``bind(parameters:)``. Everything the engine cannot do yet is
/// refused when the file is read, never ignored.
public struct Runbook: Sendable {
    /// The file's name as it was given to the parser.
    public var file: String
    /// SHA-256 of the file's bytes, lower-case hex: what plans and policies pin.
    public var digest: String
    /// Who it is.
    public var metadata: Metadata
    /// What it can be given, in the order of the file.
    public var parameters: [Parameter]
    /// Which nodes it is for.
    public var targets: Targets
    /// What must be true of a node before anything is changed on it.
    public var preconditions: [Precondition]
    /// What it does, in order.
    public var steps: [Step]
    /// What must be true of a node when all steps are done.
    public var verify: [Verification]
    /// The dead-man switch asked for, nil to leave it to the planner's own rule.
    public var deadMan: DeadMan?
    /// What happens when a step or a check fails.
    public var onFailure: OnFailure
    /// How more than one node is gone through.
    public var strategy: Strategy
    /// How long what a run of it leaves may stay in place, nil for good.
    public var temporary: Duration?
    /// Whether the nodes also give it back by themselves.
    public var returnsOnNode: Bool

    /// Who a runbook is.
    public struct Metadata: Sendable, Hashable {
        /// Its name, unique among runbooks.
        public var name: String
        /// One line that says what it does.
        public var title: String
        /// The layer it works on.
        public var layer: Layer
        /// The symptoms that lead to it, in triage's words.
        public var symptoms: [String]
        /// Who wrote it: an approver must be somebody else.
        public var author: String
        /// When to use it and what to expect; may have several lines.
        public var description: String
    }

    /// The layer of the system a runbook works on.
    public enum Layer: String, Codable, Sendable, CaseIterable {
        /// Workloads.
        case application
        /// Cluster services: DNS, CNI, kube-proxy.
        case kubernetes
        /// API server, etcd, scheduler, controller manager.
        case controlPlane = "control-plane"
        /// kubelet, runtime and the operating system of one node.
        case node
        /// Network, disks, machines.
        case infrastructure
        /// The agents of a management platform.
        case management
    }

    /// Which nodes a runbook is for.
    public struct Targets: Sendable, Hashable {
        /// A node needs one of these roles; empty = any node.
        public var roles: Set<String>
        /// The most nodes one plan may have.
        public var max: Int
    }

    /// A condition on facts that must hold before the run.
    public struct Precondition: Sendable {
        /// The expression.
        public var condition: Condition
        /// What it means when it is false.
        public var message: String
    }

    /// A condition on facts that must become true after a change.
    public struct Verification: Sendable {
        /// The expression.
        public var condition: Condition
        /// What must be true for it to be asked at all, nil for always.
        public var when: Condition?
        /// How long to wait for it; zero = it must be true at once.
        public var within: Duration
    }

    /// One use of an action.
    public struct Step: Sendable {
        /// Its name, unique in the runbook.
        public var name: String
        /// The action's name in ``ActionRegistry``.
        public var action: String
        /// The arguments with their parameters still to be filled in.
        public var arguments: ArgumentTemplates
        /// How long its commands may take together.
        public var timeout: Duration
        /// What must become true before the next step.
        public var verify: [Verification]
        /// When it is run at all, nil for always.
        public var when: Condition?
        /// Whether it is left out, instead of failing the node, when it cannot be begun.
        public var optional: Bool
        /// Where the step begins in the file.
        public var location: SourceLocation
    }

    /// A dead-man switch.
    public struct DeadMan: Sendable, Hashable {
        /// From arming to the node reverting by itself.
        public var delay: Duration
    }
}

/// A CEL expression over `facts` and `parameters`, compiled when its file was read, with the place it was written at.
public struct Condition: Sendable {
    /// The compiled expression; its text is ``CEL/Program/source``.
    public var program: Program
    /// Where the expression begins.
    public var location: SourceLocation
}
