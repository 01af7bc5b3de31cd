import CEL

extension FactGroup {
    /// Agents of management platforms.
    static let agents = FactGroup(
        "agents", .map(.string, .message("Agent")),
        "Agents of management platforms: salt-minion-rafay, salt-minion, chisel.",
        messages: [
            "Agent": [
                FactField("installed", .bool, "a unit, a program or a process of it is there"),
                FactField("running", .bool, "a process of it runs"),
                FactField("state", .string, "ActiveState/SubState of its unit, empty when it has none"),
                FactField(
                    "connected", .bool,
                    "one of its processes has an established TCP connection to another machine"),
                FactField("processes", .list(.string), "`PID NAME` of them"),
            ]
        ],
        questions: [FactQuestion(agentsScript, limit: 4 << 10, waits: 1.5, for: .systemd)])

    private static let agentsScript: StaticString = #"""
        root=$1
        names='salt-minion-rafay salt-minion chisel'
        shown= systemd=
        if [ -d "$root/run/systemd/system" ]; then
          systemd=1
          shown=$(timeout 1.5 systemctl show --no-pager --property=Id,LoadState,ActiveState,SubState,MainPID -- $names) ||
            systemd=late
        fi
        # Lines NAME PID: processes whose program, or the script it runs, is called so. A minion of the platform's own unit is
        # its own.
        found=$(for file in $(grep -lsazE '^([^/]*/)*(salt-minion|salt-minion-rafay|chisel)$' "$root"/proc/[0-9]*/cmdline); do
          pid=${file%/cmdline} pid=${pid##*/}
          words=$(cat "$file" 2>/dev/null | tr '\0' '\n' | head -n 3 | sed 's|.*/||')
          for name in $names; do
            printf '%s\n' "$words" | head -n 2 | grep -qx -e "$name" || continue
            grep -qs '/salt-minion-rafay\.service' "$root/proc/$pid/cgroup" && name=salt-minion-rafay
            printf '%s %s\n' "$name" "$pid"
            break
          done
        done | head -n 30)
        connected() {
          for pid in "$@"; do
            sockets=$(ls -l "$root/proc/$pid/fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\].*/\1/p')
            [ -n "$sockets" ] || continue
            { printf '%s\n' "$sockets"; cat "$root/proc/$pid/net/tcp" "$root/proc/$pid/net/tcp6"; } 2>/dev/null | awk '
              NF == 1 { mine[$1]; next }
              $3 ~ /^(......7F|0000000000000000FFFF0000......7F|00000000000000000000000001000000):/ { next }
              $4 == "01" && ($10 in mine) { found = 1 }
              END { exit !found }' && return
          done
          return 1
        }
        for name in $names; do
          pids=$(printf '%s\n' "$found" | sed -n "s/^$name //p")
          state= installed=false running=false link=false
          load=$(printf '%s\n' "$shown" | awk -F = -v id="$name.service" '
            function flush() {
              if (at == id && load == "loaded") print main, active "/" detail
              at = load = active = detail = ""
            }
            $1 == "Id" { at = $2 } $1 == "LoadState" { load = $2 } $1 == "MainPID" { main = $2 }
            $1 == "ActiveState" { active = $2 } $1 == "SubState" { detail = $2 }
            NF == 0 { flush() } END { flush() }')
          if [ -n "$load" ]; then
            installed=true state=${load#* } main=${load%% *}
            [ "${main:-0}" = 0 ] || pids=$(printf '%s\n' $main $pids | sort -un)
          fi
          [ "$systemd" = late ] && printf '?agents.state\tsystemctl did not answer in time\n'
          [ -n "$pids" ] && installed=true running=true
          command -v "$name" >/dev/null 2>&1 && installed=true
          [ -n "$pids" ] && connected $pids && link=true
          printf '+agents\t%s\t%s\t%s\t%s\t%s\n' "$name" "$installed" "$running" "$state" "$link"
          for pid in $pids; do
            read -r command 2>/dev/null <"$root/proc/$pid/comm" &&
              printf '+agents.processes\t%s\t%s %s\n' "$name" "$pid" "$command"
          done
        done
        printf '.agents\n'
        """#
}
