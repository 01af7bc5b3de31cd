import CEL

extension FactGroup {
    /// Processors and who waits for them.
    static let cpu = FactGroup(
        "cpu", .message("Cpu"),
        "Processors and who waits for them.",
        messages: [
            "Cpu": [
                FactField("count", .int, "processors that are online"),
                FactField("load1", .double, "load average over a minute"),
                FactField("load5", .double, "load average over five minutes"),
                FactField(
                    "pressure", .double,
                    "how long some task waited for a processor: percent of the last ten seconds, /proc/pressure"),
                FactField("tasks", .int, "threads that exist"),
                FactField(
                    "taskLimit", .int,
                    "threads that may exist: the lesser of kernel.pid_max and kernel.threads-max"),
            ]
        ],
        questions: [FactQuestion(cpuScript, limit: 1 << 10)])

    private static let cpuScript: StaticString = #"""
        root=$1
        awk '/^cpu[0-9]/ { n++ } END { if (n) print "=count\t" n }' "$root/proc/stat"
        awk '{ print "=load1\t" $1; print "=load5\t" $2; split($4, t, "/"); print "=tasks\t" t[2] }' "$root/proc/loadavg"
        limit=$(cat "$root/proc/sys/kernel/pid_max" "$root/proc/sys/kernel/threads-max" | sort -n | head -n 1)
        printf '=taskLimit\t%s\n' "$limit"
        some=$(sed -n 's/^some avg10=\([0-9.]*\) .*/\1/p' "$root/proc/pressure/cpu" 2>/dev/null)
        if [ -n "$some" ]; then printf '=pressure\t%s\n' "$some"; else printf '?pressure\tthe kernel counts no stalls\n'; fi
        """#
}
