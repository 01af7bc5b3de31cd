import CEL

/// What the Kubernetes API says of the whole cluster, for triage: the variable `kubernetes`. It is asked on the execution host,
/// where kubectl is, in one round trip.
///
/// Read-only. What the host sends is bounded by ``byteLimit``; answers are hostile, and ``parse(_:at:)`` never fails.
public struct ClusterSurvey: Sendable, Hashable {
    private let kubeconfig: String

    /// - Parameter kubeconfig: its path on the execution host.
    public init(kubeconfig: String) {
        self.kubeconfig = kubeconfig
    }

    /// The most a host sends, in bytes of its answers.
    public static let byteLimit = 512 << 10

    /// What is asked, the host's time first.
    enum Question: Int, CaseIterable {
        case clock, version, nodes, pods, workloads, services, leases, events, usage

        /// Bytes of the answer that are worth reading.
        var limit: Int {
            switch self {
            case .clock: 64
            case .version: 2 << 10
            case .nodes: 208 << 10
            case .pods: 128 << 10
            case .workloads, .services: 24 << 10
            case .leases, .events: 40 << 10
            case .usage: 32 << 10
            }
        }

        fileprivate var read: SurveyRead {
            switch self {
            case .nodes: NodeSurvey.read
            case .pods: PodSurvey.read
            case .workloads: WorkloadSurvey.read
            case .services: ServiceSurvey.read
            case .leases: LeaseSurvey.read
            case .events: EventSurvey.read
            case .usage: UsageSurvey.read
            case .clock, .version: SurveyRead(paths: ["/version"], asksFirst: true)
            }
        }
    }

    /// The commands; their outputs go to ``parse(_:at:)`` in the same order.
    public func commands() -> [Command] {
        Question.allCases.map { question in
            question == .clock ? Command(["date", "+%s"]) : question.read.command(kubeconfig: kubeconfig)
        }
    }

    /// How much is kept of what they say. All requests are made at once, so that an API that does not answer costs the time
    /// limit of one.
    public func bounds() -> ReadScript.Bounds {
        var bounds = ReadScript.Bounds()
        bounds.outputs = Question.allCases.map(\.limit)
        bounds.errors = 256
        bounds.lanes = Question.allCases.count - 1
        return bounds
    }

    /// Reads the outputs of ``commands()``. Missing ones make their facts unknown.
    /// - Parameter now: when the host was asked, by this machine's clock; it counts where the host does not say its time.
    public func parse(_ outputs: [CommandOutput], at now: Timestamp) -> ClusterSurveyFacts {
        func answer(_ question: Question) -> KubernetesAnswer { KubernetesAnswer(outputs, at: question.rawValue) }
        let clock = Answers(outputs: outputs).text(at: Question.clock.rawValue).flatMap(KubernetesNodeFacts.time)
        let leases = LeaseSurvey.leases(answer(.leases).text, at: clock.value ?? now)
        let pods = PodSurvey.pods(answer(.pods).text, at: clock.value ?? now)
        let nodes = NodeSurvey.nodes(answer(.nodes).text, leases: leases.map(\.nodes), pods: pods.map(\.byNode))
        let workloads = WorkloadSurvey.workloads(answer(.workloads).text)
        let services = ServiceSurvey.services(answer(.services).text)
        return ClusterSurveyFacts(
            api: KubernetesProbe.api(answer(.version)), nodes: nodes,
            fields: [
                "version": answer(.version).text.flatMap(Self.version), "pods": pods.map(\.troubled),
                "podCount": pods.map { .int(Int64($0.count)) },
                "troubledPodCount": pods.map { .int(Int64($0.troubledCount)) }, "workloads": workloads.troubled,
                "troubledWorkloadCount": workloads.count, "systemPods": workloads.system,
                "services": services.troubled, "troubledServiceCount": services.troubledCount,
                "serviceCount": services.count,
                "leases": leases.map(\.leaders), "events": EventSurvey.events(answer(.events).text),
                "usage": UsageSurvey.usage(answer(.usage).text, of: nodes),
            ])
    }

    private static func version(_ text: String) -> Fact<Value> {
        struct Version: Decodable { var gitVersion: String }
        guard let version = try? JSON.decode(Version.self, from: Array(text.utf8)) else {
            return .unknown("kubectl printed no version: \(Printable.escape(String(text.prefix(60)), limit: 60))")
        }
        return .known(.string(Printable.escape(version.gitVersion, limit: 60)))
    }
}
