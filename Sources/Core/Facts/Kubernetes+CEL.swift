import CEL

extension Facts.Kubernetes {
    var celValue: Value {
        .message(
            name: "Kubernetes",
            fields: [
                "api": api.value(at: "facts.kubernetes.api"),
                "node": node.celValue,
            ])
    }
}

extension Facts.Kubernetes.API {
    func value(at path: String) -> CEL.Value {
        .facts(
            "KubernetesAPI", at: path,
            ["reachable": reachable.map(CEL.Value.bool), "error": error.map(CEL.Value.string)])
    }
}

extension Facts.Kubernetes.Node {
    fileprivate var celValue: Value {
        let path = "facts.kubernetes.node"
        return .message(
            name: "KubernetesNode",
            fields: [
                "ready": ready.value(at: "\(path).ready", Value.bool),
                "unschedulable": unschedulable.value(at: "\(path).unschedulable", Value.bool),
                "cordonedBy": cordonedBy.value(at: "\(path).cordonedBy", Value.string),
                "conditions": conditions.value(at: "\(path).conditions") { $0.celValue(at: "\(path).conditions") },
                "leaseAge": leaseAge.value(at: "\(path).leaseAge", Value.duration),
            ])
    }
}

extension [String: Facts.Kubernetes.Condition] {
    /// The conditions as a map of messages, whose unknown parts are errors below `path`.
    func celValue(at path: String) -> CEL.Value {
        let pairs = map { type, condition in
            let since = condition.since.value(at: "\(path)['\(type)'].since") { CEL.Value.instant($0, at: path) }
            let fields: [String: CEL.Value] = [
                "status": .string(condition.status), "reason": .string(condition.reason), "since": since,
            ]
            return (type, CEL.Value.message(name: "Condition", fields: fields))
        }
        return .map(MapValue([String: CEL.Value](uniqueKeysWithValues: pairs)))
    }
}
