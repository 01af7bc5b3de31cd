/// Brings routes or rules of one family to what an order says, from whatever is there.
///
/// Which routes there will be when a dead-man fires is not known when a plan is made, so the last step of the work is done
/// on the node, by one fixed awk program. It compares the order with that moment's routes and feeds `ip -batch`.
enum RoutesReturn {
    /// A command that makes `lines` those of their keys, in their order, and takes `gone` away.
    /// - Parameter only: takes away what is left to us and is not among `lines`, too.
    static func command(
        _ part: RoutesState.Part, to lines: [RoutesLine], without gone: [RoutesLine], only: Bool = false
    ) -> Command {
        let order = lines.map { "A \($0.text)\n" } + gone.map { "D \($0.text)\n" }
        return .shell(
            script, [part.digit, "\(part.object)", only ? "only" : "keep"] + RoutesGrammar.patterns(part.object),
            input: Payload(order.joined()))
    }

    /// `$1` is the family, `$2` is `route` or `rule`, `$3` is `keep` or `only`, `$4` to `$6` are the words that are understood
    /// and what is left alone; standard input is the order, `A` what shall be there, `D` what shall not.
    ///
    /// All of a key are taken away and put back when they are not right, in one batch, since of several with the same key
    /// their order counts. What leads straight to a link comes before what needs it as a way to its gateway.
    /// Of two the longer one is taken away first: `ip` takes the first that has all the words it is given.
    private static let script: StaticString = #"""
        order=$(cat)
        if [ "$1" = 6 ] && [ ! -e /proc/net/if_inet6 ]; then
            case $order in *'A '*) echo 'this node has no IPv6 any more' >&2; exit 1 ;; esac
            exit 0
        fi
        if [ "$2" = route ]; then now=$(ip "-$1" route show table all) || exit
        else now=$(ip "-$1" rule show) || exit; fi
        batch=$(printf '%s\nNOW\n%s\n' "$order" "$now" | family=$1 kind=$2 mode=$3 lone=$4 pairs=$5 theirs=$6 awk '
            BEGIN {
                family = ENVIRON["family"]; kind = ENVIRON["kind"]; mode = ENVIRON["mode"]; theirs = ENVIRON["theirs"]
                lone = ENVIRON["lone"]; pairs = ENVIRON["pairs"]
                types = "^(local|throw|unreachable|prohibit|blackhole)$"
                flags = "^(linkdown|dead|(rt_)?offload(_failed)?|(rt_)?trap|[[](detached|unresolved)[]])$"
            }
            function clean(line,    w, n, i, name, text) {
                n = split(line, w, " ")
                for (i = 1; i <= n; i++) {
                    if (!name && w[i] ~ flags) continue
                    if (!name && w[i] == "error") { i++; continue }
                    text = text (text == "" ? "" : " ") w[i]
                    name = w[i] ~ /^(dev|iif|oif)$/
                }
                return text
            }
            function key(line,    w, n, i, k) {
                n = split(line, w, " ")
                if (kind == "rule") return w[1]
                i = w[1] ~ types ? 2 : 1
                k = w[i]
                for (i++; i < n; i++) {
                    if (w[i] ~ /^(from|tos|table|metric)$/) k = k " " w[i] " " w[i + 1]
                    if (w[i] ~ pairs) i++
                }
                return k
            }
            function selector(line) {
                if (kind != "rule") return key(line)
                sub(/ (lookup|goto|nop|blackhole|unreachable|prohibit)( .*)?$/, "", line)
                return line
            }
            function plain(word) { return word ~ /^[A-Za-z0-9:.\/_@%+][A-Za-z0-9:.\/_@%+-]*$/ }
            function ours(line,    w, n, i, value) {
                if (kind == "rule" && line ~ theirs) return 0
                n = split(line, w, " ")
                i = kind == "route" && w[1] ~ types ? 2 : 1
                if (kind == "rule" ? w[1] !~ /^[0-9]+:$/ : !plain(w[i])) return 0
                for (i++; i <= n; i++) {
                    if (w[i] ~ lone) continue
                    if (w[i] !~ pairs || i == n) return 0
                    value = w[i + 1]
                    if (w[i] == "table" && value ~ /^(local|255)$/) return 0
                    if (w[i] == "proto" && value !~ /^(boot|static)$/) return 0
                    if (w[i] == "dev" && value ~ theirs) return 0
                    if (value == "lock" || (w[i] == "via" && value ~ /^inet6?$/)) i++
                    if (!plain(w[++i])) return 0
                }
                return 1
            }
            function know(k) { if (!(k in known)) { known[k]; keys[++count] = k } }
            function see(line,    k) {
                line = clean(line)
                if (line == "" || !ours(line)) return
                if (!(line in named) && !(selector(line) in selects) && mode != "only") return
                k = key(line); know(k)
                have[k, ++haves[k]] = line
            }
            function tell(verb, line,    at) {
                if (kind == "rule") { sub(/:/, "", line); print "rule " verb " priority " line; return }
                # Of the parts of an IPv6 route only the origin and metrics of the first are printed: each goes by its way alone.
                if (verb == "del" && family == 6 && (at = index(line, " nexthop "))) {
                    print "route del " key(line) substr(line, at)
                    return
                }
                at = match(line, /^(local|throw|unreachable|prohibit|blackhole) /) ? RLENGTH : 0
                if (line !~ / proto /) {
                    match(substr(line, at + 1), /^[^ ]+/)
                    at += RLENGTH
                    line = substr(line, 1, at) " proto boot" substr(line, at + 1)
                }
                print "route " verb " " line
            }
            function settle(k,    i, n, best, same) {
                same = haves[k] + 0 == wants[k] + 0
                for (i = 1; i <= haves[k] && same; i++) same = have[k, i] == want[k, i]
                if (same) return
                for (n = haves[k] + 0; n > 0; n--) {
                    best = 0
                    for (i = 1; i <= haves[k]; i++)
                        if (!((k, i) in gone) && (!best || length(have[k, i]) > length(have[k, best]))) best = i
                    gone[k, best]
                    tell("del", have[k, best])
                }
                for (i = 1; i <= wants[k]; i++) tell(kind == "route" ? "append" : "add", want[k, i])
            }
            !now && $0 == "NOW" { now = 1; next }
            !now {
                line = substr($0, 3)
                if (line == "") next
                k = key(line); know(k); named[line]
                if ($1 == "A") {
                    want[k, ++wants[k]] = line
                    selects[selector(line)]
                    if (line ~ / (via|nexthop) /) far[k]
                }
                next
            }
            /^[ \t]/ { last = last " " $0; next }
            { see(last); last = $0 }
            END {
                see(last)
                for (pass = 0; pass < 2; pass++)
                    for (c = 1; c <= count; c++) if ((keys[c] in far) == pass) settle(keys[c])
            }') || exit
        [ -n "$batch" ] || exit 0
        printf '%s\n' "$batch" | ip "-$1" -batch -
        """#
}
