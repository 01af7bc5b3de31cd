import Foundation
import Testing

@testable import Core

/// By what a node alone tells whether somebody changed what a step left: as left, as before, changed, and what changes by itself.
@Suite("looks for a return by the node")
struct StillAsLeftTests {
    /// Runs a body with a folder of its own, under its real path.
    func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).resolvingSymlinksInPath()
            .appending(path: "belay-left-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path()
        try await body(path.hasSuffix("/") ? String(path.dropLast()) : path)
    }

    func write(_ text: String, _ path: String) throws {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    /// The statuses that a look ends with in each of the shells that nodes have.
    func statuses(_ look: Command, node: LocalNode = LocalNode()) async throws -> Set<Int> {
        var statuses: Set<Int> = []
        for shell in ScriptNodes.installed {
            var command = look
            command.argv = shell + look.argv.dropFirst()
            statuses.insert(try await node.run(command).status)
        }
        return statuses
    }

    @Test("a file: content, mode and what it is count, its times do not")
    func file() async throws {
        try await withFolder { folder in
            let path = folder + "/a b.conf"
            try write("old\n", path)
            let node = LocalNode()
            let values = ["path": path, "content": "new\n"]
            let action = try FileReplace(arguments: Arguments(values.mapValues { .text($0) }))
            let before = try await node.observe(action)
            try await node.write(action.apply(before))
            let left = try await node.observe(action)
            let look = try #require(action.stillAsLeft(left, before: before))
            #expect(!look.argv.joined().contains("new") && look.input?.text?.contains("new") == false)
            #expect(try await statuses(look) == [0])
            try await node.shell("touch -d 2001-01-01 '\(path)'")
            #expect(try await statuses(look) == [0])
            for change in [
                "echo more >>'\(path)'", "chmod 711 '\(path)'", "rm '\(path)'", "rm '\(path)' && mkdir '\(path)'",
                "mv '\(path)' '\(path).real' && ln -s '\(path).real' '\(path)'", "ln '\(path)' '\(folder)/name'",
            ] {
                try await node.shell(change)
                #expect(try await statuses(look) == [10], "\(change)")
                try await node.shell("rm -rf '\(path)' '\(path).real' '\(folder)/name'")
                try await node.write(action.undo(before))
                #expect(try await statuses(look) == [0], "as before")
                try await node.write(action.apply(before))
                #expect(try await statuses(look) == [0], "as left")
            }
        }
    }

    @Test("a file that was made: gone again is as before")
    func madeFile() async throws {
        try await withFolder { folder in
            let path = folder + "/made"
            let values = ["path": path, "content": "new\n"]
            let action = try FileReplace(arguments: Arguments(values.mapValues { .text($0) }))
            let node = LocalNode()
            let before = try await node.observe(action)
            try await node.write(action.apply(before))
            let look = try #require(action.stillAsLeft(try await node.observe(action), before: before))
            #expect(try await statuses(look) == [0])
            try write("newer\n", path)
            #expect(try await statuses(look) == [10])
            try await node.shell("rm '\(path)'")
            #expect(try await statuses(look) == [0])
            try await node.shell("rmdir '\(folder)'")
            #expect(try await statuses(look) == [10])
        }
    }

    @Test("a line, a file restored and a manifest are told by the whole file; a backup that changed is not theirs")
    func fileActions() throws {
        let state = Observation([
            "type": .text("regular"), "directory": .text("real"), "mode": .text("644"), "owner": .text("0:0"),
            "links": .text("1"), "content": .content(Payload("a\n")), "backup": .content(Payload("b\n")),
        ])
        let line = try FileLine(arguments: Arguments(["path": .text("/etc/x.conf"), "line": .text("b")]))
        let restore = try FileRestore(
            arguments: Arguments(["path": .text("/etc/x.conf"), "from": .text("/root/x.conf")]))
        let look = try #require(line.stillAsLeft(state, before: state))
        #expect(look == restore.stillAsLeft(state, before: state))
        let manifest = try ManifestEdit(
            arguments: Arguments(["component": .text("etcd"), "set": .text("--quota-backend-bytes=1")]))
        #expect(manifest.stillAsLeft(state, before: state)?.argv.last == "/etc/kubernetes/manifests")
        #expect(look.argv.suffix(2) == ["/etc/x.conf", "/etc"])
    }

    @Test(
        "a parameter: as left, as before, however the kernel spaces it; another value is somebody's",
        arguments: [
            ("4096\t131072\t6291456\n", 0), ("4096 87380 6291456\n", 0), ("4096\t131072\t6291457\n", 10), ("*\n", 10),
        ])
    func sysctl(now: String, status: Int) async throws {
        try await withFolder { folder in
            try write(now, folder + "/tcp_rmem")
            let words = [folder, "tcp_rmem", "4096 131072 6291456", "4096 87380 6291456"]
            #expect(try await statuses(.shell(LeftScripts.sysctl, words)) == [status])
        }
        let action = try SysctlSetTests.make("net.ipv4.tcp_rmem", "1 2 3")
        let look = try #require(action.stillAsLeft(Observation(["value": .text("1 2 3")]), before: Observation()))
        #expect(look.argv.suffix(4) == ["/proc/sys", "net/ipv4/tcp_rmem", "1 2 3", ""])
    }

    @Test("a parameter that is gone cannot be told")
    func noSysctl() async throws {
        try await withFolder { folder in
            let told = try await statuses(.shell(LeftScripts.sysctl, [folder, "none", "1", "2"]))
            #expect(told == [1])
        }
    }

    @Test(
        "modules: loaded by the run or unloaded since, both are fine; one that was there before must be",
        arguments: [
            (["6.1", "-overlay", "+ip_vs"], 0), (["6.1", "-vxlan", "+ip_vs"], 0),
            (["6.1", "-vxlan", "+nf_tables"], 10),
            // After a reboot into another kernel what is loaded was loaded by others.
            (["6.0", "-overlay"], 10), (["6.0", "-vxlan"], 0), (["6.1", "+ip"], 10),
        ])
    func modules(words: [String], status: Int) async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/proc/sys/kernel", withIntermediateDirectories: true)
            try write("6.1\n", folder + "/proc/sys/kernel/osrelease")
            // Who uses them changes by itself.
            try write("overlay 151552 3 - Live 0x0\nip_vs 1 0 - Live 0x0\n", folder + "/proc/modules")
            #expect(try await statuses(.shell(LeftScripts.modules, [folder] + words)) == [status])
        }
    }

    @Test("modules are named to the look by how they were before; what is built in is not asked about")
    func moduleWords() throws {
        let action = try KernelModulesTests.make("overlay", "br_netfilter", "ip_vs")
        let before = try KernelModulesTests.seen(
            action, "module.overlay=loaded", "module.br_netfilter=not loaded", "module.ip_vs=built in")
        let look = try #require(action.stillAsLeft(before, before: before))
        #expect(look.argv.suffix(4) == ["", "6.1.0-26-amd64", "+overlay", "-br_netfilter"])
    }

    @Test(
        "a service: started or stopped as left or before, its files and names as they were",
        arguments: [
            ("active", "simple", "[Unit]\n", "a.service b.service", 0),
            ("activating", "simple", "[Unit]\n", "b.service a.service", 0),
            ("failed", "simple", "[Unit]\n", "a.service b.service", 0),
            ("inactive", "simple", "[Unit]\n", "a.service b.service", 10),
            ("failed", "oneshot", "[Unit]\n", "a.service b.service", 10),
            ("active", "simple", "[Unit]\n# changed\n", "a.service b.service", 10),
            ("active", "simple", "[Unit]\n", "a.service", 10),
            ("", "simple", "[Unit]\n", "a.service b.service", 1),
        ])
    func service(state: String, type: String, files: String, names: String, status: Int) async throws {
        try await withFolder { folder in
            try StandInProgram.install(
                """
                #!/bin/sh
                case $1 in
                  show) printf '%s\\n' Id=a.service 'Names=\(names)' LoadState=loaded 'ActiveState=\(state)' 'Type=\(type)' \
                RemainAfterExit=no ;;
                  cat) cat '\(folder)/files' ;;
                esac

                """, at: folder + "/systemctl")
            try write(files, folder + "/files")
            var node = LocalNode()
            node.environment["PATH"] = folder + ":" + (node.environment["PATH"] ?? "")
            let action = try ServiceRestart(arguments: Arguments(["service": .text("a")]))
            let left = Observation([
                "unit": .text("a.service"), "load": .text("loaded"), "started": .text("yes"),
                "unitDigest": .text(Digest.sha256("[Unit]\n".utf8)), "names": .lines(["a.service", "b.service"]),
            ])
            let look = try #require(action.stillAsLeft(left, before: left))
            #expect(try await statuses(look, node: node) == [status])
            // One that was stopped before may be stopped again.
            var before = left
            before["started"] = .text("no")
            let start = try #require(action.stillAsLeft(left, before: before))
            let isStopped = state == "inactive" || type == "oneshot"
            #expect(try await statuses(start, node: node) == [isStopped ? 0 : status])
        }
    }

    @Test("a snapshot: its files as left or as before; rules and routes that change are not its own")
    func snapshots() async throws {
        try await withFolder { folder in
            let path = folder + "/night.v4"
            let (left, before) = (FieldValue.content(Payload("new\n")), FieldValue.content(Payload("old\n")))
            let look = LeftScripts.contents([
                (path, left, before), (folder + "/night.v6", .content(Payload("")), .absent),
            ])
            try write("new\n", path)
            #expect(try await statuses(look) == [0])
            try write("", folder + "/night.v6")
            try write("old\n", path)
            #expect(try await statuses(look) == [0])
            try write("other\n", path)
            #expect(try await statuses(look) == [10])
            try await LocalNode().shell("rm '\(path)'")
            #expect(try await statuses(look) == [10])
        }
        let name = Arguments(["name": .text("night")])
        let actions: [any Action] = [try IptablesSnapshot(arguments: name), try RoutesSnapshot(arguments: name)]
        for action in actions { #expect(action.canReturnAlone(from: Observation())) }
    }

    @Test("what a node cannot tell or bring back alone is not given to it")
    func unable() throws {
        let actions: [any Action] = [
            try RoutesRestore(arguments: Arguments(["snapshot": .text("night")])),
            try LogsVacuum(arguments: Arguments(["age": .text("7d"), "archive": .text("/srv/archive")])),
            try ProcessRestart(arguments: Arguments(["name": .text("chisel")])),
        ]
        for action in actions { #expect(!action.canReturnAlone(from: Observation())) }
    }
}
