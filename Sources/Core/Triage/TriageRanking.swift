/// What is behind what among rules that are true, and what to look at first.
struct TriageRanking: Sendable {
    /// What nothing else explains, the deepest layer first.
    private(set) var primary: [TriageHit] = []
    /// Of each of ``primary``, what follows from it.
    private(set) var consequences: [[TriageHit]] = []

    init(_ hits: [TriageHit]) {
        let explained = hits.map { hit in hits.indices.filter { hits[$0].explains(hit) } }
        let roots = hits.indices.filter { explained[$0].isEmpty }
        let ranked = roots.map { root in (root, Self.following(root, hits, explained)) }
            .sorted { Self.order(hits, $0, $1) }
        primary = ranked.map { hits[$0.0] }
        consequences = ranked.map { $0.1.map { hits[$0] } }
    }

    /// Everything that can be reached from a hit; the rules have no cycles.
    private static func following(_ root: Int, _ hits: [TriageHit], _ explained: [[Int]]) -> [Int] {
        var reached: Set<Int> = [root]
        var grows = true
        while grows {
            let next = hits.indices.filter { !reached.contains($0) && explained[$0].contains(where: reached.contains) }
            reached.formUnion(next)
            grows = !next.isEmpty
        }
        return reached.subtracting([root]).sorted()
    }

    /// Causes before symptoms of which no cause is known, then the layer on which others stand, then what explains more.
    private static func order(_ hits: [TriageHit], _ left: (Int, [Int]), _ right: (Int, [Int])) -> Bool {
        let (one, other) = (hits[left.0], hits[right.0])
        if one.rule.isSymptom != other.rule.isSymptom { return other.rule.isSymptom }
        if one.rule.layer != other.rule.layer { return one.rule.layer.depth < other.rule.layer.depth }
        if left.1.count != right.1.count { return left.1.count > right.1.count }
        return left.0 < right.0
    }
}

extension Runbook.Layer {
    /// The order in which layers stand on each other, the lowest first.
    var depth: Int {
        switch self {
        case .infrastructure: 0
        case .node: 1
        case .controlPlane: 2
        case .kubernetes: 3
        case .management: 4
        case .application: 5
        }
    }
}

extension TriageHit {
    /// Whether the other one follows from this: as the rules say, and a set's symptoms from its causes; where both are about
    /// the same, or one is part of the other. What a control-plane node does to all others their symptoms show.
    fileprivate func explains(_ other: TriageHit) -> Bool {
        guard !rule.isSymptom, rule.name != other.rule.name || subject != other.subject else { return false }
        let isNamed = rule.explains.contains(other.rule.name)
        if isNamed, rule.layer == .controlPlane, other.rule.isSymptom, subject.node != nil { return true }
        return (isNamed || (other.rule.isSymptom && other.set.name == set.name)) && subject.concerns(other.subject)
    }
}

extension TriageRule.Subject {
    /// Whether trouble with this may be trouble with the other.
    fileprivate func concerns(_ other: TriageRule.Subject) -> Bool {
        if self == other { return true }
        switch (self, other) {
        case (.cluster, _), (_, .cluster): return true
        case (.node(let name), .pod(_, _, let node, _)): return name == node || node.isEmpty
        case (.node, .workload), (.node, .service): return true
        case (.pod(let namespace, _, _, let owner), .workload(_, let other, let name)):
            return namespace == other && owner.split(separator: "/").last.map { $0.hasPrefix(name) } ?? false
        case (.pod(let namespace, _, _, _), .service(let other, _)),
            (.workload(_, let namespace, _), .service(let other, _)),
            (.workload(_, let namespace, _), .pod(let other, _, _, _)):
            return namespace == other
        case (.pod(let namespace, let name, _, _), .pod(let other, let twin, _, _)):
            return namespace == other && name == twin
        default: return false
        }
    }
}
