/// The timer and the service by which a node looks whether a temporary run is due.
///
/// Both lie in `/etc`, enabled: after a reboot the timer runs each minute until it is due. In the boot in which it was armed a
/// drop-in in `/run` has it run only when it is due, and from then on each minute where it had to wait for a run.
enum NodeReturnUnits {
    /// Shell function for arming: `install_timer` leaves both units durable, and the timer enabled.
    /// - Parameter request: says how long the service may be at it: what an undo left running must not hold the node's lock.
    static func installing(_ request: NodeReturn) -> String {
        """
        install_timer() {
          service_unit | put "$UNITS/$UNIT-return.service" && timer_unit | put "$UNITS/$UNIT-return.timer" &&
            chmod 644 "$UNITS/$UNIT-return.service" "$UNITS/$UNIT-return.timer" && mkdir -p "$UNITS/timers.target.wants" &&
            ln -sf "../$UNIT-return.timer" "$UNITS/timers.target.wants/$UNIT-return.timer" &&
            sync "$UNITS/timers.target.wants" "$UNITS" || return
          l=$(left); [ "${l:-0}" -gt 0 ] || l=1
          # An empty value takes away all that the timer says in `/etc`.
          mkdir -p "$DROPINS/$UNIT-return.timer.d" &&
            printf '%s\\n' '[Timer]' OnActiveSec= "OnActiveSec=$l" OnUnitInactiveSec=60 >"$DROPINS/$UNIT-return.timer.d/due.conf"
        } 2>/dev/null
        service_unit() {
          printf '%s\\n' '[Unit]' "Description=Belay: give back what the temporary run $RUN left" \\
            "ConditionPathExists=$D/run.sh" "RequiresMountsFor=$D" \\
            '[Service]' Type=oneshot TimeoutStartSec=\(request.steps.reduce(60) { $0 + 2 * ($1.seconds + 10) }) "ExecStart=/bin/sh $D/run.sh"
        }
        timer_unit() {
          printf '%s\\n' '[Unit]' "Description=Belay: look whether the temporary run $RUN is due" \\
            '[Timer]' OnActiveSec=60 OnUnitInactiveSec=60 AccuracySec=1s '[Install]' WantedBy=timers.target
        }
        """
    }

    /// `untime` takes both away; a service that is at work goes on.
    static let removing = """
        UNITS=/etc/systemd/system DROPINS=/run/systemd/system
        untime() {
          set -- "$UNIT-return"
          [ -e "$UNITS/$1.timer" ] || [ -e "$UNITS/$1.service" ] || [ -L "$UNITS/timers.target.wants/$1.timer" ] || return 0
          [ ! -d /run/systemd/system ] || timeout 20 systemctl stop "$1.timer" 2>/dev/null 9>&-
          rm -rf "$DROPINS/$1.timer.d"
          rm -f "$UNITS/timers.target.wants/$1.timer" && rm -f "$UNITS/$1.timer" "$UNITS/$1.service" && sync "$UNITS"
        } 2>/dev/null
        """
}
