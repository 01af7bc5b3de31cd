/// Whether somebody changed the rules that a step left, told on the node alone.
///
/// What counts is what ``IptablesState`` calls footprint: the policies, and the chains and rules that are neither kube-proxy's
/// nor the CNI's, in the order of each chain; no counters.
enum IptablesLeft {
    /// Exits 0 when each family's rules and policies are as left or as before, 10 when not, 1 when that cannot be told.
    static func command(_ left: Observation, before: Observation) -> Command {
        let order = [("L", left), ("B", before)].flatMap { side, state in
            IptablesFamily.allCases.flatMap { family in
                ((state.lines(family.policies) ?? []) + (state.lines(family.rules) ?? []))
                    .map { "\(side)\(family.ending) \($0)\n" }
            }
        }
        return .shell(
            script,
            [left.text("backend") ?? "", IptablesReturn.theirs, IptablesReturn.marks], input: Payload(order.joined()))
    }

    /// `$1` is the backend, `$2` and `$3` match what is kept, standard input is the state: `L` left or `B` before, `v4` or `v6`,
    /// and a line of ``IptablesRuleset/ruleLines`` or ``IptablesRuleset/policyLines``.
    private static let script: StaticString = #"""
        order=$(cat)
        version=$(iptables --version) || exit 1
        case $version in *nf_tables*) backend=nf_tables other=legacy ;; *) backend=legacy other=nft ;; esac
        [ "$backend" = "$1" ] || { echo "the backend of iptables is $backend now"; exit 10; }
        case $(systemctl is-active firewalld.service 2>/dev/null) in
            active | activating) echo 'firewalld is active now'; exit 10 ;;
        esac
        if command -v nft >/dev/null 2>&1; then
            tables=$(nft list tables) || exit 1
            known='^table (ip6? (raw|mangle|nat|filter|security)|arp filter|bridge (filter|nat|broute))$'
            foreign=$(printf '%s\n' "$tables" | grep '^table ' | grep -Ev "$known" | head -n 5)
            [ -z "$foreign" ] || { printf 'native nftables now: %s\n' "$foreign"; exit 10; }
        fi
        for tool in iptables ip6tables; do
            if command -v "$tool-$other-save" >/dev/null 2>&1; then
                now=$("$tool-$other-save") || exit 1
                if printf '%s\n' "$now" | grep -q '^-A' || printf '%s\n' "$now" | grep '^:' | grep -qv ' ACCEPT '; then
                    echo "$tool has rules of the backend $other now"; exit 10
                fi
            elif [ "$other" = legacy ] && grep -q . "/proc/net/${tool%tables}_tables_names" 2>/dev/null; then
                echo "$tool-legacy-save is not installed, but the kernel holds legacy tables"; exit 1
            fi
        done
        v4=$(iptables-save -c) || exit 1
        v6=
        [ ! -e /proc/net/if_inet6 ] || v6=$(ip6tables-save -c) || exit 1
        printf '%s\nNOW v4\n%s\nNOW v6\n%s\n' "$order" "$v4" "$v6" | theirs=$2 marks=$3 awk '
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
            # The chains that are theirs, and those of others that theirs lead to.
            function mark_kept(    i, more) {
                do {
                    more = 0
                    for (i = 1; i <= rules; i++) {
                        if (!((t, to[i]) in made) || ((t, to[i]) in keep)) continue
                        if (((t, chain[i]) in keep) || (((t, chain[i]) in builtin) && marked(rule[i]))) {
                            keep[t, to[i]] = 1; more = 1
                        }
                    }
                } while (more)
            }
            # What a table has besides, as a state is written.
            function close_table(    i, c, pair, part) {
                mark_kept()
                for (pair in made) {
                    split(pair, part, SUBSEP)
                    if (part[1] == t && !(pair in keep)) note("N" now, t, part[2], "-t " t " -N " part[2])
                }
                for (i = 1; i <= rules; i++) {
                    c = chain[i]
                    if (((t, c) in keep) || (((t, c) in builtin) && (to[i] ~ ENVIRON["theirs"] || marked(rule[i])))) continue
                    note("N" now, t, c, "-t " t " " rule[i])
                }
            }
            # A chain that was made is first in its text.
            function note(side, table, name, line) {
                if (line == "-t " table " -N " name) text[side, table, name] = line "\n" text[side, table, name]
                else text[side, table, name] = text[side, table, name] line "\n"
                has[side, line]++; lines[side, ++count[side]] = line; chains[table, name] = 1
            }
            function is_same_rules(one, two,    pair, part) {
                for (pair in chains) {
                    split(pair, part, SUBSEP)
                    if (text[one, part[1], part[2]] != text[two, part[1], part[2]]) return 0
                }
                return 1
            }
            function policy_of(side, pair) { return ((side, pair) in policy) ? policy[side, pair] : "ACCEPT" }
            function is_same_policies(one, two,    pair) {
                for (pair in bases) if (policy_of(one, pair) != policy_of(two, pair)) return 0
                return 1
            }
            function tell(line) { if (told++ < 20) print line }
            # What is new since the step, and what is gone.
            function explain(v,    i, pair, part, left, first) {
                first = told
                for (i = 1; i <= count["N" v]; i++)
                    if (left["N", lines["N" v, i]]++ >= has["L" v, lines["N" v, i]]) tell(v " added since: " lines["N" v, i])
                for (i = 1; i <= count["L" v]; i++)
                    if (left["L", lines["L" v, i]]++ >= has["N" v, lines["L" v, i]]) tell(v " gone since: " lines["L" v, i])
                for (pair in bases) if (policy_of("N" v, pair) != policy_of("L" v, pair)) {
                    split(pair, part, SUBSEP)
                    tell(v " changed since: -t " part[1] " -P " part[2] " " policy_of("N" v, pair))
                }
                if (told == first) tell(v ": rules are in another order")
            }
            $1 == "NOW" && NF == 2 { now = $2; next }
            !now && /^[LB]v[46] -t / {
                if ($4 == "-P") { policy[$1, $3, $5] = $6; bases[$3, $5] = 1 }
                else note($1, $3, $5, substr($0, 5))
                next
            }
            !now && $0 == "" { next }
            now && /^#/ { if (/incompatible/) unread = 1; next }
            now && ($0 == "") { next }
            now && /^[*]/ {
                t = substr($0, 2); rules = 0; open = 1
                split("", made); split("", keep); split("", builtin); split("", rule); split("", chain); split("", to)
                next
            }
            now && open && /^:/ {
                c = substr($1, 2)
                if ($2 == "-") { made[t, c] = 1; if (c ~ ENVIRON["theirs"]) keep[t, c] = 1 }
                else { builtin[t, c] = 1; policy["N" now, t, c] = $2; bases[t, c] = 1 }
                next
            }
            now && open && /^[[][0-9:]*] -A / {
                rules++; rule[rules] = substr($0, index($0, " ") + 1); chain[rules] = $3; to[rules] = target(rule[rules])
                next
            }
            now && open && $0 == "COMMIT" { close_table(); open = 0; next }
            { unread = 1 }
            END {
                if (unread || open || now != "v6") { print "the rules of now are not understood"; exit 1 }
                for (i = 4; i <= 6; i += 2) {
                    v = "v" i
                    if (!is_same_rules("N" v, "L" v) && !is_same_rules("N" v, "B" v)) changed[v] = 1
                    if (!is_same_policies("N" v, "L" v) && !is_same_policies("N" v, "B" v)) changed[v] = 1
                    if (v in changed) { explain(v); status = 10 }
                }
                exit status
            }'
        """#
}
