/// The dead-man switch: the node undoes what cuts its path by itself, unless someone who can still reach it says otherwise.
///
/// Disarm and fire compete for one `rename` of `deadman.token`; whoever wins decides, and the loser accepts it (law 3).
public enum DeadManScript {
    /// Arms it: leaves the script, the token and a timer, all of them durable before it says `armed`. Idempotent: sent again
    /// after a lost connection it starts what is missing.
    /// - Parameters:
    ///   - seconds: from now until it fires, on the node's monotonic clock; also the limit of each step's undo.
    ///   - atBoot: also leaves an enabled unit that fires it at the next boot, before the network's services, for effects
    ///     that outlive a reboot. Refused (`boot …`) where the node cannot promise that.
    public static func arm(_ fence: NodeRecord.Fence, seconds: Int, atBoot: Bool = false) -> String {
        """
        \(NodeShell.prelude(fence))
        \(atBoot ? DeadManBoot.installing : "")
        \(NodeShell.lostWithoutRecord)
        \(NodeShell.check(fence))
        for t in fired won; do [ -e "$(at deadman.$t)" ] && { say refused "$t"; exit 0; }; done
        unarm() { rm -f "$R/deadman.token"; unboot "$UNIT"; }
        prepare() {
          \(NodeShell.file("$R/deadman.sh", DeadManFiring.script(fence, limit: seconds))) && boot | put "$R/deadman.boot"
        } 2>/dev/null
        if [ ! -e "$R/deadman.token" ]; then
          prepare || { say refused disk; exit 0; }
          \(atBoot ? "install_boot" : ":")
          echo \(fence.epoch) | put "$R/deadman.token" || { unarm; say refused disk; exit 0; }
        fi
        if systemd; then
          systemctl is-active --quiet "$UNIT-deadman.timer" || systemd-run --quiet --collect --unit="$UNIT-deadman" --on-active=\(seconds) --timer-property=AccuracySec=1ms \
            /bin/sh "$R/deadman.sh" </dev/null >"$R/deadman.start" 2>&1 9>&- &&
          systemctl is-active --quiet "$UNIT-deadman.timer" ||
            { unarm; say refused unit "$(head -c 300 "$R/deadman.start" | tr '\\n' ' ')"; exit 0; }
        elif ! { read -r q 2>/dev/null <"$R/deadman.pid" && kill -0 "$q" 2>/dev/null; }; then
          setsid /bin/sh -c 'sleep "$1"; exec /bin/sh "$2"' belay \(seconds) "$R/deadman.sh" </dev/null >/dev/null 2>&1 9>&- &
          echo $! | put "$R/deadman.pid" || { unarm; say refused disk; exit 0; }
        fi
        say armed

        """
    }

    /// Tries to win the token. A node that rebooted since is not in the state that was verified: `lost`, unless it has
    /// reverted. Answers `won`, or `reverted` once the node has reverted, or `none` when it never was armed.
    public static func disarm(_ fence: NodeRecord.Fence, wait seconds: Int) -> String {
        """
        \(NodeShell.prelude(fence))
        \(NodeShell.lostWithoutRecord)
        \(NodeShell.check(fence))
        \(locating)
        \(settling(seconds))
        """
    }

    /// Lets it fire now and waits for it. Answers as ``disarm(_:wait:)``, `won` when the token had been won before.
    ///
    /// The node that lost its timer to a reboot, and had no unit for its boot, is left to the ordinary undo (`lost`).
    public static func fire(_ fence: NodeRecord.Fence, wait seconds: Int) -> String {
        """
        \(NodeShell.prelude(fence))
        \(NodeShell.lostWithoutRecord)
        \(NodeShell.check(fence))
        \(locating)
        if [ -e "$W/deadman.token" ] && [ "$(cat "$W/deadman.boot")" = "$(boot)" ]; then
          # Under the lock: from the look at the lease to the node's own decision no other executor comes between.
          if systemd && systemctl start --no-block "$UNIT-deadman.service" 2>/dev/null 9>&-; then :
          else setsid /bin/sh "$W/deadman.sh" </dev/null >/dev/null 2>&1 9>&- & fi
          exec 9>&-
          n=0
          while [ -e "$W/deadman.token" ] && [ ! -e "$(at deadman.result)" ] && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.1; done
        fi
        \(settling(seconds))
        """
    }

    // The dead-man's files lie where the record did when it was armed.
    private static let locating = """
        W=$R
        for y in $PLACES; do
          for t in token fired won; do if [ -e "$y/$RUN/deadman.$t" ]; then W=$y/$RUN; fi; done
        done
        """

    private static func settling(_ seconds: Int) -> String {
        """
        lost() { say lost "$(cat "$W/deadman.boot")" "$(boot)"; exit 0; }
        if [ -e "$W/deadman.won" ] || mv "$W/deadman.token" "$W/deadman.won" 2>/dev/null; then
          sync "$W"; unboot "$UNIT"
          systemd && systemctl stop "$UNIT-deadman.timer" 2>/dev/null
          [ "$(cat "$W/deadman.boot")" = "$(boot)" ] || lost
          say won; exit 0
        fi
        # A disk that takes no rename decides nothing: then the node reverts, and it alone.
        if [ ! -e "$W/deadman.fired" ]; then
          if [ ! -e "$W/deadman.token" ]; then say none; exit 0; fi
          [ -e "$(at deadman.result)" ] || reverting "$RUN" || { say refused disk; exit 0; }
        fi
        exec 9>&-
        n=0
        until [ -e "$(at deadman.result)" ]; do
          # It fired, and a reboot or somebody ended it before it was done: the way back is the ordinary undo.
          if ! reverting "$RUN"; then sleep 1; reverting "$RUN" || [ -e "$(at deadman.result)" ] || lost; fi
          n=$((n + 1)); [ $n -gt \(seconds * 10) ] && { say running; exit 0; }; sleep 0.1; done
        if [ "$(cat "$W/deadman.boot")" = "$(boot)" ]; then say reverted $(cat "$(at deadman.result)")
        else say reverted $(cat "$(at deadman.result)") rebooted; fi
        say out "$(tail -c 16384 "$W/deadman.out" | base64 | tr -d '\\n')"

        """
    }
}

/// What the timer, a person or the boot runs on the node.
enum DeadManFiring {
    /// Under the lock, so that no step begins between the look at the token and its start; but not at the price of never
    /// firing. Firing first ends the run's steps: an apply that is still under way would redo what is being undone. Only
    /// the steps that cut the path are undone, newest first.
    static func script(_ fence: NodeRecord.Fence, limit: Int) -> String {
        """
        \(NodeShell.places(fence))
        \(NodeShell.halting)
        \(NodeShell.reverting)
        \(NodeShell.boot)
        cd /; R=${0%/*}; mode=${1-}
        # Whoever starts sysinit.target again starts this again: the boot it was armed in is not the one it waits for.
        if [ "$mode" = boot ] && [ "$(cat "$R/deadman.boot")" = "$(boot)" ]; then exit 0; fi
        if [ -e "$R/deadman.result" ] || [ -e "$MEM/$RUN/deadman.result" ]; then exit 0; fi
        # A node that is cut off may be busy too; who puts it back goes first, where that is allowed.
        renice -n -15 -p $$ >/dev/null 2>&1
        mkdir -p "$LOCK"
        if (: >>"$LOCK/lock"); then exec 9>>"$LOCK/lock"; flock -x -w 20 9; fi
        note() { echo "$(boot) $$" >"$LOCK/$RUN.firing"; }
        if [ -e "$R/deadman.token" ]; then
          note
          # Still there: the disk takes no rename, from nobody. The node comes first.
          mv "$R/deadman.token" "$R/deadman.fired" || [ -e "$R/deadman.token" ] || exit 0
        elif [ -e "$R/deadman.fired" ] && ! reverting "$RUN"; then
          # A reboot took it while it reverted.
          note
        else exit 0; fi
        sync "$R"; exec 9>&-
        \(DeadManBoot.entering)
        set --
        for d in "$R"/steps/*; do
          [ "$(cat "$d/started" 2>/dev/null)" = "$(boot)" ] && [ ! -e "$d/result" ] || continue
          [ -e "$d/pid" ] || set -- "$@" "$UNIT-step-${d##*/}.service"
        done
        [ $# = 0 ] || [ ! -d /run/systemd/system ] || timeout 30 systemctl stop "$@"
        for d in "$R"/steps/*; do halt "$d"; done
        {
          s=0
          for d in $(ls -d "$R"/steps/*-apply 2>/dev/null | sort -r); do
            [ -e "$d/cuts" ] && [ -e "$d/started" ] || continue
            echo "undo $d"; timeout -k 5 \(limit) /bin/sh "$d/undo.sh" || { s=$?; echo "failed $s"; }
          done
          \(DeadManBoot.reading)
          echo "$s" | put "$R/deadman.result" || { [ "$LOCK" = "$MEM" ] && mkdir -p "$MEM/$RUN" && echo "$s" | put "$MEM/$RUN/deadman.result"; }
          unboot "$UNIT"
          \(DeadManBoot.leaving)
        } 2>&1 </dev/null | { head -c 65536 >"$R/deadman.out"; cat >/dev/null; }

        """
    }
}
