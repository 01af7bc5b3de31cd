/// The fixed shell texts by which a node alone tells whether somebody changed what a step left: exit status 0 when it is as it
/// was left or as it was before, 10 when it is neither, another when it cannot be told.
enum LeftScripts {
    /// `$1/$2` is the parameter's file, `$3` its value as left, `$4` as before.
    static let sysctl: StaticString = #"""
        set -f
        # Not by read: the kernel gives a number only to the first read.
        now=$(cat -- "$1/$2") || exit 1
        # As words, since it prints tabs.
        words=$(printf '%s ' $now)
        [ "$words" != "$(printf '%s ' $3)" ] && [ "$words" != "$(printf '%s ' $4)" ] || exit 0
        printf '%s is %s now\n' "$2" "$now"
        exit 10
        """#

    /// `$1` is the root, `$2` the release of the kernel, then `+NAME` for a module that was loaded before, `-NAME` for another.
    static let modules: StaticString = #"""
        root=$1 release=$2
        shift 2
        running=$(cat -- "$root/proc/sys/kernel/osrelease") || exit 1
        loaded=$(cat -- "$root/proc/modules") || exit 1
        for word; do
            if printf '%s\n' "$loaded" | grep -q "^${word#?} "; then
                case $word in
                    -*) [ "$running" = "$release" ] || { echo "${word#?} is loaded, in another kernel ($running)"; exit 10; } ;;
                esac
            else
                case $word in +*) echo "${word#?} is not loaded any more"; exit 10 ;; esac
            fi
        done
        """#

    /// `$1` is the file, `$2` its directory; standard input has its state as left and as before, a line each.
    static let file: StaticString = #"""
        known=$(cat)
        state() {
            if [ ! -d "$2" ] || [ "$(readlink -f -- "$2")" != "$2" ]; then echo elsewhere
            elif [ -L "$1" ]; then echo symlink
            elif [ ! -e "$1" ]; then echo absent
            elif [ ! -f "$1" ]; then echo special
            else
                digest=$(sha256sum <"$1") || return
                stat -c "regular %a %u:%g %h ${digest%% *}" -- "$1"
            fi
        }
        now=$(state "$1" "$2") || exit 1
        [ -n "$now" ] || exit 1
        ! printf '%s\n' "$known" | grep -Fxq -- "$now" || exit 0
        # Not what it holds, nor a digest of it.
        printf '%s was changed: %s\n' "$1" "${now% [0-9a-f]*}"
        exit 10
        """#

    /// Each argument is a file; standard input has, of each, a line `PATH DIGEST` or `PATH absent` as left and as before.
    static let contents: StaticString = #"""
        known=$(cat)
        for path; do
            if [ -L "$path" ]; then now=symlink
            elif [ ! -e "$path" ]; then now=absent
            else
                now=$(sha256sum <"$path") || exit 1
                now=${now%% *}
            fi
            printf '%s\n' "$known" | grep -Fxq -- "$path $now" || { printf '%s was changed\n' "$path"; exit 10; }
        done
        """#

    /// A look at what files hold, and nothing else of them; a path has no end of line in it.
    static func contents(_ files: [(path: String, left: FieldValue?, before: FieldValue?)]) -> Command {
        let known = files.flatMap { file in
            [file.left, file.before].compactMap { value -> String? in
                switch value {
                case .content(let content): "\(file.path) \(Digest.sha256(content.bytes))\n"
                case .absent: "\(file.path) absent\n"
                default: nil
                }
            }
        }
        return .shell(contents, files.map(\.path), input: Payload(known.joined()))
    }

    /// `$1` is the unit, `$2` what it is as left, `$3` as before.
    static let service: StaticString = #"""
        shown=$(systemctl show --no-pager "$1" -p Id,Names,LoadState,ActiveState,Type,RemainAfterExit) || exit 1
        value() { printf '%s\n' "$shown" | sed -n "s/^$1=//p"; }
        load=$(value LoadState)
        [ -n "$load" ] || exit 1
        case $(value ActiveState) in
            active | activating | reloading | refreshing) started=yes ;;
            # One that keeps being started again; but what ends by itself has ended.
            failed) if [ "$(value Type) $(value RemainAfterExit)" = 'oneshot no' ]; then started=no; else started=yes; fi ;;
            '') exit 1 ;;
            *) started=no ;;
        esac
        digest=
        if [ "$load" = loaded ]; then
            files=$(systemctl cat --no-pager "$1" 2>/dev/null | sha256sum) || exit 1
            digest=${files%% *}
        fi
        now="$(value Id) $load $started $digest$(value Names | tr ' ' '\n' | LC_ALL=C sort | sed -n 's/^./ &/p' | tr -d '\n')"
        [ "$now" != "$2" ] && [ "$now" != "$3" ] || exit 0
        printf '%s was changed: %s\n' "$1" "$now"
        exit 10
        """#
}

extension FileChange {
    /// Type, content, mode, owner and names, against both states.
    func stillAsLeft(_ left: Observation, before: Observation) -> Command {
        let states = [left, before].compactMap(Self.line).map { $0 + "\n" }
        // Not as words: what a file holds may be secret, and a digest of few possibilities tells which.
        return .shell(LeftScripts.file, [path.text, path.directory], input: Payload(states.joined()))
    }

    /// As ``LeftScripts/file`` prints it; nil for a state that this action neither leaves nor begins with.
    private static func line(_ state: Observation) -> String? {
        guard state.text("directory") == "real" else { return nil }
        if state.text("type") == "absent" { return "absent" }
        guard state.text("type") == "regular", let content = state.content("content"), let mode = state.text("mode"),
            let owner = state.text("owner")
        else { return nil }
        return "regular \(mode) \(owner) \(state.text("links") ?? "1") \(Digest.sha256(content.bytes))"
    }
}

extension ServiceLook {
    /// The unit with its files, and whether it is started, against both states.
    func stillAsLeft(_ left: Observation, before: Observation) -> Command {
        .shell(LeftScripts.service, [unit.name] + [left, before].map(Self.line))
    }

    /// As ``LeftScripts/service`` prints it.
    private static func line(_ state: Observation) -> String {
        let words = ["unit", "load", "started", "unitDigest"].map { state.text($0) ?? "" }
        return (words + (state.lines("names") ?? [])).joined(separator: " ")
    }
}
