/// kube-proxy on a node: who begins it again, and a Service by which it is known that its rules are there.
enum KubeProxy {
    /// Shows how it runs, and whether a Service answers: that of the API, if none is given.
    static func look(_ service: ServiceAddress?) -> Command {
        .shell(script, ["look", service?.host ?? "", service?.port ?? ""])
    }

    /// Has it write all its rules anew, and waits until they are there and the Service answers.
    ///
    /// By a restart, which the kubelet or systemd sees to: it is what makes kube-proxy write everything at once, from what the
    /// API says and not from what was there. It looks for its canaries only every 30 seconds.
    static func renew(_ way: String, _ service: ServiceAddress, limit: Int, families: [IptablesFamily]) -> Command {
        .shell(
            script, [way, service.host, service.port, "\(limit)"] + families.map(\.save))
    }

    /// Fields `kubeProxy` (`pod`, `unit`, `none`), `kubelet`, `service` and `serviceAnswers` from the output of ``look(_:)``.
    static func parse(_ output: CommandOutput) throws(ObservationError) -> [String: FieldValue] {
        let shown = try output.properties(of: "looking for kube-proxy")
        guard let proxy = shown["kubeProxy"], ["pod", "unit", "none"].contains(proxy), let kubelet = shown["kubelet"],
            let service = shown["service"], let answers = shown["answers"], ["yes", "no"].contains(answers)
        else {
            throw ObservationError(
                "how kube-proxy runs on this node could not be told",
                remedy: "A full flush needs one kube-proxy, and bash to ask a Service; flush without 'full'")
        }
        return [
            "kubeProxy": .text(proxy), "kubelet": .text(kubelet),
            "service": service == "none" ? .absent : .text(service),
            "serviceAnswers": .text(answers),
        ]
    }

    /// `$1` what to do (`look`, or how it runs), `$2` and `$3` the Service, `$4` the limit in seconds, then what prints the rules
    /// of each family that it serves.
    private static let script: StaticString = #"""
        mode=$1 host=$2 port=$3 limit=$4
        # Whose cgroup is a pod's: one that somebody started by hand is another one.
        processes() {
            grep -lsE 'pod[0-9a-f]{8}[-_]?[0-9a-f]{4}' /proc/[0-9]*/cgroup | while IFS= read -r file; do
                folder=${file%/cgroup}
                program=$(tr '\0' '\n' 2>/dev/null <"$folder/cmdline" | head -n 1)
                [ "${program##*/}" != kube-proxy ] || printf '%s\n' "${folder#/proc/}"
            done 2>/dev/null
        }
        # PID.START, which is never given twice; nothing for one that has ended, reaped or not.
        identity() {
            fields=$(cat "/proc/$1/stat" 2>/dev/null) || return
            set -- "$1" ${fields##*) }
            [ "$2" != Z ] && printf '%s.%s\n' "$1" "${21}"
        }
        state() { value=$(systemctl show "$1" -p ActiveState) && printf '%s\n' "${value#ActiveState=}"; }
        # A connection is enough: without kube-proxy's rules there is nobody at this address.
        answers() { timeout 3 bash -c ': <>"/dev/tcp/$1/$2"' belay "$host" "$port" 2>/dev/null; }
        has_jumps() {
            "$1" -t nat | awk '
                /^-A (PREROUTING|OUTPUT) .*-j KUBE-SERVICES$/ || /^-A POSTROUTING .*-j KUBE-POSTROUTING$/ { found[$2] = 1 }
                END { exit !(("PREROUTING" in found) && ("OUTPUT" in found) && ("POSTROUTING" in found)) }'
        }
        # The address and port of the API's Service, as kube-proxy's own rules say.
        find_service() {
            for tool in iptables-save ip6tables-save; do
                "$tool" -t nat 2>/dev/null
            done | awk '/^-A KUBE-SERVICES / && /--comment "default\/kubernetes:https cluster IP"/ {
                for (i = 3; i < NF; i++) {
                    if ($i == "-d") { address = $(i + 1); sub(/\/[0-9]+$/, "", address) }
                    if ($i == "--dport") port = $(i + 1)
                }
                if (address != "" && port != "") { print address, port; exit }
            }'
        }
        seconds() { read -r up rest </proc/uptime && echo "${up%%.*}"; }
        fail() { echo "$1" >&2; exit 1; }
        if [ "$mode" = look ]; then
            command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1 || fail 'bash or timeout is not installed'
            pid=$(processes)
            case $pid in
                '') if [ "$(state kube-proxy.service)" = active ]; then echo kubeProxy=unit; else echo kubeProxy=none; fi ;;
                *[!0-9]*) echo kubeProxy=several ;;
                *) echo kubeProxy=pod ;;
            esac
            echo "kubelet=$(state kubelet.service)"
            if [ -z "$host" ]; then
                set -- $(find_service)
                host=$1 port=$2
            fi
            case $host in '') echo service=none ;; *:*) echo "service=[$host]:$port" ;; *) echo "service=$host:$port" ;; esac
            if [ -n "$host" ] && answers; then echo answers=yes; else echo answers=no; fi
            exit
        fi
        shift 4
        end=$(($(seconds) + limit)) old=''
        if [ "$mode" = unit ]; then
            timeout "$limit" systemctl restart kube-proxy.service || exit
        else
            pid=$(processes)
            case $pid in '' | *[!0-9]*) fail 'kube-proxy does not run, or more than once' ;; esac
            old=$(identity "$pid") && kill -TERM "$pid" || fail 'kube-proxy has just ended'
        fi
        while :; do
            missing=''
            if [ -n "$old" ]; then
                pid=$(processes)
                case $pid in '' | *[!0-9]*) now='' ;; *) now=$(identity "$pid") ;; esac
                if [ -z "$now" ] || [ "$now" = "$old" ]; then missing='kube-proxy has not begun again'; fi
            fi
            for save; do
                [ -n "$missing" ] || has_jumps "$save" || missing="$save shows no way to Services"
            done
            [ -n "$missing" ] || answers || missing="$host:$port does not answer"
            [ -n "$missing" ] || exit 0
            now=$(seconds)
            [ "$now" -lt "$end" ] || fail "after $limit seconds: $missing"
            if [ -n "$old" ] && [ "$now" -ge $((end - limit / 2)) ] && [ "$(identity "${old%.*}")" = "$old" ]; then
                kill -KILL "${old%.*}"
            fi
            sleep 1
        done
        """#
}

/// Where a Service is asked: an address and a port.
struct ServiceAddress: Sendable, Hashable {
    /// IPv4, or IPv6 without brackets.
    let host: String
    /// 1 to 65535.
    let port: String

    /// Reads `10.96.0.1:443` or `[fd00::1]:443`; nil for anything else.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let number = Int(text[text.index(after: colon)...]),
            (1...65535).contains(number), text.hasSuffix(":\(number)")
        else { return nil }
        let host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = host.dropFirst().dropLast()
            guard inner.contains(":"), (2...39).contains(inner.utf8.count),
                inner.utf8.allSatisfy({
                    UInt8(ascii: "0")...UInt8(ascii: ":") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
                })
            else { return nil }
            self.host = String(inner)
        } else {
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4, parts.allSatisfy({ part in UInt8(part).map { "\($0)" == part } == true }) else {
                return nil
            }
            self.host = String(host)
        }
        port = "\(number)"
    }
}
