/// A PodDisruptionBudget: how many of the pods that it selects may be evicted now, as its controller counts them.
struct DisruptionBudget: Sendable, Hashable {
    var namespace: String
    var name: String
    /// False when the controller has not counted since the budget was changed: the API then allows nothing.
    var isCounted: Bool
    var allowed: Int
    var healthy: Int
    var desired: Int
    var expected: Int
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`.
    var letsUnreadyGo: Bool
    var selector: PodSelector

    var path: String { "\(namespace)/\(name)" }

    func covers(_ pod: DrainPod) -> Bool { pod.namespace == namespace && selector.matches(pod.labels) }

    /// What an eviction meets.
    enum Answer: Sendable, Hashable {
        case yes
        /// Not now; it may change by itself.
        case later(String)
        /// Not even when all its pods are healthy.
        case never(String)
    }

    func answer(to pod: DrainPod) -> Answer {
        guard isCounted else { return .later("budget \(path) has not been counted yet") }
        if allowed > 0 { return .yes }
        let numbers = "\(healthy) of \(expected) healthy, \(desired) must be"
        if !pod.isReady, letsUnreadyGo || (desired > 0 && healthy >= desired) { return .yes }
        // Its controller counts what is there: with more replicas it is another budget.
        if expected > 0, desired >= expected { return .never("budget \(path) never allows a disruption (\(numbers))") }
        return .later("budget \(path) allows none now (\(numbers))")
    }

    /// For people, over so many of the node's pods.
    func summary(over pods: Int) -> String {
        "\(path) covers \(pods), allows \(allowed) at once (\(healthy) of \(expected) healthy, \(desired) must be)"
    }
}

extension DisruptionBudget {
    /// All of the cluster, in the version of the API that kubectl prefers.
    static func list(through node: KubectlObject) -> Command {
        Command([
            "kubectl", "--kubeconfig", node.kubeconfig, "--request-timeout=10s", "--cache-dir=/dev/null", "get",
            "poddisruptionbudgets", "--all-namespaces", "-o", "go-template=\(template)",
        ])
    }

    /// `budget VERSION NAMESPACE NAME GENERATION OBSERVED ALLOWED HEALTHY DESIRED EXPECTED POLICY SELECTOR` and the selector's
    /// parts, `KEY=VALUE` or `KEY:OPERATOR:VALUE,VALUE`.
    private static let template = """
        {{define "n"}}{{if .}}{{printf "%v" .}}{{else}}0{{end}}{{end}}\
        {{range .items}}{{$selects := "nothing"}}{{range $key, $_ := .spec}}\
        {{if eq $key "selector"}}{{$selects = "some"}}{{end}}{{end}}\
        budget {{.apiVersion}} {{.metadata.namespace}} {{.metadata.name}} {{template "n" .metadata.generation}} \
        {{template "n" .status.observedGeneration}} {{template "n" .status.disruptionsAllowed}} \
        {{template "n" .status.currentHealthy}} {{template "n" .status.desiredHealthy}} \
        {{template "n" .status.expectedPods}} \
        {{with .spec.unhealthyPodEvictionPolicy}}{{.}}{{else}}-{{end}} {{$selects}}\
        {{with .spec.selector}}{{range $key, $value := .matchLabels}} {{$key}}={{$value}}{{end}}\
        {{range .matchExpressions}} {{.key}}:{{.operator}}:{{range $index, $value := .values}}\
        {{if $index}},{{end}}{{$value}}{{end}}{{end}}{{end}}{{"\\n"}}{{end}}
        """

    static func read(_ output: CommandOutput, of node: KubectlObject) throws(ObservationError) -> [DisruptionBudget] {
        let budgets = try output.rows(of: "kubectl get poddisruptionbudgets", about: node)
            .map { (words) throws(ObservationError) in
                guard let budget = DisruptionBudget(words) else { throw .strange(words, "a disruption budget", node) }
                return budget
            }
        return budgets.sorted { $0.path < $1.path }
    }

    private init?(_ words: [String]) {
        guard words.count >= 12, words[0] == "budget", !words[2].isEmpty, !words[3].isEmpty else { return nil }
        let numbers = words[4...9].compactMap { Int($0) }
        guard numbers.count == 6, let selector = PodSelector(words[11], words[12...], version: words[1]) else {
            return nil
        }
        self.init(
            namespace: words[2], name: words[3], isCounted: numbers[1] >= numbers[0], allowed: numbers[2],
            healthy: numbers[3], desired: numbers[4], expected: numbers[5], letsUnreadyGo: words[10] == "AlwaysAllow",
            selector: selector)
    }
}

/// Which pods a budget is about.
struct PodSelector: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case `in`(String, Set<String>), notIn(String, Set<String>), exists(String), absent(String)
    }

    /// Nil selects nothing.
    private var parts: [Part]?

    /// - Parameters:
    ///   - has: `some` when there is a selector, `nothing` without one.
    ///   - words: its parts as the template prints them.
    ///   - version: of the API; an empty selector is all pods of the namespace in `policy/v1`, and none before it.
    init?(_ has: String, _ words: ArraySlice<String>, version: String) {
        guard has == "some" || (has == "nothing" && words.isEmpty) else { return nil }
        var parts: [Part] = []
        for word in words {
            guard let part = Self.part(word) else { return nil }
            parts.append(part)
        }
        switch version {
        case "policy/v1": self.parts = has == "some" ? parts : nil
        case "policy/v1beta1": self.parts = parts.isEmpty ? nil : parts
        default: return nil
        }
    }

    func matches(_ labels: [String: String]) -> Bool {
        guard let parts else { return false }
        return parts.allSatisfy { part in
            switch part {
            case .in(let key, let values): labels[key].map(values.contains) ?? false
            case .notIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .exists(let key): labels[key] != nil
            case .absent(let key): labels[key] == nil
            }
        }
    }

    private static func part(_ word: String) -> Part? {
        // No key has either mark in it, and no value a colon.
        let pieces = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if pieces.count == 1 {
            guard let mark = word.firstIndex(of: "="), mark != word.startIndex else { return nil }
            return .in(String(word[..<mark]), [String(word[word.index(after: mark)...])])
        }
        guard pieces.count == 3, !pieces[0].isEmpty else { return nil }
        let values = Set(pieces[2].split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        return switch pieces[1] {
        case "In": .in(pieces[0], values)
        case "NotIn": .notIn(pieces[0], values)
        case "Exists": .exists(pieces[0])
        case "DoesNotExist": .absent(pieces[0])
        default: nil
        }
    }
}

/// Which version of an Eviction the API takes, as its own list of what it has says.
enum EvictionKind {
    static func ask(through node: KubectlObject) -> Command {
        Command([
            "kubectl", "--kubeconfig", node.kubeconfig, "--request-timeout=10s", "--cache-dir=/dev/null", "get",
            "--raw",
            "/api/v1",
        ])
    }

    static func read(_ output: CommandOutput, of node: KubectlObject) throws(ObservationError) -> String {
        // Refuses what failed, was cut or is not text, in the same words as the rest.
        _ = try output.rows(of: "kubectl get --raw /api/v1", about: node)
        let list = try? JSON.decode(Resources.self, from: output.output.bytes)
        let eviction = list?.resources.first { $0.name == "pods/eviction" && $0.kind == "Eviction" }
        guard let eviction, eviction.group == "policy", eviction.version == "v1" || eviction.version == "v1beta1" else {
            throw ObservationError(
                "the Kubernetes API does not say that it evicts pods (pods/eviction)",
                remedy: "Without it nothing keeps the disruption budgets: drain \(node.name) by hand, pod by pod")
        }
        return "policy/\(eviction.version ?? "")"
    }

    private struct Resources: Decodable {
        var resources: [Resource]
    }

    private struct Resource: Decodable {
        var name: String
        var kind: String
        var group: String?
        var version: String?
    }
}
