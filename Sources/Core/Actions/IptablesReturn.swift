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
        ruleset.tables.map { section($0, kept: IptablesKept.chains(of: $0)) }.joined()
    }

    /// The way to what a merge makes of the rules of now: also what comes back of theirs, and `S` a table that stays.
    static func order(to merge: IptablesMerge, from now: IptablesRuleset) -> String {
        let unchanged = merge.unchanged
        return merge.after.tables.map { table in
            guard !unchanged.contains(table.name) else { return "S \(table.name)\n" }
            let lost = merge.lost[table.name] ?? IptablesLost()
            let kept = now.table(table.name).map(IptablesKept.chains(of:)) ?? []
            return section(table, kept: kept.subtracting(lost.chains), brought: lost.jumps)
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
        _ table: IptablesRuleset.Table, kept: Set<String>, brought: Set<String> = []
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
        let builtin = table.builtin
        lines += table.rules.filter { builtin.contains($0.chain) }.map { rule in
            let isKept =
                IptablesKept.keeps(rule, chains: kept, builtin: builtin) && !brought.contains(rule.line)
            return isKept ? "K \(rule.line)" : "B \(rule.counters) \(rule.line)"
        }
        return lines.isEmpty ? "" : (["T \(table.name)"] + lines).map { $0 + "\n" }.joined()
    }

    /// Chain names and comments that are theirs, as the awk program matches them; the same as in ``IptablesKept``.
    static var patterns: [String] {
        [
            "^(\(IptablesKept.chainPrefixes.joined(separator: "|")))",
            "^\"?(\(IptablesKept.commentPrefixes.joined(separator: "|")))",
        ]
    }

    /// A command that brings the rules of a family to what an order says.
    /// - Parameters:
    ///   - keepsOthers: leaves what neither the order names nor is theirs, else takes it away.
    ///   - isTrial: only asks iptables whether it would take it.
    static func command(
        _ family: IptablesFamily, _ order: String, keepsOthers: Bool = false, isTrial: Bool = false
    ) -> Command {
        .shell(
            script,
            [family.save, family.restore] + patterns + [keepsOthers ? "keep" : "only", isTrial ? "try" : "write"],
            input: Payload(order))
    }

    /// Brings the base ruleset back from whatever is there: `$1` prints the rules of now, `$2` restores them, `$3` and `$4`
    /// match what is kept, `$5` is `keep` or `only`, `$6` is `try` or `write`, standard input is the order.
    ///
    /// One transaction deletes what is neither kept nor of before, as well as what is there already, and puts each rule
    /// behind the last kept rule that stood before it and still is there; so it may run twice. What it took away and did
    /// not put back is printed, since someone may miss it. A chain that the step brought is taken away with what leads to it
    /// unless somebody has put a rule into it since, or leads to it.
    private static let script: StaticString = #"""
        order=$(cat)
        case $order in *T*) ;; *) [ -e /proc/net/if_inet6 ] || [ "$1" = iptables-save ] || exit 0 ;; esac
        now=$("$1" -c) || exit
        text=$(printf '%s\nNOW\n%s\n' "$order" "$now" | theirs=$3 marks=$4 mode=$5 awk '
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
            # Whether somebody has written into the chains that the step brought, so that they are not ours alone.
            function shared(t,    i, c, r, to, left) {
                for (i = 1; i <= rules[t]; i++) {
                    r = rule[t, i]; c = chain_of(r); to = target(r)
                    if (!((t, r) in left)) left[t, r] = came[t, r]
                    if (left[t, r]-- > 0) continue
                    if (!(((t, c) in filled) || (((t, to) in fresh) && !((t, c) in fresh)))) continue
                    if (keeping || ((t, c) in keep) || (((t, c) in builtin) && kept(r))) return 1
                }
                return 0
            }
            function clear(t, is_shared,    i, n, c, r) {
                for (i = 1; i <= rules[t]; i++) {
                    r = rule[t, i]; c = chain_of(r)
                    if (!((t, c) in builtin)) continue
                    if (wanted[t, r] > 0) wanted[t, r]--
                    else if (came[t, r] > 0 && !(is_shared && (kept(r) || ((t, target(r)) in fresh)))) came[t, r]--
                    else if (keeping || kept(r)) { rest[c, ++size[c]] = r; continue }
                    else gone[++missed] = "-t " t " " rule[t, i]
                    text = text "-D" substr(rule[t, i], 3) "\n"
                }
            }
            # Rules that somebody added to a chain of the order go on being in force, so they come first.
            function fill(t,    i, c, r) {
                if (keeping) for (i = 1; i <= rules[t]; i++) {
                    r = rule[t, i]; c = chain_of(r)
                    if (!((t, c) in ours)) continue
                    if (inside[t, r] > 0) inside[t, r]--
                    else if (came[t, r] > 0) came[t, r]--
                    else text = text count[t, i] " " r "\n"
                }
                for (i = 1; i <= inners[t]; i++) text = text counted(t, inner[t, i]) "\n"
            }
            function drop_chains(t, is_shared,    c, flushed, deleted) {
                for (c in user) if (!((t, c) in ours)) {
                    if (!is_shared && ((t, c) in filled)) {
                        flushed = flushed "-F " c "\n"
                        if ((t, c) in fresh) deleted = deleted "-X " c "\n"
                    } else if (!keeping && !((t, c) in keep)) {
                        flushed = flushed "-F " c "\n"; deleted = deleted "-X " c "\n"
                        gone[++missed] = "-t " t " -N " c
                    }
                }
                text = text flushed deleted
            }
            # A line with the counters that its rule has now where it says so.
            function counted(t, line,    r, first) {
                if (line !~ /^= /) return line
                r = rule_of(line); first = stock[t, r]; sub(/ .*/, "", first)
                stock[t, r] = substr(stock[t, r], length(first) + 2)
                return (first == "" ? "[0:0]" : first) " " r
            }
            function put(t,    i, j, c, line, put_in, passed) {
                for (i = 1; i <= steps[t]; i++) {
                    line = substr(step[t, i], 3)
                    if (step[t, i] ~ /^B/) {
                        c = chain_of(rule_of(line)); line = counted(t, line)
                        text = text substr(line, 1, index(line, " ") - 1) " -I " c " " (passed[c] + ++put_in[c]) \
                            substr(rule_of(line), length(c) + 4) "\n"
                    } else {
                        c = chain_of(line)
                        for (j = passed[c] + 1; j <= size[c]; j++) if (rest[c, j] == line) { passed[c] = j; break }
                    }
                }
            }
            BEGIN { keeping = ENVIRON["mode"] == "keep" }
            function add(name) { if (!(name in known)) { known[name] = 1; tables[++last] = name } }
            !now && $0 == "NOW" { now = 1; next }
            !now && /^S / { skip[substr($0, 3)] = 1; next }
            !now && /^T / { t = substr($0, 3); add(t); next }
            !now && /^P / { split(substr($0, 4), word, " "); policy[t, word[1]] = word[2] " " word[3]; asked[t, word[1]] = 1; next }
            !now && /^G / { keep[t, substr($0, 3)] = 1; next }
            !now && /^C / { split(substr($0, 4), word, " "); ours[t, word[1]] = 1; head[t] = head[t] substr($0, 3) "\n"; next }
            !now && /^A / { inner[t, ++inners[t]] = substr($0, 3); inside[t, rule_of($0)]++; next }
            !now && /^D / {
                line = substr($0, 3); came[t, line]++
                if (!((t, chain_of(line)) in ours)) filled[t, chain_of(line)] = 1
                next
            }
            !now && /^E / { fresh[t, substr($0, 3)] = 1; filled[t, substr($0, 3)] = 1; next }
            !now && /^[BK] / { step[t, ++steps[t]] = $0; if (/^B/) wanted[t, rule_of($0)]++; next }
            now && /^[*]/ { t = substr($0, 2); add(t); next }
            now && /^:/ {
                split(substr($0, 2), word, " ")
                if (word[2] == "-") { made[t] = made[t] " " word[1]; if (word[1] ~ ENVIRON["theirs"]) keep[t, word[1]] = 1 }
                else {
                    builtin[t, word[1]] = 1; delete filled[t, word[1]]
                    if (((t, word[1]) in policy) && policy[t, word[1]] == word[2] " =") policy[t, word[1]] = word[2] " " word[3]
                    if (word[2] != "ACCEPT" || ((t, word[1]) in policy)) asked[t, word[1]] = 1
                }
                next
            }
            now && /^[[]/ {
                rule[t, ++rules[t]] = rule_of($0); count[t, rules[t]] = $1
                stock[t, rule_of($0)] = stock[t, rule_of($0)] $1 " "
                next
            }
            END {
                for (i = 1; i <= last; i++) {
                    t = tables[i]; text = ""
                    if (t in skip) continue
                    split("", user); split("", rest); split("", size)
                    n = split(made[t], word, " "); for (k = 1; k <= n; k++) user[word[k]] = 1
                    mark_kept(t)
                    for (pair in asked) {
                        split(pair, word, SUBSEP)
                        if (word[1] != t) continue
                        line = (pair in policy) ? policy[pair] : "ACCEPT [0:0]"
                        sub(/=$/, "[0:0]", line)
                        text = text ":" word[2] " " line "\n"
                    }
                    text = text head[t]
                    is_shared = shared(t)
                    fill(t); clear(t, is_shared); drop_chains(t, is_shared); put(t)
                    if (text != "") printf "*%s\n%sCOMMIT\n", t, text
                }
                for (i = 1; i <= missed; i++) print "# " gone[i]
            }') || exit
        [ -n "$text" ] || exit 0
        if [ "$6" = try ]; then
            printf '%s\n' "$text" | "$2" --test --noflush -w 10
            exit
        fi
        printf '%s\n' "$text" | "$2" --noflush -c -w 10 || exit
        printf '%s\n' "$text" | sed -n 's/^# /taken away, not of before: /p'
        """#
}
