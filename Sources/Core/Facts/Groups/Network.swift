import CEL

extension FactGroup {
    /// The node's own network.
    static let network = FactGroup(
        "network", .message("Network"),
        "The node's own network.",
        messages: [
            "Network": [
                FactField(
                    "addresses", .list(.string),
                    "`ADDRESS/BITS DEVICE`, without loopback and link-local ones; the first 100"),
                FactField("routes", .list(.string), "of both families as `ip route` prints them, the first 60 each"),
                FactField("defaultGateway", .string, "of IPv4, else of IPv6; empty when there is none"),
                FactField("listening", .list(.int), "TCP ports that something listens on"),
                FactField(
                    "links", .map(.string, .message("Link")),
                    "interfaces by name; those of pods (veth, cali, lxc) only with errors or drops; the first 60"),
                FactField("sockets", .message("Sockets"), "TCP sockets"),
            ],
            "Link": [
                FactField("up", .bool, "it carries packets"),
                FactField("errors", .int, "packets received or sent with errors since it exists"),
                FactField("drops", .int, "packets dropped, both ways"),
                FactField("mtu", .int, "largest packet in bytes"),
            ],
            "Sockets": [
                FactField("tcpInUse", .int, "in use, both families"),
                FactField("timeWait", .int, "in TIME_WAIT"),
                FactField("orphaned", .int, "without a process"),
            ],
        ],
        questions: [FactQuestion(networkScript, limit: 16 << 10)])

    private static let networkScript: StaticString = #"""
        root=$1
        if command -v ip >/dev/null 2>&1; then
          addresses=$(timeout 1 ip -o addr show) && printf '%s\n' "$addresses" | awk '
            $3 ~ /^inet6?$/ && $2 != "lo" && $4 !~ /^fe80:/ && n++ < 100 { print "+addresses\t" $4 " " $2 }
            END { print ".addresses" }'
          v4=$(timeout 1 ip route show) && v6=$(timeout 1 ip -6 route show 2>/dev/null || :) && {
            printf '%s\n' "$v4" | awk 'NF && n++ < 60 { sub(/ +$/, ""); print "+routes\t" substr($0, 1, 150) }'
            printf '%s\n' "$v6" | awk 'NF && !/^fe80:/ && n++ < 60 { sub(/ +$/, ""); print "+routes\t" substr($0, 1, 150) }'
            printf '%s\n%s\n' "$v4" "$v6" | awk '
              $1 == "default" && gateway == "" { for (i = 2; i < NF; i++) if ($i == "via") gateway = $(i + 1) }
              END { print ".routes"; print "=defaultGateway\t" gateway }'
          }
        else
          for name in addresses routes defaultGateway; do printf '?%s\tip (iproute2) is not installed\n' "$name"; done
        fi
        cat "$root/proc/net/tcp" "$root/proc/net/tcp6" 2>/dev/null | awk '
          function hex(text, i, value) {
            for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
            return value
          }
          $4 == "0A" { split($2, at, ":"); if (!seen[at[2]]++ && n++ < 200) print "+listening\t" hex(at[2]) }
          END { if (NR) print ".listening" }' | sort -k 1,1 -k 2,2n
        awk '
          NR > 2 {
            sub(/:/, " ")
            pods = $1 ~ /^(veth|cali|lxc|tap|nic)/
            if (pods && $4 + $5 + $12 + $13 == 0 || n++ >= 60) next
            print $1, $4 + $12, $5 + $13
          }' "$root/proc/net/dev" | while read -r name errors drops; do
          at="$root/sys/class/net/$name" state='' flags=0x0 mtu=''
          { read -r state <"$at/operstate"; read -r flags <"$at/flags"; read -r mtu <"$at/mtu"; } 2>/dev/null
          # Tunnels and the loopback have no carrier to tell of: they are up when they are set up.
          case $state in
            up) up=true ;;
            unknown) if [ $((flags & 1)) = 1 ]; then up=true; else up=false; fi ;;
            '') up= ;;
            *) up=false ;;
          esac
          printf '+links\t%s\t%s\t%s\t%s\t%s\n' "$name" "$up" "$errors" "$drops" "$mtu"
        done && printf '.links\n'
        cat "$root/proc/net/sockstat" "$root/proc/net/sockstat6" 2>/dev/null | awk '
          $1 == "TCP:" {
            known = 1; used += $3
            for (i = 2; i < NF; i++) { if ($i == "orphan") orphans = $(i + 1); if ($i == "tw") waiting = $(i + 1) }
          }
          $1 == "TCP6:" { used += $3 }
          END {
            if (!known) exit
            printf "=sockets.tcpInUse\t%d\n=sockets.timeWait\t%d\n=sockets.orphaned\t%d\n", used, waiting, orphans
          }'
        """#
}
