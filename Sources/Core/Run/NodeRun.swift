/// One node's part of a run: what the log says has happened to it, and nothing else.
///
/// It only remembers; `NodeRun+Forward` and `NodeRun+Rollback` say what follows from it.
public struct NodeRun: Sendable {
    /// The node's part of the plan.
    public let plan: NodePlan
    /// Where it stands.
    public private(set) var state = NodeState.waiting
    /// Why it stands there; the sentence of the last `nodeState`.
    public private(set) var reason = ""
    /// Its leases: at the target, and on the execution host of its cluster steps.
    public private(set) var holds: [Place: Hold] = [:]
    /// An intent of this executor without an outcome: to be sent.
    public private(set) var open: Intent?
    /// An intent of an earlier executor without an outcome: to be looked up.
    public private(set) var unresolved: Write?
    /// Set once an executor after the first took the run over.
    public private(set) var recovering = false
    /// Set when the node rebooted while its dead-man was armed: what differs now is the reboot's doing, and ours to settle.
    public private(set) var rebooted = false
    /// What became of the dead-man.
    public private(set) var deadMan = DeadMan.none
    /// What became of the way back that the node has by itself.
    public private(set) var ownReturn = OwnReturn.none
    /// What the policies said when its turn came; nil until asked.
    public private(set) var judgement: [Finding]?
    /// What the preconditions said when its turn came; nil until asked.
    public private(set) var admission: [String]?
    /// The steps.
    public private(set) var steps: [StepRun]
    /// What the checks over the whole node said; nil until made.
    public private(set) var verifyFailures: [String]?
    /// The places that cannot be reached by this executor, and why.
    public private(set) var unreachable: [Place: String] = [:]
    /// Set when a step or a precondition was stale: how the rollback that follows ends.
    public private(set) var isStale = false
    /// What a person has vouched for, last.
    public private(set) var resolution: Resolution?
    /// Set when the node had reverted by the time that somebody's word, as `after`, was to disarm its dead-man.
    public private(set) var isBelied = false
    /// What the node refused to this executor, and why.
    public private(set) var refusals: [Write: String] = [:]

    /// What the node has to do with a temporary run's way back.
    let onNode: OnNode?
    let actions: [any Action]
    /// Place and subject of each step, to tell which look at the same thing.
    let subjects: [String]

    /// What became of the dead-man switch of this node.
    public enum DeadMan: Sendable, Hashable {
        case none, armed, won
        /// The node undid its path-cutting steps; false when one of its undos failed.
        case reverted(clean: Bool)
    }

    /// What became of the way back that the node has by itself.
    public enum OwnReturn: Sendable, Hashable {
        case none
        /// It was asked for, and may be armed.
        case mayBeArmed
        case armed
        /// It is decided: an executor has it, or the node was faster.
        case settled(NodeReturnStanding)

        /// Whether the node may still give it back by itself.
        public var isOpen: Bool { self == .mayBeArmed || self == .armed }
    }

    /// A lease at one place, as far as the log tells.
    public struct Hold: Sendable, Hashable {
        /// The epoch while this executor holds it.
        public var epoch: Int?
        /// It was granted to this run at some time: nothing is ever sent to a place without that.
        public var wasGranted = false
        /// The last epoch that was granted, to any executor.
        public var lastEpoch = 0
        /// Whether the record lies in memory, where a reboot takes it and the lease.
        public var isInMemory = false
        /// It was given back.
        public var released = false
        /// Set when the node says that the run was ended there from another log.
        public var endedElsewhere: Ending?
        /// Its disk was full when something was to be undone; the lease is to be taken in memory.
        var lacksDisk = false
        var wasAsked = false
        var releaseWasSent = false
    }

    /// A node of a plan at its beginning.
    /// - Throws: ``ArgumentError`` when the plan names an action this build does not have.
    init(plan: NodePlan, onNode: OnNode? = nil) throws(ArgumentError) {
        (self.plan, self.onNode) = (plan, onNode)
        actions = try plan.steps.map { (step) throws(ArgumentError) in try step.makeAction() }
        subjects = actions.map { "\($0.place.rawValue) \($0.subject)" }
        steps = plan.steps.map { _ in StepRun() }
    }

    /// The lease's epoch at a place while this executor holds it.
    public func epoch(at place: Place) -> Int? { holds[place]?.epoch }

    /// The fence its writes at a place carry.
    public func fence(run: String, at place: Place) -> NodeRecord.Fence {
        NodeRecord.Fence(
            run: run, epoch: epoch(at: place) ?? 0, target: target(at: place), folder: plan.host(at: place)?.records)
    }

    /// The target of a record that lies on another host, nil for the node's own.
    func target(at place: Place) -> String? { place == .node ? nil : plan.name }

    /// Where a write goes.
    public func place(of write: Write) -> Place { plan.place(of: write) }

    /// Whether every step on the node itself frees disk, so that a full disk must not keep it from beginning.
    public var freesDisk: Bool {
        let own = actions.filter { $0.place == .node }
        return !own.isEmpty && own.allSatisfy(\.freesDisk)
    }

    /// Folds one event about this node.
    mutating func apply(_ event: Event) throws(IllegalEvent) {
        if case .resolved(let signed) = event { return try resolve(signed) }
        guard !state.isFinal else { throw IllegalEvent("an event after node \(plan.name) ended as \(state.rawValue)") }
        switch event {
        case .intent(let intent): try begin(intent)
        case .outcome(let write, let answer): try end(write, answer)
        case .judged(let findings): judgement = findings
        case .admitted(let failures): (admission, isStale) = (failures, isStale || !failures.isEmpty)
        case .evaluated(let step, let holds, let why):
            try at(step) { $0.condition = StepRun.Condition(holds: holds, reason: why) }
        case .skipped(let step, let why): try at(step) { $0.skipped = why }
        case .observed(let step, let moment, let observation): try at(step) { $0.observed(observation, moment) }
        case .unobservable(let step, _, let why): try at(step) { $0.blind = why }
        case .unchanged(let step): try at(step) { $0.applied = .unchanged }
        case .verified(let step?, let failures): try at(step) { $0.verifyFailures = failures }
        case .verified(nil, let failures): verifyFailures = failures
        case .stale(let step, let differences):
            try at(step) { $0.differences = differences }
            isStale = true
        case .conflict(let step, let differences): try at(step) { $0.differences = differences }
        case .nodeState(let next, let why): turn(next, why)
        case .unreachable(let place, let cause): lost(place, cause)
        case .started, .recovering, .wave, .finished, .resolved: throw IllegalEvent("a run's event on a node")
        }
    }

    // A lease on the execution host that was asked for and not answered keeps nobody from going on without that host: nothing
    // was run there, and a later run takes the lease over.
    private mutating func lost(_ place: Place, _ cause: String) {
        unreachable[place] = cause
        if open?.write == .acquireLease(.cluster, recovering: false) || state == .resolving { open = nil }
    }

    // Nothing that was open is looked up any more: the person's word is about what became of it.
    private mutating func resolve(_ signed: SignedResolution) throws(IllegalEvent) {
        guard mayBeResolved else { throw IllegalEvent("a resolution of node \(plan.name), which needs none") }
        guard let word = try? Resolution(bytes: signed.statement.bytes), word.node == plan.name else {
            throw IllegalEvent("a resolution that is not about node \(plan.name)")
        }
        (resolution, state, isBelied) = (word, .resolving, false)
        takeOver()
        unresolved = nil
    }

    private mutating func turn(_ next: NodeState, _ why: String) {
        (state, reason) = (next, why)
        for index in steps.indices { steps[index].blind = nil }
        // What could not be reached on the way there may be needed on the way back: it is tried again.
        unreachable[.cluster] = nil
    }

    /// Another executor goes on: what was open may or may not have been sent, and the leases must be taken anew.
    mutating func takeOver() {
        guard !state.isFinal, state != .waiting else { return }
        (recovering, unreachable, refusals) = (true, [:], [:])
        for place in holds.keys { holds[place]?.epoch = nil }
        for index in steps.indices {
            steps[index].blind = nil
            // Hours may lie between: what somebody did meanwhile must be seen before it is undone (law 6), and what became
            // of the node before it is called verified.
            if steps[index].undone == nil { steps[index].beforeUndo = nil }
            steps[index].isAfterOld = steps[index].after != nil
        }
        let pending = open?.write ?? unresolved
        (open, unresolved) = (nil, nil)
        switch pending {
        case .apply?, .undo?: unresolved = pending
        // Disarming again is harmless: the token was won, lost, or never there, and the node says which.
        case .armDeadMan?, .disarmDeadMan?, .fireDeadMan?: deadMan = .armed
        case .armReturn?, .takeReturn?, .acquireLease?, .releaseLease?, nil: break
        }
        // Its time may have come since: the node is asked before anything is built on it.
        if ownReturn == .armed { ownReturn = .mayBeArmed }
    }

    private mutating func begin(_ intent: Intent) throws(IllegalEvent) {
        guard open == nil else { throw IllegalEvent("two intents open at once on \(plan.name)") }
        if let step = intent.write.step { try at(step) { $0.began(intent) } }
        open = intent
        if state == .waiting { state = .running }
        switch intent.write {
        case .acquireLease(let place, _): holds[place, default: Hold()].wasAsked = true
        case .releaseLease(let place): holds[place, default: Hold()].releaseWasSent = true
        case .armReturn: ownReturn = .mayBeArmed
        default: break
        }
    }

    private mutating func end(_ write: Write, _ answer: NodeAnswer) throws(IllegalEvent) {
        guard open?.write == write || unresolved == write else { throw IllegalEvent("an outcome without its intent") }
        let wasTakenOver = open?.write != write
        if wasTakenOver { unresolved = nil } else { open = nil }
        // A reboot took the lease with the record, and what the step did may still be there: the run goes on as recovered.
        let place = place(of: write)
        if holds[place]?.isInMemory == true, answer == .lost(rebooted: true) || answer == .refused("lease none") {
            holds[place]?.epoch = nil
            holds[place]?.isInMemory = false
            (recovering, rebooted) = (true, true)
            if case .refused = answer { return }
        }
        switch (write, answer) {
        case (.acquireLease(let place, _), .granted(let epoch, let isInMemory)): granted(place, epoch, isInMemory)
        case (_, .ended(let verdict, let by)):
            if case .apply(let step) = write { try at(step) { $0.applied = .neverBegan } }
            ended(place, Ending(verdict: verdict, by: by))
        case (.armDeadMan, .armed): deadMan = .armed
        // Its answer was lost, with a reboot or for long, and it has fired since: the node is on its way back.
        case (.armDeadMan, .refused("fired")): (deadMan, refusals[write]) = (.armed, "it has fired")
        case (.disarmDeadMan, .won), (.fireDeadMan, .won): deadMan = .won
        case (.disarmDeadMan, .lost), (.fireDeadMan, .lost): (deadMan, rebooted) = (.won, true)
        case (.disarmDeadMan, .reverted(let status, let rebooted, _)),
            (.fireDeadMan, .reverted(let status, let rebooted, _)):
            deadMan = .reverted(clean: status == 0)
            isBelied = state == .resolving && resolution?.verdict == .after
            self.rebooted = self.rebooted || rebooted
        case (.disarmDeadMan, .noDeadMan), (.fireDeadMan, .noDeadMan): deadMan = .none
        case (.armReturn, .ownReturn(.armed)): ownReturn = .armed
        // While it is at it the node does what the way back of its own run does, too; another run has to wait for it.
        case (.takeReturn, .ownReturn(let standing))
        where standing.isSettled || standing == .none || onNode == .returns:
            ownReturn = .settled(standing)
        case (.releaseLease(let place), .released): holds[place]?.released = true
        case (.apply(let step), _): try at(step) { $0.applied = Applied(answer) }
        case (.undo(let step), _):
            try at(step) {
                $0.undone = Applied(answer)
                if wasTakenOver, answer == .absent { $0.undosCutOff += 1 }
            }
            if answer == .refused("disk") { moveToMemory(place) }
        case (_, .refused(let why)): refused(write, why)
        case (_, .ownReturn(let standing)): refused(write, standing.words)
        default: refused(write, "the node answered \(answer)")
        }
    }

    private mutating func granted(_ place: Place, _ epoch: Int, _ isInMemory: Bool) {
        holds[place]?.epoch = epoch
        holds[place]?.lastEpoch = epoch
        holds[place]?.isInMemory = isInMemory
        holds[place]?.wasGranted = true
    }

    // The disk filled up since: who takes the lease anew, as a recovery, may have it in memory, and undoes from there.
    private mutating func moveToMemory(_ place: Place) {
        guard holds[place]?.isInMemory == false else { return }
        holds[place]?.epoch = nil
        holds[place]?.lacksDisk = true
    }

    private mutating func ended(_ place: Place, _ ending: Ending) {
        holds[place]?.released = true
        // Our own release may have been what ended it: then it says what we said.
        if holds[place]?.releaseWasSent == true, ending.verdict == releasedAs { return }
        holds[place]?.endedElsewhere = ending
        if place == .node { deadMan = .none }
        if let pending = unresolved, self.place(of: pending) == place { unresolved = nil }
    }

    // A lease refused to one who recovers a run that had already been giving it back: that run had ended on the node, and
    // somebody else works there now.
    private mutating func refused(_ write: Write, _ why: String) {
        if case .acquireLease(let place, recovering: true) = write, holds[place]?.releaseWasSent == true,
            Self.isTaken(why)
        {
            holds[place]?.released = true
        } else {
            refusals[write] = why
        }
    }

    private mutating func at(_ step: Int, _ change: (inout StepRun) -> Void) throws(IllegalEvent) {
        guard steps.indices.contains(step) else { throw IllegalEvent("step \(step) is not in the plan") }
        change(&steps[step])
    }
}
