/// One script for a machine, still as what it asks for. A real machine runs its text; a simulated one answers the request.
public struct NodeScript: Sendable {
    /// What a script asks of a machine.
    public enum Request: Sendable {
        /// Take a lease.
        case acquireLease(LeaseRequest)
        /// End the run there, in a state and by an executor, and give the lease back.
        case releaseLease(NodeRecord.Fence, as: Resolution.Verdict, by: String)
        /// Arm the dead-man.
        case armDeadMan(NodeRecord.Fence, seconds: Int, atBoot: Bool)
        /// Win the dead-man's token.
        case disarmDeadMan(NodeRecord.Fence)
        /// Let the dead-man fire now.
        case fireDeadMan(NodeRecord.Fence)
        /// Start a step, unless it ever was, and wait for its result.
        case start(StepScript, StepRequest)
        /// Say what became of a step.
        case lookUp(StepScript)
        /// Have the machine give a run back by itself, so many seconds from now.
        case armReturn(NodeRecord.Fence, NodeReturn, seconds: Int)
        /// Take that from it.
        case takeReturn(run: String, by: String)
        /// Say how that stands.
        case lookAtReturn(run: String)
        /// Remove what is left of one that is settled.
        case forgetReturn(run: String)
        /// Read.
        case read(ReadScript)
    }

    /// What is asked.
    public var request: Request
    /// How long it may take on the machine, in seconds.
    public var seconds: Int
    /// Of a write, which entry of the audit log it is; told to the machine's own journal.
    public var entry: EntryName?

    /// Asks for something.
    public init(_ request: Request, seconds: Int, entry: EntryName? = nil) {
        self.request = request
        self.seconds = seconds
        self.entry = entry
    }

    /// For `/bin/sh`, as root. A write that is sent twice does nothing twice.
    /// - Throws: what encoding the plan threw.
    public func text() throws -> String {
        guard let entry, let run else { return try body() }
        return NodeShell.noting(entry, run: run) + (try body())
    }

    private func body() throws -> String {
        switch request {
        case .acquireLease(let lease): try LeaseScript.acquire(lease)
        case .releaseLease(let fence, let verdict, let holder): LeaseScript.release(fence, as: verdict, by: holder)
        case .armDeadMan(let fence, let seconds, let atBoot):
            DeadManScript.arm(fence, seconds: seconds, atBoot: atBoot)
        case .disarmDeadMan(let fence): DeadManScript.disarm(fence, wait: 60)
        case .fireDeadMan(let fence): DeadManScript.fire(fence, wait: 60)
        case .start(let step, let request): try step.start(request)
        case .lookUp(let step): step.lookup
        case .armReturn(let fence, let request, let seconds):
            NodeReturnScript.arm(fence, request, seconds: seconds)
        case .takeReturn(let run, let holder): NodeReturnScript.take(run: run, by: holder, wait: 60)
        case .lookAtReturn(let run): NodeReturnScript.look(run: run)
        case .forgetReturn(let run): NodeReturnScript.forget(run: run)
        case .read(let script): script.text
        }
    }

    private var run: String? {
        switch request {
        case .acquireLease(let lease): lease.run
        case .releaseLease(let fence, _, _), .armDeadMan(let fence, _, _), .disarmDeadMan(let fence),
            .fireDeadMan(let fence), .armReturn(let fence, _, _):
            fence.run
        case .takeReturn(let run, _), .lookAtReturn(let run), .forgetReturn(let run): run
        case .start(let step, _), .lookUp(let step): step.fence.run
        case .read: nil
        }
    }
}

/// Who asks for a lease, for what, and what may be taken over; see ``LeaseScript``.
public struct LeaseRequest: Sendable {
    /// The run.
    public var run: String
    /// The node it is about, where that is not the machine that is asked.
    public var target: String?
    /// Where records lie there, if not in ``NodeRecord/root``.
    public var folder: String?
    /// SHA-256 of the whole plan's bytes.
    public var planSha256: String
    /// The plan reduced to this node.
    public var plan: Plan
    /// The machine the plan was made for.
    public var machineID: String
    /// Who asks, without spaces.
    public var holder: String
    /// Unguessable, and this executor's alone.
    public var ticket: String
    /// How long the lease lasts, in seconds of the node's monotonic clock.
    public var seconds: Int
    /// Runs that have ended in this log: what they left may be taken over.
    public var settled: [String]
    /// True when the run's own record is being recovered.
    public var recovering: Bool
    /// The last epoch that this log knows of.
    public var above: Int
    /// Whether the record may lie in memory where the disk cannot be written.
    public var mayUseMemory: Bool

    package init(
        run: String, target: String?, folder: String?, planSha256: String, plan: Plan, machineID: String,
        holder: String, ticket: String, seconds: Int, settled: [String], recovering: Bool, above: Int,
        mayUseMemory: Bool
    ) {
        self.run = run
        self.target = target
        self.folder = folder
        self.planSha256 = planSha256
        self.plan = plan
        self.machineID = machineID
        self.holder = holder
        self.ticket = ticket
        self.seconds = seconds
        self.settled = settled
        self.recovering = recovering
        self.above = above
        self.mayUseMemory = mayUseMemory
    }
}

/// What a step's script is to run; see ``StepScript/start(_:undo:before:cutsPath:stopping:)``.
public struct StepRequest: Sendable {
    /// Run in order, each only after the one before it succeeded.
    public var commands: [Command]
    /// Left on the node before the first command runs.
    public var undo: [Command] = []
    /// The observation that `undo` was made from.
    public var before: Observation?
    /// Whether the dead-man must undo it.
    public var cutsPath = false
    /// The names of steps that must be over first.
    public var stopping: [String] = []

    package init(
        commands: [Command], undo: [Command] = [], before: Observation? = nil, cutsPath: Bool = false,
        stopping: [String] = []
    ) {
        self.commands = commands
        self.undo = undo
        self.before = before
        self.cutsPath = cutsPath
        self.stopping = stopping
    }
}

extension LeaseScript {
    static func acquire(_ lease: LeaseRequest) throws -> String {
        acquire(
            run: lease.run, target: lease.target, folder: lease.folder, planSha256: lease.planSha256,
            planJSON: try JSON.encode(lease.plan), machineID: lease.machineID, holder: lease.holder,
            ticket: lease.ticket, seconds: lease.seconds, settled: lease.settled, recovering: lease.recovering,
            above: lease.above, mayUseMemory: lease.mayUseMemory)
    }
}

extension StepScript {
    func start(_ request: StepRequest) throws -> String {
        start(
            request.commands, undo: request.undo, before: try request.before.map { try JSON.encode($0) },
            cutsPath: request.cutsPath, stopping: request.stopping)
    }
}
