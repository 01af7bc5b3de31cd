import CEL

extension FactGroup {
    /// Errors of the last ten minutes by unit, oldest first.
    static let logs = FactGroup(
        "logs", .map(.string, .list(.string)),
        "Errors of the last ten minutes by unit, oldest first: of each unit that exists (kubelet, containerd, docker, crio, salt-minion-rafay, salt-minion, chisel, kube-proxy) the newest 15.",
        messages: [:],
        questions: [FactQuestion(logsScript, limit: 24 << 10, waits: 1.4, for: .journal)])

    private static let logsScript: StaticString = #"""
        root=$1
        tab=$(printf '\t')
        units='kubelet containerd docker crio salt-minion-rafay salt-minion chisel kube-proxy'
        wanted='[] :][EF][0-9][0-9][0-9][0-9] [0-9]|level=.?(error|fatal)|[Ee]rror|ERROR|[Ff]ailed|FAILED|panic|CRITICAL'
        wanted="$wanted|Main process exited"
        # What a program itself calls a warning or less is none, whatever words it uses.
        lesser='[] :][IW][0-9][0-9][0-9][0-9] [0-9]|level=.?(trace|debug|info|warn)'
        if [ -d "$root/run/systemd/system" ] && command -v journalctl >/dev/null 2>&1; then
          set --
          for unit in $units; do
            for folder in /etc/systemd/system /run/systemd/system /usr/lib/systemd/system /lib/systemd/system; do
              [ -e "$root$folder/$unit.service" ] || continue
              printf '+logs\t%s\n' "$unit"
              set -- "$@" --unit="$unit"
              break
            done
          done
          [ $# -gt 0 ] || { printf '.logs\n'; exit; }
          # The newest first, so that what is cut is old: DAY DATE TIME ZONE HOST UNIT[PID]: TEXT.
          { timeout 1.4 journalctl --no-pager --quiet --output=with-unit --since=-10min --reverse --lines=8000 "$@"
            printf 'status %s\n' $?; } | grep -aE "^status |$wanted" | grep -avE "$lesser" | awk '
              $1 == "status" { status = $2; next }
              $2 !~ /^[0-9][0-9][0-9][0-9]-/ { next }
              {
                unit = $6; sub(/(\[[0-9]*\])?:$/, "", unit)
                text = substr($0, index($0, " " $6 " ") + length($6) + 2)
                if (unit == "init.scope") { unit = text; sub(/:.*/, "", unit) }
                if (!sub(/\.service$/, "", unit) || n[unit] >= 15) next
                line[unit, ++n[unit]] = $2 "T" $3 " " substr(text, 1, 280)
              }
              END {
                for (unit in n) for (i = n[unit]; i > 0; i--) print "+logs\t" unit "\t" line[unit, i]
                if (status == 0) print ".logs"; else print "?logs\tjournalctl ended with status " status
              }'
          exit
        fi
        times=x minutes=0
        while [ $minutes -le 10 ]; do
          times="$times|$(date -d "-$minutes min" '+%b %e %H:%M|%Y-%m-%dT%H:%M')" minutes=$((minutes + 1))
        done
        for file in "$root/var/log/syslog" "$root/var/log/messages"; do
          [ -r "$file" ] || continue
          recent=$(tail -c 1048576 "$file" | grep -aE "^($times)" | grep -aE "$wanted" | grep -avE "$lesser")
          for name in $units; do
            command -v "$name" >/dev/null 2>&1 || grep -aqs " $name\[" "$file" || continue
            printf '+logs\t%s\n' "$name"
            printf '%s\n' "$recent" | grep -aE " $name(\[[0-9]*\])?: | $name\.service: " | tail -n 15 | cut -c 1-300 |
              sed "s/^/+logs$tab$name$tab/"
          done
          printf '.logs\n'
          exit
        done
        printf '?logs\tneither the journal nor /var/log/syslog or messages is there\n'
        """#
}
