/// The shell functions that the scripts on a node share.
///
/// A name from a plan or from a node's record reaches a shell here alone, quoted; the texts below use the variables.
enum NodeShell {
    /// What every write script starts with.
    static func prelude(_ fence: NodeRecord.Fence) -> String {
        """
        \(places(fence))
        say() { printf '%s\\n' "$*"; }
        \(isSound(fence) ? "" : "say refused name; exit 0")
        up() { cut -d. -f1 /proc/uptime; }
        systemd() { [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] && timeout 5 systemctl show -p Version >/dev/null 2>&1; }
        alive() {
          [ "$(cat "$1/started")" = "$(boot)" ] || return 1
          for y in "$1/pid" "$1/main"; do
            read -r q 2>/dev/null <"$y" && case $(words "$q") in *run.sh*) return 0 ;; esac
          done
          [ ! -e "$1/pid" ] || return 1
          case "$(timeout 5 systemctl is-active "$2" 2>/dev/null)" in active|activating|deactivating) ;; *) return 1 ;; esac
        }
        \(locking)
        \(finding)
        \(halting)
        \(reverting)
        \(boot)

        """
    }

    /// Tells the node's own journal which entry of the audit log a write has: what is rewritten there later contradicts it.
    /// Nobody waits for it, and a node without one is as good.
    static func noting(_ entry: EntryName, run: String) -> String {
        let text = ShellQuote.quote("run=\(run) entry=\(entry.index) leaf=\(entry.leaf)")
        return "(timeout 5 logger -t belay -- \(text) &) </dev/null >/dev/null 2>&1\n"
    }

    /// Where a record can lie, and how a file gets there.
    ///
    /// The lock needs no disk where `/run` is in memory. Where it is not, there is no record in memory either.
    static func places(_ fence: NodeRecord.Fence) -> String {
        """
        \(ShellPrelude.environment)
        RUN=\(ShellQuote.quote(fence.run)); UNIT=\(ShellQuote.quote(fence.unit))
        DISK=\(ShellQuote.quote(fence.base)); MEM=\(ShellQuote.quote(fence.memoryBase))
        case \(fence.folder == nil ? "" : "no")$(stat -f -c %T /run 2>/dev/null) in
          tmpfs|ramfs) LOCK=$MEM; PLACES="$MEM $DISK" ;;
          *) LOCK=$DISK; PLACES=$DISK ;;
        esac
        boot() { cat /proc/sys/kernel/random/boot_id; }
        # Standard input as file $1, durably: whole or not at all. $2 is its size where that is known.
        put() {
          cat >"$1.tmp" && { [ -z "${2-}" ] || [ "$(wc -c <"$1.tmp")" -eq "$2" ]; } && sync "$1.tmp" &&
            mv -f "$1.tmp" "$1" && sync "${1%/*}" && return
          rm -f "$1.tmp"; return 1
        }
        """
    }

    // A failing redirection of a special builtin ends the shell, hence the subshell that tries it first.
    private static let locking = """
        lock() {
          { mkdir -p "$LOCK" && (: >>"$LOCK/lock"); } 2>/dev/null || { say refused disk; exit 0; }
          exec 9>>"$LOCK/lock"
          flock -x -w 20 9 || { say refused busy; exit 0; }
        }
        """

    // `held` finds the lease that counts, the one with the higher epoch, and so where the run writes: B and R. `at` finds a
    // file of the run in either place, `known` says whether the run has a record at all.
    private static let finding = """
        held() {
          lrun= lepoch=0 lholder= lticket= B=$DISK
          for p in $PLACES; do
            read -r a b c d x t 2>/dev/null <"$p/lease" || continue
            [ "${b:-0}" -gt "$lepoch" ] 2>/dev/null || continue
            lrun=$a lepoch=$b lholder=$c lticket=$t B=$p
          done
          R=$B/$RUN
        }
        at() {
          for y in $PLACES; do [ -e "$y/$RUN/$1" ] && { printf '%s\\n' "$y/$RUN/$1"; return; }; done
          printf '%s\\n' "${R:-$DISK/$RUN}/$1"
        }
        known() { for y in $PLACES; do [ -d "$y/$RUN" ] && return; done; return 1; }
        """

    /// Ends what is left of a step, and waits until it is gone. Its session is what tells its processes: `timeout` puts a
    /// command into a process group of its own. A pid of before a reboot, of an ended step or used again is not ours.
    /// `sweep` ends what is in session $1 but not in process group $2; `words` is the command line of process $1.
    static let halting = """
        words() { tr '\\0' ' ' 2>/dev/null <"/proc/$1/cmdline"; }
        halt() {
          [ -e "$1/started" ] && [ ! -e "$1/result" ] && [ "$(cat "$1/started")" = "$(boot)" ] || return 0
          for y in "$1/pid" "$1/main"; do
            read -r q 2>/dev/null <"$y" || continue
            case $(words "$q") in ''|*run.sh*) sweep "$q" none ;; esac
          done
        }
        sweep() {
          n=0
          while [ $n -lt 80 ]; do
            left=
            for f in /proc/[0-9]*/stat; do
              read -r line 2>/dev/null <"$f" || continue
              set -- "$1" "$2" ${line##*) }
              [ "${6-}" = "$1" ] && [ "${5-}" != "$2" ] && [ "${3-}" != Z ] && left="$left ${line%% *}"
            done
            [ -n "$left" ] || return 0
            if [ $n -lt 30 ]; then signal=TERM; else signal=KILL; fi
            kill -s $signal $left 2>/dev/null; n=$((n + 1)); sleep 0.1
          done
        }
        """

    /// Whether the dead-man of run $1 is at work now: it notes its boot and its process before it takes the token.
    static let reverting = """
        reverting() {
          read -r a b 2>/dev/null <"$LOCK/$1.firing" && [ "$a" = "$(boot)" ] || return 1
          case $(words "$b") in *deadman.sh*) ;; *) return 1 ;; esac
        }
        """

    /// Takes away the unit that would revert at boot.
    static let boot = """
        UNITS=/etc/systemd/system
        unboot() {
          set -- "$1-deadman-boot.service"
          [ -e "$UNITS/$1" ] || [ -L "$UNITS/sysinit.target.wants/$1" ] || return 0
          rm -f "$UNITS/sysinit.target.wants/$1" "$UNITS/emergency.target.wants/$1" && rm -f "$UNITS/$1" && sync "$UNITS"
        }
        """

    /// The check that a laptop which woke up late fails: its epoch is no longer the lease's.
    static func check(_ fence: NodeRecord.Fence) -> String {
        """
        lock; held
        [ -n "$lrun" ] || { say refused lease none; exit 0; }
        [ "$lrun" = "$RUN" ] && [ "$lepoch" = \(fence.epoch) ] || { say refused lease "$lrun" "$lepoch"; exit 0; }
        """
    }

    /// Ends a script whose run has no record: another log's executor has ended the run here, a record in memory went with a
    /// reboot, or somebody removed it. Where nobody can say any more what has begun, that is never called "never began".
    static let lostWithoutRecord = """
        if ! known; then
          for p in $PLACES; do
            f=$(grep -slx -- "$RUN" "$p"/spent/* | head -n 1)
            [ -n "$f" ] && { read -r a; read -r a b c; } 2>/dev/null <"$f" && [ "$a" = ended ] && { say ended "$b" "$c"; exit 0; }
          done
          say lost gone "$(boot)"; exit 0
        fi
        """

    /// Bytes as a file on the node, without any quoting question. Its status says whether it is there, whole.
    static func file(_ path: String, _ bytes: [UInt8]) -> String {
        "printf %s '\(Base64.encode(bytes))' | base64 -d | put \"\(path)\" \(bytes.count)"
    }

    /// A text as a file on the node.
    static func file(_ path: String, _ text: String) -> String { file(path, Array(text.utf8)) }

    private static func isSound(_ fence: NodeRecord.Fence) -> Bool {
        NodeRecord.isRun(fence.run) && fence.target.map(NodeRecord.isTarget) != false
    }
}
