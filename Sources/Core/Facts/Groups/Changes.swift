import CEL

extension FactGroup {
    /// Files of Kubernetes, runtimes, units and name resolution that were changed within 24 hours, the newest 20.
    static let changes = FactGroup(
        "changes", .list(.message("Change")),
        "Files of Kubernetes, runtimes, units and name resolution that were changed within 24 hours, the newest 20.",
        messages: [
            "Change": [
                FactField("path", .string, "the file"),
                FactField("at", .timestamp, "when"),
            ]
        ],
        questions: [FactQuestion(changesScript, limit: 4 << 10, waits: 1.5, for: .disks)])

    private static let changesScript: StaticString = #"""
        root=$1
        tab=$(printf '\t')
        set --
        for path in /etc/kubernetes /etc/containerd /etc/cni /etc/docker /etc/crio /etc/systemd/system /etc/resolv.conf \
          /etc/default/kubelet /etc/sysconfig/kubelet /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env \
          /etc/environment; do
          [ -e "$root$path" ] && set -- "$@" "$root$path"
        done
        [ $# -gt 0 ] && found=$(timeout 1.5 find -H "$@" -xdev -type f -mmin -1440 -printf '%p\t%T@\n') || {
          [ $# -gt 0 ] || printf '.changes\n'
          exit
        }
        printf '%s\n' "$found" | sort -t "$tab" -k 2,2nr | head -n 20 |
          sed -n "s|^$root\(/.*\)|+changes$tab\1|p"
        printf '.changes\n'
        """#
}
