import CEL

extension FactGroup {
    /// The member of etcd on this node.
    static let etcd = FactGroup(
        "etcd", .message("EtcdMember"),
        "The member of etcd on this node.",
        messages: [
            "EtcdMember": [
                FactField("member", .bool, "its data is in /var/lib/etcd, or where its manifest has it"),
                FactField("healthy", .bool, "its /health says so; false also when it does not answer within a second"),
                FactField("reason", .string, "why it is not healthy, else empty"),
                FactField("dbBytes", .int, "size of its database"),
                FactField("dbInUseBytes", .int, "of these in use; the rest comes back by defragmenting"),
                FactField("quotaBytes", .int, "size at which it stops to write"),
                FactField("hasLeader", .bool, "it knows a leader"),
            ]
        ],
        questions: [FactQuestion(etcdScript, limit: 1 << 10, waits: 1, for: .api)])

    private static let etcdScript: StaticString = #"""
        root=$1 data=/var/lib/etcd
        for path in $(sed -n 's,^ *path: *\(/[^ ]*\) *$,\1,p' "$root/etc/kubernetes/manifests/etcd.yaml" 2>/dev/null); do
          [ ! -d "$root$path/member" ] || data=$path
        done
        if ! [ -d "$root$data/member" ]; then
          printf '=member\tfalse\n'
          for name in healthy reason dbBytes dbInUseBytes quotaBytes hasLeader; do
            printf '?%s\tthere is no member of etcd on this node\n' "$name"
          done
          exit
        fi
        printf '=member\ttrue\n'
        if command -v curl >/dev/null 2>&1; then
          ask() {
            curl --silent --show-error --noproxy '*' --max-time 1 "$@/health" 2>&1 && printf '\n' &&
              curl --silent --noproxy '*' --max-time 1 "$@/metrics" |
              grep -E '^etcd_(mvcc_db_total_size_in(_use_in)?_bytes|server_quota_backend_bytes|server_has_leader) '
          }
          said=$(ask http://127.0.0.1:2381)
          case $said in
            'curl: (7)'*)
              pki="$root/etc/kubernetes/pki/etcd"
              key="$pki/healthcheck-client.key"
              [ -r "$key" ] && said=$(ask --cacert "$pki/ca.crt" --cert "${key%.key}.crt" --key "$key" https://127.0.0.1:2379) ;;
          esac
          printf '%s\n' "$said" | awk '
            NR == 1 && /^\{.*"health":"true"/ { print "=healthy\ttrue\n=reason\t"; next }
            NR == 1 && /^curl: \(28\)/ {
              print "?healthy\tno answer came in a second\n?reason\tno answer came in a second"; next
            }
            NR == 1 {
              print "=healthy\tfalse"
              reason = $0
              if (match(reason, /"reason":"[^"]*"/)) reason = substr(reason, RSTART + 10, RLENGTH - 11)
              print "=reason\t" substr(reason, 1, 250)
            }
            $1 == "etcd_mvcc_db_total_size_in_bytes" { printf "=dbBytes\t%.0f\n", $2 }
            $1 == "etcd_mvcc_db_total_size_in_use_in_bytes" { printf "=dbInUseBytes\t%.0f\n", $2 }
            $1 == "etcd_server_quota_backend_bytes" { printf "=quotaBytes\t%.0f\n", $2 }
            $1 == "etcd_server_has_leader" { print "=hasLeader\t" ($2 == 1 ? "true" : "false") }'
        else
          for name in healthy reason; do printf '?%s\tcurl is not installed\n' "$name"; done
        fi
        # Of several lines the first counts: this one is for a member that does not answer.
        size=$(stat -c %s "$root$data/member/snap/db" 2>/dev/null) && printf '=dbBytes\t%s\n' "$size"
        for name in dbBytes dbInUseBytes quotaBytes hasLeader; do
          printf '?%s\tthe member did not answer\n' "$name"
        done
        """#
}
