import CEL

extension FactGroup {
    /// Memory and who waits for it.
    static let memory = FactGroup(
        "memory", .message("Memory"),
        "Memory and who waits for it.",
        messages: [
            "Memory": [
                FactField("totalBytes", .int, "MemTotal of /proc/meminfo"),
                FactField("availableBytes", .int, "MemAvailable: what could be had without swapping"),
                FactField("availablePercent", .double, "the same in percent of the total"),
                FactField("swapTotalBytes", .int, "SwapTotal; a kubelet mostly wants 0"),
                FactField(
                    "pressureSome", .double,
                    "how long some task waited for memory: percent of the last ten seconds, /proc/pressure"),
                FactField(
                    "pressureFull", .double,
                    "how long all tasks did at once: percent of the last ten seconds, /proc/pressure"),
                FactField(
                    "oomKills", .int,
                    "processes that the kernel killed for want of memory since boot (/proc/vmstat)"),
            ]
        ],
        questions: [FactQuestion(memoryScript, limit: 1 << 10)])

    private static let memoryScript: StaticString = #"""
        root=$1
        awk '
          $1 == "MemTotal:" { total = $2 }
          $1 == "MemAvailable:" { available = $2; known = 1 }
          $1 == "SwapTotal:" { swap = $2 }
          END {
            if (total > 0) printf "=totalBytes\t%.0f\n=swapTotalBytes\t%.0f\n", total * 1024, swap * 1024
            if (total > 0 && known)
              printf "=availableBytes\t%.0f\n=availablePercent\t%.1f\n", available * 1024, available / total * 100
          }' "$root/proc/meminfo"
        awk '$1 == "oom_kill" { print "=oomKills\t" $2 }' "$root/proc/vmstat"
        for kind in some full; do
          share=$(sed -n "s/^$kind avg10=\([0-9.]*\) .*/\1/p" "$root/proc/pressure/memory" 2>/dev/null)
          case $kind in some) name=pressureSome ;; *) name=pressureFull ;; esac
          if [ -n "$share" ]; then printf '=%s\t%s\n' "$name" "$share"
          else printf '?%s\tthe kernel counts no stalls\n' "$name"; fi
        done
        """#
}
