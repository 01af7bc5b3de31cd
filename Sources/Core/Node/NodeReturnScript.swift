/// A temporary run's way back, enforced by the node itself: at its expiry the node gives back what the run left, unless
/// somebody keeps it or gives it back by a plan.
///
/// Whoever does so and the node compete for one `rename` of `due.token`; whoever wins decides. What lies there is no part of
/// the run's record, which goes when the run ends: `/var/lib/belay/due/<run>/`, and a timer that is enabled.
public enum NodeReturnScript {
    /// Arms it under the run's own lease, before the run is released: what was left is known then. Idempotent: sent again it
    /// starts what is missing, and the time that was left stays. Answers `armed`, or why not (`refused …`); one that is decided
    /// already answers how.
    /// - Parameter seconds: from now until the node gives it back.
    public static func arm(_ fence: NodeRecord.Fence, _ request: NodeReturn, seconds: Int) -> String {
        """
        \(prelude(fence))
        \(fence.target == nil && fence.folder == nil ? "" : "say refused place; exit 0")
        \(NodeReturnUnits.installing(request))
        \(NodeShell.check(fence))
        # What is decided stays so.
        if [ -e "$D/due.taken" ] || [ -e "$D/due.fired" ]; then standing; exit 0; fi
        systemd || { say refused unit no systemd answers on this node, so nobody would look at the time; exit 0; }
        for p in "$DISK" "$UNITS"; do
          case $(stat -f -c %T "$p" 2>/dev/null) in
            tmpfs|ramfs|'') say refused unit "$p" does not outlive a reboot, so nothing would be given back after it; exit 0 ;;
          esac
        done
        prepare() {
          rm -rf "$D"; mkdir -p "$D/steps" || return
        \(files(request))
          \(NodeShell.file("$D/run.sh", NodeReturnFiring.script(fence, request))) &&
            echo "$(boot) $(( $(up) + \(seconds) )) $(( $(date +%s) + \(seconds) ))" | put "$D/clock" &&
            # What it takes to say how it ended, on a disk that is full by then.
            head -c \(roomKept) /dev/urandom | put "$D/room" \(roomKept) &&
            sync "$D/steps" "$D" "${D%/*}" "$DISK"
        } 2>/dev/null
        drop() { untime; rm -rf "$D"; }
        if [ ! -e "$D/due.token" ]; then
          prepare || { drop; say refused disk; exit 0; }
          install_timer || { drop; say refused unit the units in "$UNITS" cannot be written; exit 0; }
          echo \(fence.epoch) | put "$D/due.token" 2>/dev/null || { drop; say refused disk; exit 0; }
        elif [ ! -e "$UNITS/$UNIT-return.timer" ] || [ ! -e "$UNITS/$UNIT-return.service" ]; then
          install_timer || { say refused unit the units in "$UNITS" cannot be written; exit 0; }
        fi
        active() { timeout 5 systemctl is-active --quiet "$UNIT-return.timer" 2>/dev/null 9>&-; }
        if ! active; then
          said=$(timeout 20 systemctl start "$UNIT-return.timer" 2>&1 9>&- | head -c 300 | tr '\\n' ' ')
          active || { drop; say refused unit "$said"; exit 0; }
        fi
        standing

        """
    }

    /// Takes it from the node, which then leaves it alone: before somebody keeps the run or gives it back by a plan. Needs no
    /// lease, since the run has ended. Answers `taken`; what the node did, where it was first; `running` while it is at it; or
    /// `none`.
    /// - Parameters:
    ///   - holder: who takes it, without spaces; left on the node for people.
    ///   - wait: how long it waits for a node that is at it.
    public static func take(run: String, by holder: String, wait: Int) -> String {
        """
        \(prelude(NodeRecord.Fence(run: run, epoch: 0)))
        [ -d "$D" ] || { say none; exit 0; }
        \(entering(wait))
        decided() { [ -e "$D/due.taken" ] || [ -e "$D/result" ]; }
        if [ -e "$D/due.token" ]; then
          mv "$D/due.token" "$D/due.taken" 2>/dev/null && sync "$D" || { say refused disk; exit 0; }
          printf '%s\\n' \(ShellQuote.quote(holder)) | put "$D/by" 2>/dev/null
        elif [ ! -e "$D/due.fired" ] && ! decided; then
          # Arming it was never finished.
          untime; rm -rf "$D"
        fi
        if [ -e "$D/due.fired" ] && ! decided; then
          # It has begun, and whoever works holds the lock: a reboot ended it, or a run has the node. It goes on now, or later.
          if systemd && timeout 5 systemctl start --no-block "$UNIT-return.service" 2>/dev/null 9>&-; then :
          else setsid /bin/sh "$D/run.sh" </dev/null >/dev/null 2>&1 9>&- & fi
          exec 9>&-
          n=0
          until [ -e "$D/result" ] || [ $n -ge \(wait * 10) ]; do n=$((n + 1)); sleep 0.1; done
        else
          untime
        fi
        standing

        """
    }

    /// Says how it stands. Read-only, and takes no lock.
    public static func look(run: String) -> String {
        """
        \(prelude(NodeRecord.Fence(run: run, epoch: 0)))
        standing

        """
    }

    /// Removes what is left of one that is settled and in the log. Answers `none`, or `refused open` for one that is not settled.
    public static func forget(run: String) -> String {
        """
        \(prelude(NodeRecord.Fence(run: run, epoch: 0)))
        \(entering(20))
        if [ -e "$D/due.token" ] || { [ -e "$D/due.fired" ] && [ ! -e "$D/result" ]; }; then say refused open; exit 0; fi
        untime || { say refused disk; exit 0; }
        # By name at once: half of one must not be read.
        rm -rf "${D%/*}/.gone-$RUN"
        if [ -d "$D" ]; then mv "$D" "${D%/*}/.gone-$RUN" 2>/dev/null && sync "${D%/*}" || { say refused disk; exit 0; }; fi
        rm -rf "${D%/*}/.gone-$RUN"
        say none

        """
    }

    private static let roomKept = 1 << 17

    private static func prelude(_ fence: NodeRecord.Fence) -> String {
        """
        \(NodeShell.prelude(fence))
        D=$DISK/due/$RUN
        \(NodeReturnUnits.removing)
        \(NodeReturnFiring.occupying)
        \(standing)
        """
    }

    // The token is looked for first, and the result last: in that order nothing that happens meanwhile is missed.
    private static let standing = """
        left() {
          read -r b m w 2>/dev/null <"$D/clock" || return
          if [ "$b" = "$(boot)" ]; then echo $((m - $(up))); else echo $((w - $(date +%s))); fi
        }
        standing() {
          if [ -e "$D/due.token" ]; then
            l=$(left)
            if [ "${l:-0}" -gt 0 ]; then say armed "$l"; else say armed "${l:-0}" $(busy); fi
          elif [ -e "$D/due.taken" ]; then say taken
          elif [ ! -e "$D/due.fired" ]; then say none
          elif [ -e "$D/result" ]; then
            say $(cat "$D/result")
            say out "$(tail -c 16384 "$D/out" 2>/dev/null | base64 | tr -d '\\n')"
          else say running; fi
        }
        """

    // As NodeShell's lock, but for who holds it: that may be the node at this very work.
    private static func entering(_ wait: Int) -> String {
        """
        { mkdir -p "$LOCK" && (: >>"$LOCK/lock"); } 2>/dev/null || { say refused disk; exit 0; }
        exec 9>>"$LOCK/lock"
        if ! flock -x -w \(wait) 9; then
          if [ -e "$D/due.fired" ] && [ ! -e "$D/result" ]; then say running; else say refused busy; fi
          exit 0
        fi
        """
    }

    private static func files(_ request: NodeReturn) -> String {
        request.steps.enumerated().map { index, step in
            let folder = "$D/steps/\(index)"
            return """
                  mkdir -p "\(folder)" && \(NodeShell.file("\(folder)/look.sh", StepScript.body([step.look]))) &&
                    \(NodeShell.file("\(folder)/undo.sh", StepScript.body(step.undo))) || return
                """
        }.joined(separator: "\n")
    }
}
