/// What the timer runs on the node: it looks whether it is due, and then gives the run back.
enum NodeReturnFiring {
    /// Under the node's lock from its look to its end, so that no run begins beside it; where a run has the node, it looks
    /// again a minute later.
    ///
    /// Each step is looked at right before its undo, the newest first: an older one is as it was left only when what came after
    /// it is back. A step whose undo began is not looked at again, since a reboot may have ended it half-way; undo may run twice.
    static func script(_ fence: NodeRecord.Fence, _ request: NodeReturn) -> String {
        let steps = request.steps.enumerated().reversed().map { index, step in
            "give \(index) \(step.seconds) '\(Base64.encode(Array(step.name.utf8)))'"
        }
        return """
            \(NodeShell.places(fence))
            up() { cut -d. -f1 /proc/uptime; }
            \(NodeReturnUnits.removing)
            \(occupying)
            cd /; D=${0%/*}
            if [ -e "$D/result" ] || [ -e "$D/due.taken" ]; then untime; exit 0; fi
            due() {
              read -r b m w <"$D/clock" || return
              if [ "$b" = "$(boot)" ]; then [ "$(up)" -ge "$m" ]; else [ "$(date +%s)" -ge "$w" ]; fi
            }
            [ -e "$D/due.fired" ] || due || exit 0
            mkdir -p "$LOCK" && exec 9>>"$LOCK/lock" && flock -x -w 20 9 || exit 0
            # By now somebody may have taken it.
            [ -e "$D/due.token" ] || [ -e "$D/due.fired" ] || exit 0
            [ ! -e "$D/result" ] || exit 0
            if w=$(busy); then echo "waits for run $w"; exit 0; fi
            [ ! -e "$D/due.token" ] || mv "$D/due.token" "$D/due.fired" || exit 0
            sync "$D"; rm -f "$D/room"
            finish() {
              echo "$*" | put "$D/result" || exit 0
              untime; exit 0
            }
            # Its status in s, what it says at the end of `out`.
            try() {
              s=$(
                {
                  { timeout -k 5 "$2" /bin/sh "$1" </dev/null 3>&-; echo $? >&3; } 2>&1 | { head -c 16384; cat >/dev/null; } >>"$D/out" 3>&-
                } 3>&1 9>&-
              )
              s=${s:-125}
            }
            give() {
              d=$D/steps/$1
              [ ! -e "$d/done" ] || return 0
              if [ ! -e "$d/begun" ]; then
                try "$d/look.sh" "$2"
                case $s in
                  0) ;;
                  10) finish conflict "$3" ;;
                  *) echo "whether somebody changed it cannot be told (status $s)" >>"$D/out"; finish conflict "$3" ;;
                esac
                put "$d/begun" </dev/null || exit 0
              fi
              try "$d/undo.sh" "$2"
              [ "$s" = 0 ] || finish failed "$3" "$s"
              put "$d/done" </dev/null || exit 0
            }
            \(steps.joined(separator: "\n"))
            finish returned

            """
    }

    /// `busy` says which run has the node, and fails when none does: one that left a record, or that holds a lease.
    ///
    /// The run's own record stays where its executor died before it could end the run. That alone must not keep the node from
    /// giving it back; what still works there does: a dead-man, a step, or whoever holds the lease.
    static let occupying = """
        busy() {
          for p in $PLACES; do
            for f in "$p"/*/plan; do
              [ -f "$f" ] || continue
              f=${f%/plan}; r=${f##*/}
              if [ "$r" != "$RUN" ] || at_work "$f"; then printf '%s\\n' "$r"; return 0; fi
            done
            read -r a b c d x t 2>/dev/null <"$p/lease" || continue
            if [ "$d" = "$(boot)" ] && [ "$(up)" -lt "$x" ]; then printf '%s\\n' "$a"; return 0; fi
          done
          return 1
        }
        at_work() {
          [ ! -e "$1/deadman.token" ] || return 0
          [ ! -e "$1/deadman.fired" ] || [ -e "$1/deadman.result" ] || return 0
          for d in "$1"/steps/*; do
            [ "$(cat "$d/started" 2>/dev/null)" = "$(boot)" ] && [ ! -e "$d/result" ] && return 0
          done
          return 1
        }
        """
}
