import Core
import Foundation
import Testing

/// This machine as a node: scripts run as root in a mount namespace where `/var/lib/belay` is a folder of the test and
/// systemd is out of sight, so that the detached shell takes the unit's place, on CI too.
struct ScriptNode: Sendable {
    let folder: String
    var shell: [String] = ["/bin/sh"]
    var boot: String?
    var uptime: Int?

    /// A node with an empty record.
    init(shell: [String] = ["/bin/sh"]) throws {
        self.shell = shell
        folder = NSTemporaryDirectory() + "belay-node-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/record", withIntermediateDirectories: true)
    }

    var machineID: String {
        let text = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A file of the test that commands may write, outside the record.
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A file of the node's record as a test sees it.
    func record(_ name: String) -> String { "\(folder)/record/\(name)" }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    func write(_ text: String, to path: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs a script to its end and gives back what it printed.
    func run(_ script: String) async throws -> [UInt8] {
        let name = UUID().uuidString
        try write(script, to: path(name))
        if let boot { try write(boot + "\n", to: path("boot")) }
        if let uptime { try write("\(uptime).00 0.00\n", to: path("uptime")) }
        let setup = """
            mkdir -p /var/lib/belay && mount --bind "$1/record" /var/lib/belay && mount -t tmpfs none /run || exit 99
            [ ! -e "$1/boot" ] || mount --bind "$1/boot" /proc/sys/kernel/random/boot_id || exit 99
            [ ! -e "$1/uptime" ] || mount --bind "$1/uptime" /proc/uptime || exit 99
            cd /; shift; exec "$@"
            """
        let node = LocalNode(prefix: ["unshare", "-m", "/bin/sh", "-c", setup, "node", folder])
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
        guard case .granted(let epoch) = answer else { throw WriteFailure(message: "\(answer)") }
        return NodeRecord.Fence(run: run, epoch: epoch)
    }

    func acquire(
        _ run: String, plan: String = "d1", holder: String = "alice", seconds: Int = 600, recovering: Bool = false
    ) -> String {
        LeaseScript.acquire(
            run: run, planSha256: plan, machineID: machineID, holder: holder, seconds: seconds, recovering: recovering)
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
