import CEL

extension FactGroup {
    /// Rules of kube-proxy and the CNI, counted.
    static let serviceRules = FactGroup(
        "serviceRules", .message("ServiceRules"),
        "Rules of kube-proxy and the CNI, counted.",
        messages: [
            "ServiceRules": [
                FactField("mode", .string, "iptables, ipvs, nft or none: whose rules are there"),
                FactField("jumps", .int, "rules of PREROUTING and OUTPUT in nat that jump to KUBE-SERVICES"),
                FactField("input", .list(.string), "rules of INPUT in filter that accept, the first 40"),
                FactField("services", .int, "chains of Services (KUBE-SVC)"),
                FactField("endpoints", .int, "chains of endpoints (KUBE-SEP)"),
                FactField("kubeMasquerade", .int, "rules of POSTROUTING in nat that jump to KUBE-POSTROUTING"),
                FactField("cniMasquerade", .int, "the CNI's masquerade rules in nat"),
                FactField(
                    "drops", .list(.string),
                    "rules of INPUT, FORWARD and OUTPUT in filter that drop or reject, the first 20"),
            ]
        ],
        questions: [FactQuestion(serviceRulesScript, limit: 8 << 10, waits: 1.5, for: .firewall)])

    private static let serviceRulesScript: StaticString = #"""
        root=$1
        if ! command -v iptables-save >/dev/null 2>&1; then
          for name in mode jumps input services endpoints kubeMasquerade cniMasquerade drops; do
            printf '?%s\tiptables-save is not installed\n' "$name"
          done
          exit
        fi
        virtual=0
        [ -r "$root/proc/net/ip_vs" ] &&
          virtual=$(awk 'NR > 3 && $1 ~ /^(TCP|UDP|SCTP)$/ { n++ } END { print n + 0 }' "$root/proc/net/ip_vs")
        native=0
        command -v nft >/dev/null 2>&1 && timeout 0.4 nft list tables 2>/dev/null | grep -q ' kube-proxy$' && native=1
        { timeout 1.1 iptables-save; printf 'status %s\n' $?; } | awk -v virtual="$virtual" -v native="$native" '
          $1 == "status" { status = $2; next }
          /^\*/ { table = substr($0, 2); next }
          table == "nat" && /^:KUBE-SVC-/ { services++ }
          table == "nat" && /^:KUBE-SEP-/ { endpoints++ }
          $1 != "-A" { next }
          { target = ""; for (i = 3; i < NF; i++) if ($i == "-j" || $i == "-g") target = $(i + 1) }
          table == "nat" && $2 ~ /^(PREROUTING|OUTPUT)$/ && target == "KUBE-SERVICES" { jumps++ }
          table == "nat" && $2 == "POSTROUTING" && target == "KUBE-POSTROUTING" { kube++ }
          table == "nat" && $2 !~ /^KUBE-/ && target ~ /^(MASQUERADE|SNAT)$/ && !/ (docker0|br-[0-9a-f]+)( |$)/ { cni++ }
          table == "filter" && $2 == "INPUT" && target == "ACCEPT" && m < 40 { input[++m] = $0 }
          table == "filter" && $2 ~ /^(INPUT|FORWARD|OUTPUT)$/ && target ~ /^(DROP|REJECT)$/ && n < 20 { drop[++n] = $0 }
          END {
            if (status != 0) exit 1
            mode = services ? "iptables" : virtual ? "ipvs" : native ? "nft" : jumps ? "iptables" : "none"
            print "=mode\t" mode
            printf "=jumps\t%d\n=services\t%d\n=endpoints\t%d\n", jumps, services, endpoints
            printf "=kubeMasquerade\t%d\n=cniMasquerade\t%d\n", kube, cni
            for (i = 1; i <= n; i++) print "+drops\t" substr(drop[i], 1, 200)
            print ".drops"
            for (i = 1; i <= m; i++) print "+input\t" substr(input[i], 1, 100)
            print ".input"
          }'
        """#
}
