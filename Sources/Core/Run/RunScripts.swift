/// The shell script of each write, made from the run's state alone: what the driver sends is decided here.
extension RunState {
    /// A script and how long it may take on the node.
    public struct Script: Sendable, Hashable {
        /// For `/bin/sh`, as root. Sending it twice does nothing twice.
        public var text: String
        /// The limit in seconds.
        public var seconds: Int
    }

    /// The script that sends an intent. `holder` names the executor in the node's lease.
    public func script(sending intent: Intent, to node: NodeRun, planSha256: String, holder: String) -> Script {
        let place = node.place(of: intent.write)
        let fence = node.fence(run: plan.id, at: place)
        switch intent.write {
        case .acquireLease(_, let recovering):
            let text = LeaseScript.acquire(
                run: plan.id, planSha256: planSha256, machineID: node.plan.host(at: place)?.identity.machineID ?? "",
                holder: holder,
                seconds: node.plan.leaseSeconds, succeeding: plan.rollsBack, recovering: recovering)
            return Script(text: text, seconds: 40)
        case .armDeadMan:
            return Script(text: DeadManScript.arm(fence, seconds: node.plan.deadManSeconds ?? 0), seconds: 40)
        case .disarmDeadMan:
            return Script(text: DeadManScript.disarm(fence, wait: 60), seconds: 100)
        case .fireDeadMan:
            return Script(text: DeadManScript.fire(fence, wait: 60), seconds: 100)
        case .releaseLease:
            return Script(text: LeaseScript.release(fence), seconds: 40)
        case .apply(let index):
            let step = unit(of: intent.write, on: node)
            let text = step.start(intent.commands, undo: intent.undo, cutsPath: node.plan.steps[index].cutsPath)
            return Script(text: text, seconds: step.seconds + 40)
        case .undo(let index):
            let step = unit(of: intent.write, on: node)
            return Script(
                text: step.start(intent.commands, stopping: Self.name(index, "apply")), seconds: step.seconds + 60)
        }
    }

    /// The script that looks up what became of a step.
    public func script(lookingUp write: Write, on node: NodeRun) -> Script {
        let step = unit(of: write, on: node)
        return Script(text: step.lookup, seconds: step.seconds + 40)
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
