/// A write step as a named unit on the node: started once, its result looked up for as long as anyone asks.
///
/// The unit outlives the connection that started it; a wrapper leaves its result durably in the node's record, because a
/// transient unit that succeeded vanishes. Where systemd does not answer, a detached shell takes the unit's place.
public struct StepScript: Sendable {
    /// The run and the epoch it writes under.
    public let fence: NodeRecord.Fence
    /// The folder of this step under the run's `steps/`, and part of the unit's name: `02-apply`, `02-undo7`.
    public let name: String
    /// Seconds the commands may take all together; then they are ended and the result says 124.
    public let seconds: Int

    /// Names a step of a run.
    public init(fence: NodeRecord.Fence, name: String, seconds: Int) {
        self.fence = fence
        self.name = name
        self.seconds = seconds
    }

    /// The unit's name on the node.
    public var unit: String { "\(fence.unit)-step-\(name)" }

    /// Starts the step, unless it ever was started, and waits for its result.
    /// - Parameters:
    ///   - commands: run in order, each only after the one before it succeeded.
    ///   - undo: left on the node before the first command runs, so that the node (dead-man) and a person have it.
    ///   - before: the observation that `undo` was made from, as JSON, left beside it for whoever recovers.
    ///   - cutsPath: marks the step as one the dead-man must undo; it is refused unless a dead-man is armed, and ticks.
    ///   - stopping: the names of steps that must be over first (an undo waits for no apply, it ends it).
    public func start(
        _ commands: [Command], undo: [Command] = [], before: [UInt8]? = nil, cutsPath: Bool = false,
        stopping: [String] = []
    ) -> String {
        """
        \(NodeShell.prelude(fence))
        prepare() {
          mkdir -p "$D" && \(NodeShell.file("$D/run.sh", wrapper(commands))) &&
            \(NodeShell.file("$D/undo.sh", Self.body(undo))) &&
            \(before.map { NodeShell.file("$D/before.json", $0) } ?? ":") &&
            \(cutsPath ? "put \"$D/cuts\" </dev/null" : ":") && sync "${D%/*}"
        } 2>/dev/null
        \(beginning)
        \(Self.stopping)
        \(cutsPath ? Self.guarding : "")
        D=$(at \(folder))
        if [ ! -e "$D/result" ] && [ ! -e "$D/started" ]; then
          \(NodeShell.lostWithoutRecord)
        \(NodeShell.check(fence))
          D=$(at \(folder))
          if [ ! -e "$D/started" ]; then
            \(cutsPath ? "guarded || { say refused deadman; exit 0; }" : ":")
            D=$R/\(folder)
            prepare || { rm -rf "$D"; say refused disk; exit 0; }
            for s in \(ShellQuote.join(stopping)); do stop "$s"; done
            begin || { rm -rf "$D"; say refused disk; exit 0; }
          fi
          exec 9>&-
        fi
        \(waiting)
        """
    }

    private var folder: String { "steps/\(name)" }

    // Held under the lock from the look at the lease until it runs. Room for the pid is taken before anything runs, for a
    // shell that nobody knows could not be ended.
    private var beginning: String {
        """
        begin() {
          if systemd; then
            boot | put "$D/started" || return
            # A busy PID 1 may start it after systemd-run gave up: whether it ran is for the wait below to find out.
            systemd-run --quiet --collect --unit=\(unit) --property=RuntimeMaxSec=\(seconds + 20) \\
              --property=TimeoutStopSec=10 /bin/sh "$D/run.sh" </dev/null >"$D/start" 2>&1 9>&- || cp "$D/start" "$D/out"
          else
            echo 'none            ' | put "$D/pid" && boot | put "$D/started" || return
            setsid /bin/sh "$D/run.sh" </dev/null >/dev/null 2>&1 9>&- &
            echo $! 1<>"$D/pid"
          fi
          return 0
        } 2>/dev/null
        """
    }

    // A token alone is none: a reboot has stopped the timer that was armed, and only a unit for the boot starts it again.
    private static let guarding = """
        guarded() {
          [ -e "$(at deadman.token)" ] && [ "$(cat "$(at deadman.boot)" 2>/dev/null)" = "$(boot)" ] || return
          if read -r q 2>/dev/null <"$(at deadman.pid)"; then case $(words "$q") in *deadman.sh*) ;; *) return 1 ;; esac
          else timeout 5 systemctl is-active --quiet "$UNIT-deadman.timer" 2>/dev/null; fi
        }
        """

    // Where PID 1 does not answer, the session of a unit's main process tells what belongs to it.
    private static let stopping = """
        stop() {
          set -- "$(at "steps/$1")" "$UNIT-step-$1.service"
          [ -e "$1/started" ] && [ ! -e "$1/result" ] || return 0
          if [ ! -e "$1/pid" ] && [ -d /run/systemd/system ]; then timeout 20 systemctl stop "$2" 2>/dev/null; fi
          halt "$1"
        }
        """

    /// Says what became of the step: waits for it while it runs, never starts it.
    public var lookup: String {
        """
        \(NodeShell.prelude(fence))
        D=$(at \(folder))
        if [ ! -e "$D/result" ] && [ ! -e "$D/started" ]; then
          \(NodeShell.lostWithoutRecord)
          [ -e "$(at remade)" ] && { say lost gone "$(boot)"; exit 0; }
          say absent; exit 0
        fi
        \(waiting)
        """
    }

    // A step that is gone without a result was stopped from outside or died with the node: its effect is unknown. Whoever
    // starts one holds the lock until it runs, so nothing is called gone before the lock was free once.
    private var waiting: String {
        """
        runs() { alive "$D" "$UNIT-step-\(name).service"; }
        n=0
        until [ -e "$(at \(folder)/result)" ]; do
          if ! runs; then
            flock -x -w 20 "$LOCK/lock" true 2>/dev/null
            if ! runs; then
              sleep 0.3; [ -e "$(at \(folder)/result)" ] && break
              say lost "$(cat "$D/started")" "$(boot)"; exit 0
            fi
          fi
          n=$((n + 1)); [ $n -gt \((seconds + 25) * 10) ] && { say running; exit 0; }
          sleep 0.1
        done
        say done $(cat "$(at \(folder)/result)")
        say out "$(tail -c 16384 "$(at \(folder)/out)" 2>/dev/null | base64 | tr -d '\\n')"

        """
    }

    // The commands have one limit together, in a process of their own; what outlives it is ended before the result is said.
    // `out` is cut on the node: a command that floods must not fill the disk we may be here to free.
    private func wrapper(_ commands: [Command]) -> String {
        """
        \(NodeShell.places(fence))
        cd /; D=${0%/*}
        if [ "${1-}" = body ]; then
        \(Self.body(commands))
        fi
        \(NodeShell.halting)
        echo $$ >"$D/main"
        {
          timeout -k 5 \(seconds) /bin/sh "$0" body; s=$?
          case $s in 124|137) sweep $$ $$ ;; esac
          read -r k 2>/dev/null <"$D/at"; r="$s ${k:-0} $(boot)"
          # A step that filled the disk is not a step without a result.
          echo "$r" | put "$D/result" || { [ "$LOCK" = "$MEM" ] && mkdir -p "$MEM/$RUN/\(folder)" && echo "$r" | put "$MEM/$RUN/\(folder)/result"; }
        } 2>&1 </dev/null | { head -c 65536 >"$D/out"; cat >/dev/null; }

        """
    }

    /// The commands as shell text that stops at the first failure with its status; `at` holds the number of the one begun last.
    static func body(_ commands: [Command]) -> String {
        commands.enumerated().map { index, command in
            let accepted = command.accepts.sorted().map(String.init).joined(separator: "|")
            let source = command.input.map { "printf %s \(Base64.encode($0.bytes)) | base64 -d | " } ?? ""
            return """
                [ -z "${D-}" ] || echo \(index) >"$D/at"
                \(source)\(ShellQuote.join(command.argv)); s=$?
                case $s in \(accepted)) ;; *) exit $s ;; esac
                """
        }.joined(separator: "\n") + "\nexit 0"
    }
}
