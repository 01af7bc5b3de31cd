/// What a drain would do to the pods of a node, and what stands in its way, as fields of an observation.
struct DrainLook: Sendable, Hashable {
    /// The names of the fields.
    static let names: Set<String> = ["pods", "going", "heldBack", "budgets", "heldByBudget", "blocks"]

    private var pods: [String] = []
    private var going: [String] = []
    private var heldBack: [String] = []
    private var budgets: [String] = []
    private var heldByBudget: [String] = []
    private var blocks: [String] = []

    init(pods all: [DrainPod], budgets known: [DisruptionBudget], consent: DrainConsent) {
        for pod in all {
            switch pod.fate {
            case .stays(let why): heldBack.append("\(pod.path): \(why)")
            case .going: going.append(pod.path)
            case .leaves:
                pods.append("\(pod.key) \(pod.name)")
                judge(pod, consent)
                ask(known.filter { $0.covers(pod) }, about: pod)
            }
        }
        let leaving = all.filter { $0.fate == .leaves }
        budgets = known.compactMap { budget in
            let covered = leaving.filter(budget.covers).count
            return covered == 0 ? nil : budget.summary(over: covered)
        }
    }

    private mutating func judge(_ pod: DrainPod, _ consent: DrainConsent) {
        let line = pods.last ?? ""
        if Self.isUnmanaged(line) { blocks.append("\(pod.path) has no controller that would make it again") }
        if Self.hasEmptyDir(line), !consent.emptyDir { blocks.append("\(pod.path) keeps data in an emptyDir volume") }
    }

    private mutating func ask(_ budgets: [DisruptionBudget], about pod: DrainPod) {
        // The API asks no budget about a pod that was never started.
        guard let budget = budgets.first, pod.phase != "Pending" else { return }
        guard budgets.count == 1 else {
            let paths = budgets.map(\.path).joined(separator: " and ")
            return blocks.append("\(pod.path) has several budgets (\(paths)), and the API then evicts nothing")
        }
        switch budget.answer(to: pod) {
        case .yes: break
        case .later(let why): heldByBudget.append("\(pod.path): \(why)")
        case .never(let why): blocks.append("\(pod.path): \(why)")
        }
    }

    var fields: [String: FieldValue] {
        [
            "pods": .lines(pods), "going": .lines(going), "heldBack": .lines(heldBack), "budgets": .lines(budgets),
            "heldByBudget": .lines(heldByBudget), "blocks": .lines(blocks),
        ]
    }
}

/// Lines of the field `pods`: a key, a space, the pod's name.
extension DrainLook {
    /// The controllers whose pods are evicted, each once.
    static func keys(_ pods: [String]) -> [String] { Set(pods.map(key)).sorted() }

    static func isUnmanaged(_ line: String) -> Bool { parts(line).dropFirst().first == "-" }

    static func isOfJob(_ line: String) -> Bool { parts(line).dropFirst().first == "Job" }

    static func hasEmptyDir(_ line: String) -> Bool { key(line).hasSuffix("+emptyDir") }

    /// `NAMESPACE/NAME` of the pod.
    static func pod(_ line: String) -> String {
        "\(parts(line).first ?? "")/\(line.split(separator: " ").last ?? "")"
    }

    /// The first of many, and how many more.
    static func some(_ lines: [String], _ separator: String) -> String {
        let shown = lines.prefix(8).joined(separator: separator)
        return lines.count > 8 ? "\(shown)\(separator)and \(lines.count - 8) more" : shown
    }

    private static func key(_ line: String) -> String { line.split(separator: " ").first.map(String.init) ?? "" }

    private static func parts(_ line: String) -> [Substring] { key(line).split(separator: "/").map { $0[...] } }
}
