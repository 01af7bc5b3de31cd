/// Read-only requests through kubectl. What it says of a failure is part of the answer, since its exit status is the same for
/// all of them: the last line of standard output, for ``KubernetesAnswer``.
enum KubectlRead {
    /// Seconds a request may take. An API that needs longer to say what it knows of a node does not answer, for our purposes.
    static let requestSeconds = 5

    /// A raw request, which needs no discovery before and is tried once: an API that does not answer costs the time
    /// limit, not a multiple of it.
    static func raw(_ path: String, kubeconfig: String) -> Command {
        command(kubeconfig, first: "", ["--raw", path])
    }

    /// The list of all nodes (``ClusterNodes``). Since such a request is tried again and again, a raw one finds out first
    /// whether anybody answers.
    static func nodes(kubeconfig: String) -> Command {
        command(kubeconfig, first: "/api/v1/nodes?limit=1", ["nodes", "--no-headers"])
    }

    private static func command(_ kubeconfig: String, first: String, _ words: [String]) -> Command {
        .shell(
            """
            exec 3>&1
            kubeconfig=$1 seconds=$2 first=$3
            shift 3
            ask() {
              said=$(kubectl --kubeconfig "$kubeconfig" --request-timeout="$seconds" --cache-dir=/dev/null get "$@" 2>&1 >&3 3>&-)
            }
            { [ -z "$first" ] || ask --raw "$first" 3>/dev/null; } && ask "$@" && exit
            status=$?
            printf '%s\\n' "$said" >&2
            printf '%s\\n' "$said" | tail -n 1
            exit "$status"
            """, [kubeconfig, "\(requestSeconds)s", first] + words, accepts: [0, 1])
    }
}

/// What came of one request.
enum KubernetesAnswer: Sendable, Hashable {
    /// The object, as JSON, or the list.
    case object(String)
    /// kubectl failed.
    case failed(KubectlFailure)
    /// kubectl did not get as far.
    case unasked(String)

    static let silent = "kubectl failed and said nothing"

    /// The answer to a ``KubectlRead``.
    init(_ outputs: [CommandOutput], at index: Int) {
        switch Answers(outputs: outputs).text(at: index, accepts: [0, 1]) {
        case .unknown(let cause): self = .unasked(cause)
        case .known(let text) where outputs[index].status == 0: self = .object(text)
        case .known(let text):
            self = .failed(KubectlFailure(status: 1, said: text.lines.last.map(String.init) ?? ""))
        }
    }

    /// The object, or why there is none.
    var text: Fact<String> {
        switch self {
        case .object(let text): .known(text)
        case .unasked(let cause): .unknown(cause)
        case .failed(let failure) where failure.kind == .down: .unknown("the API does not answer: \(failure.said)")
        case .failed(let failure): .unknown(failure.said.isEmpty ? Self.silent : failure.said)
        }
    }
}
