/// The fixed shell text that takes etcd off its data and gives it other data, on a control plane of static pods.
///
/// The API server ends first, then etcd: with an API that has no etcd the kubelet waits for minutes before it starts one. While
/// both are away their manifests lie beside the kubelet's folder, never in it. Data is only ever renamed, on its own filesystem, and a
/// copy has its name once it is compared and on the disk; so from whatever state a killed attempt left, what lies where tells how
/// far it came, and undo goes on from there.
enum EtcdDataScript {
    /// Where the manifests lie meanwhile; on the filesystem of the kubelet's folder, so that each move is one rename.
    static let aside = "/etc/kubernetes/belay-etcd"

    /// Words behind the text: `look SNAPSHOT TO` (either may be empty), `prepare DATA KEPT SNAPSHOT SHA256 NAME CLUSTER TOKEN PEERS`,
    /// `swap DATA KEPT LIMIT`, `serve TO`, `unswap DATA KEPT LIMIT METRICS OTHER…` (what was kept before), `move DATA TO LIMIT` with the
    /// new manifest on standard input, `unmove DATA TO LIMIT METRICS ALONE MODE OWNER` with the old one, `stay LIMIT METRICS` with the
    /// one that is to stay.
    static func command(_ verb: String, _ words: [String], input: Payload? = nil) -> Command {
        .shell(text, [verb, FilePath.manifests, aside] + words, input: input)
    }

    private static let text: StaticString = #"""
        verb=$1 manifests=$2 aside=$3
        shift 3
        tab=$(printf '\t')
        fail() { printf '%s\n' "$1" >&2; exit 1; }
        seconds() { read -r up rest </proc/uptime && echo "${up%%.*}"; }
        processes() {
            grep -lsE 'pod[0-9a-f]{32}(\.slice)?(/|$)' /proc/[0-9]*/cgroup | while IFS= read -r file; do
                folder=${file%/cgroup}
                program=$(tr '\0' '\n' 2>/dev/null <"$folder/cmdline" | head -n 1)
                [ "${program##*/}" != "$1" ] || printf '%s\n' "${folder#/proc/}"
            done 2>/dev/null
        }
        # What can restore: beside the member's own program, by the way of its root, while it runs; else the node's.
        reader() {
            pid=$(processes etcd | head -n 1)
            for name in etcdutl etcdctl; do
                beside=
                [ -z "$pid" ] || beside=/proc/$pid/root$(dirname "$(readlink "/proc/$pid/exe")")/$name
                for path in "$beside" "$(command -v "$name")"; do
                    if [ -n "$path" ] && "$path" snapshot restore --help 2>/dev/null | grep -q -e --data-dir; then
                        printf '%s\n' "$path"
                        return
                    fi
                done
            done
            return 1
        }
        room() { set -- $(stat -f -c '%a %S' -- "$1") && echo $(($1 * $2)); }
        size() { set -- $(du -sk -- "$1") && echo $(($1 * 1024)); }
        has_room() {
            there=$(room "$1") || exit
            [ "$there" -ge "$2" ] || fail "$1 has $there bytes free where $2 are needed; nothing was changed"
        }
        # What is in folder $1: names, kinds, modes, owners, and the digest of each file.
        list() (
            cd -- "$1" || exit
            find . -exec stat -c '%n %F %a %u:%g' -- {} + | sort
            find . -type f -exec sha256sum -- {} + | sort
        )
        # Folder $1 as $2 in the folder $3, whole and on the disk before it has that name.
        copy() {
            rm -rf -- "$3/belay-new" && cp -a -- "$1" "$3/belay-new" || return
            [ "$(list "$1")" = "$(list "$3/belay-new")" ] || { echo 'the copy is not as what was copied' >&2; return 1; }
            find "$3/belay-new" -exec sync -- {} + && mv -T -- "$3/belay-new" "$3/$2" && sync -- "$3"
        }
        # Standard input as the file $1, with owner, mode and attributes of $2, if that is there.
        as() {
            cat >"$aside/text" && { [ ! -e "$2" ] || cp -a -- "$2" "$1"; } && cat "$aside/text" >"$1" && rm -f -- "$aside/text" &&
                sync -- "$1"
        }
        # The manifest of $1 back where the kubelet looks, unless there is one.
        into() {
            if [ -e "$aside/$1.yaml" ]; then
                if [ -e "$manifests/$1.yaml" ]; then rm -f -- "$aside/$1.yaml"; else mv -fT -- "$aside/$1.yaml" "$manifests/$1.yaml"; fi
                sync -- "$manifests" "$aside"
            fi
        }
        # The manifest of $1 out of its folder, and waits until nothing of it runs.
        out() {
            if [ ! -e "$manifests/$1.yaml" ] && [ ! -e "$aside/$1.yaml" ] && [ -z "$(processes "$1")" ]; then return; fi
            # What does not run may be between two attempts, and the kubelet looks every twenty seconds at the latest.
            quiet=25
            [ -z "$(processes "$1")" ] || quiet=2
            if [ -e "$manifests/$1.yaml" ]; then
                mv -fT -- "$manifests/$1.yaml" "$aside/$1.yaml" && sync -- "$aside" "$manifests" || return
            fi
            end=$(($(seconds) + limit)) since=
            while :; do
                now=$(seconds)
                if [ -n "$(processes "$1")" ]; then since=; else since=${since:-$now}; fi
                if [ -n "$since" ] && [ $((now - since)) -ge "$quiet" ]; then return; fi
                [ -z "$since" ] && [ "$now" -ge "$end" ] && { echo "$1 does not end within $limit seconds" >&2; return 1; }
                sleep 1
            done
        }
        back() { into etcd; into kube-apiserver; fail "$1; the manifests are where they were"; }
        # Ends the API server, then etcd: with an API that has no etcd the kubelet would wait for it. Nobody has the database of $1.
        stop() {
            [ "$(systemctl show kubelet -p ActiveState)" = ActiveState=active ] || fail 'the kubelet is not active; nothing was changed'
            mkdir -p -m 0700 -- "$aside" || exit
            [ "$(stat -c %d -- "$aside")" = "$(stat -c %d -- "$manifests")" ] ||
                fail "$aside and $manifests are different filesystems; nothing was changed"
            if ! { out kube-apiserver && out etcd; }; then back 'the control plane could not be stopped'; fi
            if [ -e "$1/member/snap/db" ] && command -v flock >/dev/null 2>&1; then
                flock -n "$1/member/snap/db" true || back "a process still has the database in $1"
            fi
        }
        # Waits until etcd says that it is well, where it can be asked; not for ever, since the API server's manifest comes next.
        settle() {
            end=$(($(seconds) + limit))
            [ -e "$manifests/etcd.yaml" ] || return
            while [ "$(seconds)" -lt "$end" ]; do
                if [ -n "$(processes etcd)" ]; then
                    [ -n "$metrics" ] && command -v curl >/dev/null 2>&1 || return
                    curl --silent --insecure --noproxy '*' --max-time 3 --fail --output /dev/null --url "$metrics/health?exclude=NOSPACE" &&
                        return
                fi
                sleep 1
            done
        }
        tidy() { if [ -d "$aside" ]; then rmdir -- "$aside" && sync -- "${aside%/*}"; fi; }

        export ETCDCTL_API=3
        case $verb in
            look)
                snapshot=$1 to=$2
                sed -n 's,^ *path: *\(/[^ ]*\) *$,\1,p' "$manifests/etcd.yaml" 2>/dev/null | sort -u | while IFS= read -r data; do
                    [ -d "$data" ] || continue
                    member=no bytes=0
                    if [ -e "$data/member" ]; then member=yes bytes=$(size "$data/member"); fi
                    printf 'folder\t%s\t%s\t%s\t%s\n' "$data" "$member" "$bytes" "$(room "$data")"
                    for kept in "$data"/belay-old-*; do
                        [ ! -e "$kept" ] || printf 'kept\t%s\t%s\n' "$data" "${kept##*/}"
                    done
                done
                if [ -d "$aside" ]; then for file in "$aside"/*; do [ ! -e "$file" ] || printf 'aside\t%s\n' "${file##*/}"; done; fi
                path=$(reader) && printf 'reader\t%s\n' "${path##*/}"
                if [ -n "$snapshot" ]; then
                    if [ -L "$snapshot" ]; then printf 'snapshot\tsymlink\n'
                    elif [ ! -e "$snapshot" ]; then printf 'snapshot\tabsent\n'
                    elif [ ! -f "$snapshot" ]; then printf 'snapshot\tspecial\n'
                    else
                        printf 'snapshot\t%s\n' "$(stat -c "regular$tab%a$tab%u:%g$tab%s" -- "$snapshot")"
                        printf 'sha256\t%s\n' "$(sha256sum <"$snapshot" | cut -c 1-64)"
                        [ ! -f "$snapshot.about" ] || printf 'noted\t%s\n' "$(sed -n 's/^sha256=//p' "$snapshot.about" | head -n 1)"
                    fi
                fi
                if [ -n "$to" ]; then
                    if [ ! -e "$to" ]; then printf 'to\tabsent\n'; exit; fi
                    if [ ! -d "$to" ] || [ "$(readlink -f -- "$to")" != "$to" ]; then printf 'to\tno folder, or by the way of a symlink\n'; exit; fi
                    holds=other
                    if [ -z "$(ls -A -- "$to")" ]; then holds=nothing; elif [ -d "$to/member" ]; then holds=member; fi
                    mount=$(df -P -- "$to" | sed -n '$s/.*% *//p')
                    unit=$(systemctl show -p FragmentPath "$(systemd-escape -p --suffix=mount -- "$mount")" 2>/dev/null)
                    printf 'to\tfolder\t%s\t%s\t%s\n' "$holds" "$(stat -c "%a$tab%u:%g$tab%d" -- "$to")" "$(room "$to")"
                    printf 'mount\t%s\t%s\t%s\n' "$mount" "$(stat -f -c %T -- "$to")" "${unit#FragmentPath=}"
                fi
                ;;
            prepare)
                data=$1 kept=$2 snapshot=$3 digest=$4 name=$5 cluster=$6 token=$7 peers=$8
                [ ! -e "$data/$kept" ] || fail "$data/$kept is there by now; nothing was changed"
                [ "$(sha256sum <"$snapshot" | cut -c 1-64)" = "$digest" ] || fail 'the snapshot is another one by now; nothing was changed'
                bytes=$(stat -c %s -- "$snapshot") || exit
                path=$(reader) || fail 'there is no etcdutl or etcdctl that restores; nothing was changed'
                has_room "$data" $((2 * bytes + 134217728))
                umask 077
                rm -rf -- "$data/belay-new" || exit
                # etcd 3.6 can begin behind every revision that its clients may have seen.
                set -- --data-dir="$data/belay-new" --name="$name" --initial-cluster="$cluster" --initial-cluster-token="$token" \
                    --initial-advertise-peer-urls="$peers"
                case $("$path" snapshot restore --help 2>&1) in
                    *--bump-revision*) set -- "$@" --bump-revision=1000000000 --mark-compacted ;;
                esac
                "$path" snapshot restore "$snapshot" "$@" >/dev/null && [ -f "$data/belay-new/member/snap/db" ] ||
                    { rm -rf -- "$data/belay-new"; fail 'the snapshot could not be restored; nothing was changed'; }
                chown -R -- "$(stat -c %u:%g -- "$data/member")" "$data/belay-new/member" || exit
                find "$data/belay-new" -exec sync -- {} +
                ;;
            swap)
                data=$1 kept=$2 limit=$3
                [ -d "$data/belay-new/member" ] || fail 'nothing was restored; nothing was changed'
                stop "$data"
                mv -T -- "$data/member" "$data/$kept" && mv -T -- "$data/belay-new/member" "$data/member" &&
                    rm -rf -- "$data/belay-new" "$data/belay-undone-${kept#belay-old-}" && sync -- "$data" || exit
                into etcd
                ;;
            serve)
                # With a mark in a folder that etcd was moved to: from now on clients may write there.
                if [ -n "$1" ]; then : >"$1/belay-serves" && sync -- "$1/belay-serves" "$1" || exit; fi
                into kube-apiserver
                tidy
                ;;
            unswap)
                data=$1 kept=$2 limit=$3 metrics=$4 take='' leave=''
                shift 4
                if [ -e "$data/$kept" ]; then
                    take=$kept leave=belay-undone-${kept#belay-old-}
                    [ ! -e "$data/member" ] || rm -rf -- "$data/$leave" || exit
                fi
                # What was kept before and is in use now: a rollback was at it, whose own undo this is.
                for one; do
                    undone=belay-undone-${one#belay-old-}
                    if [ -z "$take" ] && [ -e "$data/$undone" ] && { [ ! -e "$data/$one" ] || [ ! -e "$data/member" ]; }; then
                        take=$undone leave=$one
                    fi
                done
                if [ -n "$take" ]; then
                    stop "$data"
                    [ ! -e "$data/member" ] || mv -T -- "$data/member" "$data/$leave" || exit
                    mv -T -- "$data/$take" "$data/member" && sync -- "$data" || exit
                fi
                [ -e "$data/member" ] || fail "$data has no data of etcd, which would begin anew; its manifest is in $aside"
                into etcd
                settle
                into kube-apiserver
                rm -rf -- "$data/belay-new"
                tidy
                ;;
            move)
                data=$1 to=$2 limit=$3
                [ -d "$to" ] && [ -z "$(ls -A -- "$to")" ] || fail "$to is not empty; nothing was changed"
                bytes=$(size "$data/member") || exit
                has_room "$to" $((2 * bytes))
                mkdir -p -m 0700 -- "$aside" && as "$aside/new" "$manifests/etcd.yaml" || exit
                stop "$data"
                if ! copy "$data/member" member "$to"; then
                    rm -rf -- "$to/belay-new" "$to/member"
                    back 'the data could not be copied'
                fi
                mv -fT -- "$aside/new" "$manifests/etcd.yaml" && rm -f -- "$aside/etcd.yaml" && sync -- "$manifests" "$aside"
                ;;
            unmove)
                data=$1 to=$2 limit=$3 metrics=$4 alone=$5 mode=$6 owner=$7
                umask 077
                now=$manifests/etcd.yaml
                [ -e "$now" ] || now=$aside/etcd.yaml
                mkdir -p -m 0700 -- "$aside" && as "$aside/old" "$now" || exit
                if [ "$(stat -c '%a %u:%g' -- "$aside/old")" != "$mode $owner" ]; then
                    chown -- "$owner" "$aside/old" && chmod -- "$mode" "$aside/old" || exit
                fi
                sync -- "$aside/old" || exit
                if sed -n 's/^ *path: *//p' "$now" 2>/dev/null | grep -Fxq -e "$to"; then
                    moves=no
                    # Where clients or other members have been answered, the data goes along.
                    if [ -e "$to/belay-serves" ] || [ "$alone" != yes ]; then
                        moves=yes
                        has_room "$data" $(($(size "$to/member") + 67108864))
                    fi
                    stop "$to"
                    if [ "$moves" = yes ]; then
                        rm -rf -- "$data/belay-back"
                        copy "$to/member" belay-back "$data" || { rm -rf -- "$data/belay-new"; back 'the data could not be copied back'; }
                        if [ -e "$data/member" ]; then rm -rf -- "$data/belay-undone" && mv -T -- "$data/member" "$data/belay-undone"; fi &&
                            mv -T -- "$data/belay-back" "$data/member" && sync -- "$data" || exit
                    fi
                fi
                cmp -s -- "$aside/old" "$manifests/etcd.yaml" || mv -fT -- "$aside/old" "$manifests/etcd.yaml" || exit
                rm -f -- "$aside/old" "$aside/new" "$aside/text" "$aside/etcd.yaml"
                sync -- "$manifests" "$aside"
                settle
                into kube-apiserver
                rm -rf -- "$to/member" "$to/belay-new" "$to/belay-serves" "$data/belay-new" "$data/belay-back" "$data/belay-undone"
                tidy
                ;;
            stay)
                limit=$1 metrics=$2
                live=$manifests/etcd.yaml
                [ -e "$live" ] || live=$aside/etcd.yaml
                cmp -s -- - "$live" || fail 'etcd was led back to its old data, and has gone on there; move it again'
                rm -f -- "$aside/old" "$aside/text"
                into etcd
                settle
                into kube-apiserver
                tidy
                ;;
        esac
        """#
}
