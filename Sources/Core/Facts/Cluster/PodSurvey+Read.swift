import CEL

extension PodSurvey {
    struct Pods {
        /// `kubernetes.pods`.
        var troubled: Value
        var count: Int
        var troubledCount: Int
        /// Pods that have not ended, by node.
        var byNode: [String: Int]
    }

    /// - Parameter now: the host's time.
    static func pods(_ answer: Fact<String>, at now: Timestamp) -> Fact<Pods> {
        answer.flatMap { SurveyRows.read($0, shapes) }.flatMap { rows in
            guard let count = rows.all("pods").first, let troubled = rows.all("troubled").first else {
                return .unknown("kubectl printed no number of pods")
            }
            let logs = Dictionary(rows.all("log").map { ($0.path(3), lines($0)) }) { first, _ in first }
            let since = now.adding(seconds: -60 * recentMinutes)
            let entries = rows.groups(by: ["pod", "pods", "troubled", "on", "log"])
                .filter { $0.leader.kind == "pod" }
                .flatMap { SurveyedPod($0.leader, $0.rest).entries(since: since, logs) }
            let byNode = rows.all("on").map { ($0.text(0), $0.number(1)) }
            return .known(
                Pods(
                    troubled: .list(
                        entries.prefix(limit).enumerated().map { $1.value(at: "kubernetes.pods[\($0)]") }),
                    count: count.number(0), troubledCount: troubled.number(0),
                    byNode: Dictionary(byNode) { first, _ in first }))
        }
    }

    /// What a container said, at most eight lines. Where the runtime has its log no more, the kubelet says so instead.
    private static func lines(_ row: SurveyRows.Row) -> [String] {
        let text = String(decoding: Base64.decode(row.text(3, limit: 4096)) ?? [], as: UTF8.self)
        guard !text.hasPrefix("unable to retrieve container logs for ") else { return [] }
        // As logs of nodes are: they are printed and saved.
        return text.lines.prefix(8).map { Printable.escape(Redactor().redact(String($0)), limit: 300) }
    }
}

extension SurveyRows.Row {
    /// The first words as one.
    fileprivate func path(_ count: Int) -> String { (0..<count).map { text($0) }.joined(separator: "/") }
}

/// A pod that is not as it should be, as the lines about it say.
private struct SurveyedPod {
    private let pod: SurveyRows.Row
    private let conditions: [SurveyRows.Row]
    private let initial: [SurveyRows.Row]
    private let containers: [SurveyRows.Row]

    init(_ pod: SurveyRows.Row, _ rest: ArraySlice<SurveyRows.Row>) {
        self.pod = pod
        conditions = rest.filter { $0.kind == "is" }
        initial = rest.filter { $0.kind == "init" }
        containers = rest.filter { $0.kind == "container" }
    }

    private var isReady: Bool { pod.number(9) == 1 }
    private var phase: String { pod.text(2, limit: 30) }
    private var why: String { pod.text(5) }

    private func condition(_ type: String) -> SurveyRows.Row? { conditions.first { $0.text(0) == type } }

    /// An entry for each container to blame, or one for the pod.
    func entries(since: Timestamp, _ logs: [String: [String]]) -> [PodEntry] {
        let blamed = phase == "Failed" && !why.isEmpty ? [] : blamed(since)
        guard !blamed.isEmpty else { return [ownEntry] }
        return blamed.map { row in
            entry(row, lines: logs["\(pod.text(0))/\(pod.text(1))/\(row.text(0))"] ?? [])
        }
    }

    /// Containers that wait for those that initialize are not to blame.
    private func blamed(_ since: Timestamp) -> [SurveyRows.Row] {
        let waits = { (row: SurveyRows.Row) in row.text(4) == "waiting" && row.text(5) == "PodInitializing" }
        let rows = (initial + containers).filter { row in
            row.number(1) == 0 || (Timestamp(row.text(11)).map { $0 >= since } ?? false)
        }
        let others = rows.filter { !waits($0) }
        return others.isEmpty ? rows.filter { $0.kind == "container" } : others
    }

    private func entry(_ row: SurveyRows.Row, lines: [String]) -> PodEntry {
        let isTerminated = row.text(4) == "terminated"
        return PodEntry(
            pod: identity, container: row.text(0), image: row.text(3), reason: reasonOfAll ?? reason(row),
            message: Self.first(row.text(6), pod.text(6)), restarts: row.number(2), lastReason: row.text(9, limit: 100),
            exitCode: row.number(isTerminated ? 8 : 10), isUnready: row.number(1) == 0,
            since: isTerminated ? row.instant(7) : notReadySince ?? row.instant(7), lines: lines)
    }

    private func reason(_ row: SurveyRows.Row) -> String {
        switch row.text(4) {
        case "running": row.text(7).isEmpty ? fallback : "Running"
        case "terminated": Self.first(row.text(5, limit: 100), "ExitCode:\(row.number(8))")
        default: Self.first(row.text(5, limit: 100), fallback)
        }
    }

    private var ownEntry: PodEntry {
        let words = ["PodScheduled", "Ready"].map { condition($0)?.text(3) ?? "" }
        return PodEntry(
            pod: identity, container: "", image: "", reason: reasonOfAll ?? fallback,
            message: Self.first(pod.text(6), words[0], words[1]), restarts: 0, lastReason: "", exitCode: -1,
            isUnready: !isReady, since: notReadySince ?? pod.instant(7), lines: [])
    }

    /// The first text that says something.
    private static func first(_ texts: String...) -> String { texts.first { !$0.isEmpty } ?? "" }

    /// What holds for the pod, whatever its containers are like.
    private var reasonOfAll: String? {
        guard !pod.text(8).isEmpty else { return nil }
        return why == "NodeLost" ? "Unknown" : "Terminating"
    }

    private var fallback: String {
        if !why.isEmpty { return why }
        let blocked = condition("PodScheduled")?.text(2, limit: 100) ?? ""
        return phase == "Pending" && !blocked.isEmpty ? blocked : phase
    }

    private var notReadySince: Fact<Timestamp>? {
        isReady ? nil : (condition("PodScheduled") ?? condition("Ready"))?.instant(4)
    }

    private var identity: [String: Value] {
        [
            "namespace": .string(pod.text(0)), "name": .string(pod.text(1)), "node": .string(pod.text(3)),
            "owner": .string(pod.text(4)), "phase": .string(phase),
        ]
    }
}

/// One entry of `kubernetes.pods`.
private struct PodEntry {
    var pod: [String: Value]
    var container: String
    var image: String
    var reason: String
    var message: String
    var restarts: Int
    var lastReason: String
    var exitCode: Int
    var isUnready: Bool
    var since: Fact<Timestamp>
    var lines: [String]

    func value(at path: String) -> Value {
        let own: [String: Value] = [
            "container": .string(container), "image": .string(image), "reason": .string(reason),
            "message": .string(message), "restarts": .int(Int64(restarts)), "lastReason": .string(lastReason),
            "exitCode": .int(Int64(exitCode)), "unready": .bool(isUnready),
            "since": since.value(at: "\(path).since") { Value.instant($0, at: "\(path).since") },
            "lines": .list(lines.map(Value.string)),
        ]
        return .message(name: "Pod", fields: pod.merging(own) { _, own in own })
    }
}
