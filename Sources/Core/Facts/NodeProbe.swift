/// Every fact of one node in one round trip, for `belay facts` and triage: what ``FactsProbe`` asks, and all groups.
///
/// Read-only. What a node sends is bounded by ``byteLimit``; answers are hostile, and ``parse(_:at:)`` never fails.
public struct NodeProbe: Sendable {
    /// The groups, in the order in which they are shown.
    static let groups: [FactGroup] = [
        .cpu, .memory, .io, .busiest, .network, .dns, .proxies, .api, .runtime, .controlPlane, .etcd, .certificates,
        .units, .logs, .cni, .serviceRules, .kernel, .agents, .upgrade, .changes, .time,
    ]

    /// The most a node sends, in bytes of its answers as they cross the wire.
    public static let byteLimit = 256 << 10
    /// How many commands run at once on the node: most wait for a program or a peer that may be slow.
    public static let lanes = 8

    private let probe: FactsProbe
    /// All questions: those of ``FactsProbe``, then the groups'.
    private let questions: [FactQuestion]
    /// The order in which they are sent. The uptime comes first, which times refer to; then those that may wait, by what they
    /// wait for, so that no lane waits twice for the same thing.
    private let order: [Int]

    /// Asks for these services besides the usual ones.
    public init(services: some Sequence<String> = []) {
        let probe = FactsProbe(services: services)
        let questions = Self.own(probe) + Self.groups.flatMap(\.questions)
        let peers = FactQuestion.Peer.allCases.map { peer in
            questions.indices.dropFirst().filter { questions[$0].waits?.peer == peer }
        }
        (self.probe, self.questions) = (probe, questions)
        order = [0] + peers.flatMap(\.self) + questions.indices.dropFirst().filter { questions[$0].waits == nil }
    }

    /// The questions of ``FactsProbe``, bounded in time; the longest answer comes as a summary.
    private static func own(_ probe: FactsProbe) -> [FactQuestion] {
        let commands = probe.commands()
        let fixed = Question.allCases.map { question in
            switch question {
            case .iptablesSave:
                FactQuestion(FirewallFacts.summary, limit: question.limit, waits: (1.5, .firewall))
            case .healthz:
                FactQuestion(Question.healthz(within: "1.5"), limit: question.limit, waits: (1.5, .kubelet))
            case .diskBytes, .diskInodes:
                FactQuestion(bounded(question.command), limit: question.limit, waits: (1.5, .disks))
            default: FactQuestion(question.command, limit: question.limit)
            }
        }
        let units = commands.dropFirst(fixed.count)
        return fixed + units.map { FactQuestion(bounded($0), limit: 1 << 10, waits: (1.5, .systemd)) }
    }

    private static func bounded(_ command: Command) -> Command {
        Command(["timeout", "1.5"] + command.argv, input: command.input, accepts: command.accepts)
    }

    /// The commands; their outputs go to ``parse(_:at:)`` in the same order.
    public func commands() -> [Command] { order.map { questions[$0].command } }

    /// How much is kept of what they say.
    public func bounds() -> ReadScript.Bounds {
        var bounds = ReadScript.Bounds()
        bounds.outputs = order.map { questions[$0].limit }
        bounds.errors = 256
        bounds.lanes = Self.lanes
        return bounds
    }

    /// The longest that each lane waits, in seconds, while this does not answer.
    func waits(for peer: FactQuestion.Peer) -> [Double] {
        var waits = Array(repeating: 0.0, count: Self.lanes)
        for (index, question) in order.dropFirst().enumerated() {
            guard let wait = questions[question].waits, [peer, .sample].contains(wait.peer) else { continue }
            waits[index % Self.lanes] += wait.seconds
        }
        return waits
    }

    /// Reads the outputs of ``commands()``: the value of `facts`. Missing ones make their facts unknown.
    /// - Parameter now: when the node was asked, by this machine's clock.
    public func parse(_ outputs: [CommandOutput], at now: Timestamp) -> NodeFacts {
        var answered: [CommandOutput?] = Array(repeating: nil, count: questions.count)
        for (question, output) in zip(order, outputs) { answered[question] = output }
        let answers = Answers(outputs: answered)
        var place = questions.count - Self.groups.reduce(0) { $0 + $1.questions.count }
        let groups = Self.groups.map { group in
            defer { place += group.questions.count }
            let asked = FactAnswers(answers: answers, now: now, first: place, questions: group.questions)
            return (group.field.name, group.read(asked))
        }
        return NodeFacts(facts: probe.parse(answers), groups: Dictionary(uniqueKeysWithValues: groups))
    }
}
