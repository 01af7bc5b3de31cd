import CEL

extension FactGroup {
    /// What an upgrade left.
    static let upgrade = FactGroup(
        "upgrade", .message("Upgrade"),
        "What an upgrade left.",
        messages: [
            "Upgrade": [
                FactField("tool", .bool, "rctl is installed"),
                FactField("output", .list(.string), "what `rctl status apply` says, 20 lines"),
                FactField(
                    "packages", .list(.string),
                    "the last 15 changes within 48 hours of packages of Kubernetes, runtimes, kernels, CNI and salt"),
            ]
        ],
        questions: [FactQuestion(upgradeScript, limit: 6 << 10, waits: 1.5, for: .packages)])

    private static let upgradeScript: StaticString = #"""
        root=$1
        tab=$(printf '\t')
        if command -v rctl >/dev/null 2>&1; then
          printf '=tool\ttrue\n'
          said=$(timeout 0.7 rctl status apply </dev/null 2>&1 | head -n 20 | cut -c 1-200)
          [ -z "$said" ] || printf '%s\n' "$said" | sed "s/^/+output$tab/"
          printf '.output\n'
        else
          printf '=tool\tfalse\n?output\trctl is not installed\n'
        fi
        wanted='(kube|containerd|docker|cri-|cri-o|runc|linux-image|kernel|cni|salt|etcd)'
        since=$(date -d '48 hours ago' '+%Y-%m-%d %H:%M:%S') || exit
        dpkg="$root/var/log/dpkg.log" dnf="$root/var/log/dnf.rpm.log"
        if [ -r "$dpkg" ]; then
          cat "$dpkg.1" "$dpkg" 2>/dev/null | awk -v since="$since" -v wanted="$wanted" '
            $3 ~ /^(install|upgrade|remove|purge)$/ && $1 " " $2 >= since && $4 ~ wanted' |
            tail -n 15 | cut -c 1-200 | sed "s/^/+packages$tab/"
          printf '.packages\n'
        elif [ -r "$dnf" ]; then
          cat "$dnf.1" "$dnf" 2>/dev/null | awk -v since="$since" -v wanted="$wanted" '
            $3 ~ /^(Install|Installed|Upgrade|Upgraded|Downgrade|Removed|Erase|Reinstall)(ed)?:$/ && $4 ~ wanted {
              at = substr($1, 1, 19); sub(/T/, " ", at)
              if (at >= since) print at, tolower(substr($3, 1, length($3) - 1)), $4
            }' |
            tail -n 15 | cut -c 1-200 | sed "s/^/+packages$tab/"
          printf '.packages\n'
        elif command -v rpm >/dev/null 2>&1; then
          all=$(timeout 0.8 rpm -qa --queryformat '%{INSTALLTIME} %{NAME}-%{VERSION}-%{RELEASE}\n') || {
            printf '?packages\trpm did not answer in time\n'
            exit
          }
          since=$(date -d '48 hours ago' +%s)
          printf '%s\n' "$all" | sort -n | awk -v since="$since" -v wanted="$wanted" '$1 >= since && $2 ~ wanted' |
            tail -n 15 | while read -r at package; do
              printf '+packages\t%s installed %s\n' "$(date -d "@$at" '+%Y-%m-%d %H:%M:%S')" "$package"
            done
          printf '.packages\n'
        else
          printf '?packages\tneither dpkg, dnf nor rpm keeps a record here\n'
        fi
        """#
}
