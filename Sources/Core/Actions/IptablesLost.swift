/// What a snapshot's table has of kube-proxy's and the CNI's, and the node has lost.
///
/// They write their rules all the time, so what they have now counts. But after a flush nobody leads to their chains any
/// more, and kube-proxy does not notice: a jump that a built-in chain had and has not is what tells a loss. What it led to
/// comes back with it, as far as nobody has written that anew.
struct IptablesLost: Sendable {
    /// Rules of built-in chains that come back, as lines.
    private(set) var jumps: Set<String> = []
    /// Chains that come back with the snapshot's rules: none of them has a rule now.
    private(set) var chains: Set<String> = []

    /// Nothing lost.
    init() {}

    /// Compares a table of now with that of a snapshot.
    init(from was: IptablesRuleset.Table, in now: IptablesRuleset.Table) {
        let (old, new) = (Dictionary(grouping: was.rules, by: \.chain), Dictionary(grouping: now.rules, by: \.chain))
        let made = now.made
        var waiting: [IptablesRuleset.Rule] = []
        var inForce: Set<String> = []
        let builtin = was.builtin
        for chain in builtin {
            let held = (new[chain] ?? []).filter { IptablesKept.owner(of: $0) != nil }
            let (targets, owners) = (Set(held.map(\.target)), Set(held.compactMap(IptablesKept.owner)))
            inForce.formUnion(owners)
            for rule in old[chain] ?? [] {
                guard let owner = IptablesKept.owner(of: rule) else { continue }
                let isOwned = owners.contains(owner)
                guard rule.leadsToTheirs ? !targets.contains(rule.target) : !isOwned else { continue }
                if isOwned { waiting.append(rule) } else { jumps.insert(rule.line) }
            }
        }
        let needed = was.rules.filter { Self.isNeeded($0, builtin, made, inForce) }.compactMap(\.target)
        follow(needed, (was.made, old), (made, new), fills: false)
        var open = was.rules.filter { jumps.contains($0.line) }.compactMap(\.target)
        // A rule of a pod that is gone by now is no loss: others of its kind are there, and its chain is not.
        repeat {
            follow(open, (was.made, old), (made, new), fills: true)
            let found = waiting.filter { rule in
                rule.target.map { made.contains($0) || chains.contains($0) } == true && !jumps.contains(rule.line)
            }
            jumps.formUnion(found.map(\.line))
            open = found.compactMap(\.target)
        } while !open.isEmpty
    }

    // A chain of ours that leads to one of theirs needs it, unless they are at work there and have taken it away themselves.
    private static func isNeeded(
        _ rule: IptablesRuleset.Rule, _ builtin: Set<String>, _ made: Set<String>, _ inForce: Set<String>
    ) -> Bool {
        guard let target = rule.target, rule.leadsToTheirs, !made.contains(target) else { return false }
        return !builtin.contains(rule.chain) && !IptablesKept.isTheirs(rule.chain)
            && IptablesKept.owner(of: rule).map(inForce.contains) == false
    }

    private typealias Chains = (made: Set<String>, rules: [String: [IptablesRuleset.Rule]])

    // Through what is there as well: kube-proxy may have written KUBE-SERVICES anew, and not what that leads to.
    // What is empty is filled only after a flush: it may be meant so.
    private mutating func follow(_ start: [String], _ was: Chains, _ now: Chains, fills: Bool) {
        var open = start
        var seen: Set<String> = []
        while let name = open.popLast() {
            guard was.made.contains(name) || now.made.contains(name), seen.insert(name).inserted else { continue }
            let (old, held) = (was.rules[name] ?? [], now.rules[name] ?? [])
            let isNew = was.made.contains(name) && !now.made.contains(name)
            if IptablesKept.isTheirs(name), held.isEmpty, isNew || fills && !old.isEmpty { chains.insert(name) }
            open += (held.isEmpty ? old : held).compactMap(\.target)
        }
    }

    /// The chains and rules that come back.
    func part(of was: IptablesRuleset.Table) -> IptablesRuleset.Table {
        IptablesRuleset.Table(
            name: was.name, chains: was.chains.filter { chains.contains($0.name) },
            rules: was.rules.filter { chains.contains($0.chain) || jumps.contains($0.line) })
    }
}

extension IptablesRuleset.Rule {
    fileprivate var leadsToTheirs: Bool { target.map(IptablesKept.isTheirs) == true }
}
