import CEL

extension FactGroup {
    /// Block devices, over half a second.
    static let io = FactGroup(
        "io", .message("IO"),
        "Block devices, over half a second.",
        messages: [
            "IO": [
                FactField(
                    "pressureSome", .double,
                    "how long some task waited for a disk: percent of the last ten seconds, /proc/pressure"),
                FactField(
                    "pressureFull", .double,
                    "how long all tasks did at once: percent of the last ten seconds, /proc/pressure"),
                FactField("devices", .map(.string, .message("Device")), "whole devices, not partitions, by name"),
                FactField(
                    "readOnly", .list(.string),
                    "mount points of disks that are mounted read-only as a whole, as the kernel does after an error"),
            ],
            "Device": [
                FactField("busyPercent", .double, "time with requests in flight"),
                FactField("readBytesPerSecond", .int, "read from it"),
                FactField("writeBytesPerSecond", .int, "written to it"),
            ],
        ],
        questions: [FactQuestion(ioScript, limit: 6 << 10, waits: 0.5, for: .sample)])

    private static let ioScript: StaticString = #"""
        root=$1
        for kind in some full; do
          share=$(sed -n "s/^$kind avg10=\([0-9.]*\) .*/\1/p" "$root/proc/pressure/io" 2>/dev/null)
          case $kind in some) name=pressureSome ;; *) name=pressureFull ;; esac
          if [ -n "$share" ]; then printf '=%s\t%s\n' "$name" "$share"
          else printf '?%s\tthe kernel counts no stalls\n' "$name"; fi
        done
        # Of a mount, "ro" may be the mount's own; behind the dash it is the filesystem's.
        awk '{
          for (i = 7; i < NF && $i != "-"; i++);
          if ($(i + 1) !~ /^(ext[234]|xfs|btrfs|f2fs)$/ || $(i + 3) !~ /^ro(,|$)/) next
          if (!seen[$3]++ && n++ < 20) print "+readOnly\t" $5
        }
        END { if (NR) print ".readOnly" }' "$root/proc/self/mountinfo"
        shot() {
          read -r now rest <"$root/proc/uptime"
          printf 'at %s\n' "$now"
          cat "$root/proc/diskstats"
        }
        { ls "$root/sys/block" | sed 's/^/whole /'; shot; sleep 0.5; shot; } | awk '
          $1 == "whole" { gsub(/!/, "/", $2); if ($2 !~ /^(loop|ram|zram|fd|sr)[0-9]/) whole[$2]; next }
          $1 == "at" { shot++; at[shot] = $2; next }
          $3 in whole { read[shot, $3] = $6; written[shot, $3] = $10; busy[shot, $3] = $13 }
          END {
            seconds = at[2] - at[1]
            if (seconds <= 0) { print "?devices\tno time went by between two looks"; exit }
            for (name in whole) if ((1, name) in busy && (2, name) in busy && n++ < 60) {
              share = (busy[2, name] - busy[1, name]) / seconds / 10
              printf "+devices\t%s\t%.1f\t%.0f\t%.0f\n", name, (share > 100 ? 100 : share), \
                (read[2, name] - read[1, name]) * 512 / seconds, (written[2, name] - written[1, name]) * 512 / seconds
            }
            print ".devices"
          }'
        """#
}
