import CEL

extension FactGroup {
    /// HTTP proxies that units are started with, by unit (kubelet, containerd, docker, crio, salt-minion-rafay, salt-minion, chisel), and of /etc/environment.
    static let proxies = FactGroup(
        "proxies", .map(.string, .message("Proxy")),
        "HTTP proxies that units are started with, by unit (kubelet, containerd, docker, crio, salt-minion-rafay, salt-minion, chisel), and of /etc/environment.",
        messages: [
            "Proxy": [
                FactField("url", .string, "of HTTPS_PROXY, else HTTP_PROXY, without credentials"),
                FactField("noProxy", .string, "NO_PROXY"),
                FactField("answers", .bool, "it accepts connections within 0.8 s"),
            ]
        ],
        questions: [FactQuestion(proxiesScript, limit: 4 << 10, waits: 1.5, for: .systemd)])

    private static let proxiesScript: StaticString = #"""
        root=$1
        tab=$(printf '\t')
        units='kubelet containerd docker crio salt-minion-rafay salt-minion chisel'
        # Lines UNIT, tab, VARIABLE=VALUE. What is before an @ are credentials, which do not leave the node.
        environment() {
          if [ -d "$root/run/systemd/system" ]; then
            shown=$(timeout 0.7 systemctl show --no-pager --property=Id,LoadState,Environment,EnvironmentFiles -- $units) ||
              return
            printf '%s\n' "$shown" | awk '
              function flush() {
                sub(/\.service$/, "", id)
                if (load == "loaded") for (i = 1; i <= n; i++) print id "\t" line[i]
                n = 0; load = id = ""
              }
              /^Id=/ { id = substr($0, 4) } /^LoadState=/ { load = substr($0, 11) }
              /^Environment=/ {
                rest = substr($0, 13)
                while (rest != "") {
                  end = index(rest, " ")
                  if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); end = index(rest, "\"") }
                  if (!end) end = length(rest) + 1
                  line[++n] = substr(rest, 1, end - 1); rest = substr(rest, end + 1); sub(/^ */, "", rest)
                }
              }
              /^EnvironmentFiles?=/ {
                file = $0; sub(/^[^=]*=/, "", file); sub(/ \(.*/, "", file); line[++n] = "file " file
              }
              NF == 0 { flush() } END { flush() }'
          else
            for unit in $units; do
              for file in "/etc/default/$unit" "/etc/sysconfig/$unit"; do printf '%s\tfile %s\n' "$unit" "$file"; done
            done
          fi
          printf '/etc/environment\tfile /etc/environment\n'
        }
        lines=$(environment) || { printf '?proxies\tsystemctl did not answer in time\n'; exit; }
        bash=$(command -v bash) || bash=
        found=$(printf '%s\n' "$lines" | while IFS=$tab read -r unit line; do
          case $line in
            'file '*)
              file=$root${line#file }
              [ -r "$file" ] || continue
              head -c 65536 "$file" | tr '\t\r' '  ' |
                sed -n "s/^ *\(export \)\{0,1\}\([A-Za-z_]*=\)[\"']\{0,1\}\([^\"']*\).*/\2\3/p" | sed "s|^|$unit$tab|" ;;
            *) printf '%s\t%s\n' "$unit" "$line" ;;
          esac
        done | awk -F '\t' '
          { equals = index($2, "="); key = tolower(substr($2, 1, equals - 1)); value = substr($2, equals + 1) }
          key ~ /^(https_proxy|http_proxy|no_proxy)$/ && value != "" {
            if (key != "no_proxy") {
              # The password may hold any of these characters.
              scheme = match(value, /^[a-z0-9]*:\/\//) ? substr(value, 1, RLENGTH) : ""
              value = substr(value, length(scheme) + 1)
              sub(/^.*@/, "", value); sub(/\/.*/, "", value); value = scheme value
            }
            if (!($1 in seen)) { seen[$1]; order[++n] = $1 }
            set[$1, key] = value
          }
          END {
            for (i = 1; i <= n && i <= 10; i++) {
              unit = order[i]; url = set[unit, "https_proxy"]
              if (url == "") url = set[unit, "http_proxy"]
              if (url != "") print unit "\t" url "\t" substr(set[unit, "no_proxy"], 1, 280)
            }
          }')
        [ -z "$found" ] || printf '%s\n' "$found" | {
          while IFS=$tab read -r unit url none; do
            place=${url#*://} host=${place%:*} port=${place##*:}
            case $port in
              ''|*[!0-9]*) host=$place; case $url in https:*) port=443 ;; *) port=80 ;; esac ;;
            esac
            host=${host#[} host=${host%]}
            {
              answers=false
              if [ -z "$bash" ]; then answers='?bash, which asks it, is not installed'
              elif timeout 0.8 bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$host" "$port" 2>/dev/null; then answers=true; fi
              printf '+proxies\t%s\t%s\t%s\t%s\n' "$unit" "$url" "$none" "$answers"
            } &
          done
          wait
        }
        printf '.proxies\n'
        """#
}
