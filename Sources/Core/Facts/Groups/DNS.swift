import CEL

extension FactGroup {
    /// Name resolution as /etc/resolv.conf sets it up.
    static let dns = FactGroup(
        "dns", .message("DNS"),
        "Name resolution as /etc/resolv.conf sets it up.",
        messages: [
            "DNS": [
                FactField("servers", .list(.string), "name servers, in order"),
                FactField("search", .list(.string), "search domains"),
                FactField(
                    "answers", .map(.string, .bool),
                    "server → whether it sent any answer to a question for the root's name servers within a second"),
            ]
        ],
        questions: [FactQuestion(dnsScript, limit: 2 << 10, waits: 1, for: .dns)])

    private static let dnsScript: StaticString = #"""
        root=$1
        if ! [ -r "$root/etc/resolv.conf" ]; then
          for name in servers search answers; do printf '?%s\t/etc/resolv.conf is not there\n' "$name"; done
          exit
        fi
        servers=$(awk '
          $1 == "nameserver" && $2 ~ /^[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?$/ && !seen[$2]++ && n++ < 6 { print $2 }
        ' "$root/etc/resolv.conf")
        for server in $servers; do printf '+servers\t%s\n' "$server"; done
        printf '.servers\n'
        awk '$1 == "search" || $1 == "domain" { n = 0; for (i = 2; i <= NF && i < 20; i++) list[++n] = $i }
          END { for (i = 1; i <= n; i++) print "+search\t" list[i]; print ".search" }' "$root/etc/resolv.conf"
        if ! command -v bash >/dev/null 2>&1; then printf '?answers\tbash, which asks them, is not installed\n'; exit; fi
        for server in $servers; do
          # A question for the root's name servers, recursion desired. Whatever comes back with its number is an answer.
          if timeout 1 bash -c 'exec 3<>"/dev/udp/$1/53" || exit
            printf "BY\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1" >&3 || exit
            IFS= read -r -n 1 -t 1 -u 3 byte && [ "$byte" = B ]' bash "$server" 2>/dev/null
          then printf '+answers\t%s\ttrue\n' "$server"; else printf '+answers\t%s\tfalse\n' "$server"; fi &
        done
        wait
        printf '.answers\n'
        """#
}
