/// Where Belay keeps what a run has done on a node, so that the node can save itself and another machine can recover it.
///
///     /var/lib/belay/lock                      flock: one write script at a time
///     /var/lib/belay/lease                     who may write: run, epoch, holder, boot id, expiry (seconds of uptime)
///     /var/lib/belay/epoch                     the last epoch granted, never lowered
///     /var/lib/belay/spent/<plan digest>       plans that were run here (law 4)
///     /var/lib/belay/<run>/plan                digest of the plan
///     /var/lib/belay/<run>/deadman.token       renamed to .won (disarmed) or .fired: the one atomic decision
///     /var/lib/belay/<run>/steps/<n>-<kind>/   run.sh undo.sh started out result
public enum NodeRecord {
    /// The root of everything; mode 0700, owned by root.
    public static let root = "/var/lib/belay"

    /// What ties a write to its run and to the lease it was made under.
    public struct Fence: Sendable, Hashable {
        /// The run's id: `[a-z0-9-]`, also part of unit names.
        public var run: String
        /// The lease's epoch; a script with another epoch than the node's writes nothing.
        public var epoch: Int

        /// Names a run and an epoch.
        public init(run: String, epoch: Int) {
            self.run = run
            self.epoch = epoch
        }
    }

    /// Shell functions that every write script starts with.
    static func prelude(run: String) -> String {
        """
        \(ShellPrelude.environment)
        B=\(root); R=\(root)/\(run); RUN=\(run)
        say() { printf '%s\\n' "$*"; }
        boot() { cat /proc/sys/kernel/random/boot_id; }
        up() { cut -d. -f1 /proc/uptime; }
        mkdir -p "$B" || { say refused disk; exit 0; }
        lock() { exec 9>>"$B/lock" || { say refused disk; exit 0; }; flock -x -w 20 9 || { say refused busy; exit 0; }; }
        put() { cat >"$1.tmp" && sync "$1.tmp" && mv "$1.tmp" "$1" && sync "$(dirname "$1")"; }
        systemd() { [ -d /run/systemd/system ] && timeout 5 systemctl show -p Version >/dev/null 2>&1; }
        alive() { [ "$(cat "$1/started")" = "$(boot)" ] || return 1; if [ -e "$1/pid" ]; then kill -0 "$(cat "$1/pid")" 2>/dev/null
          else case "$(timeout 5 systemctl is-active "$2" 2>/dev/null)" in active|activating|deactivating) ;; *) return 1 ;; esac; fi; }
        \(halt)

        """
    }

    /// Ends a step that runs as a detached shell, and waits until it is gone. Its session is what tells its processes:
    /// `timeout` puts a command into a process group of its own. A pid of before a reboot, or of an ended step, is not ours.
    static let halt = """
        halt() {
          [ -e "$1/pid" ] && [ ! -e "$1/result" ] && [ "$(cat "$1/started")" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 0
          set -- "$(cat "$1/pid")"; t=0
          while [ $t -lt 80 ]; do
            left=
            for f in /proc/[0-9]*/stat; do
              read -r line 2>/dev/null <"$f" || continue
              set -- "$1" ${line##*) }
              [ "${5-}" = "$1" ] && [ "${2-}" != Z ] && left="$left ${line%% *}"
            done
            [ -n "$left" ] || return 0
            if [ $t -lt 30 ]; then signal=TERM; else signal=KILL; fi
            kill -s $signal $left 2>/dev/null; t=$((t + 1)); sleep 0.1
          done
        }
        """

    /// The check that a laptop which woke up late fails: its epoch is no longer the lease's.
    static func check(_ fence: Fence) -> String {
        """
        lock
        read -r lrun lepoch rest <"$B/lease" 2>/dev/null || { say refused lease none; exit 0; }
        [ "$lrun" = "$RUN" ] && [ "$lepoch" = \(fence.epoch) ] || { say refused lease "$lrun" "$lepoch"; exit 0; }

        """
    }

    /// Shell text that lands in a file on the node, without any quoting question.
    static func file(_ path: String, _ text: String) -> String {
        "printf %s \(Base64.encode(Array(text.utf8))) | base64 -d | put \"\(path)\" || { say refused disk; exit 0; }"
    }
}
