/// `node.taint`: one taint of a node in Kubernetes, by key and effect, set or removed.
public struct NodeTaint: Action {
    /// `node.taint`.
    public static let kind = ActionKind(
        name: "node.taint",
        summary: "Sets or removes one taint of a node in Kubernetes; undo puts back the one that was there, or none.",
        disrupts: ["node", "pods"], touches: ["scheduling"],
        parameters: [
            ArgumentKind(
                "key", "the taint, of your own domain or without one: example.com/pool, maintenance", required: true),
            ArgumentKind("effect", "NoSchedule, PreferNoSchedule or NoExecute", required: true),
            ArgumentKind("value", "its value, may be empty; needed unless it is removed"),
            ArgumentKind("remove", "true removes the taint; default false"),
        ] + KubectlObject.nodeParameters)

    private enum Effect: String, CaseIterable {
        case noSchedule = "NoSchedule"
        case preferNoSchedule = "PreferNoSchedule"
        case noExecute = "NoExecute"
    }

    private let node: KubectlObject
    private let key: String
    private let effect: Effect
    private let wanted: String?

    /// Reads `key`, `effect`, `value`, `remove` and what the planner fills in.
    public init(arguments: Arguments) throws(ArgumentError) {
        node = try KubectlObject(node: arguments)
        key = try arguments.required("key")
        if let fault = KubernetesName.fault(ofKey: key) { throw ArgumentError("key", fault) }
        guard let effect = Effect(rawValue: try arguments.required("effect")) else {
            let words = Effect.allCases.map(\.rawValue).joined(separator: ", ")
            throw ArgumentError("effect", "must be one of \(words)")
        }
        self.effect = effect
        wanted = try arguments.wantedValue()
    }

    /// Reversible but for NoExecute: the pods it evicts run elsewhere then, and no undo brings them back to this node.
    public var reversibility: Reversibility { effect == .noExecute ? .compensable : .reversible }

    /// What its effect keeps away or evicts; removing one disrupts nothing.
    public var disrupts: Set<String> {
        guard wanted != nil else { return [] }
        return switch effect {
        case .noSchedule: ["node"]
        case .preferNoSchedule: []
        case .noExecute: ["node", "pods"]
        }
    }

    /// The path to a node does not lead through its API object.
    public var cutsPath: Bool { false }
    /// It is kept by the API server.
    public var survivesReboot: Bool { true }
    /// In the cluster.
    public var place: Place { .cluster }

    /// One read of the node's uid and this taint.
    public func observe() -> [Command] { [node.get(view)] }

    private var view: KubectlView {
        KubectlView(
            """
            {{range .spec.taints}}{{if and (eq .key "\(key)") (eq .effect "\(effect.rawValue)")}}
            taint={{with .value}}{{.}}{{end}}{{with .timeAdded}}
            since={{.}}{{end}}{{end}}{{end}}
            """)
    }

    // Taints are a list that controllers write to as well, so the place is found at the moment of writing.
    private var at: String {
        """
        {{if .spec.taints}}{{$at := "/-"}}{{range $index, $taint := .spec.taints}}\
        {{if and (eq $taint.key "\(key)") (eq $taint.effect "\(effect.rawValue)")}}\
        {{$at = printf "/%d" $index}}{{end}}{{end}}{{$at}}{{end}}
        """
    }

    /// Fields: `uid`, `taint` (its value, absent when the node does not have it) and `since` where Kubernetes keeps that.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let values = try outputs[0].view(of: node)
        let isTime = (values["since"] ?? "").utf8.allSatisfy { "0123456789-:.+TZ".utf8.contains($0) }
        guard isTime, KubernetesName.fault(ofValue: values["taint"] ?? "") == nil else { throw .unreadable(node) }
        return Self.observation(uid: values["uid"] ?? "", taint: values["taint"], since: values["since"])
    }

    /// All of it is what the write relies on.
    public func role(of field: String) -> FieldRole { .footprint }

    /// The taint as asked for, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        if isSo(before) { return Prediction(after: before, notes: ["the taint is so already"]) }
        let evicts = "NoExecute evicts every pod that does not tolerate it; no undo brings them back to this node"
        return Prediction(after: after(before), notes: effect == .noExecute ? [evicts] : [])
    }

    /// The taint, in one write that fails when somebody was faster; nothing when it is so already.
    public func apply(_ before: Observation) -> [Command] {
        isSo(before) ? [] : [write(after(before), from: before, others: .fail)]
    }

    /// The taint that was there, or none, unless somebody has set another one since.
    public func undo(_ before: Observation) -> [Command] {
        isSo(before) ? [] : [write(before, from: after(before), others: .leave)]
    }

    private func isSo(_ state: Observation) -> Bool { state.text("taint") == wanted }

    private func after(_ before: Observation) -> Observation {
        Self.observation(uid: before.text("uid") ?? "", taint: wanted, since: nil)
    }

    private static func observation(uid: String, taint: String?, since: String?) -> Observation {
        Observation([
            "uid": .text(uid), "taint": taint.map(FieldValue.text) ?? .absent,
            "since": since.map(FieldValue.text) ?? .absent,
        ])
    }

    private func write(_ goal: Observation, from state: Observation, others: KubectlOthers) -> Command {
        node.write(
            .taint(json(goal), at: at), through: view, from: [Self.text(state)], to: Self.text(goal), others: others)
    }

    /// The taint as Kubernetes keeps it, nil for none.
    private func json(_ state: Observation) -> String? {
        guard let value = state.text("taint") else { return nil }
        let members = ["\"key\":\"\(key)\"", "\"effect\":\"\(effect.rawValue)\""]
            .appending(value.isEmpty ? nil : "\"value\":\"\(value)\"")
            .appending(state.text("since").map { "\"timeAdded\":\"\($0)\"" })
        return "{\(members.joined(separator: ","))}"
    }

    /// The state as ``view`` prints it.
    private static func text(_ state: Observation) -> String {
        ["uid=\(state.text("uid") ?? "")"].appending(state.text("taint").map { "taint=\($0)" })
            .appending(state.text("since").map { "since=\($0)" }).joined(separator: "\n")
    }
}
