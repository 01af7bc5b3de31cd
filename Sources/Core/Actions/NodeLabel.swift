/// `node.label`: one label of a node in Kubernetes, set or removed.
public struct NodeLabel: Action {
    /// `node.label`.
    public static let kind = ActionKind(
        name: "node.label",
        summary: "Sets or removes one label of a node in Kubernetes; undo puts back the value that was there, or none.",
        // A DaemonSet whose nodeSelector names the label removes its pod when the label goes.
        disrupts: ["pods"], touches: ["labels"],
        parameters: [
            ArgumentKind(
                "key", "the label, of your own domain or without one: example.com/pool, maintenance", required: true),
            ArgumentKind("value", "its value, may be empty; needed unless it is removed"),
            ArgumentKind("remove", "true removes the label; default false"),
        ] + KubectlObject.nodeParameters)

    /// Keys of Kubernetes' own domains which are made for this: the first takes a node out of the load balancers.
    static let exceptions: Set<String> = ["node.kubernetes.io/exclude-from-external-load-balancers"]

    private let node: KubectlObject
    private let key: String
    private let wanted: String?

    /// Reads `key`, `value`, `remove` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        node = try KubectlObject(node: arguments)
        key = try arguments.required("key")
        if let fault = KubernetesName.fault(ofKey: key, exceptions: Self.exceptions) {
            throw ArgumentError("key", fault)
        }
        wanted = try arguments.wantedValue()
    }

    /// Reversible.
    public var reversibility: Reversibility { .reversible }
    /// The path to a node does not lead through its API object.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One read of the node's uid and this label.
    public func observe() -> [Command] { [node.get(view)] }

    private var view: KubectlView {
        KubectlView(
            """
            {{range $key, $value := .metadata.labels}}{{if eq $key "\(key)"}}
            label={{$value}}{{end}}{{end}}
            """)
    }

    /// Fields: `uid` and `label`, absent when the node does not have it.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let values = try outputs[0].view(of: node)
        if let value = values["label"], KubernetesName.fault(ofValue: value) != nil {
            throw .unreadable(node)
        }
        return Self.observation(uid: values["uid"] ?? "", label: values["label"])
    }

    /// All of it is what the write relies on.
    public func role(of field: String) -> FieldRole { .footprint }

    /// The label as asked for, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        Prediction(after: after(before), notes: before == after(before) ? ["the label is so already"] : [])
    }

    /// The label, in one write that fails when somebody was faster; nothing when it is so already.
    public func apply(_ before: Observation) -> [Command] {
        before == after(before) ? [] : [write(after(before), from: before, others: .fail)]
    }

    /// The value that was there, or none, unless somebody has set another one since.
    public func undo(_ before: Observation) -> [Command] {
        before == after(before) ? [] : [write(before, from: after(before), others: .leave)]
    }

    private func after(_ before: Observation) -> Observation {
        Self.observation(uid: before.text("uid") ?? "", label: wanted)
    }

    private static func observation(uid: String, label: String?) -> Observation {
        Observation(["uid": .text(uid), "label": label.map(FieldValue.text) ?? .absent])
    }

    private func write(_ goal: Observation, from state: Observation, others: KubectlOthers) -> Command {
        let value = goal.text("label").map { "\"\($0)\"" } ?? "null"
        return node.write(
            .merge(metadata: "\"labels\":{\"\(key)\":\(value)}"), through: view, from: [Self.text(state)],
            to: Self.text(goal), others: others)
    }

    /// The state as ``view`` prints it.
    private static func text(_ state: Observation) -> String {
        ["uid=\(state.text("uid") ?? "")"].appending(state.text("label").map { "label=\($0)" })
            .joined(separator: "\n")
    }
}

extension Arguments {
    /// The value a label or taint shall have: `value`, or nil for `remove: true`; exactly one of them.
    func wantedValue() throws(ArgumentError) -> String? {
        let value = try text("value")
        if try flag("remove", default: false) {
            if value != nil { throw ArgumentError("value", "is not for 'remove: true'") }
            return nil
        }
        guard let value else { throw ArgumentError(nil, "must have a 'value', or 'remove: true'") }
        if let fault = KubernetesName.fault(ofValue: value) { throw ArgumentError("value", fault) }
        return value
    }
}
