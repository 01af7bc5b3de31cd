import CEL

extension FactGroup {
    /// The node's clock.
    static let time = FactGroup(
        "time", .message("Clock"),
        "The node's clock.",
        messages: [
            "Clock": [
                FactField("synchronised", .bool, "chrony or systemd says that it is"),
                FactField("skew", .duration, "how far it is ahead of this machine's; behind is negative"),
            ]
        ],
        questions: [FactQuestion(timeScript, limit: 1 << 10, waits: 1, for: .systemd)]
    ) { ClockReading.report($0) }

    private static let timeScript: StaticString = #"""
        root=$1
        printf '=date\t%s\n' "$(date +%s.%N)"
        read -r up rest <"$root/proc/uptime" && printf '=uptime\t%s\n' "$up"
        if command -v chronyc >/dev/null 2>&1 && said=$(timeout 1 chronyc -n tracking 2>/dev/null); then
          case $said in
            *'Leap status'*'Not synchronised'*) printf '=synchronised\tfalse\n' ;;
            *'Leap status'*) printf '=synchronised\ttrue\n' ;;
          esac
        elif [ -d "$root/run/systemd/system" ] && command -v timedatectl >/dev/null 2>&1; then
          case $(timeout 1 timedatectl show --property=NTPSynchronized 2>/dev/null) in
            *=yes) printf '=synchronised\ttrue\n' ;;
            *=no) printf '=synchronised\tfalse\n' ;;
            *) printf '?synchronised\ttimedatectl did not say in time\n' ;;
          esac
        else
          printf '?synchronised\tneither chrony nor systemd runs on this node\n'
        fi
        """#
}
