/// The dead-man switch: the node undoes what cuts its path by itself, unless someone who can still reach it says otherwise.
///
/// Disarm and fire compete for one `rename` of `deadman.token`; whoever wins decides, and the loser accepts it (law 3).
public enum DeadManScript {
    /// Arms it: leaves the script, the token and a timer, all of them durable before it says `armed`. Idempotent: sent again
    /// after a lost connection it starts what is missing.
    /// - Parameter seconds: from now until it fires, on the node's monotonic clock.
    public static func arm(_ fence: NodeRecord.Fence, seconds: Int) -> String {
        """
        \(NodeRecord.prelude(run: fence.run))
        \(NodeRecord.check(fence))
        for t in fired won; do [ -e "$R/deadman.$t" ] && { say refused "$t"; exit 0; }; done
        if [ ! -e "$R/deadman.token" ]; then
        \(NodeRecord.file("$R/deadman.sh", firing(run: fence.run)))
        boot | put "$R/deadman.boot" || { say refused disk; exit 0; }
        echo \(fence.epoch) | put "$R/deadman.token" || { say refused disk; exit 0; }
        fi
        if systemd; then
          systemctl is-active --quiet \(unit(fence.run)).timer || systemd-run --quiet --collect --unit=\(unit(fence.run)) --on-active=\(seconds) --timer-property=AccuracySec=100ms \
            /bin/sh "$R/deadman.sh" </dev/null >"$R/deadman.start" 2>&1 &&
          systemctl is-active --quiet \(unit(fence.run)).timer ||
            { rm -f "$R/deadman.token"; say refused unit "$(head -c 300 "$R/deadman.start" | tr '\\n' ' ')"; exit 0; }
        elif ! { [ -e "$R/deadman.pid" ] && kill -0 "$(cat "$R/deadman.pid")" 2>/dev/null; }; then
          setsid /bin/sh -c 'sleep "$1"; exec /bin/sh "$2"' belay \(seconds) "$R/deadman.sh" </dev/null >/dev/null 2>&1 9>&- &
          echo $! | put "$R/deadman.pid" || { rm -f "$R/deadman.token"; say refused disk; exit 0; }
        fi
        say armed

        """
    }

    /// Tries to win the token. A node that rebooted since has no timer any more, and not the state that was verified: `lost`.
    /// Answers `won`, or `reverted` once the node has reverted, or `none` when it never was armed.
    public static func disarm(_ fence: NodeRecord.Fence, wait seconds: Int) -> String {
        """
        \(NodeRecord.prelude(run: fence.run))
        \(NodeRecord.check(fence))
        \(settling(fence, seconds))
        """
    }

    /// Lets it fire now and waits for it. Answers as ``disarm(_:wait:)``, `won` when the token had been won before.
    ///
    /// The node that lost its timer to a reboot is left to the ordinary undo (`lost`).
    public static func fire(_ fence: NodeRecord.Fence, wait seconds: Int) -> String {
        """
        \(NodeRecord.prelude(run: fence.run))
        \(NodeRecord.check(fence))
        if [ -e "$R/deadman.token" ] && [ "$(cat "$R/deadman.boot")" = "$(boot)" ]; then
          exec 9>&-
          if systemd; then systemctl start --no-block \(unit(fence.run)).service 2>/dev/null
          else setsid /bin/sh "$R/deadman.sh" </dev/null >/dev/null 2>&1 & fi
          n=0
          while [ -e "$R/deadman.token" ] && [ $n -lt 300 ]; do n=$((n + 1)); sleep 0.1; done
          [ ! -e "$R/deadman.token" ] || { say running; exit 0; }
        fi
        \(settling(fence, seconds))
        """
    }

    private static func settling(_ fence: NodeRecord.Fence, _ seconds: Int) -> String {
        """
        if [ -e "$R/deadman.won" ] || mv "$R/deadman.token" "$R/deadman.won" 2>/dev/null; then
          sync "$R"
          [ "$(cat "$R/deadman.boot")" = "$(boot)" ] || { say lost "$(cat "$R/deadman.boot")" "$(boot)"; exit 0; }
          systemd && systemctl stop \(unit(fence.run)).timer 2>/dev/null
          say won; exit 0
        fi
        [ -e "$R/deadman.fired" ] || { say none; exit 0; }
        n=0
        until [ -e "$R/deadman.result" ]; do
          # It fired, and the reboot took it before it was done: the way back is the ordinary undo.
          [ "$(cat "$R/deadman.boot")" = "$(boot)" ] || { say lost "$(cat "$R/deadman.boot")" "$(boot)"; exit 0; }
          n=$((n + 1)); [ $n -gt \(seconds * 10) ] && { say running; exit 0; }; sleep 0.1; done
        say reverted $(cat "$R/deadman.result")
        say out "$(tail -c 16384 "$R/deadman.out" | base64 | tr -d '\\n')"

        """
    }

    static func unit(_ run: String) -> String { "belay-\(run)-deadman" }

    // Under the lock, so that no step begins between the look at the token and its start; but not at the price of never
    // firing. Firing first stops the run's step units and waits until their processes are gone: an apply that is still under way
    // would redo what is being undone. Only the steps that cut the path are undone, newest first.
    private static func firing(run: String) -> String {
        """
        \(ShellPrelude.environment)
        \(NodeRecord.halt)
        cd /; R=\(NodeRecord.root)/\(run)
        fire() { $1 mv "$R/deadman.token" "$R/deadman.fired" 2>/dev/null; }
        fire "flock -x -w 20 \(NodeRecord.root)/lock" || fire '' || exit 0
        sync "$R"
        [ -d /run/systemd/system ] && timeout 30 systemctl stop 'belay-\(run)-step-*.service' 2>/dev/null
        for p in "$R"/steps/*/pid; do halt "${p%/pid}"; done
        {
          f=0
          for d in $(ls -d "$R"/steps/*-apply 2>/dev/null | sort -r); do
            [ -e "$d/cuts" ] && [ -e "$d/started" ] || continue
            echo "undo $d"; D=$d /bin/sh "$d/undo.sh" || { f=$?; echo "failed $f"; }
          done
          echo "$f" >"$R/deadman.result.tmp"; sync "$R/deadman.result.tmp"; mv "$R/deadman.result.tmp" "$R/deadman.result"; sync "$R"
        } 2>&1 </dev/null | { head -c 65536 >"$R/deadman.out"; cat >/dev/null; }

        """
    }
}
