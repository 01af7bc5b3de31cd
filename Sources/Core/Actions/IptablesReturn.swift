/// The way back to a base ruleset: what was there before, around what kube-proxy and the CNI have by then.
///
/// Which kept jumps there will be is not known when a plan is made, so the last step of the work is done on the node, by
/// one fixed awk program that compares the state before with the rules of that moment.
enum IptablesReturn {
    /// The state before as ``script`` reads it, one letter and a line each.
    ///
    /// `T` table, `P` policy that is not ACCEPT, `G` kept chain that is not theirs by name, `C` chain,
    /// `A` rule of such a chain, and for built-in chains in their order `B` a rule to put back and `K` a kept rule that
    /// shows where.
    static func order(to ruleset: IptablesRuleset) -> String {
        let base = IptablesKept.base(of: ruleset)
        let tables = zip(ruleset.tables, base.tables).map { whole, ours in
            section(whole, ours).map { $0 + "\n" }.joined()
        }
        return tables.joined()
    }

    private static func section(
        _ whole: IptablesRuleset.Table, _ ours: IptablesRuleset.Table
    ) -> [String] {
        let chains = ours.chains.filter { $0.policy == nil }.map(\.name)
        let kept = IptablesKept.chains(of: whole)
        // Policies too when the flush keeps them: a reboot under the armed dead-man resets them.
        var lines = whole.chains.compactMap { chain in
            chain.policy.flatMap { $0 == "ACCEPT" ? nil : "P :\(chain.name) \($0) \(chain.counters)" }
        }
        lines +=
            kept.filter { !IptablesKept.isTheirs($0) }.sorted().map { "G \($0)" } + chains.map { "C :\($0) - [0:0]" }
        let made = Set(chains)
        lines += ours.rules.filter { made.contains($0.chain) }.map { "A \($0.counters) \($0.line)" }
        let builtin = whole.builtin
        lines += whole.rules.filter { builtin.contains($0.chain) }.map { rule in
            let isKept = IptablesKept.keeps(rule, chains: kept, builtin: builtin)
            return isKept ? "K \(rule.line)" : "B \(rule.counters) \(rule.line)"
        }
        return lines.isEmpty ? [] : ["T \(whole.name)"] + lines
    }

    /// Chain names and comments that are theirs, as the awk program matches them; the same as in ``IptablesKept``.
    static var patterns: [String] {
        [
            "^(\(IptablesKept.chainPrefixes.joined(separator: "|")))",
            "^\"?(\(IptablesKept.commentPrefixes.joined(separator: "|")))",
        ]
    }

    /// Brings the base ruleset back from whatever is there: `$1` prints the rules of now, `$2` restores them, `$3` and `$4`
    /// match what is kept, standard input is the order.
    ///
    /// One transaction deletes what is neither kept nor of before, as well as what is there already, and puts each rule
    /// behind the last kept rule that stood before it and still is there; so it may run twice. What it took away and did
    /// not put back is printed, since someone may miss it.
    static let script: StaticString = #"""
        order=$(cat)
        case $order in *T*) ;; *) [ -e /proc/net/if_inet6 ] || [ "$1" = iptables-save ] || exit 0 ;; esac
        now=$("$1" -c) || exit
        text=$(printf '%s\nNOW\n%s\n' "$order" "$now" | theirs=$3 marks=$4 awk '
            function rule_of(line) { return substr(line, index(line, " -A ") + 1) }
            function chain_of(rule,    word) { split(rule, word, " "); return word[2] }
            function after(rule, option,    at) {
                at = index(rule " ", " " option " ")
                return at ? substr(rule, at + length(option) + 2) : ""
            }
            function target(rule,    word, n, i, found) {
                gsub(/\\"/, "", rule); gsub(/"[^"]*"/, "", rule)
                n = split(rule, word, " ")
                for (i = 3; i < n; i++) if (word[i] == "-j" || word[i] == "-g") found = word[i + 1]
                return found
            }
            function marked(rule) { return after(rule, "--comment") ~ ENVIRON["marks"] }
            function kept(rule) { return target(rule) ~ ENVIRON["theirs"] || marked(rule) }
            function mark_kept(t,    i, c, from, more) {
                do {
                    more = 0
                    for (i = 1; i <= rules[t]; i++) {
                        c = target(rule[t, i]); from = chain_of(rule[t, i])
                        if (!(c in user) || ((t, c) in keep)) continue
                        if (((t, from) in keep) || (((t, from) in builtin) && marked(rule[t, i]))) {
                            keep[t, c] = 1; more = 1
                        }
                    }
                } while (more)
            }
            function clear(t,    i, n, c) {
                for (i = 1; i <= rules[t]; i++) {
                    c = chain_of(rule[t, i])
                    if (!((t, c) in builtin)) continue
                    if (wanted[t, rule[t, i]] > 0) wanted[t, rule[t, i]]--
                    else if (kept(rule[t, i])) { rest[c, ++size[c]] = rule[t, i]; continue }
                    else gone[++missed] = "-t " t " " rule[t, i]
                    text = text "-D" substr(rule[t, i], 3) "\n"
                }
            }
            function drop_chains(t,    c, flushed, deleted) {
                for (c in user) if (!((t, c) in keep) && !((t, c) in ours)) {
                    flushed = flushed "-F " c "\n"; deleted = deleted "-X " c "\n"
                    gone[++missed] = "-t " t " -N " c
                }
                text = text flushed deleted
            }
            function put(t,    i, j, c, line, put_in, passed) {
                for (i = 1; i <= steps[t]; i++) {
                    line = substr(step[t, i], 3)
                    if (step[t, i] ~ /^B/) {
                        c = chain_of(rule_of(line))
                        text = text substr(line, 1, index(line, " ") - 1) " -I " c " " (passed[c] + ++put_in[c]) \
                            substr(rule_of(line), length(c) + 4) "\n"
                    } else {
                        c = chain_of(line)
                        for (j = passed[c] + 1; j <= size[c]; j++) if (rest[c, j] == line) { passed[c] = j; break }
                    }
                }
            }
            function add(name) { if (!(name in known)) { known[name] = 1; tables[++last] = name } }
            !now && $0 == "NOW" { now = 1; next }
            !now && /^T / { t = substr($0, 3); add(t); next }
            !now && /^P / { split(substr($0, 4), word, " "); policy[t, word[1]] = word[2] " " word[3]; asked[t, word[1]] = 1; next }
            !now && /^G / { keep[t, substr($0, 3)] = 1; next }
            !now && /^C / { split(substr($0, 4), word, " "); ours[t, word[1]] = 1; head[t] = head[t] substr($0, 3) "\n"; next }
            !now && /^A / { inner[t] = inner[t] substr($0, 3) "\n"; next }
            !now && /^[BK] / { step[t, ++steps[t]] = $0; if (/^B/) wanted[t, rule_of($0)]++; next }
            now && /^[*]/ { t = substr($0, 2); add(t); next }
            now && /^:/ {
                split(substr($0, 2), word, " ")
                if (word[2] == "-") { made[t] = made[t] " " word[1]; if (word[1] ~ ENVIRON["theirs"]) keep[t, word[1]] = 1 }
                else {
                    builtin[t, word[1]] = 1
                    if (word[2] != "ACCEPT" || ((t, word[1]) in policy)) asked[t, word[1]] = 1
                }
                next
            }
            now && /^[[]/ { rule[t, ++rules[t]] = rule_of($0); next }
            END {
                for (i = 1; i <= last; i++) {
                    t = tables[i]; text = ""
                    split("", user); split("", rest); split("", size)
                    n = split(made[t], word, " "); for (k = 1; k <= n; k++) user[word[k]] = 1
                    mark_kept(t)
                    for (pair in asked) {
                        split(pair, word, SUBSEP)
                        if (word[1] == t)
                            text = text ":" word[2] " " ((pair in policy) ? policy[pair] : "ACCEPT [0:0]") "\n"
                    }
                    text = text head[t] inner[t]
                    clear(t); drop_chains(t); put(t)
                    if (text != "") printf "*%s\n%sCOMMIT\n", t, text
                }
                for (i = 1; i <= missed; i++) print "# " gone[i]
            }') || exit
        [ -n "$text" ] || exit 0
        printf '%s\n' "$text" | "$2" --noflush -c -w 10 || exit
        printf '%s\n' "$text" | sed -n 's/^# /taken away, not of before: /p'
        """#
}
