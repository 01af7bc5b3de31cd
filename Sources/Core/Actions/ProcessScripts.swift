/// The fixed shell texts of `process.restart`.
///
/// A command line and an environment may hold secrets, so neither ever leaves the node: what is compared is one digest of
/// both, salted with the machine's ID. What a process needs to start again lies in memory on the node, for root alone, and
/// reaches the new process through descriptors, never as words that others could read in the process list.
enum ProcessScripts {
    /// Prints every process called `$1` whose command line holds the text `$2` (any, when empty), as blocks of `KEY=VALUE`.
    ///
    /// Called so is whose first word's file name it is, or that of the script which an interpreter runs.
    static let observe: StaticString = #"""
        name=$1 match=$2
        export LC_ALL=C
        called() {
            [ "$(head -z -n 1 "$1/cmdline" | tr '\0' '\n' | sed '$!d; s|.*/||')" = "$name" ] && return
            program=$(readlink "$1/exe")
            case ${program##*/} in sh|dash|bash|busybox|perl*|python*|ruby*|node|php*|java) ;; *) return 1 ;; esac
            [ "$(head -z -n 2 "$1/cmdline" | tail -z -n 1 | tr '\0' '\n' | sed '$!d; s|.*/||')" = "$name" ]
        } 2>/dev/null
        # The environment without what a shell gives every program anew, and NUL and newline changed for each other.
        environment() { tr '\0\n' '\n\1' <"$1/environ" | grep -av -e '^_=' -e '^SHLVL=' -e '^PWD=' -e '^OLDPWD=' | sort; }
        way() {
            set -- "$({ cat /etc/machine-id; readlink "$1/cwd"; cat "$1/cmdline"; environment "$1"; } | sha256sum)"
            echo "${1%% *}"
        }
        # What bash cannot hand on as it is.
        odd() {
            environment "$1" | grep -avc '^[A-Za-z_][A-Za-z0-9_]*='
            environment "$1" | grep -ac -e '^\(BASHOPTS\|SHELLOPTS\|UID\|EUID\|PPID\|GROUPS\|RANDOM\|SRANDOM\|SECONDS\|LINENO\)=' \
                -e '^\(BASH_VERSINFO\|BASHPID\|EPOCHSECONDS\|EPOCHREALTIME\|FUNCNAME\|DIRSTACK\|HISTCMD\|BASH_ARGV0\)='
        }
        status() { sed -n "s/^$2:[[:space:]]*//p" "$1/status" | tr -s '\t ' '  '; }
        echo "boot=$(cat /proc/sys/kernel/random/boot_id)"
        echo "ownCapabilities=$(status /proc/self CapEff)"
        echo "ownSeccomp=$(status /proc/self Seccomp)"
        echo "bash=$(command -v bash)"
        echo "setpriv=$(command -v setpriv)"
        for client in crictl docker podman; do command -v "$client" >/dev/null 2>&1 && echo "$client=yes"; done
        for file in $(grep -lsaF -e "$name" /proc/[0-9]*/cmdline); do
            folder=${file%/cmdline}
            called "$folder" || continue
            [ -z "$match" ] || tr '\0\n' '  ' <"$folder/cmdline" 2>/dev/null | grep -qaF -e "$match" || continue
            read -r line <"$folder/stat" || continue
            set -- ${line##*) }
            [ "$1" != Z ] || continue
            parent=$2 started=${20}
            echo "process=${folder#/proc/}"
            echo "parent=$parent"
            echo "started=$started"
            echo "group=$(sed -n -e 's/^0:://p' -e 's/^[0-9]*:name=systemd://p' "$folder/cgroup" | head -n 1)"
            echo "program=$(readlink "$folder/exe" | head -n 1)"
            echo "folder=$(readlink "$folder/cwd" | head -n 1)"
            echo "root=$(readlink "$folder/root" | head -n 1)"
            echo "users=$(status "$folder" Uid)"
            echo "owners=$(status "$folder" Gid)"
            echo "groups=$(status "$folder" Groups)"
            echo "capabilities=$(status "$folder" CapEff)"
            echo "privileges=$(status "$folder" NoNewPrivs)"
            echo "seccomp=$(status "$folder" Seccomp)"
            same=yes
            for space in mnt net pid user ipc uts; do
                [ "$(readlink "$folder/ns/$space")" = "$(readlink "/proc/1/ns/$space")" ] || same=no
            done
            echo "namespaces=$same"
            for number in 0 1 2; do
                link=$(readlink "$folder/fd/$number" | head -n 1)
                case $link in /*) [ -f "$folder/fd/$number" ] || [ -c "$folder/fd/$number" ] || link='special file' ;; esac
                echo "stream$number=$link"
            done
            echo "words=$(tr -cd '\0' <"$folder/cmdline" | wc -c)"
            echo "odd=$(odd "$folder" | tr '\n' ' ')"
            # A program that is replaced goes by its old name.
            program=$(readlink "$folder/exe") program=${program% (deleted)}
            if [ -f "$program" ] && [ -x "$program" ]; then echo executable=yes; else echo executable=no; fi
            echo "way=$(way "$folder")"
            echo "end=${folder#/proc/}"
        done 2>/dev/null | head -n 1000
        echo complete=yes
        """#

    /// Restarts (`$1` = `restart`) process `$2`, begun at tick `$3` of boot `$4`, whose way to be started has digest `$5` and
    /// whose name is `$6`; or starts it again (`$1` = `revive`) unless it, or one started the same way, runs.
    ///
    /// What begins it again is kept before it is told to end. Where its parent begins it again, it is not begun twice.
    static let write: StaticString = #"""
        verb=$1 pid=$2 ticks=$3 boot=$4 digest=$5 name=$6
        export LC_ALL=C
        umask 077
        base=/run/belay-process saved=/run/belay-process/$digest
        environment() { tr '\0\n' '\n\1' <"$1/environ" | grep -av -e '^_=' -e '^SHLVL=' -e '^PWD=' -e '^OLDPWD=' | sort; }
        way() {
            set -- "$({ cat /etc/machine-id; readlink "$1/cwd"; cat "$1/cmdline"; environment "$1"; } | sha256sum)"
            echo "${1%% *}"
        } 2>/dev/null
        state() { read -r line <"/proc/$1/stat" && set -- ${line##*) } && [ "$1" != Z ] && echo "${20}"; } 2>/dev/null
        alive() { [ "$(cat /proc/sys/kernel/random/boot_id)" = "$boot" ] && [ "$(state "$pid")" = "$ticks" ]; }
        # The processes, but the old one, that were started the same way.
        like() {
            for file in $(grep -lsaF -e "$name" /proc/[0-9]*/cmdline); do
                one=${file%/cmdline} one=${one#/proc/}
                [ "$one" != "$pid" ] || ! alive || continue
                [ -n "$(state "$one")" ] && [ "$(way "/proc/$one")" = "$digest" ] && echo "$one"
            done
        }
        # Its children too, and theirs: a process and the tick it was begun at.
        offspring() {
            cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\([0-9]*\) .*) /\1 /' | awk -v top="$pid" '
                { parent[$1] = $3; since[$1] = $21 }
                END {
                    do {
                        more = 0
                        for (one in parent) if (!(one in mine) && (parent[one] == top || parent[one] in mine)) { mine[one]; more = 1 }
                    } while (more)
                    for (one in mine) print one, since[one]
                }'
        }
        keep() {
            [ "$(stat -f -c %T /run)" = tmpfs ] || { echo '/run is not in memory: secrets are not kept elsewhere' >&2; return 1; }
            mkdir -p -m 0700 "$base" && rm -rf "$base"/.new* && new=$(mktemp -d "$base/.newXXXXXX") &&
                cat "/proc/$pid/cmdline" >"$new/words" && cat "/proc/$pid/environ" >"$new/environment" &&
                cat "/proc/$pid/status" >"$new/status" && cat "/proc/$pid/limits" >"$new/limits" &&
                cat "/proc/$pid/oom_score_adj" >"$new/oom" && readlink "/proc/$pid/exe" >"$new/program" &&
                readlink "/proc/$pid/cwd" >"$new/folder" || return
            for number in 0 1 2; do
                readlink "/proc/$pid/fd/$number" >"$new/stream$number" || echo none >"$new/stream$number"
                stat -Lc %d:%i "/proc/$pid/fd/$number" >"$new/inode$number" || echo none >"$new/inode$number"
            done
            alive && [ "$(way "/proc/$pid")" = "$digest" ] || { rm -rf "$new"; echo "$pid is not the process that was planned" >&2; return 1; }
            rm -rf "$saved" && mv -T "$new" "$saved"
        }
        gone() { n=0; while alive; do n=$((n + 1)); [ $n -le "$1" ] || return 1; sleep 0.1; done; }
        end() {
            family=$(offspring)
            kill -s TERM "$pid" 2>/dev/null
            gone 100 || { kill -s KILL "$pid"; gone 50; } || { echo "$pid does not end, even when it is killed" >&2; return 1; }
            n=0
            while [ $n -lt 40 ]; do
                rest=$(printf '%s\n' "$family" | while read -r child since; do
                    [ -z "$since" ] || [ "$(state "$child")" != "$since" ] || echo "$child"
                done)
                [ -n "$rest" ] || return 0
                if [ $n -lt 30 ]; then kill -s TERM $rest; else kill -s KILL $rest; fi 2>/dev/null
                n=$((n + 1)); sleep 0.1
            done
        }
        value() { sed -n "s/^$1:[[:space:]]*//p" "$saved/status" | tr -s '\t ' '  '; }
        # Only a file is opened anew, and only if it is still the same one: a pipe, a socket and a terminal were somebody's who
        # is gone, and a name may lead root to another file by now.
        stream() {
            target=$(cat "$saved/stream$1")
            case $target in /dev/pts/*|/dev/tty*|/dev/console) ;; /*)
                if [ -f "$target" ] || [ -c "$target" ]; then
                    [ "$(stat -Lc %d:%i -- "$target")" != "$(cat "$saved/inode$1")" ] || { printf '%s\n' "$target"; return; }
                fi ;;
            esac
            echo /dev/null
        }
        is_saved() { [ "$(stat -Lc %d:%i "/proc/self/fd/$2")" = "$(cat "$saved/inode$1")" ]; }
        begin() (
            program=$(cat "$saved/program") program=${program% (deleted)}
            [ -x "$program" ] || { echo "$program is not there any more" >&2; exit 1; }
            cd -- "$(cat "$saved/folder")" || exit
            set -- $(value Uid) && user=$1
            set -- $(value Gid) && owner=$1
            others=$(value Groups) others=${others% }
            set -- setpriv --reuid "$user" --regid "$owner"
            if [ -n "$others" ]; then set -- "$@" --groups "$(echo "$others" | tr ' ' ',')"; else set -- "$@" --clear-groups; fi
            if [ -d /run/systemd/system ] && timeout 5 systemctl show -p Version >/dev/null 2>&1; then
                # Out of the step's own unit, which ends with all that is in it.
                set -- systemd-run --scope --quiet --collect --unit="restarted-$$-$(date +%s)" --description="process restarted by a runbook" "$@"
            fi
            soft=$(sed -n 's/^Max open files *\([^ ]*\) .*/\1/p' "$saved/limits")
            hard=$(sed -n 's/^Max open files *[^ ]* *\([^ ]*\) .*/\1/p' "$saved/limits")
            ulimit -Hn "$hard" && ulimit -Sn "$soft"
            echo "$(cat "$saved/oom")" >/proc/self/oom_score_adj
            mask=$(value Umask)
            [ -z "$mask" ] || umask "$mask"
            exec 5<"$(stream 0)" 6>>"$(stream 1)" 7>>"$(stream 2)"
            is_saved 0 5 || exec 5</dev/null
            is_saved 1 6 || exec 6>>/dev/null
            is_saved 2 7 || exec 7>>/dev/null
            setsid -f "$@" env -i "$(command -v bash)" --noprofile --norc -c '
                unset PWD OLDPWD SHLVL
                belay_words=()
                while IFS= read -r -d "" belay_word; do belay_words+=("$belay_word"); done <&4
                belay_program=$1
                exec <&5 >&6 2>&7
                exec 4<&- 5<&- 6>&- 7>&- 8>&- 9>&-
                while IFS= read -r -d "" belay_entry; do
                    case $belay_entry in _=*) ;; *) export "$belay_entry" ;; esac
                done <&3
                exec 3<&-
                exec -a "${belay_words[0]}" -- "$belay_program" "${belay_words[@]:1}"
            ' belay "$program" 3<"$saved/environment" 4<"$saved/words" \
                </dev/null >/dev/null 2>&1
        )
        # Up is what was the same process for two seconds.
        wait_for() {
            n=0
            while [ $n -lt "$1" ]; do
                first=$(like)
                if [ -n "$first" ]; then
                    sleep 2
                    for one in $first; do like | grep -qx "$one" && return; done
                fi
                n=$((n + 1)); sleep 0.2
            done
            return 1
        }
        if [ "$verb" = restart ]; then
            alive || { echo "process $pid is gone" >&2; exit 1; }
            [ -z "$(like)" ] || { echo "there are several processes started like $pid" >&2; exit 1; }
            keep && end || exit 1
            # A supervisor may begin it again by itself.
            sleep 0.5
        else
            alive && exit 0
            [ -z "$(like)" ] || exit 0
            [ -d "$saved" ] || { echo "how $name was started is not known on this node any more: start it by hand" >&2; exit 1; }
        fi
        [ -n "$(like)" ] || begin || exit 1
        wait_for 40 || { echo "$name was started and did not stay up; its own log says why" >&2; exit 1; }
        """#

    /// Restarts (`$1` = `restart`) container `$3` by its client `$2`, or sees that it runs (`$1` = `revive`). Of a pod's one, whose
    /// cgroups have `$5` in their names, the kubelet makes another one when it was stopped: that is waited for by its program `$4`.
    static let container: StaticString = #"""
        verb=$1 client=$2 id=$3 name=$4 pod=$5
        export LC_ALL=C
        if [ -z "$pod" ]; then
            if [ "$verb" = restart ]; then exec "$client" restart -t 10 "$id"; fi
            exec "$client" start "$id"
        fi
        # A process of the pod called so, in another container than the one that was stopped.
        runs() {
            for file in $(grep -lsaF -e "$name" /proc/[0-9]*/cmdline); do
                group=$(cat "${file%/cmdline}/cgroup" 2>/dev/null)
                case $group in *"$pod"*) ;; *) continue ;; esac
                case $group in *"$id"*) [ "$verb" = revive ] || continue ;; esac
                return 0
            done
            return 1
        }
        if [ "$verb" = restart ]; then "$client" stop -t 10 "$id" >&2 || exit; fi
        n=0
        until runs; do
            n=$((n + 1))
            [ $n -le 90 ] || { echo "the kubelet did not start $name again: see the pod's events" >&2; exit 1; }
            sleep 1
        done
        """#
}
