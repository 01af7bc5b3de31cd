/// The fixed shell texts that list files nobody needs, take them away, and put them back.
///
/// A file is one line everywhere: `BYTES MTIME MODE UID:GID PATH`. Who may write to `/tmp` may swap folders while root works
/// in them: so each folder is entered first, and then proven to be the one that was meant.
enum OldFilesScripts {
    /// Lists files last written `$1` seconds ago or longer, oldest first, with what there is to know of the archive `$2`.
    /// Of journals so many that `$3` bytes of archived ones stay, unless it is empty. `$4`… are the kinds of files.
    ///
    /// The age counts from the beginning of the day or hour, so that the list does not grow while approvals are collected. A
    /// file that a process holds open or has mapped stays, told by its inode alone: paths differ from container to container.
    /// Not so journals: who reads them lets go of one that is gone.
    static let list: StaticString = #"""
        age=$1 archive=$2 keep=$3
        shift 3
        export LC_ALL=C TZ=UTC0
        now=$(date +%s) || exit
        if [ "$age" -ge 86400 ]; then now=$((now - now % 86400)); elif [ "$age" -ge 3600 ]; then now=$((now - now % 3600)); fi
        limit=@$((now - age))
        # What was written in this very second counts as well, where age does not.
        [ "$age" -gt 0 ] || limit=@9999999999
        if [ -n "$archive" ]; then
            if [ -L "$archive" ] || [ "$(readlink -f -- "$archive")" != "$archive" ]; then echo archive=symlink
            elif [ ! -d "$archive" ]; then echo archive=missing
            elif [ -n "$(find "$archive" -maxdepth 0 \( ! -user 0 -o -perm /022 \))" ]; then echo archive=writable
            else echo archive=folder; fi
            stat -c archiveDevice=%d -- "$archive"
            stat -f -c archiveKind=%T -- "$archive"
            df --output=avail -B1 -- "$archive" | sed -n '2s/^ */archiveFree=/p'
        fi 2>/dev/null
        look() {
            roots= tests=$1
            shift
            for folder; do
                if [ -d "$folder" ] && [ ! -L "$folder" ]; then roots="$roots $folder"; fi
            done
            [ -n "$roots" ] || return 0
            set -f
            stat -c 'r %d %n' -- $roots
            # Neither roots nor tests have a word with a space in it.
            find $roots -ignore_readdir_race -xdev $tests -type f -links 1 ! -newermt "$limit" $more \
                \( -path '*[[:cntrl:]]*' -printf 'x\n' -o -printf \
                'c %i %H %s %TY-%Tm-%TdT%TH:%TM:%TSZ %m %U:%G %p\n' \)
            status=$?
            set +f
            return $status
        }
        found() {
            more=
            case $1 in
                journal)
                    look '-mindepth 2 -maxdepth 2 -regextype posix-extended -regex .*/[^/@]+@([0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{16}[.]journal|[0-9a-f]{16}-[0-9a-f]{16}[.]journal~)' \
                        /var/log/journal /run/log/journal ;;
                logs)
                    look '( -path /var/log/journal -o -path /var/log/audit ) -prune -o -regextype posix-extended -regex .*([.](gz|xz|bz2|zst|old|[0-9]{1,3})|[-.][0-9]{8}(-[0-9]{2,6})?) ! -name wtmp* ! -name btmp*' \
                        /var/log ;;
                packages)
                    look '-name *.deb' /var/cache/apt/archives && look '-name *.rpm' /var/cache/dnf /var/cache/libdnf5 /var/cache/yum ;;
                coredumps) look '! -name kexec_cmd ! -name kdump_lock' /var/lib/systemd/coredump /var/crash ;;
                tmp)
                    # What was unpacked lately may have an old time of writing, and what is only read one of reading.
                    more="! -newerat $limit ! -newerct $limit"
                    look '( -name systemd-private-* -o -name .X*-unix -o -name .ICE-unix -o -name .font-unix -o -name .XIM-unix -o -name snap* -o -name hsperfdata_* -o -name .belay-* ) -prune -o ! -name .X*-lock ! -name krb5cc*' \
                        /tmp /var/tmp ;;
                *) return 1 ;;
            esac
        }
        held() {
            timeout 10 find -L /proc/[0-9]*/fd /proc/[0-9]*/exe -maxdepth 1 -type f -printf 'o %i\n'
            [ $? -lt 124 ] || echo 'o late'
            cat /proc/[0-9]*/maps | awk '$5 > 0 && !($5 in seen) { seen[$5]; print "o " $5 }'
            cat /sys/block/loop*/loop/backing_file /proc/swaps | while IFS= read -r file; do
                file=${file% (deleted)}
                case $file in /*) ;; *) continue ;; esac
                [ -f "$file" ] || file=${file%%[ 	]*}
                stat -c 'o %i' -- "$file"
            done
            true
        } 2>/dev/null
        {
            case $1 in journal) echo 'o 0' ;; *) held ;; esac
            { for kind; do found "$kind" || echo "a failed $kind"; done; } |
                sort -S 32M -T /run -k1,1 -k5,5 -k8
            echo end
        } | awk -v keep="$keep" -v most=2000 '
            $1 == "o" { if ($2 == "late") late = 1; else open[$2]; opens = 1; next }
            $1 == "a" { print "failed=" $3; next }
            $1 == "r" { device[$3] = $2; next }
            $1 == "x" { odd++; next }
            $1 == "end" { whole = 1; next }
            $1 != "c" { next }
            $2 in open { held++; heldBytes += $4; next }
            {
                name = $0
                sub(/.*[/]/, "", name)
                # A copy has a longer name.
                if (length(name) > 200 || length($0) > 3000) { odd++; next }
                used[$3]
                total += $4
                size[++count] = $4
                sub(/^c [0-9]+ [^ ]+ /, "")
                line[count] = $0
            }
            END {
                for (root in used) print "device=" device[root]
                for (i = 1; i <= count; i++) {
                    if (keep != "" && total <= keep + 0) break
                    total -= size[i]
                    # Bounded in number and in what is read from a node.
                    if (i > most || length(line[i]) + printed > 700000) { left++; continue }
                    printed += length(line[i]) + 6
                    print "file " line[i]
                }
                printf "held=%d\nheldBytes=%.0f\nodd=%d\nleft=%d\n", held, heldBytes, odd, left
                print "open=" (late ? "late" : opens ? "read" : "unread")
                if (whole) print "end=1"
            }'
        """#

    /// Lists what takes disk though it has no name any more: files that were deleted while a process had them open.
    static let deleted: StaticString = #"""
        export LC_ALL=C
        timeout 10 find /proc/[0-9]*/fd -lname '/* (deleted)' ! -lname '*[[:cntrl:]]*' ! -lname '/memfd:*' ! -lname '/dev/*' \
            -printf '%p %l\n' 2>/dev/null | head -n 200 | while IFS= read -r line; do
            link=${line%% *} pid=${line#/proc/}
            bytes=$(stat -Lc %s -- "$link" 2>/dev/null) || continue
            [ "$bytes" -lt 1048576 ] || printf '%s %s %s\n' "$bytes" "${pid%%/*}" "${line#* }"
        done | sort -rn | head -n 10
        """#

    /// Takes away the files on standard input that are still as they were listed, after copying them durably below the archive
    /// `$1` unless that is empty. With `$2` `closed` what a process holds by now stays.
    ///
    /// All copies are compared and on the archive's disk before the first file goes.
    static let take: StaticString = #"""
        archive=$1 which=$2
        export LC_ALL=C TZ=UTC0
        umask 077
        list=$(cat)
        split() {
            bytes=${1%% *} rest=${1#* }
            time=${rest%% *} rest=${rest#* }
            mode=${rest%% *} rest=${rest#* }
            owner=${rest%% *} path=${rest#* }
            name=${path##*/} folder=${path%/*}
            copy=$archive$path.$time.$bytes
        }
        open=
        if [ "$which" = closed ]; then
            open=$({
                timeout 10 find -L /proc/[0-9]*/fd /proc/[0-9]*/exe -maxdepth 1 -type f -printf '%i\n'
                [ $? -lt 124 ] || echo late
                cat /proc/[0-9]*/maps | awk '$5 > 0 && !($5 in seen) { seen[$5]; print $5 }'
            } 2>/dev/null | sort -u | tr '\n' ' ')
            case " $open" in ' ' | *' late '*) echo 'which files are open could not be told; nothing was changed' >&2; exit 1 ;; esac
        fi
        # Whether the file is the one that was listed, and nobody has it open.
        is_listed() {
            cd -P -- "$folder" 2>/dev/null && [ "$(pwd -P)" = "$folder" ] || return
            now=$(find "./$name" -maxdepth 0 -type f -links 1 -printf '%s %TY-%Tm-%TdT%TH:%TM:%TSZ %m %U:%G %i' 2>/dev/null)
            [ "${now% *}" = "$bytes $time $mode $owner" ] || return
            case " $open" in *" ${now##* } "*) return 1 ;; esac
        }
        digest() { set -- "$(sha256sum <"$1")" && echo "${1%% *}"; }
        if [ -n "$archive" ]; then
            [ -d "$archive" ] || { echo "$archive is gone; nothing was changed" >&2; exit 1; }
            printf '%s\n' "$list" | while IFS= read -r line; do
                split "$line"
                is_listed || continue
                if [ "$(stat -c %d -- "$archive")" = "$(stat -c %d .)" ]; then
                    echo "$archive is on the filesystem of $path; nothing was changed" >&2
                    exit 1
                fi
                mkdir -p -- "$archive$folder" && cp -P --preserve=all -- "./$name" "$copy.part" || exit 1
                if [ -L "$copy.part" ] || [ "$(digest "$copy.part")" != "$(digest "./$name")" ]; then
                    rm -f -- "$copy.part"
                    is_listed || continue
                    echo "the copy of $path is not like it; nothing was removed" >&2
                    exit 1
                fi
                sync -- "$copy.part" && mv -fT -- "$copy.part" "$copy" || exit 1
            done || exit
            sync -f -- "$archive" || exit
        fi
        printf '%s\n' "$list" | while IFS= read -r line; do
            split "$line"
            if ! is_listed || { [ -n "$archive" ] && [ ! -f "$copy" ]; }; then
                echo "$path stays: it is in use, or not as it was listed" >&2
                continue
            fi
            rm -f -- "./$name" || exit 1
        done
        """#

    /// Puts the files on standard input back from the archive `$1`, with owner, mode and time, and removes the copies.
    ///
    /// A file is prepared in a folder of root's own at the top of its tree, and appears whole under its name, if that is free:
    /// what others put there since stays.
    static let putBack: StaticString = #"""
        archive=$1
        export LC_ALL=C TZ=UTC0
        umask 077
        list=$(cat)
        split() {
            bytes=${1%% *} rest=${1#* }
            time=${rest%% *} rest=${rest#* }
            mode=${rest%% *} rest=${rest#* }
            owner=${rest%% *} path=${rest#* }
            name=${path##*/} folder=${path%/*}
            copy=$archive$path.$time.$bytes
            top=
            for root in /var/log/journal /run/log/journal /var/log /var/cache/apt/archives /var/cache/dnf \
                /var/cache/libdnf5 /var/cache/yum /var/lib/systemd/coredump /var/crash /var/tmp /tmp; do
                case $path in "$root"/*) top=$root; break ;; esac
            done
        }
        digest() { set -- "$(sha256sum <"$1")" && echo "${1%% *}"; }
        look() { find "./$name" -maxdepth 0 -type f -printf '%s %TY-%Tm-%TdT%TH:%TM:%TSZ %m %U:%G' 2>/dev/null; }
        # What an attempt killed half-way left.
        for root in /var/log/journal /run/log/journal /var/log /var/cache/apt/archives /var/cache/dnf /var/cache/libdnf5 \
            /var/cache/yum /var/lib/systemd/coredump /var/crash /var/tmp /tmp; do
            rm -rf -- "$root"/.belay-??????????
        done
        printf '%s\n' "$list" | {
            status=0
            lacks() { echo "$path is not put back: $1" >&2; status=1; }
            while IFS= read -r line; do
                split "$line"
                if [ -z "$top" ]; then lacks 'it is in none of the folders that are worked on'; continue; fi
                if ! cd -P -- "$folder" 2>/dev/null || [ "$(pwd -P)" != "$folder" ]; then
                    lacks "its folder is gone; the copy is $copy"
                    continue
                fi
                if [ -e "./$name" ] || [ -L "./$name" ]; then
                    if [ "$(look)" = "$bytes $time $mode $owner" ]; then rm -f -- "$copy"; continue; fi
                    lacks "something else has its name by now; the copy is $copy"
                    continue
                fi
                if [ ! -f "$copy" ]; then lacks "there is no copy $copy"; continue; fi
                work=$(mktemp -d -- "$top/.belay-XXXXXXXXXX") || exit
                new=$work/new
                if cp --preserve=all -- "$copy" "$new" && [ "$(digest "$copy")" = "$(digest "$new")" ] &&
                    chown -- "$owner" "$new" && chmod -- "$mode" "$new" && touch -d "$time" -- "$new" &&
                    sync -- "$new" && ln -T -- "$new" "./$name"; then
                    rm -f -- "$new" && sync -- . && rm -f -- "$copy"
                else
                    lacks "it cannot be written; the copy is $copy"
                fi
                rm -rf -- "$work"
            done
            exit $status
        }
        """#
}
