import Core
import Foundation
import Testing

/// This machine as a node: scripts run as root in a mount namespace where `/var/lib/belay` and `/run` are folders of the
/// test and systemd is out of sight, so that the detached shell takes the unit's place, on CI too.
struct ScriptNode: Sendable {
    let folder: String
    /// What `/run` is: in memory, as on nearly every node.
    let memory: String
    var shell: [String] = ["/bin/sh"]
    var boot: String?
    var uptime: Int?
    /// A node where `/run` is on the disk.
    var hasNoMemory = false
    /// A disk that takes no writes any more.
    var isReadOnly = false
    /// Programs that stand in for systemd's.
    var hasSystemd = false

    /// A node with an empty record.
    init(shell: [String] = ["/bin/sh"]) throws {
        self.shell = shell
        let name = "belay-node-\(UUID().uuidString)"
        folder = NSTemporaryDirectory() + name
        memory = "/dev/shm/" + name
        for path in ["\(folder)/record", "\(folder)/run", "\(folder)/units", "\(folder)/programs", memory] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        for (program, text) in Self.programs {
            let path = "\(folder)/programs/\(program)"
            try StandInProgram.install(
                text.replacingOccurrences(of: "LOG", with: "\(folder)/systemd.log"), at: path)
        }
    }

    // What they are asked for goes to a log, with the state of the node's lock; steps and dead-men are really started.
    private static let programs = [
        "systemd-run": """
        #!/bin/sh
        if flock -n /run/belay/lock true; then lock=free; else lock=held; fi
        echo "systemd-run $* $lock" >>'LOG'
        for last do :; done
        case $last in *run.sh)
          setsid /bin/sh "$last" </dev/null >/dev/null 2>&1 &
          until [ -e "${last%/*}/main" ]; do sleep 0.05; done ;;
        esac

        """,
        "systemctl": """
        #!/bin/sh
        if flock -n /run/belay/lock true; then lock=free; else lock=held; fi
        echo "systemctl $* $lock" >>'LOG'
        case "$*" in
          *--quiet*) ;;
          *is-active*) echo inactive ;;
          *"start --no-block"*-deadman.service) setsid /bin/sh /var/lib/belay/r1/deadman.sh </dev/null >/dev/null 2>&1 & ;;
          *"start --no-block"*-return.service) setsid /bin/sh /var/lib/belay/due/r1/run.sh </dev/null >/dev/null 2>&1 & ;;
        esac

        """,
    ]

    var machineID: String {
        let text = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A file of the test that commands may write, outside the record.
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A file of the node's record as a test sees it.
    func record(_ name: String) -> String { "\(folder)/record/\(name)" }

    /// A file of the record in memory.
    func volatile(_ name: String) -> String { "\(hasNoMemory ? "\(folder)/run" : memory)/belay/\(name)" }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    func bytes(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map(Array.init) }

    func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// Names of what is in a folder, sorted; empty when there is none.
    func list(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    func remove() {
        for path in [folder, memory] { try? FileManager.default.removeItem(atPath: path) }
    }

    /// What a reboot does to a node's files: memory is empty, and the boot has another name.
    mutating func reboot() throws {
        boot = UUID().uuidString.lowercased()
        for name in list(memory) { try FileManager.default.removeItem(atPath: "\(memory)/\(name)") }
    }

    /// Runs with a disk of a few megabytes under the record.
    func withSmallDisk(megabytes: Int = 4, _ body: () async throws -> Void) async throws {
        let node = LocalNode()
        try await node.shell("mount -t tmpfs -o size=\(megabytes)m,mode=700 none '\(folder)/record'")
        do {
            try await body()
            try await node.shell("umount -l '\(folder)/record'")
        } catch {
            try await node.shell("umount -l '\(folder)/record'")
            throw error
        }
    }

    /// Fills the small disk but for `left` bytes.
    func fill(left: Int = 0) async throws {
        try await LocalNode().shell(
            """
            cat /dev/zero >'\(record("ballast"))' 2>/dev/null
            [ \(left) = 0 ] || truncate -s -\(left) '\(record("ballast"))'
            """)
    }

    /// Makes room again.
    func drain() throws { try FileManager.default.removeItem(atPath: record("ballast")) }

    /// Runs a script to its end and gives back what it printed.
    func run(_ script: String) async throws -> [UInt8] {
        let name = UUID().uuidString
        try write(script, to: path(name))
        if let boot { try write(boot + "\n", to: path("boot")) }
        if let uptime { try write("\(uptime).00 0.00\n", to: path("uptime")) }
        let setup = """
            mkdir -p /var/lib/belay && mount --bind "$1/record" /var/lib/belay || exit 99
            [ "$3" = rw ] || mount -o remount,bind,ro /var/lib/belay || exit 99
            mount --bind "$2" /run || exit 99
            [ ! -e "$1/boot" ] || mount --bind "$1/boot" /proc/sys/kernel/random/boot_id || exit 99
            [ ! -e "$1/uptime" ] || mount --bind "$1/uptime" /proc/uptime || exit 99
            # Two scripts may begin at once: neither may take away what the other has just made.
            if [ "$4" = systemd ]; then
              mkdir -p /run/systemd/system /etc/systemd/system && mount --bind "$1/programs" /usr/local/sbin &&
              mount --bind "$1/units" /etc/systemd/system || exit 99
            else
              rm -rf /run/systemd
            fi
            cd /; shift 4; exec "$@"
            """
        let run = hasNoMemory ? "\(folder)/run" : memory
        let node = LocalNode(prefix: [
            "unshare", "-m", "/bin/sh", "-c", setup, "node", folder, run, isReadOnly ? "ro" : "rw",
            hasSystemd ? "systemd" : "-",
        ])
        let output = try await node.run(Command(shell + [path(name)]))
        guard output.status == 0 else {
            throw WriteFailure(message: "script: \(output.status) \(output.errorTail.text ?? "")")
        }
        return output.output.bytes
    }

    /// Runs a write script and reads its answer.
    func answer(_ script: String) async throws -> NodeAnswer { try NodeAnswer(parsing: try await run(script)) }

    /// Takes the lease for a run and gives back its fence.
    func lease(_ run: String = "r1", holder: String = "alice", recovering: Bool = false) async throws
        -> NodeRecord.Fence
    {
        let answer = try await answer(acquire(run, holder: holder, recovering: recovering))
        guard case .granted(let epoch, _) = answer else { throw WriteFailure(message: "\(answer)") }
        return NodeRecord.Fence(run: run, epoch: epoch)
    }

    func acquire(
        _ run: String, target: String? = nil, plan: String = "d1", json: [UInt8] = Array("{}".utf8),
        holder: String = "alice", ticket: String? = nil, seconds: Int = 600, settled: [String] = [],
        recovering: Bool = false, above: Int = 0, mayUseMemory: Bool = false
    ) -> String {
        LeaseScript.acquire(
            run: run, target: target, planSha256: plan, planJSON: json, machineID: machineID, holder: holder,
            ticket: ticket ?? holder, seconds: seconds, settled: settled, recovering: recovering, above: above,
            mayUseMemory: mayUseMemory)
    }

    /// Waits until something holds; false when it never did.
    func eventually(seconds: Double = 10, _ condition: @Sendable () -> Bool) async throws -> Bool {
        for _ in 0..<Int(seconds * 20) {
            if condition() { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return condition()
    }
}

/// Runs a test body on a fresh node; the shells are those that nodes have as `/bin/sh`.
enum ScriptNodes {
    static let shells: [[String]] = [["/usr/bin/dash"], ["/bin/bash", "--posix"], ["/bin/busybox", "sh"]]
    static var installed: [[String]] { shells.filter { FileManager.default.isExecutableFile(atPath: $0[0]) } }

    /// False when these tests cannot run here; on CI that is a failure, elsewhere it is said aloud.
    static func isUsable(_ location: Testing.SourceLocation = #_sourceLocation) -> Bool {
        if RealSystem.isRoot && RealSystem.has("unshare", "flock", "setsid", "timeout") { return true }
        if RealSystem.isCI {
            Issue.record(
                "the node script tests need root, unshare, flock, setsid and timeout", sourceLocation: location)
        } else {
            print("LEFT OUT: the node script tests need root (\(location.fileID)); run them with sudo")
        }
        return false
    }

    static func with(shell: [String] = ["/bin/sh"], _ body: @Sendable (ScriptNode) async throws -> Void) async throws {
        guard isUsable() else { return }
        let node = try ScriptNode(shell: shell)
        defer { node.remove() }
        try await body(node)
    }
}

extension NodeAnswer {
    var status: Int? { if case .done(let status, _, _) = self { status } else { nil } }
    var isRefused: Bool { if case .refused = self { true } else { false } }
}
