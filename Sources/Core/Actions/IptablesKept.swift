/// Splits a ruleset into what kube-proxy and the network plugin own, which is kept, and everything else.
///
/// kube-proxy does not notice a flush and the CNI's masquerading never comes back by itself, so a flush that takes their
/// chains breaks every Service on the node until someone restores them.
enum IptablesKept {
    /// How the names of their chains begin.
    static let chainPrefixes = [kubernetes] + plugins
    /// kube-proxy's and the kubelet's, which they write anew when they are told to.
    static let kubernetes = "KUBE-"
    /// Those of the CNI plugins, Calico, Flannel and Cilium.
    static let plugins = ["CNI-", "cali-", "FLANNEL", "CILIUM_"]
    /// Calico, Cilium and older Flannel also put rules without a jump into built-in chains and mark them like this.
    static let commentPrefixes = ["cali:", "cilium", "flanneld "]
    /// Whose those are, by their chains.
    private static let commentOwners = ["cali-", "CILIUM_", "FLANNEL"]

    /// The names of the kept chains of a table: theirs, and whatever chains of ours theirs lead to.
    ///
    /// A chain that a kept rule still leads to cannot be deleted, and emptying it would change what theirs do.
    static func chains(
        of table: IptablesRuleset.Table, named prefixes: [String] = chainPrefixes
    ) -> Set<String> {
        let made = Set(table.chains.filter { $0.policy == nil }.map(\.name))
        let leads = Dictionary(grouping: table.rules, by: \.chain)
        var kept = made.filter { name in prefixes.contains { name.hasPrefix($0) } }
        var open = table.rules.filter { kept.contains($0.chain) || (!made.contains($0.chain) && isMarked($0)) }
        while let rule = open.popLast() {
            guard let target = rule.target, made.contains(target), kept.insert(target).inserted else { continue }
            open += leads[target] ?? []
        }
        return kept
    }

    /// Whether a rule stays: it is in a kept chain, or in a built-in chain and leads to one or is marked as theirs.
    /// - Parameters:
    ///   - chains: the kept chains of its table.
    ///   - builtin: the table's built-in ones.
    static func keeps(_ rule: IptablesRuleset.Rule, chains: Set<String>, builtin: Set<String>) -> Bool {
        if chains.contains(rule.chain) { return true }
        guard builtin.contains(rule.chain) else { return false }
        return rule.target.map(isTheirs) == true || isMarked(rule)
    }

    /// The ruleset without what is kept: what a flush takes away and its undo brings back.
    static func base(of ruleset: IptablesRuleset) -> IptablesRuleset {
        var base = ruleset
        base.tables = ruleset.tables.map { table in
            let (kept, builtin) = (chains(of: table), table.builtin)
            var rest = table
            rest.chains.removeAll { kept.contains($0.name) }
            rest.rules.removeAll { keeps($0, chains: kept, builtin: builtin) }
            return rest
        }
        return base
    }

    /// Whether a chain's name says it is kube-proxy's or the CNI's.
    static func isTheirs(_ chain: String) -> Bool { chainPrefixes.contains { chain.hasPrefix($0) } }

    /// Whose a rule of a built-in chain is, as the beginning of their chains' names; nil for one that is nobody's of them.
    static func owner(of rule: IptablesRuleset.Rule) -> String? {
        if let target = rule.target, let prefix = chainPrefixes.first(where: target.hasPrefix) { return prefix }
        guard let comment = rule.comment else { return nil }
        return zip(commentPrefixes, commentOwners).first { comment.hasPrefix($0.0) }?.1
    }

    private static func isMarked(_ rule: IptablesRuleset.Rule) -> Bool {
        rule.comment.map { comment in commentPrefixes.contains { comment.hasPrefix($0) } } == true
    }
}

extension IptablesRuleset.Table {
    /// The names of the chains that nobody made.
    var builtin: Set<String> { Set(chains.filter { $0.policy != nil }.map(\.name)) }
}
