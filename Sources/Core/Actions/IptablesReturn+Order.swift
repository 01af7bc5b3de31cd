/// What the script on the node is told: the rules that shall be, and what shall not.
extension IptablesReturn {
    /// The state before as the script reads it, one letter and a line each.
    ///
    /// `T` table, `P` policy that is not ACCEPT, `G` kept chain that is not theirs by name, `C` chain,
    /// `A` rule of such a chain, and for built-in chains in their order `B` a rule to put back and `K` a kept rule that
    /// shows where.
    static func order(to ruleset: IptablesRuleset) -> String {
        ruleset.tables.map { section($0, kept: IptablesKept.chains(of: $0)) }.joined()
    }

    /// The way back from a full flush, which took kube-proxy's too: `c`, `a` and `b` are of those as `C`, `A` and `B` are of
    /// ours, but only for what nobody has brought back by then.
    static func order(fullyTo ruleset: IptablesRuleset) -> String {
        ruleset.tables.map { table in
            let proxys = table.made.filter { $0.hasPrefix(IptablesKept.kubernetes) }
            let kept = IptablesKept.chains(of: table, named: IptablesKept.plugins).union(proxys)
            let jumps = table.rules.filter { $0.target.map(proxys.contains) == true }.map(\.line)
            return section(table, kept: kept, spare: proxys, jumps: Set(jumps))
        }.joined()
    }

    /// The way to a ruleset of nothing but these policies.
    static func order(toPolicies ruleset: IptablesRuleset) -> String {
        ruleset.tables.map { table in
            let lines = table.chains.compactMap { chain in
                chain.policy.flatMap { $0 == "ACCEPT" ? nil : "P :\(chain.name) \($0) =\n" }
            }
            return lines.isEmpty ? "" : "T \(table.name)\n" + lines.joined()
        }.joined()
    }

    /// The way to what a merge makes of the rules of now: also `S` a table that stays. What comes back of theirs does so only
    /// if they have not brought it back themselves in the minutes since now.
    static func order(to merge: IptablesMerge, from now: IptablesRuleset) -> String {
        let unchanged = merge.unchanged
        return merge.after.tables.map { table in
            guard !unchanged.contains(table.name) else { return "S \(table.name)\n" }
            let lost = merge.lost[table.name] ?? IptablesLost()
            let kept = now.table(table.name).map { IptablesKept.chains(of: $0) } ?? []
            return section(table, kept: kept.union(lost.chains), spare: lost.chains, jumps: lost.jumps)
        }.joined()
    }

    /// The way back from there: also `D` a rule and `E` a chain that the merge brought.
    static func order(back from: IptablesMerge, to before: IptablesRuleset) -> String {
        order(to: before)
            + from.brought.tables.map { table in
                let lines = table.rules.map { "D \($0.line)" } + table.chains.map { "E \($0.name)" }
                return lines.isEmpty ? "" : (["T \(table.name)"] + lines).map { $0 + "\n" }.joined()
            }.joined()
    }

    private static func section(
        _ table: IptablesRuleset.Table, kept: Set<String>, spare: Set<String> = [], jumps: Set<String> = []
    ) -> String {
        let chains = table.chains.filter { $0.policy == nil && !kept.contains($0.name) }.map(\.name)
        // Policies too when the flush keeps them: a reboot under the armed dead-man resets them.
        var lines = table.chains.compactMap { chain in
            chain.policy.flatMap { $0 == "ACCEPT" ? nil : "P :\(chain.name) \($0) \(chain.counters)" }
        }
        lines +=
            kept.filter { !IptablesKept.isTheirs($0) }.sorted().map { "G \($0)" } + chains.map { "C :\($0) - [0:0]" }
        let made = Set(chains)
        lines += table.rules.filter { made.contains($0.chain) }.map { "A \($0.counters) \($0.line)" }
        lines += spare.sorted().map { "c :\($0) - [0:0]" }
        lines += table.rules.filter { spare.contains($0.chain) }.map { "a \($0.counters) \($0.line)" }
        let builtin = table.builtin
        lines += table.rules.filter { builtin.contains($0.chain) }.map { rule in
            if jumps.contains(rule.line) { return "b \(rule.counters) \(rule.line)" }
            let isKept = IptablesKept.keeps(rule, chains: kept, builtin: builtin)
            return isKept ? "K \(rule.line)" : "B \(rule.counters) \(rule.line)"
        }
        return lines.isEmpty ? "" : (["T \(table.name)"] + lines).map { $0 + "\n" }.joined()
    }
}
