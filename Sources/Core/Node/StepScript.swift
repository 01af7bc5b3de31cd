/// A write step as a named unit on the node: started once, its result looked up for as long as anyone asks.
///
/// The unit outlives the connection that started it; a wrapper leaves its result durably in the node's record, because a
/// transient unit that succeeded vanishes. Where systemd does not answer, a detached shell takes the unit's place.
public struct StepScript: Sendable {
    /// The run and the epoch it writes under.
    public let fence: NodeRecord.Fence
    /// The folder of this step under the run's `steps/`, and part of the unit's name: `02-apply`, `02-undo-7`.
    public let name: String
    /// Seconds the commands may take all together; then the unit is stopped and the result says 124.
    public let seconds: Int

    /// Names a step of a run.
    public init(fence: NodeRecord.Fence, name: String, seconds: Int) {
        self.fence = fence
        self.name = name
        self.seconds = seconds
    }

    /// The unit's name on the node.
    public var unit: String { "belay-\(fence.run)-step-\(name)" }

    /// Starts the step, unless it ever was started, and waits for its result.
    /// - Parameters:
    ///   - commands: run in order, each only after the one before it succeeded.
    ///   - undo: left on the node before the first command runs, so that the node (dead-man) and a person have it.
    ///   - cutsPath: marks the step as one the dead-man must undo; it is refused when no dead-man is armed.
    ///   - stopping: the name of a step that must be over first (an undo waits for no apply, it ends it).
    public func start(_ commands: [Command], undo: [Command] = [], cutsPath: Bool = false, stopping: String? = nil)
        -> String
    {
        """
        \(NodeRecord.prelude(run: fence.run))
        D="$R/steps/\(name)"
        if [ ! -e "$D/result" ] && [ ! -e "$D/started" ]; then
        \(NodeRecord.check(fence))
        if [ ! -e "$D/started" ]; then
        \(cutsPath ? "[ -e \"$R/deadman.token\" ] || { say refused deadman; exit 0; }" : ":")
        mkdir -p "$D" || { say refused disk; exit 0; }
        \(NodeRecord.file("$D/run.sh", wrapper(commands)))
        \(NodeRecord.file("$D/undo.sh", Self.body(undo)))
        \(cutsPath ? ": >\"$D/cuts\" && sync \"$D/cuts\" || { say refused disk; exit 0; }" : ":")
        if systemd; then M=unit; else M=shell; fi
        \(stopping.map(Self.stop) ?? ":")
        boot | put "$D/started" || { say refused disk; exit 0; }
        if [ $M = unit ]; then
          # A busy PID 1 may start it after systemd-run gave up: whether it ran is for the wait below to find out.
          systemd-run --quiet --collect --unit=\(unit) --property=RuntimeMaxSec=\(seconds + 10) \
            --property=TimeoutStopSec=10 /bin/sh "$D/run.sh" </dev/null >"$D/start" 2>&1 || cp "$D/start" "$D/out"
        else
          setsid /bin/sh "$D/run.sh" </dev/null >/dev/null 2>&1 9>&- & echo $! >"$D/pid"
        fi
        fi
        exec 9>&-
        fi
        \(waiting)
        """
    }

    private static func stop(_ other: String) -> String {
        """
        if [ -e "$R/steps/\(other)/pid" ]; then halt "$R/steps/\(other)"
        elif [ $M = unit ]; then timeout 20 systemctl stop "belay-$RUN-step-\(other).service" 2>/dev/null; fi
        """
    }

    /// Says what became of the step: waits for it while it runs, never starts it.
    public var lookup: String {
        """
        \(NodeRecord.prelude(run: fence.run))
        D="$R/steps/\(name)"
        [ -e "$D/result" ] || [ -e "$D/started" ] || { say absent; exit 0; }
        \(waiting)
        """
    }

    // A unit that is gone without a result was stopped from outside or died with the node: its effect is unknown.
    private var waiting: String {
        """
        n=0
        until [ -e "$D/result" ]; do
          if ! alive "$D" \(unit).service; then
            sleep 0.3; [ -e "$D/result" ] && break
            say lost "$(cat "$D/started")" "$(boot)"; exit 0
          fi
          n=$((n + 1)); [ $n -gt \((seconds + 25) * 10) ] && { say running; exit 0; }
          sleep 0.1
        done
        say done $(cat "$D/result")
        say out "$(tail -c 16384 "$D/out" | base64 | tr -d '\\n')"

        """
    }

    // `out` is cut on the node: a command that floods must not fill the disk we may be here to free.
    private func wrapper(_ commands: [Command]) -> String {
        """
        \(ShellPrelude.environment)
        cd /; D=\(NodeRecord.root)/\(fence.run)/steps/\(name)
        body() {
        \(Self.body(commands, seconds: seconds))
        }
        {
          ( body ); s=$?
          k=$(cat "$D/at" 2>/dev/null || echo 0)
          echo "$s $k $(cat /proc/sys/kernel/random/boot_id)" >"$D/result.tmp"
          sync "$D/result.tmp"; mv "$D/result.tmp" "$D/result"; sync "$D"
        } 2>&1 </dev/null | { head -c 65536 >"$D/out"; cat >/dev/null; }

        """
    }

    /// The commands as shell text that stops at the first failure with its status; `at` holds the number of the one begun last.
    static func body(_ commands: [Command], seconds: Int? = nil) -> String {
        let limit = seconds.map { "timeout -k 5 \($0) " } ?? ""
        return commands.enumerated().map { index, command in
            let accepted = command.accepts.sorted().map(String.init).joined(separator: "|")
            let source = command.input.map { "printf %s \(Base64.encode($0.bytes)) | base64 -d | " } ?? ""
            return """
                [ -z "${D-}" ] || echo \(index) >"$D/at"
                \(source)\(limit)\(ShellQuote.join(command.argv)); s=$?
                case $s in \(accepted)) ;; *) exit $s ;; esac
                """
        }.joined(separator: "\n") + "\nexit 0"
    }
}
