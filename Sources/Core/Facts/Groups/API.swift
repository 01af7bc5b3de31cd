import CEL

extension FactGroup {
    /// The API server as this node reaches it.
    static let api = FactGroup(
        "api", .message("NodeAPI"),
        "The API server as this node reaches it.",
        messages: [
            "NodeAPI": [
                FactField(
                    "server", .string,
                    "address by the kubeconfig of the node's kubelet, else admin.conf, else the API server's own manifest"
                ),
                FactField("healthz", .int, "HTTP status of /healthz; 0 = nobody is there; not known after 1.5 s"),
                FactField("livez", .int, "HTTP status of /livez; 0 = nobody is there; not known after 1.5 s"),
                FactField("readyz", .int, "HTTP status of /readyz; 0 = nobody is there; not known after 1.5 s"),
                FactField("error", .string, "curl's own sentence for the first failure, else empty"),
                FactField(
                    "failing", .list(.string),
                    "checks of /readyz?verbose that failed, such as `[-]etcd failed: reason withheld`"),
            ]
        ],
        questions: [FactQuestion(apiScript, limit: 6 << 10, waits: 1.5, for: .api)])

    private static let apiScript: StaticString = #"""
        root=$1
        none() { for name in "$@"; do printf '?%s\t%s\n' "$name" "$cause"; done; }
        server= cause=
        for file in /etc/kubernetes/kubelet.conf /var/lib/kubelet/kubeconfig /etc/kubernetes/admin.conf; do
          [ -z "$server" ] && [ -r "$root$file" ] || continue
          server=$(awk '$1 == "server:" { gsub(/["\047]/, "", $2); print $2; exit }' "$root$file" |
            sed 's|//[^/]*@|//|; s|/*$||')
        done
        manifest="$root/etc/kubernetes/manifests/kube-apiserver.yaml"
        if [ -z "$server" ] && [ -r "$manifest" ]; then
          port=$(sed -n 's/.*--secure-port=\([0-9][0-9]*\).*/\1/p' "$manifest" | head -n 1)
          server=https://127.0.0.1:${port:-6443}
        fi
        case $server in
          http://*|https://*) printf '=server\t%s\n' "$server" ;;
          '') cause='nothing in /etc/kubernetes names an API server' ;;
          *) cause='the address of the API server is no URL' ;;
        esac
        if [ -n "$cause" ]; then none server healthz livez readyz error failing; exit; fi
        if ! command -v curl >/dev/null 2>&1; then
          cause='curl is not installed'; none healthz livez readyz error failing; exit
        fi
        ask() {
          curl --silent --show-error --insecure --noproxy '*' --max-time 1.5 --write-out '\n%{http_code}\n' \
            "$server/$1" 2>&1 |
            head -c 65536 | awk -v name="${1%%\?*}" '
              { line[NR] = $0 }
              END {
                status = line[NR]
                if (status !~ /^[0-9][0-9][0-9]$/) exit
                late = 0
                for (i = 1; i < NR; i++) if (line[i] ~ /^curl: \(28\)/) late = 1
                # Who is slow is not gone.
                if (late) print "?" name "\tno answer came in 1.5 s"; else print "=" name "\t" status + 0
                for (i = 1; i < NR && status == "000"; i++)
                  if (line[i] ~ /^curl: /) { print "=error\t" substr(line[i], 1, 250); break }
                if (name != "readyz") exit
                for (i = 1; i < NR && n < 20; i++) if (line[i] ~ /^\[-\]/) {
                  print "+failing\t" substr(line[i], 1, 150); n++
                }
                if (status == 200 || n) print ".failing"; else print "?failing\tthe status of /readyz is " status
              }'
        }
        for path in healthz livez 'readyz?verbose'; do ask "$path" & done
        wait
        # Of several lines the first counts.
        printf '=error\t\n'
        """#
}
