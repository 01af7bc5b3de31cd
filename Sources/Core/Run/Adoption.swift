/// What a run left on a target and on the execution host, read from there by an executor whose log has never heard of it.
public struct AdoptedRecord: Codable, Sendable, Hashable {
    /// One place's record.
    public struct Piece: Codable, Sendable, Hashable {
        /// Which place it is.
        public var place: Place
        /// The machine that was read: by the name of the reader's inventory, as it proved itself to the reader.
        public var host: HostPlan
        /// What lay there.
        public var contents: RecordContents

        /// Collects the parts.
        public init(place: Place, host: HostPlan, contents: RecordContents) {
            self.place = place
            self.host = host
            self.contents = contents
        }
    }

    /// A place that the run had given back already.
    public struct Ending: Codable, Sendable, Hashable {
        /// Which place it is.
        public var place: Place
        /// In which state it was given back.
        public var verdict: Resolution.Verdict
        /// By whom.
        public var by: String

        /// Collects the parts.
        public init(place: Place, verdict: Resolution.Verdict, by: String) {
            self.place = place
            self.verdict = verdict
            self.by = by
        }
    }

    /// The run, as the plan and the records name it.
    public var run: String
    /// The target, by its name in the plan and the reader's inventory.
    public var node: String
    /// What was found, one piece a place.
    public var pieces: [Piece]
    /// What had been given back: leases go back one after the other, once the whole node was verified or undone.
    public var endings: [Ending]

    /// Collects the parts.
    public init(run: String, node: String, pieces: [Piece], endings: [Ending] = []) {
        self.run = run
        self.node = node
        self.pieces = pieces
        self.endings = endings
    }

    /// SHA-256 of the whole plan's bytes, as the places say; the reader cannot check it, for it has only a part.
    public var planSha256: String { pieces.lazy.compactMap(\.contents.planSha256).first ?? "" }

    /// Whether every place has a digest: it is part of a file's name on whatever machine the lease is taken.
    public var hasDigest: Bool { pieces.allSatisfy { $0.contents.planSha256?.isHex(64...64) == true } }
}

extension AdoptedRecord {
    /// The plan of what was found, and of nothing else.
    ///
    /// A record was written by a machine that may be anybody's by now, so it decides about that machine alone: a target's own
    /// record gives no cluster steps to run elsewhere, and who a machine is says the connection and not the record.
    /// - Throws: ``ObservationError`` when a record does not fit its place.
    public func plan() throws(ObservationError) -> Plan {
        guard let first = pieces.first else { throw Self.misfit("there is no record of it") }
        var plan = try part(of: first)
        for piece in pieces.dropFirst() {
            let other = try part(of: piece)
            guard other.nodes != plan.nodes || piece.contents.planSha256 != planSha256 else { continue }
            throw Self.misfit("\(first.host.name) and \(piece.host.name) have different plans of it")
        }
        (plan.strategy, plan.onFailure, plan.rollsBack) = (Strategy(), .rollback, nil)
        if let seconds = plan.temporarySeconds, !Temporary.seconds.contains(seconds) { plan.temporarySeconds = nil }
        if plan.temporarySeconds == nil || plan.onNode == .takes { plan.onNode = nil }
        plan.nodes[0].identity = host(at: .node)?.identity
        plan.nodes[0].host = host(at: .cluster)
        if plan.nodes[0].host == nil { plan.nodes[0].kubeconfig = nil }
        for index in plan.nodes[0].steps.indices where host(at: plan.nodes[0].steps[index].place) == nil {
            plan.nodes[0].steps[index].skipped = "its place has no record of it, or could not be read"
        }
        return plan
    }

    private func host(at place: Place) -> HostPlan? { pieces.first { $0.place == place }?.host }

    private func part(of piece: Piece) throws(ObservationError) -> Plan {
        guard let bytes = piece.contents.plan?.bytes, let plan = try? JSON.decode(Plan.self, from: bytes),
            plan.apiVersion == Plan.apiVersion
        else { throw Self.misfit("the plan on \(piece.host.name) is not one that this version reads") }
        guard plan.id == run, piece.contents.run == run, plan.nodes.count == 1, let planned = plan.nodes.first else {
            throw Self.misfit("the plan on \(piece.host.name) is of another run")
        }
        guard planned.name == node else {
            throw Self.misfit("the plan on \(piece.host.name) calls the node '\(Printable.escape(planned.name))'")
        }
        let machineID = piece.place == .node ? planned.identity?.machineID : planned.host?.identity.machineID
        guard machineID == piece.host.identity.machineID else {
            throw Self.misfit("the plan on \(piece.host.name) was made for another machine")
        }
        guard hasDigest else { throw Self.misfit("\(piece.host.name) has no digest of the plan") }
        guard planned.isSane else { throw Self.misfit("the plan on \(piece.host.name) has limits that no plan has") }
        return plan
    }

    private static func misfit(_ what: String) -> ObservationError {
        ObservationError(
            "the record cannot be recovered from: \(what)",
            remedy: "Recover where the run's log is, or look at \(NodeRecord.root) on the machine by hand.")
    }
}

extension NodePlan {
    // Sums over a plan that a node wrote must not overflow.
    fileprivate var isSane: Bool {
        let day = 0...86_400
        return steps.count <= RecordContents.stepLimit && steps.allSatisfy { day.contains($0.timeoutSeconds) }
            && (preconditions + allChecks()).allSatisfy { day.contains($0.withinSeconds) }
            && deadManSeconds.map { (0...8 * 86_400).contains($0) } != false
    }
}

extension RunState {
    /// A run as its records have it: the same fold, over the events that must have left what was found.
    ///
    /// What follows is a recovery: the state was verified by nobody that this log knows, so the node goes back; unless one of
    /// its leases had gone back already, which says in which state the whole of it was.
    /// - Parameter id: the run's name in the reader's log.
    /// - Throws: ``ObservationError`` when the records cannot have been left by a run of their plan.
    public init(adopting record: AdoptedRecord, as id: String) throws(ObservationError) {
        let plan = try record.plan()
        do {
            try self.init(plan: plan, id: id)
            try apply(.started(holder: record.holder), node: nil)
            try apply(.wave(0), node: nil)
            for event in try record.events(plan.nodes[0]) { try apply(event, node: record.node) }
        } catch let error as ObservationError {
            throw error
        } catch {
            throw ObservationError(
                "the records of run \(record.run) do not fit together: \(error)",
                remedy: "Recover where the run's log is, or look at the machines by hand.")
        }
    }
}

extension AdoptedRecord {
    /// Who ran it, as the leases say.
    public var holder: String {
        pieces.lazy.compactMap(\.contents.lease).first { $0.run == run }?.holder ?? "unknown"
    }

    fileprivate func events(_ plan: NodePlan) throws -> [Event] {
        var events = pieces.flatMap { leaseEvents($0) }
        events += endings.flatMap { ending in
            let write = Write.acquireLease(ending.place, recovering: true)
            return [.intent(Intent(write)), .outcome(write, .ended(ending.verdict, by: ending.by))] as [Event]
        }
        let found = try steps(of: plan)
        let deadMan = pieces.first { $0.place == .node }?.contents.deadMan
        if let deadMan, deadMan.state != .none {
            events += [.intent(Intent(.armDeadMan)), .outcome(.armDeadMan, .armed)]
        }
        // A dead-man that was settled has ended whatever still ran.
        let settled = settled(deadMan)
        for step in found where step.undoAttempt == nil {
            events += try applied(step, plan, settled.isEmpty && step == found.last)
        }
        events += settled
        for step in found where step.undoAttempt != nil { events += undone(step, step == found.last) }
        if let piece = pieces.first(where: \.contents.isRemade) {
            let why =
                "a reboot took the record on \(piece.host.name), and a recovery made it anew: what had run is not in it"
            events.append(.nodeState(.needsPerson, reason: why))
        }
        return events
    }

    private func leaseEvents(_ piece: Piece) -> [Event] {
        let write = Write.acquireLease(piece.place, recovering: false)
        let epoch = max(piece.contents.epoch, 1)
        return [
            .intent(Intent(write)), .outcome(write, .granted(epoch: epoch, inMemory: piece.contents.isInMemory)),
        ]
    }

    // In the order in which they ran: one after the other, whatever their place, and undone newest first.
    private func steps(of plan: NodePlan) throws -> [RecordContents.Step] {
        var found: [RecordContents.Step] = []
        for piece in pieces {
            for step in piece.contents.steps where step.boot != nil {
                guard plan.steps.indices.contains(step.index), plan.steps[step.index].place == piece.place else {
                    throw Self.misfit("\(piece.host.name) has a step \(step.index + 1) that its plan has not")
                }
                found.append(step)
            }
        }
        let applies = found.filter { $0.undoAttempt == nil }.sorted { $0.index < $1.index }
        let undos = found.filter { $0.undoAttempt != nil }
            .sorted { ($1.index, $0.undoAttempt ?? 0) < ($0.index, $1.undoAttempt ?? 0) }
        return applies + undos
    }

    private func applied(_ step: RecordContents.Step, _ plan: NodePlan, _ isLast: Bool) throws -> [Event] {
        guard let bytes = step.before?.bytes, let before = try? JSON.decode(Observation.self, from: bytes) else {
            throw Self.misfit("the state before step \(step.index + 1) is missing or damaged")
        }
        let action = try plan.steps[step.index].makeAction()
        let intent = Intent(.apply(step: step.index), commands: action.apply(before), undo: action.undo(before))
        return [.observed(step: step.index, moment: .before, before), .intent(intent)] + outcome(step, intent, isLast)
    }

    private func undone(_ step: RecordContents.Step, _ isLast: Bool) -> [Event] {
        let intent = Intent(.undo(step: step.index))
        return [.intent(intent)] + outcome(step, intent, isLast)
    }

    // What has no result yet is looked up on the node, if it is the last thing that was begun.
    private func outcome(_ step: RecordContents.Step, _ intent: Intent, _ isLast: Bool) -> [Event] {
        if let status = step.status {
            let answer = NodeAnswer.done(status: status, failedAt: max(0, step.at ?? 0), output: step.output)
            return [.outcome(intent.write, answer)]
        }
        return isLast ? [] : [.outcome(intent.write, .lost(rebooted: false))]
    }

    // One that fired and has no result is still at it: it is asked for, as one that is armed.
    private func settled(_ deadMan: RecordContents.DeadMan?) -> [Event] {
        guard let deadMan, let machine = pieces.first(where: { $0.place == .node })?.contents.machine else { return [] }
        switch deadMan.state {
        case .won: return [.intent(Intent(.disarmDeadMan)), .outcome(.disarmDeadMan, .won)]
        case .fired:
            guard let status = deadMan.status else { return [] }
            let answer = NodeAnswer.reverted(
                status: status, rebooted: deadMan.boot != machine.boot, output: deadMan.output)
            return [.intent(Intent(.fireDeadMan)), .outcome(.fireDeadMan, answer)]
        case .none, .armed: return []
        }
    }
}
