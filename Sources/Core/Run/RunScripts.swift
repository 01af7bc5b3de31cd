/// The shell script of each write, made from the run's state alone: what the driver sends is decided here.
extension RunState {
    /// The script that sends an intent.
    /// - Parameters:
    ///   - entry: which entry of the audit log it is, for the node's own journal.
    ///   - holder: names the executor in the node's lease.
    ///   - ticket: unguessable, and this executor's alone.
    ///   - settled: runs that this log says have ended; what they left on the node may be taken over.
    public func script(
        sending intent: Intent, as entry: EntryName? = nil, to node: NodeRun, planSha256: String, holder: String,
        ticket: String, settled: [String] = []
    ) -> NodeScript {
        var script = script(intent, node, planSha256, holder, ticket, settled)
        script.entry = entry
        return script
    }

    private func script(
        _ intent: Intent, _ node: NodeRun, _ planSha256: String, _ holder: String, _ ticket: String, _ settled: [String]
    ) -> NodeScript {
        let place = node.place(of: intent.write)
        let fence = node.fence(run: plan.id, at: place)
        switch intent.write {
        case .acquireLease(_, let recovering):
            var part = plan
            part.nodes = [node.plan]
            let lease = LeaseRequest(
                run: plan.id, target: node.target(at: place), folder: fence.folder, planSha256: planSha256, plan: part,
                machineID: node.plan.host(at: place)?.identity.machineID ?? "", holder: holder, ticket: ticket,
                seconds: node.plan.leaseSeconds, settled: settled + [plan.rollsBack].compactMap(\.self),
                recovering: recovering, above: node.holds[place]?.lastEpoch ?? 0,
                mayUseMemory: recovering || (place == .node && node.freesDisk))
            return NodeScript(.acquireLease(lease), seconds: 40)
        case .armDeadMan:
            let (seconds, atBoot) = (node.plan.deadManSeconds ?? 0, node.plan.deadManAtBoot)
            return NodeScript(.armDeadMan(fence, seconds: seconds, atBoot: atBoot), seconds: 40)
        case .disarmDeadMan: return NodeScript(.disarmDeadMan(fence), seconds: 100)
        case .fireDeadMan: return NodeScript(.fireDeadMan(fence), seconds: 100)
        case .armReturn:
            let request = NodeReturn(steps: (try? node.nodeReturn.get()) ?? [])
            return NodeScript(.armReturn(fence, request, seconds: plan.temporarySeconds ?? 0), seconds: 40)
        case .takeReturn:
            return NodeScript(.takeReturn(run: plan.rollsBack ?? plan.id, by: holder), seconds: 100)
        case .releaseLease:
            return NodeScript(.releaseLease(fence, as: node.releasedAs, by: holder), seconds: 40)
        case .apply(let index):
            let step = unit(of: intent.write, on: node)
            let request = StepRequest(
                commands: intent.commands, undo: intent.undo, before: node.steps[index].before,
                cutsPath: node.plan.steps[index].cutsPath)
            return NodeScript(.start(step, request), seconds: step.seconds + 40)
        case .undo(let index):
            let step = unit(of: intent.write, on: node)
            let earlier = ["apply"] + (1..<max(1, node.steps[index].undoAttempts)).map { "undo\($0)" }
            let request = StepRequest(commands: intent.commands, stopping: earlier.map { Self.name(index, $0) })
            return NodeScript(.start(step, request), seconds: step.seconds + 40 + 40 * earlier.count)
        }
    }

    /// The script that looks up what became of a step.
    public func script(lookingUp write: Write, on node: NodeRun) -> NodeScript {
        let step = unit(of: write, on: node)
        return NodeScript(.lookUp(step), seconds: step.seconds + 40)
    }

    /// The named unit of a step's apply or undo.
    public func unit(of write: Write, on node: NodeRun) -> StepScript {
        let index = write.step ?? 0
        let kind = if case .undo = write { "undo\(node.steps[index].undoAttempts)" } else { "apply" }
        return StepScript(
            fence: node.fence(run: plan.id, at: node.place(of: write)), name: Self.name(index, kind),
            seconds: node.plan.steps[index].timeoutSeconds)
    }

    private static func name(_ index: Int, _ kind: String) -> String {
        "\(index < 10 ? "0" : "")\(index)-\(kind)"
    }

    /// What still differs from before in a step that is being undone; empty when it is back.
    public func remaining(_ observation: Observation, step: Int, on node: NodeRun) -> [Difference] {
        node.remaining(step, observation)
    }
}
