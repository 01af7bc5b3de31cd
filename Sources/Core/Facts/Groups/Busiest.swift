import CEL

extension FactGroup {
    /// The five processes that used the most processor time, those that did the most input and output, and the largest, over half a second; each once.
    static let busiest = FactGroup(
        "busiest", .list(.message("BusyProcess")),
        "The five processes that used the most processor time, those that did the most input and output, and the largest, over half a second; each once.",
        messages: [
            "BusyProcess": [
                FactField("pid", .int, "process"),
                FactField("command", .string, "name of the program, 15 characters at most"),
                FactField("cpuPercent", .double, "of one processor"),
                FactField("memoryBytes", .int, "resident memory"),
                FactField("readBytesPerSecond", .int, "read from disks"),
                FactField("writeBytesPerSecond", .int, "written to disks"),
                FactField("pod", .string, "UID of its pod, empty when it is of none"),
                FactField(
                    "podCpuPercent", .double,
                    "of one processor, by all processes of its pod together; 0 when it is of none"),
                FactField(
                    "podCpuPercentSoFar", .double,
                    "the same since the oldest of them began: on a node without a moment to spare the half second says little"
                ),
            ]
        ],
        questions: [FactQuestion(busiestScript, limit: 4 << 10, waits: 0.5, for: .sample)])

    private static let busiestScript: StaticString = #"""
        root=$1
        tick=$(getconf CLK_TCK) && page=$(getconf PAGESIZE) || exit
        shot() {
          read -r now rest <"$root/proc/uptime"
          printf 'at %s\n' "$now"
          cat "$root"/proc/[0-9]*/stat 2>/dev/null
          grep -s '^[rw][a-z]*_bytes' /dev/null "$root"/proc/[0-9]*/io
        }
        { shot; sleep 0.5; shot; } | awk -v tick="$tick" -v page="$page" -v root="$root" '
          function top(of, n, pid, best) {
            for (n = 0; n < 5; n++) {
              best = ""
              for (pid in of) if (of[pid] > 0 && (best == "" || of[pid] > of[best])) best = pid
              if (best == "") return
              if (!(best in rank)) { rank[best] = ++count; chosen[count] = best }
              delete of[best]
            }
          }
          function pod(pid, line, uid) {
            while ((getline line < (root "/proc/" pid "/cgroup")) > 0)
              if (match(line, /pod[0-9a-f][0-9a-f_-]*/) && RLENGTH >= 35) uid = substr(line, RSTART + 3, RLENGTH - 3)
            close(root "/proc/" pid "/cgroup")
            gsub(/_/, "-", uid)
            return uid
          }
          /^at / { shot++; at[shot] = $2; next }
          /^\// {
            n = split($1, part, "/"); pid = part[n - 1]
            if ($1 ~ /:read_bytes:$/) reads[shot, pid] = $2
            if ($1 ~ /:write_bytes:$/) writes[shot, pid] = $2
            next
          }
          # A name may hold spaces and parentheses; newlines the kernel spells out.
          match($0, /\)[^)]*$/) {
            pid = $1; first = index($0, "(")
            name[pid] = substr($0, first + 1, RSTART - first - 1)
            gsub(/[\t\001-\037]/, " ", name[pid])
            split(substr($0, RSTART + 2), field, " ")
            used[shot, pid] = field[12] + field[13]
            began[pid] = field[20] / tick
            memory[pid] = field[22] * page
          }
          END {
            seconds = at[2] - at[1]
            if (seconds <= 0) { print "?busiest\tno time went by between two looks"; exit }
            for (pid in name) if ((1, pid) in used && (2, pid) in used) {
              cpu[pid] = cpuOf[pid] = (used[2, pid] - used[1, pid]) / tick / seconds * 100
              if (used[2, pid] > 0) {
                uid = podOf[pid] = pod(pid)
                cpuOfPod[uid] += cpuOf[pid]; timeOfPod[uid] += used[2, pid] / tick
                if (!(uid in oldest) || began[pid] < oldest[uid]) oldest[uid] = began[pid]
              }
              size[pid] = memory[pid]
              if ((1, pid) in reads && (2, pid) in reads && (1, pid) in writes && (2, pid) in writes) {
                readsOf[pid] = (reads[2, pid] - reads[1, pid]) / seconds
                writesOf[pid] = (writes[2, pid] - writes[1, pid]) / seconds
                io[pid] = readsOf[pid] + writesOf[pid]
              }
            }
            top(cpu); top(io); top(size)
            print "?busiest.readBytesPerSecond\t/proc/PID/io is not readable"
            print "?busiest.writeBytesPerSecond\t/proc/PID/io is not readable"
            for (i = 1; i <= count; i++) {
              pid = chosen[i]
              printf "+busiest\t%s\t%s\t%.1f\t%.0f\t", pid, name[pid], cpuOf[pid], memory[pid]
              if (pid in readsOf) printf "%.0f\t%.0f\t", readsOf[pid], writesOf[pid]; else printf "\t\t"
              uid = (pid in podOf) ? podOf[pid] : pod(pid)
              age = (uid in oldest) ? at[2] - oldest[uid] : 0
              printf "%s\t%.1f\t%.1f\n", uid, (uid == "" ? 0 : cpuOfPod[uid]), (uid == "" || age <= 0 ? 0 : timeOfPod[uid] / age * 100)
            }
            print ".busiest"
          }'
        """#
}
