/// The fixed shell text that asks the member of etcd on a node, and works on it.
///
/// The member is found by its process, so that it is the same whether the kubelet or systemd started it: its
/// flags and environment tell where it listens, its certificates and its data. Certificates and programs are taken by the
/// way of the process's own root, where they are as it sees them. `etcdctl` of a container runs on the node like this
/// when it is a program of its own, or finds its libraries there; else the node's is used.
enum EtcdScript {
    /// Bytes that must be free besides what a copy of the database takes.
    static let margin = 64 << 20

    /// Words behind the text: `look [FILE FOLDER]`, `snapshot FILE FOLDER`, `defrag KEEP` (`compact`
    /// for the old revisions to go first), `disarm BYTES` (the least size of a
    /// database that forbids it), `await` (until the member answers, a minute or five).
    static func command(_ words: String...) -> Command { .shell(text, words) }

    private static let text: StaticString = #"""
        verb=$1
        shift
        fail() { printf '%s\n' "$1" >&2; exit 1; }

        # The last of a flag counts, as for etcd itself; flags come before the environment.
        option() {
            value=$(tr '\0' '\n' <"/proc/$pid/cmdline" | awk -v name="$1" '
                taken { value = $0; taken = 0; next }
                { word = $0; sub(/^--?/, "", word) }
                word == $0 { next }
                word == name { taken = 1; next }
                index(word, name "=") == 1 { value = substr(word, length(name) + 2) }
                END { print value }')
            variable=ETCD_$(printf %s "$1" | tr a-z- A-Z_)
            [ -n "$value" ] || value=$(tr '\0' '\n' <"/proc/$pid/environ" | sed -n "s/^$variable=//p" | tail -n 1)
            printf '%s\n' "${value:-$2}"
        }

        # What lies beside the member's own program, by the way of its root, if it runs here; else the node's.
        program() {
            for path in "$root${self%/*}/$1" "$(command -v "$1")"; do
                if [ -n "$path" ] && "$path" version >/dev/null 2>&1; then printf '%s\n' "$path"; return; fi
            done
            return 1
        }

        # A program that lies beside it is run as root: so it is of the node itself, of a service, or of a static pod, whose
        # manifest only root writes (its UID is the hash of a file; those of the API have dashes). Any pod may call a process etcd.
        is_trusted() {
            [ "$(readlink "$1/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ] ||
                grep -qsE '/system\.slice/[^/]+\.service$|pod[0-9a-f]{32}(\.slice)?(/|$)' "$1/cgroup"
        }

        member() {
            pid=
            for comm in /proc/[0-9]*/comm; do
                read -r name 2>/dev/null <"$comm" || continue
                if [ "$name" != etcd ] || ! is_trusted "${comm%/comm}"; then continue; fi
                [ -z "$pid" ] || { echo 'several etcd run on this node, and none is chosen' >&2; return 1; }
                pid=${comm#/proc/} pid=${pid%/comm}
            done
            [ -n "$pid" ] || { echo 'no etcd runs on this node' >&2; return 1; }
            [ -z "$(option config-file '')" ] || { echo 'etcd was started with a configuration file, which is not read' >&2; return 1; }
            root=/proc/$pid/root self=$(readlink "/proc/$pid/exe")
            etcdctl=$(program etcdctl) || { echo 'there is no etcdctl that runs on this node' >&2; return 1; }
            endpoint=
            urls=$(option listen-client-urls http://127.0.0.1:2379 | tr ',' ' ')
            # An address of IPv6 looks like a pattern.
            set -f
            for url in $urls; do
                case $url in
                    *://127.* | *://localhost:* | *://\[::1\]:*) endpoint=$url; break ;;
                    *://0.0.0.0:* | *://\[::\]:*) endpoint=${url%%://*}://127.0.0.1:${url##*:}; break ;;
                esac
                [ -n "$endpoint" ] || endpoint=$url
            done
            set +f
            cert=$(option cert-file '') key=$(option key-file '') ca=$(option trusted-ca-file '')
            # A server's certificate need not be one for a client; kubeadm makes one for just this.
            probe=${cert%/*}/healthcheck-client
            if [ -r "$root$probe.key" ]; then cert=$probe.crt key=$probe.key; fi
        }

        data_folder() {
            data=$(option data-dir "$(option name default).etcd")
            case $data in /*) ;; *) cwd=$(readlink "/proc/$pid/cwd") data=${cwd%/}/$data ;; esac
        }

        ctl() {
            case $endpoint in
                https:*) "$etcdctl" --endpoints="$endpoint" --cacert="$root$ca" --cert="$root$cert" --key="$root$key" "$@" ;;
                *) "$etcdctl" --endpoints="$endpoint" "$@" ;;
            esac
        }

        # A read that all members agree on, which waits for a defragmentation; with an alarm etcd 3.5 says that it is unhealthy.
        answers() {
            case $(ctl endpoint health -w json 2>/dev/null) in
                *'"health":true'* | *'Active Alarm'*) ;;
                *) return 1 ;;
            esac
        }

        room() {
            place=$1
            while [ ! -e "$place" ]; do place=${place%/*}; place=${place:-/}; done
            set -- $(stat -f -c '%a %S' -- "$place")
            echo $(($1 * $2))
        }

        # Of what the member says of itself.
        number() {
            said=$(ctl endpoint status -w json) || exit
            printf '%s' "$said" | tr ',{}' '\n\n\n' | sed -n "s/^\"$1\":\([0-9]*\)$/\1/p" | head -n 1 | grep . ||
                fail "etcd does not say its $1; nothing was changed"
        }

        has_room() {
            there=$(room "$1") && need=$2 || exit
            [ "$there" -ge $((need + 67108864)) ] ||
                fail "there are $there bytes free where $((need + 67108864)) are needed; nothing was changed"
        }

        # What comes from the node's environment must not lead elsewhere.
        export ETCDCTL_API=3
        unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
        if [ "$verb" != await ]; then member || exit; fi

        case $verb in
            look)
                data_folder
                printf 'data=%s\nendpoint=%s\nquota=%s\n' "$data" "$endpoint" "$(option quota-backend-bytes 0)"
                printf 'room=%s\n' "$(room "$root$data")"
                status=$(ctl endpoint status -w json) || exit
                printf 'status=%s\n' "$status"
                if [ $# -gt 0 ]; then
                    printf 'folderRoom=%s\n' "$(room "$2")"
                    if [ ! -e "$1" ]; then echo file=absent; exit; fi
                    printf 'file=%s\n' "$(stat -c '%a %u:%g %s' -- "$1")"
                    exec cat -- "$1.about"
                fi
                members=$(ctl member list -w json) || exit
                # Either fails when one member does not answer, or has an alarm; what they print says which.
                health=$(ctl endpoint health --cluster -w json)
                all=$(ctl --command-timeout=2s endpoint status --cluster -w json)
                alarms=$(ctl alarm list -w json) || exit
                printf 'members=%s\nhealth=%s\nall=%s\nalarms=%s\n' "$members" "$health" "$all" "$alarms"
                ;;
            snapshot)
                file=$1 folder=$2
                umask 077
                mkdir -p -m 0700 -- "$folder" || exit
                [ ! -e "$file" ] || fail "$file is there by now; nothing was changed"
                need=$(number dbSize) || exit
                has_room "$folder" $((2 * need))
                new=$(mktemp -d -- "$folder/.etcd-XXXXXXXXXX") || exit
                trap 'rm -rf -- "$new"' EXIT
                trap 'exit 129' HUP INT TERM
                ctl snapshot save "$new/db" >/dev/null || exit
                size=$(stat -c %s -- "$new/db") || exit
                # After the database, which is whole pages, etcd sends the SHA-256 of it.
                [ $((size % 512)) -eq 32 ] || fail 'the snapshot is not whole: its digest is missing'
                told=$(tail -c 32 -- "$new/db" | od -An -v -tx1 | tr -d ' \n')
                found=$(head -c $((size - 32)) -- "$new/db" | sha256sum | cut -c 1-64)
                [ "$told" = "$found" ] || fail 'the snapshot is damaged: it has not the digest that etcd told'
                reader=$(program etcdutl) || reader=$etcdctl
                holds=$("$reader" snapshot status "$new/db" -w json) || exit
                printf 'sha256=%s\nholds=%s\n' "$(sha256sum <"$new/db" | cut -c 1-64)" "$holds" >"$new/about" || exit
                sync -- "$new/db" "$new/about" && mv -fT -- "$new/about" "$file.about" && mv -fT -- "$new/db" "$file" &&
                    sync -- "$folder"
                ;;
            defrag)
                if [ "$1" = compact ]; then
                    revision=$(number revision) || exit
                    said=$(ctl --command-timeout=3600s compact --physical "$revision" 2>&1) ||
                        case $said in *'has been compacted'*) ;; *) fail "$said" ;; esac
                fi
                need=$(number dbSizeInUse) || exit
                data_folder
                has_room "$root$data" "$need"
                ctl --command-timeout=3600s defrag
                ;;
            disarm)
                alarms=$(ctl alarm list) || exit
                case $alarms in *CORRUPT*) fail 'a member says that its data is corrupt; nothing was changed' ;; esac
                sizes=$(ctl endpoint status --cluster -w json) || exit
                for size in $(printf '%s' "$sizes" | tr ',{}' '\n\n\n' | sed -n 's/^"dbSize":\([0-9]*\)$/\1/p'); do
                    [ "$size" -lt "$1" ] || fail "a database has $size bytes, which is too near to the quota; nothing was changed"
                done
                ctl alarm disarm
                ;;
            await)
                tried=0
                until member && answers; do
                    tried=$((tried + 1))
                    [ "$tried" -lt 60 ] || fail 'etcd does not answer'
                    sleep 1
                done
                ;;
        esac
        """#

    /// Removes snapshot `$1` in folder `$2` with what is told of it, durably, and what a killed attempt left.
    static let remove: StaticString = #"""
        rm -f -- "$1" "$1.about" && rm -rf -- "$2"/.etcd-?????????? || exit
        [ ! -d "$2" ] || sync -- "$2"
        """#
}
