/// The way back to a base ruleset: what was there before, around what kube-proxy and the CNI have by then.
///
/// Which kept jumps there will be is not known when a plan is made, so the last step of the work is done on the node, by
/// one fixed awk program that compares the state before with the rules of that moment.
enum IptablesReturn {
    /// Chain names and comments that are theirs, as the awk program matches them; the same as in ``IptablesKept``.
    private static func patterns(_ prefixes: [String]) -> [String] {
        ["^(\(prefixes.joined(separator: "|")))", marks]
    }

    /// The names of all chains that are theirs.
    static var theirs: String { patterns(IptablesKept.chainPrefixes)[0] }
    /// The comments of their rules in built-in chains.
    static let marks = "^\"?(\(IptablesKept.commentPrefixes.joined(separator: "|")))"

    /// Whether an order is only tried, is written, or is written without a word of what it takes away.
    enum Verb: String { case `try`, write, take }

    /// A command that brings the rules of a family to what an order says.
    /// - Parameters:
    ///   - keepsOthers: leaves what neither the order names nor is theirs, else takes it away.
    ///   - verb: whether it is written.
    ///   - prefixes: how the names of chains begin that are theirs.
    static func command(
        _ family: IptablesFamily, _ order: String, keepsOthers: Bool = false, _ verb: Verb = .write,
        theirs prefixes: [String] = IptablesKept.chainPrefixes
    ) -> Command {
        .shell(
            script,
            [family.save, family.restore] + patterns(prefixes)
                + [keepsOthers ? "keep" : "only", verb.rawValue],
            input: Payload(order))
    }

    /// Brings the base ruleset back from whatever is there: `$1` prints the rules of now, `$2` restores them, `$3` and `$4`
    /// match what is kept, `$5` is `keep` or `only`, `$6` is `try`, `write` or `take`, standard input is the order.
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
            # What kube-proxy and the CNI lost: chains that are gone come back, and where nobody leads to them also jumps and what
            # is empty.
            function bring_spares(t,    i, c, r, to, lost, before, leads, there, holds) {
                if (!(t in has_spares)) return
                for (i = 1; i <= steps[t]; i++) before[rule_of(step[t, i])]
                for (i = 1; i <= rules[t]; i++) {
                    r = rule[t, i]; c = chain_of(r); holds[c]
                    if (!((t, c) in builtin)) continue
                    if (r in before) there[r]++
                    else if (kept(r)) leads[c, target(r)]
                }
                for (i = 1; i <= steps[t]; i++) if (step[t, i] ~ /^b/) {
                    r = rule_of(step[t, i]); c = chain_of(r); to = target(r)
                    if (there[r]-- > 0 || ((c, to) in leads)) { step[t, i] = "K " r; continue }
                    step[t, i] = "B" substr(step[t, i], 2); wanted[t, r]++; lost = 1
                }
                for (i = 1; i <= spares[t]; i++) {
                    r = spare[t, i]; c = r ~ /^:/ ? substr(r, 2, index(r, " ") - 2) : chain_of(rule_of(r))
                    if ((c in holds) || (!lost && (c in user))) continue
                    if (r ~ /^:/) { ours[t, c] = 1; head[t] = head[t] r "\n" }
                    else inner[t, ++inners[t]] = r
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
            !now && /^[ca] / { has_spares[t] = 1; spare[t, ++spares[t]] = substr($0, 3); next }
            !now && /^b / { has_spares[t] = 1; step[t, ++steps[t]] = $0; next }
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
                    bring_spares(t); mark_kept(t)
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
        [ "$6" = write ] || exit 0
        printf '%s\n' "$text" | sed -n 's/^# /taken away, not of before: /p'
        """#
}
