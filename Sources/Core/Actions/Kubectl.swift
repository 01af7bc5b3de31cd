/// One node as kubectl sees it from the execution host: reads of it, and guarded writes to it.
///
/// `kubectl` has one exit status for every failure, so nothing is decided by how it fails: a read that fails is an
/// unknown, a write that fails is read again (``KubectlScript/change``).
struct KubectlNode: Sendable, Hashable {
    /// The node's name in Kubernetes.
    let name: String
    /// The kubeconfig on the execution host.
    let kubeconfig: String
    /// The run that changes it.
    let run: String

    /// The arguments that every action through kubectl has from the planner.
    static let parameters = [
        ArgumentKind("node", "the target's name in Kubernetes", injected: true),
        ArgumentKind("kubeconfig", "the kubeconfig on the execution host", injected: true),
        ArgumentKind("run", "the run, which marks what it changes as its own", injected: true),
    ]

    /// Reads the injected arguments.
    init(_ arguments: Arguments) throws(ArgumentError) {
        name = try arguments.required("node")
        kubeconfig = try arguments.required("kubeconfig")
        run = try arguments.required("run")
        if let fault = KubernetesName.fault(ofNode: name) { throw ArgumentError("node", fault) }
        guard kubeconfig.hasPrefix("/"), kubeconfig.utf8.count <= 4096,
            !kubeconfig.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw ArgumentError("kubeconfig", "must be an absolute path without control characters") }
        guard (1...63).contains(run.utf8.count), run.utf8.allSatisfy(Self.isInRun), !run.hasPrefix("-") else {
            throw ArgumentError("run", "must be the id of a run: lower-case letters, digits and '-', at most 63")
        }
    }

    /// Reads the node through a view, which prints nothing but the state an action is about.
    ///
    /// A view and not the whole object: what is compared is then the very text that was printed, by this program and by
    /// the shell on the host alike; heartbeats, conditions and images never reach us; and two actions look at the same
    /// thing exactly when their commands are equal.
    func get(_ view: KubectlView) -> Command {
        Command(
            [
                "kubectl", "--kubeconfig", kubeconfig, "--request-timeout=10s", "--cache-dir=/dev/null",
                "get", "node", name, "-o", "go-template=\(view.template)",
            ])
    }

    /// Writes, if the node is in one of the states given, as of one version of the object: who writes in between makes
    /// the write fail, and it is looked at again.
    /// - Parameters:
    ///   - change: what is written.
    ///   - states: the states, as the view prints them, in which it may be written.
    ///   - goal: the state it leaves.
    ///   - others: what any other state means.
    ///   - manager: the field manager Kubernetes keeps for what is written.
    func write(
        _ change: KubectlChange, through view: KubectlView, from states: [String], to goal: String,
        others: KubectlOthers, manager: String = KubectlNode.manager
    ) -> Command {
        .shell(
            KubectlScript.change,
            [kubeconfig, name, view.template, goal, others.rawValue, manager] + change.words + states)
    }

    /// Belay's name among the writers of a field.
    static let manager = "belay"

    private static func isInRun(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D
    }
}

/// A Go template that prints the part of a node an action is about, as `KEY=VALUE` lines, the node's uid first.
struct KubectlView: Sendable, Hashable {
    let template: String

    /// - Parameter rest: what prints the lines behind the uid's, each with a newline before it.
    init(_ rest: String) {
        template = "uid={{.metadata.uid}}" + rest
    }
}

/// What a guarded write changes.
enum KubectlChange: Sendable, Hashable {
    /// Members of the node's `metadata` and `spec` as JSON, for a merge patch: `null` removes.
    case merge(metadata: String = "", spec: String = "")
    /// The taint found by the template `at` becomes this JSON object, or is removed when there is none.
    case taint(String?, at: String)

    fileprivate var words: [String] {
        switch self {
        case .merge(let metadata, let spec): ["merge", metadata, spec]
        case .taint(let taint, let at): ["taint", taint ?? "", at]
        }
    }
}

/// What it means for a guarded write when the node is in none of the states it was made for.
enum KubectlOthers: String, Sendable {
    /// Somebody else changed it: the write fails.
    case fail
    /// What is there is not ours to undo: nothing is written, and that is right.
    case leave
}

extension CommandOutput {
    /// What kubectl printed of a node, as `KEY=VALUE` lines.
    /// - Throws: ``ObservationError`` which says what stood in the way, in words that fit the cause.
    func view(of node: KubectlNode) throws(ObservationError) -> [String: String] {
        if status != 0 {
            let said = errorTail.text.map { $0.lines.last.map(String.init) ?? "" } ?? ""
            throw KubectlFailure(status: status, said: said).error(about: node.name)
        }
        let values = try properties(of: "kubectl get node")
        guard let uid = values["uid"], !uid.isEmpty, uid != "<no value>" else {
            throw ObservationError(
                "kubectl answered, but not with node \(node.name)",
                remedy: "Run 'kubectl get node \(node.name)' on the execution host, then plan again")
        }
        return values
    }
}

/// Text as Go's `%q` prints it: one line in quotes, whatever was in it.
enum GoQuoted {
    static func quote(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// - Returns: nil for what does not come from printable text; only that can be quoted again to the same bytes.
    static func unquote(_ quoted: String) -> String? {
        guard quoted.utf8.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\"") else { return nil }
        let text = String(quoted.dropFirst().dropLast()).replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
        return quote(text) == quoted ? text : nil
    }
}
