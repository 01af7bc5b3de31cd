/// The fixed shell texts of the actions that change a file.
enum FileScripts {
    /// Prints what `$1` in directory `$2` is as `KEY=VALUE` lines; content above `$3` bytes is not printed.
    static let observe: StaticString = #"""
        real=$(readlink -f -- "$2")
        if [ ! -d "$2" ]; then echo directory=missing
        elif [ "$real" = "$2" ]; then echo directory=real
        else echo directory=symlink; fi
        if command -v getfattr >/dev/null 2>&1; then echo xattrs=read; else echo xattrs=unread; fi
        if [ -L "$1" ]; then echo type=symlink; echo "target=$(readlink -- "$1" | head -n 1)"; exit; fi
        if [ -d "$1" ]; then echo type=directory; exit; fi
        if [ ! -e "$1" ]; then echo type=absent; exit; fi
        if [ ! -f "$1" ]; then echo "type=special file"; exit; fi
        echo type=regular
        stat -c 'mode=%a
        owner=%u:%g
        size=%s
        links=%h' -- "$1" || exit
        if [ "$(stat -c %s -- "$1")" -gt "$3" ]; then echo content=toolarge; exit; fi
        content=$(base64 -w 0 -- "$1") || exit
        echo "content=$content"
        command -v getfattr >/dev/null 2>&1 || exit 0
        attributes=$(getfattr --absolute-names -d -m - -e hex -- "$1") || exit
        printf '%s\n' "$attributes" | sed -n 's/^\([^# ][^=]*=0x\)/xattr \1/p'
        """#

    /// Puts standard input in place as `$1` in directory `$2`, prepared in `$3`, with mode `$4` and owner `$5` unless
    /// empty, and with the extended attributes given behind as name and value.
    ///
    /// The attributes of the file that is there are carried over before that. What an attempt killed half-way left is removed:
    /// a node's lease admits one writer at a time. `sync FILE` is fsync(2) (coreutils 8.24;
    /// older ones sync everything).
    static let replace: StaticString = #"""
        path=$1 directory=$2 workplace=$3 mode=$4 owner=$5
        shift 5
        umask 077
        if [ "$(stat -c %d -- "$workplace")" != "$(stat -c %d -- "$directory")" ]; then
            echo "$workplace and $directory are different filesystems: no atomic rename; nothing was changed" >&2
            exit 1
        fi
        rm -f -- "${workplace%/}"/.belay-??????????
        new=$(mktemp -- "${workplace%/}/.belay-XXXXXXXXXX") || exit
        trap 'rm -f -- "$new"' EXIT
        trap 'exit 129' HUP INT TERM
        cat >"$new" || exit
        if [ -f "$path" ] && [ ! -L "$path" ]; then
            cp -a --attributes-only --preserve=all -- "$path" "$new" || exit
        fi
        # Another owner costs a file its set-user-ID and set-group-ID bits.
        [ -n "$mode" ] || [ -z "$owner" ] || mode=$(stat -c %a -- "$new") || exit
        [ -z "$owner" ] || chown -- "$owner" "$new" || exit
        while [ $# -ge 2 ]; do
            setfattr -n "$1" -v "$2" -- "$new" || echo "$1 could not be set" >&2
            shift 2
        done
        [ -z "$mode" ] || chmod -- "$mode" "$new" || exit
        touch -- "$new" && sync -- "$new" && mv -fT -- "$new" "$path" && sync -- "$directory"
        """#

    /// Removes `$1` from directory `$2`, durably, and what a killed attempt left in `$3`.
    static let remove: StaticString = #"""
        rm -f -- "$1" "${3%/}"/.belay-?????????? && sync -- "$2"
        """#

    /// Has unit `$1` read its files again if it is up, or if it was before (`$2` is `yes`) and is not any more.
    ///
    /// Not `try-restart`, which passes over a unit that is activating or that failed because of the very file.
    static let reread: StaticString = #"""
        state=$(systemctl show "$1" -p ActiveState) || exit
        case $state in
            ActiveState=active | ActiveState=activating | ActiveState=reloading | ActiveState=refreshing) ;;
            *) [ "$2" = yes ] || exit 0 ;;
        esac
        systemctl reset-failed "$1" 2>/dev/null
        systemctl restart "$1"
        """#
}
