/// One object of the API as kubectl sees it from the execution host: reads of it, and guarded writes to it.
///
/// `kubectl` has one exit status for every failure, so nothing is decided by how it fails: a read that fails is an
/// unknown, a write that fails is read again (``KubectlScript/change``).
struct KubectlObject: Sendable, Hashable {
    /// The kinds there are actions for.
    enum Kind: String, Sendable, CaseIterable {
        case node = "Node"
        case deployment = "Deployment"
        case daemonSet = "DaemonSet"
        case statefulSet = "StatefulSet"
        case configMap = "ConfigMap"

        /// As kubectl is told, with the group where another one could have the word too.
        var resource: String {
            switch self {
            case .node: "node"
            case .deployment: "deployments.apps"
            case .daemonSet: "daemonsets.apps"
            case .statefulSet: "statefulsets.apps"
            case .configMap: "configmap"
            }
        }
    }

    /// What it is.
    let kind: Kind
    /// Where it is; nil for what is in no namespace.
    let namespace: String?
    /// Its name.
    let name: String
    /// The kubeconfig on the execution host.
    let kubeconfig: String
    /// The run that changes it.
    let run: String

    /// The arguments that every action through kubectl has from the planner.
    static let parameters = [
        ArgumentKind("kubeconfig", "the kubeconfig on the execution host", injected: true),
        ArgumentKind("run", "the run, which marks what it changes as its own", injected: true),
    ]
    /// The arguments of an action on the target's own object.
    static let nodeParameters =
        [ArgumentKind("node", "the target's name in Kubernetes", injected: true)] + parameters

    /// The target's own object.
    init(node arguments: Arguments) throws(ArgumentError) {
        let name = try arguments.required("node")
        if let fault = KubernetesName.fault(ofNode: name) { throw ArgumentError("node", fault) }
        try self.init(.node, in: nil, name, arguments)
    }

    /// The object that the arguments `namespace` and `name` say.
    init(_ kind: Kind, named arguments: Arguments) throws(ArgumentError) {
        let namespace = try arguments.required("namespace")
        if let fault = KubernetesName.fault(ofNamespace: namespace) { throw ArgumentError("namespace", fault) }
        let name = try arguments.required("name")
        if let fault = KubernetesName.fault(ofObject: name) { throw ArgumentError("name", fault) }
        try self.init(kind, in: namespace, name, arguments)
    }

    private init(
        _ kind: Kind, in namespace: String?, _ name: String, _ arguments: Arguments
    ) throws(ArgumentError) {
        (self.kind, self.namespace, self.name) = (kind, namespace, name)
        kubeconfig = try arguments.required("kubeconfig")
        run = try arguments.required("run")
        guard kubeconfig.hasPrefix("/"), kubeconfig.utf8.count <= 4096,
            !kubeconfig.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw ArgumentError("kubeconfig", "must be an absolute path without control characters") }
        guard (1...63).contains(run.utf8.count), run.utf8.allSatisfy(Self.isInRun), !run.hasPrefix("-") else {
            throw ArgumentError("run", "must be the id of a run: lower-case letters, digits and '-', at most 63")
        }
    }

    /// As messages have it: `node w1`, `Deployment web/shop`.
    var description: String { kind == .node ? "node \(name)" : "\(kind.rawValue) \(namespace ?? "")/\(name)" }

    /// What a person types to see it.
    var look: String { (["kubectl", "get", kind.resource, name] + inNamespace).joined(separator: " ") }

    private var inNamespace: [String] { namespace.map { ["--namespace", $0] } ?? [] }

    /// Reads the object through a view, which prints nothing but the state an action is about.
    ///
    /// A view and not the whole object: what is compared is then the very text that was printed, by this program and by
    /// the shell on the host alike; heartbeats, conditions and images never reach us; and two actions look at the same
    /// thing exactly when their commands are equal.
    func get(_ view: KubectlView) -> Command { kubectl(["get", kind.resource, name], view.template) }

    /// Reads all objects of a kind in its namespace through a Go template.
    func list(_ resource: String, _ template: String) -> Command { kubectl(["get", resource], template) }

    private func kubectl(_ words: [String], _ template: String) -> Command {
        Command(
            ["kubectl", "--kubeconfig", kubeconfig, "--request-timeout=10s", "--cache-dir=/dev/null"] + words
                + inNamespace + ["-o", "go-template=\(template)"])
    }

    /// Waits until the pods are those of the template, and available; fails when that does not come about in time, or
    /// the controller says before that it will not.
    func rolledOut(within seconds: Int) -> Command {
        // No limit for its requests: it watches.
        Command(
            ["kubectl", "--kubeconfig", kubeconfig, "--cache-dir=/dev/null", "rollout", "status"]
                + ["\(kind.resource)/\(name)"] + inNamespace + ["--timeout=\(seconds)s"])
    }

    /// Writes, if the object is in one of the states given, as of one version of it: who writes in between makes the
    /// write fail, and it is looked at again.
    /// - Parameters:
    ///   - change: what is written.
    ///   - states: the states, as the view prints them, in which it may be written.
    ///   - goal: the state it leaves.
    ///   - others: what any other state means.
    ///   - manager: the field manager Kubernetes keeps for what is written.
    func write(
        _ change: KubectlChange, through view: KubectlView, from states: [String], to goal: String,
        others: KubectlOthers, manager: String = KubectlObject.manager
    ) -> Command {
        .shell(
            KubectlScript.change,
            [kubeconfig, kind.resource, namespace ?? "", name, view.template, goal, others.rawValue, manager]
                + change.words + states, input: change.input)
    }

    /// Belay's name among the writers of a field.
    static let manager = "belay"

    private static func isInRun(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
    }
}

/// A Go template that prints the part of an object an action is about, as `KEY=VALUE` lines, its uid first.
///
/// The last value may be of any length and have any lines, or be nobody's business, if its key is `sha256`: what
/// compares states puts its digest in its place.
struct KubectlView: Sendable, Hashable {
    let template: String

    /// - Parameter rest: what prints the lines behind the uid's, each with a newline before it.
    init(_ rest: String) {
        template = "uid={{.metadata.uid}}" + rest
    }
}

/// What a guarded write changes.
enum KubectlChange: Sendable, Hashable {
    /// Members of the object's `metadata` and `spec` as JSON, for a merge patch: `null` removes.
    case merge(metadata: String = "", spec: String = "")
    /// Other members of the object as JSON, for a merge patch: too long for a command's word.
    case members(Payload)
    /// The taint found by the template `at` becomes this JSON object, or is removed when there is none.
    case taint(String?, at: String)
    /// The pod template becomes the one that a revision keeps (`replicasets.apps/NAME`), if that, seen through `view`, is
    /// the goal. The template itself passes through nobody's hands: it may have secrets.
    case template(of: String, view: String)

    fileprivate var words: [String] {
        switch self {
        case .merge(let metadata, let spec): ["merge", metadata, spec.isEmpty ? "" : "\"spec\":{\(spec)}"]
        case .members: ["merge", "", "-"]
        case .taint(let taint, let at): ["taint", taint ?? "", at]
        case .template(let revision, let view): ["template", revision, view]
        }
    }

    fileprivate var input: Payload? { if case .members(let members) = self { members } else { nil } }
}

/// What it means for a guarded write when the object is in none of the states it was made for.
enum KubectlOthers: String, Sendable {
    /// Somebody else changed it: the write fails.
    case fail
    /// What is there is not ours to undo: nothing is written, and that is right.
    case leave
}

extension CommandOutput {
    /// What kubectl printed of an object, as `KEY=VALUE` lines.
    /// - Throws: ``ObservationError`` which says what stood in the way, in words that fit the cause.
    func view(of object: KubectlObject) throws(ObservationError) -> [String: String] {
        try refuseFailure(about: object)
        let values = try properties(of: "kubectl get \(object.kind.resource)")
        guard let uid = values["uid"], !uid.isEmpty, uid != "<no value>" else {
            throw ObservationError(
                "kubectl answered, but not with \(object.description)",
                remedy: "Run '\(object.look)' on the execution host, then plan again")
        }
        return values
    }

    /// Says in words that fit the cause why kubectl failed, if it did.
    func refuseFailure(about object: KubectlObject) throws(ObservationError) {
        guard status != 0 else { return }
        let said = errorTail.text.map { $0.lines.last.map(String.init) ?? "" } ?? ""
        throw KubectlFailure(status: status, said: said).error(about: object)
    }
}
