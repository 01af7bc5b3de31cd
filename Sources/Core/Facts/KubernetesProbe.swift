/// The read-only questions to the Kubernetes API about one node, asked on the execution host in one round trip.
///
/// They are raw requests, which need no discovery before and are tried once: an API that does not answer costs the
/// time limit, not a multiple of it. Answers are hostile; ``parse(_:)`` never fails.
public struct KubernetesProbe: Sendable, Hashable {
    private let node: String
    private let kubeconfig: String

    /// - Parameters:
    ///   - node: its name in Kubernetes; nothing is asked about what cannot be one.
    ///   - kubeconfig: its path on the execution host.
    public init(node: String, kubeconfig: String) {
        self.node = node
        self.kubeconfig = kubeconfig
    }

    /// Seconds a request may take. An API that needs longer to say what it knows of a node does not answer, for our purposes.
    static let requestSeconds = 5

    /// The commands; their outputs go to ``parse(_:)`` in the same order. The clock is read last, so that the age of a
    /// lease errs on the long side.
    public func commands() -> [Command] {
        guard KubernetesName.fault(ofNode: node) == nil else { return [] }
        return [
            get("/api/v1/nodes/\(node)"),
            get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/\(node)"),
            Command(["date", "+%s"]),
        ]
    }

    // What kubectl says of a failure is part of the answer, since its exit status is the same for all of them.
    private func get(_ path: String) -> Command {
        .shell(
            """
            exec 3>&1
            said=$(kubectl --kubeconfig "$1" --request-timeout="$2" get --raw "$3" 2>&1 >&3 3>&-) && exit
            status=$?
            printf '%s\\n' "$said" >&2
            printf '%s\\n' "$said" | tail -n 1
            exit "$status"
            """, [kubeconfig, "\(Self.requestSeconds)s", path], accepts: [0, 1])
    }

    /// Reads the outputs of ``commands()``. Missing ones make their facts unknown.
    public func parse(_ outputs: [CommandOutput]) -> Facts.Kubernetes {
        if let fault = KubernetesName.fault(ofNode: node) {
            return .unknown("'\(Printable.escape(node, limit: 60))' \(fault)")
        }
        let answers = Answers(outputs: outputs)
        let object = Self.object(answers.text(at: 0, accepts: [0, 1]), status: outputs.first?.status)
        let lease = Self.object(
            answers.text(at: 1, accepts: [0, 1]), status: outputs.dropFirst().first?.status)
        return Facts.Kubernetes(
            api: Self.api(object), node: KubernetesNodeFacts.facts(object, lease: lease, clock: answers.text(at: 2)))
    }

    private static func object(_ text: Fact<String>, status: Int?) -> KubernetesAnswer {
        switch text {
        case .unknown(let cause): .unasked(cause)
        case .known(let text) where status == 0: .object(text)
        case .known(let text): .failed(KubectlFailure(status: 1, said: text.lines.last.map(String.init) ?? ""))
        }
    }

    private static func api(_ answer: KubernetesAnswer) -> Facts.Kubernetes.API {
        switch answer {
        case .object: return .init(reachable: .known(true), error: .known(""))
        case .unasked(let cause): return .init(reachable: .unknown(cause), error: .unknown(cause))
        case .failed(let failure):
            switch failure.kind {
            case .down: return .init(reachable: .known(false), error: .known(failure.said))
            case .notFound, .refused: return .init(reachable: .known(true), error: .known(""))
            case .untrusted, .other:
                let cause = failure.said.isEmpty ? "kubectl failed and said nothing" : failure.said
                return .init(reachable: .unknown(cause), error: .unknown(cause))
            }
        }
    }
}

/// What came of one request.
enum KubernetesAnswer: Sendable, Hashable {
    /// The object, as JSON.
    case object(String)
    /// kubectl failed.
    case failed(KubectlFailure)
    /// kubectl did not get as far.
    case unasked(String)

    /// The object, or why there is none.
    var text: Fact<String> {
        switch self {
        case .object(let text): .known(text)
        case .unasked(let cause): .unknown(cause)
        case .failed(let failure):
            .unknown(failure.kind == .down ? "the API does not answer: \(failure.said)" : failure.said)
        }
    }
}
