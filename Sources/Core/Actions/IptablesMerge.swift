/// The three-way merge of a snapshot into the ruleset of now, by table and chain.
///
/// What the snapshot has comes back in its order. What was added since stays in force where it stood, behind the rule it
/// stood behind and before what comes back there; or it goes. What kube-proxy and the CNI have stays as it is now, and what
/// they lost comes back (``IptablesLost``).
package struct IptablesMerge: Sendable {
    /// The ruleset after it; the counters of what is there now read `=`.
    package private(set) var after = IptablesRuleset()
    /// What comes back of kube-proxy and the CNI, by table.
    private(set) var lost: [String: IptablesLost] = [:]
    /// Rules of the snapshot that lead to a chain which is not there any more, and so cannot come back.
    private(set) var left: [String] = []

    private let snapshot: IptablesRuleset
    private let now: IptablesRuleset
    private let keepsAdded: Bool

    /// Merges `snapshot` into `now`; with `keepsAdded` false what the snapshot does not have goes.
    package init(snapshot: IptablesRuleset, now: IptablesRuleset, keepsAdded: Bool) {
        (self.snapshot, self.now, self.keepsAdded) = (snapshot, now, keepsAdded)
        let known = Set(now.tables.map(\.name))
        for name in now.tables.map(\.name) + snapshot.tables.map(\.name).filter({ !known.contains($0) }) {
            merge(snapshot.table(name) ?? .init(name: name), now.table(name) ?? .init(name: name))
        }
    }

    /// Tables that stay as they are.
    var unchanged: Set<String> {
        Set(after.tables.filter { $0.isSame(as: now.table($0.name) ?? .init(name: $0.name)) }.map(\.name))
    }
    /// Whether there is nothing to do.
    package var isDone: Bool { unchanged.count == after.tables.count }
    /// What comes back of kube-proxy and the CNI.
    var missing: IptablesRuleset {
        IptablesRuleset(tables: snapshot.tables.compactMap { was in lost[was.name].map { $0.part(of: was) } })
    }
    /// Chains and rules that the step brings.
    var brought: IptablesRuleset { after.without(now) }
    /// What the snapshot does not have and stays, but for kube-proxy's and the CNI's.
    var keptSince: [String] { IptablesKept.base(of: after).without(snapshot).ruleLines }
    /// What goes.
    var removed: [String] { IptablesKept.base(of: now).without(after).ruleLines }

    /// A chain that would lead back to itself, which no kernel takes: the snapshot and what was added since can make one.
    var circle: String? {
        for table in after.tables where !unchanged.contains(table.name) {
            if let chain = table.circle { return "-t \(table.name) \(chain)" }
        }
        return nil
    }

    private mutating func merge(_ was: IptablesRuleset.Table, _ has: IptablesRuleset.Table) {
        let kept = IptablesKept.chains(of: has)
        let lost = IptablesLost(from: was, in: has)
        var table = IptablesRuleset.Table(name: has.name)
        table.chains = builtin(was, has) + made(was, has, kept: kept, lost: lost)
        let gone = was.made.subtracting(table.made)
        let (old, new) = (Dictionary(grouping: was.rules, by: \.chain), Dictionary(grouping: has.rules, by: \.chain))
        for chain in table.chains {
            let (before, held) = (old[chain.name] ?? [], new[chain.name] ?? [])
            if lost.chains.contains(chain.name) {
                table.rules += before
            } else if kept.contains(chain.name) {
                table.rules += held.map(\.asNow)
            } else {
                let jumps = chain.policy == nil ? nil : lost.jumps
                table.rules += rules(before, held, theirs: jumps, gone: gone)
                left += before.filter { Self.isLeft($0, theirs: jumps, gone: gone) }
                    .map { "-t \(table.name) \($0.line)" }
            }
        }
        self.lost[table.name] = lost
        after.tables.append(table)
    }

    /// One chain's rules; `theirs` are those of kube-proxy and the CNI that come back, nil for a chain that holds none.
    private func rules(
        _ was: [IptablesRuleset.Rule], _ has: [IptablesRuleset.Rule], theirs: Set<String>?, gone: Set<String>
    ) -> [IptablesRuleset.Rule] {
        let keepsAdded = keepsAdded
        func isTheirs(_ rule: IptablesRuleset.Rule) -> Bool { theirs != nil && IptablesKept.owner(of: rule) != nil }
        return IptablesSequence(
            was: was, has: has,
            comes: { isTheirs($0) ? theirs?.contains($0.line) == true : $0.target.map(gone.contains) != true },
            stays: { keepsAdded || isTheirs($0) },
            isTheirs: isTheirs
        ).merged
    }

    private static func isLeft(_ rule: IptablesRuleset.Rule, theirs: Set<String>?, gone: Set<String>) -> Bool {
        guard let target = rule.target, gone.contains(target) else { return false }
        return theirs == nil || IptablesKept.owner(of: rule) == nil
    }

    // The snapshot's policies; a table that it does not have was as the kernel makes it.
    private func builtin(
        _ was: IptablesRuleset.Table, _ has: IptablesRuleset.Table
    ) -> [IptablesRuleset.Chain] {
        let old = Dictionary(was.chains.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let held = has.chains.filter { $0.policy != nil }
        let names = Set(held.map(\.name))
        return held.map { chain in
            let policy = old[chain.name]?.policy ?? "ACCEPT"
            let isSame = policy == chain.policy
            return IptablesRuleset.Chain(
                name: chain.name, policy: policy, counters: isSame ? "=" : old[chain.name]?.counters ?? "[0:0]")
        } + was.chains.filter { $0.policy != nil && !names.contains($0.name) }
    }

    private func made(
        _ was: IptablesRuleset.Table, _ has: IptablesRuleset.Table, kept: Set<String>, lost: IptablesLost
    ) -> [IptablesRuleset.Chain] {
        let old = was.made
        let held = has.chains.filter { chain in
            chain.policy == nil && (keepsAdded || kept.contains(chain.name) || old.contains(chain.name))
        }
        let names = has.made
        return held
            + was.chains.filter { chain in
                guard chain.policy == nil, !names.contains(chain.name) else { return false }
                return !IptablesKept.isTheirs(chain.name) || lost.chains.contains(chain.name)
            }
    }
}

extension IptablesRuleset.Table {
    /// One without anything.
    init(name: String) { self.init(name: name, chains: [], rules: []) }

    /// The names of the chains that someone made.
    var made: Set<String> { Set(chains.filter { $0.policy == nil }.map(\.name)) }

    /// Whether it filters alike: counters do not count, nor which chain was made first.
    fileprivate func isSame(as other: Self) -> Bool {
        let (mine, theirs) = (IptablesRuleset(tables: [self]), IptablesRuleset(tables: [other]))
        return mine.ruleLines == theirs.ruleLines && mine.policyLines == theirs.policyLines
    }

    // What is left when chains that nothing leads to are taken away, again and again.
    fileprivate var circle: String? {
        let made = made
        var leads: [String: [String]] = [:]
        var count: [String: Int] = [:]
        for rule in rules where made.contains(rule.chain) {
            guard let target = rule.target, made.contains(target) else { continue }
            leads[rule.chain, default: []].append(target)
            count[target, default: 0] += 1
        }
        var open = made.filter { count[$0] == nil }
        while let chain = open.popFirst() {
            for target in leads[chain] ?? [] {
                count[target, default: 0] -= 1
                if count[target] == 0 { open.insert(target) }
            }
        }
        return count.filter { $0.value > 0 }.keys.min()
    }
}

extension IptablesRuleset.Rule {
    /// The same, with the counters that it has on the node.
    var asNow: Self { Self(chain: chain, spec: spec, counters: "=") }
}

extension IptablesRuleset {
    /// The chains and rules that another ruleset does not have; of several alike, those that it has fewer of.
    func without(_ other: IptablesRuleset) -> IptablesRuleset {
        IptablesRuleset(
            tables: tables.map { table in
                let (made, rules) = (other.table(table.name)?.made ?? [], other.table(table.name)?.rules ?? [])
                var left: [String: Int] = [:]
                for rule in rules { left[rule.line, default: 0] += 1 }
                var rest = table
                rest.chains.removeAll { $0.policy != nil || made.contains($0.name) }
                rest.rules.removeAll { rule in
                    left[rule.line, default: 0] -= 1
                    return left[rule.line, default: 0] >= 0
                }
                return rest
            })
    }
}
