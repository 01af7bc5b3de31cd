public import CEL

extension PolicyInput {
    /// What the expressions of every policy read of a step on a node, by variable; `params` and `variables` are each policy's.
    public func bindings(of step: StepPlan, on node: NodePlan) -> [String: CEL.Value] {
        Self.document(of: step, on: node, in: document(of: node, common: commonBindings)).bindings
    }

    /// What is the same for all nodes and steps: made once for a decision.
    var commonBindings: [String: Value] {
        [
            "request": requestValue,
            "runbook": PolicySchema.message(
                "Runbook", at: "runbook",
                [
                    "name": .string(plan.runbook.name), "digest": .string(plan.runbook.digest),
                    "author": .string(plan.runbook.author),
                ]),
            "cluster": cluster.celValue(of: plan.cluster),
            "plan": planValue, "approvals": approvalsValue, "now": .instant(now, at: "now"),
            "inflight": inflight.policyValue(at: "inflight") { .list($0.map(\.celValue)) },
            "occupied": occupied.policyValue(at: "occupied") { .list($0.map(\.celValue)) },
            "history": history.policyValue(at: "history", \.celValue),
            "calendar": calendar.celValue,
        ]
    }

    /// The document of a node, before any step of it: what grants are matched against.
    func document(of node: NodePlan, common: [String: Value]) -> PolicyDocument {
        PolicyDocument(bindings: common.merging(["node": value(of: node)]) { first, _ in first })
    }

    /// The document of a step.
    static func document(of step: StepPlan, on node: NodePlan, in document: PolicyDocument) -> PolicyDocument {
        PolicyDocument(bindings: document.bindings.merging(["action": step.value(on: node)]) { first, _ in first })
    }

    private var requestValue: Value {
        let groups = Value.texts(requester.groups)
        return PolicySchema.message(
            "Request", at: "request",
            [
                "id": .string(plan.id), "phase": .string(phase.rawValue),
                "submittedAt": .instant(plan.createdAt, at: "request.submittedAt"),
                // Until a standing grant is seen to cover the node.
                "standing": false,
                "principal": .message(
                    name: "Principal",
                    fields: [
                        "user": .string(requester.name), "groups": groups, "kind": .string(requester.kind.rawValue),
                    ]),
                "breakGlass": breakGlassValue,
            ])
    }

    private var breakGlassValue: Value {
        let glass = phase == .execute ? activeBreakGlass : nil
        var known: [String: Value] = ["active": .bool(glass != nil)]
        if let glass {
            known["reason"] = .string(glass.reason)
            known["incident"] = .string(glass.incident)
            known["expiresAt"] = .instant(glass.expires, at: "request.breakGlass.expiresAt")
        }
        return PolicySchema.message(
            "BreakGlass", at: "request.breakGlass", known, cause: "no break-glass is active")
    }

    private var planValue: Value {
        let steps = plan.nodes.flatMap { node in
            node.steps.map { step in
                Value.message(
                    name: "Step",
                    fields: [
                        "id": .string(step.name), "action": .string(step.action), "node": .string(node.name),
                        "class": .string(step.reversibility.rawValue),
                    ])
            }
        }
        return .message(
            name: "Plan",
            fields: [
                "digest": .string(planSha256), "steps": .list(steps), "targets": .texts(plan.nodes.map(\.name)),
                "pools": .texts(Set(plan.nodes.map(\.pool)).sorted()),
                "atOnce": .int(Int64(plan.atOnce)), "temporary": temporaryValue,
            ])
    }

    private var temporaryValue: Value {
        var known: [String: Value] = [
            "planned": .bool(plan.temporarySeconds != nil), "onNode": .bool(plan.onNode == .returns),
        ]
        if let seconds = plan.temporarySeconds { known["after"] = .duration(.seconds(seconds)) }
        return PolicySchema.message("Temporary", at: "plan.temporary", known, cause: "the plan is not temporary")
    }

    /// Before a plan exists nobody can have approved it: in phase `plan` the map is empty, and that is the truth.
    private var approvalsValue: Value {
        guard phase == .execute else { return .map(MapValue()) }
        let approvals = approvals.counted.map { approval in
            let fields: [String: Value] = [
                "at": .instant(approval.at, at: "approvals.at"), "planDigest": .string(planSha256),
                "expiresAt": .instant(approval.expires, at: "approvals.expiresAt"),
                "groups": .texts(approval.principal.groups),
            ]
            return (approval.principal.name, Value.message(name: "Approval", fields: fields))
        }
        return .map(MapValue(Dictionary(approvals) { first, _ in first }))
    }

    private func value(of node: NodePlan) -> Value {
        var known: [String: Value] = [
            "name": .string(node.name), "pool": .string(node.pool), "roles": .texts(node.roles),
            "controlPlane": .bool(node.roles.contains("control-plane")),
            "etcdMember": cluster.etcd.members.policyValue(at: "node.etcdMember") { members in
                .bool(members.contains(node.name))
            },
        ]
        if let pods = node.drainedPods { known["pods"] = pods }
        guard let snapshot = nodes[node.name] else {
            return PolicySchema.message("Node", at: "node", known, cause: "no facts of \(node.name) were collected")
        }
        known["observedAt"] = .instant(snapshot.observedAt, at: "node.observedAt")
        known["bootedAt"] = snapshot.bootedAt
        known["firewall"] = snapshot.facts.firewall.policyValue
        known["disks"] = snapshot.disks
        let kubernetes = snapshot.facts.kubernetes.node
        known["ready"] = kubernetes.ready.policyValue(at: "node.ready", Value.bool)
        known["unschedulable"] = kubernetes.unschedulable.policyValue(at: "node.unschedulable", Value.bool)
        known["conditions"] = kubernetes.conditions.policyValue(at: "node.conditions") {
            $0.celValue(at: "node.conditions")
        }
        known["labels"] = kubernetes.labels.policyValue(at: "node.labels") {
            .map(MapValue($0.mapValues(Value.string)))
        }
        known["annotations"] = kubernetes.annotations.policyValue(at: "node.annotations") { annotations in
            .map(MapValue(annotations.mapValues { $0.policyValue(at: "node.annotations", Value.string) }))
        }
        return PolicySchema.message("Node", at: "node", known)
    }
}

extension StepPlan {
    fileprivate func value(on node: NodePlan) -> Value {
        var known: [String: Value] = [
            "id": .string(name), "type": .string(action), "class": .string(reversibility.rawValue),
            "mutating": .bool(reversibility != .read && !apply.isEmpty),
            // A step that writes nothing has nothing to undo.
            // A step that restores what a run had found is undone by that runbook: what it brings back can be taken again.
            "rollback": .bool(!undo.isEmpty || apply.isEmpty || restores != nil),
            "restores": .bool(restores != nil),
            // A restoring step is verified by observing the state it restores once more.
            "verify": .bool(!verify.isEmpty || !node.verify.isEmpty || restores != nil),
            "deadMan": deadMan(on: node), "timeout": .duration(.seconds(timeoutSeconds)),
            "args": .map(MapValue(arguments.values.mapValues(\.celValue))),
        ]
        // A restoring step disrupts and touches what the action it undoes does, so the action itself is asked.
        if let kind = ActionRegistry.kind(action), let base = try? ActionRegistry.make(action, arguments: arguments) {
            known["disrupts"] = .texts(base.disrupts.sorted())
            known["touches"] = .texts(kind.touches.sorted())
        }
        return PolicySchema.message(
            "Action", at: "action", known, cause: "this version cannot make '\(action)' of its arguments")
    }

    private func deadMan(on node: NodePlan) -> Value {
        let seconds = cutsPath ? node.deadManSeconds : nil
        var known: [String: Value] = ["planned": .bool(seconds != nil)]
        if let seconds { known["delay"] = .duration(.seconds(seconds)) }
        return PolicySchema.message(
            "DeadMan", at: "action.deadMan", known, cause: "no dead-man is planned for this step")
    }
}

extension ArgumentValue {
    fileprivate var celValue: Value {
        switch self {
        case .text(let text): .string(text)
        case .flag(let flag): .bool(flag)
        case .list(let items): .list(items.map(\.celValue))
        }
    }
}

extension NodeSnapshot {
    fileprivate var bootedAt: Value {
        facts.uptime.policyValue(at: "node.bootedAt") { uptime in
            // The node says what its uptime is: nonsense wraps around to an instant that is refused, and never traps.
            let (seconds, attoseconds) = uptime.components
            let milliseconds = seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
            return .instant(Timestamp(milliseconds: observedAt.milliseconds &- milliseconds), at: "node.bootedAt")
        }
    }

    fileprivate var disks: Value {
        facts.disks.policyValue(at: "node.disks") { disks in
            .map(
                MapValue(
                    disks.mapValues { disk in
                        .message(
                            name: "Disk",
                            fields: [
                                "usedPercent": .double(disk.usedPercent),
                                "inodesUsedPercent": .double(disk.inodesUsedPercent),
                            ])
                    }))
        }
    }
}

extension Facts.Firewall {
    fileprivate var policyValue: Value {
        .message(
            name: "Firewall",
            fields: [
                "backend": backend.policyValue(at: "node.firewall.backend", CEL.Value.string),
                "inputPolicy": inputPolicy.policyValue(at: "node.firewall.inputPolicy", CEL.Value.string),
                "forwardPolicy": forwardPolicy.policyValue(at: "node.firewall.forwardPolicy", CEL.Value.string),
                "rules": rules.policyValue(at: "node.firewall.rules") { .int(Int64($0)) },
            ])
    }
}

extension Fact {
    /// The fact in an expression: an error with its path and cause where it is not known.
    func policyValue(at path: String, _ convert: (Value) -> CEL.Value) -> CEL.Value {
        switch self {
        case .known(let value): convert(value)
        case .unknown(let cause): .unknown(path: path, cause: Printable.escape(cause, limit: 400))
        }
    }
}

extension Value {
    static func texts(_ texts: [String]) -> Value { .list(texts.map(Value.string)) }

    static func notCollected(_ path: String) -> Value {
        .unknown(path: path, cause: "it is not collected by this version")
    }

    static func instant(_ instant: Timestamp, at path: String) -> Value {
        let (seconds, rest) = instant.milliseconds.quotientAndRemainder(dividingBy: 1000)
        let floor = rest < 0 ? seconds - 1 : seconds
        let nanoseconds = Int32(rest < 0 ? rest + 1000 : rest) * 1_000_000
        guard let value = CEL.Timestamp(seconds: floor, nanoseconds: nanoseconds) else {
            return .unknown(path: path, cause: "the instant is outside the years 1 to 9999")
        }
        return .timestamp(value)
    }
}
