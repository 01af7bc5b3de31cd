@testable import Core
import Testing

/// What `process.restart` makes of what a node says; that the scripts do it, the laws over random states say.
@Suite("process.restart")
struct ProcessRestartTests {
    static func action(_ more: [String: String] = [:]) throws -> ProcessRestart {
        let given = ["name": "chisel"].merging(more) { $1 }
        return try ProcessRestart(arguments: Arguments(given.mapValues { .text($0) }))
    }

    static let way = String(repeating: "0f", count: 32)
    static let node = "boot=b-1\nownCapabilities=1ff\nownSeccomp=0\nbash=/bin/bash\nsetpriv=/bin/setpriv\ncrictl=yes\n"

    /// A bare process of root as the script prints it, with parts of it changed.
    static func process(_ pid: Int = 42, parent: Int = 1, _ changes: [String: String] = [:]) -> String {
        let parts = [
            ("group", "/user.slice/session-4.scope"), ("program", "/usr/local/bin/chisel"), ("folder", "/root"),
            ("root", "/"), ("users", "0 0 0 0"), ("owners", "0 0 0 0"), ("groups", "0 "), ("capabilities", "1ff"),
            ("privileges", "0"), ("seccomp", "0"), ("namespaces", "yes"), ("stream0", "/dev/null"),
            ("stream1", "pipe:[123]"), ("stream2", "/var/log/chisel.log"), ("words", "3"), ("odd", "0 0 "),
            ("executable", "yes"), ("way", way),
        ]
        return "process=\(pid)\nparent=\(parent)\nstarted=777\n"
            + parts.map { "\($0.0)=\(changes[$0.0] ?? $0.1)\n" }.joined() + "end=\(pid)\n"
    }

    static func observe(_ processes: String..., node: String = node) throws -> Observation {
        try action().parse([Fixture.output(node + processes.joined() + "complete=yes\n")])
    }

    @Test("a bare process is restarted by its PID, tick, boot and way, and started again by the same")
    func bare() throws {
        let action = try Self.action()
        let before = try Self.observe(Self.process())
        #expect(before.text("keeper") == "nobody" && before.text("output") == "pipe")
        let prediction = try action.predict(before)
        #expect(
            prediction.after.text("output") == "/dev/null" && prediction.after.text("errors") == "/var/log/chisel.log")
        #expect(prediction.quality(of: "way") == .exact && prediction.quality(of: "pid") != .exact)
        let words = ["42", "777", "b-1", Self.way, "chisel"]
        #expect(action.apply(before).map { Array($0.argv.dropFirst(4)) } == [["restart"] + words])
        #expect(action.undo(before).map { Array($0.argv.dropFirst(4)) } == [["revive"] + words])
        #expect(action.isEquivalent("output", before: .text("pipe"), now: .text("/dev/null")))
        #expect(!action.isEquivalent("errors", before: .text("/var/log/chisel.log"), now: .text("/dev/null")))
        #expect(!action.isEquivalent("running", before: .text("yes"), now: .text("no")))
    }

    @Test("no word of a command line or an environment is asked for beyond the match")
    func secrets() throws {
        let before = try Self.observe(Self.process())
        #expect(Set(before.fields.keys).isDisjoint(with: ["argv", "cmdline", "environ", "environment"]))
        #expect(before.text("words") == "3")
    }

    @Test(
        "who runs it is told by its cgroup",
        arguments: [
            ("/system.slice/chisel.service", "unit"), ("/system.slice/ssh.service", "nobody"), ("/", "nobody"),
            ("/user.slice/user-0.slice/session-3.scope", "nobody"), ("/system.slice/cron.service", "nobody"),
            ("/kubepods.slice/kubepods-pod\(pod).slice/cri-containerd-\(id).scope", "pod"),
            ("/kubepods/burstable/pod\(pod)/\(id)", "pod"),
            ("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod\(pod).slice/docker-\(id).scope", "pod"),
            ("/system.slice/docker-\(id).scope", "container"), ("/docker/\(id)", "container"),
            ("/machine.slice/libpod-\(id).scope/container", "container"),
        ])
    func keeper(path: String, keeper: String) throws {
        let before = try Self.observe(
            Self.process(42, ["group": path]), node: Self.node + "docker=yes\npodman=yes\n")
        #expect(before.text("keeper") == keeper)
        guard keeper == "pod" || keeper == "container" else { return }
        let client =
            path.contains("libpod")
            ? "podman" : path.contains("cri-") || path.hasPrefix("/kubepods/") ? "crictl" : "docker"
        let pod = keeper == "pod" ? "pod\(Self.pod)" : ""
        #expect(
            try Self.action().apply(before).map { Array($0.argv.dropFirst(4)) }
                == [["restart", client, Self.id, "chisel", pod]])
    }

    static let id = String(repeating: "9a", count: 32)
    static let pod = "4f2b8c1e_0d5a_4c3e_9f6a_1b2c3d4e5f60"

    @Test("what a unit runs, what does not run and what is called twice is refused")
    func refused() throws {
        let action = try Self.action()
        let unit = try Self.observe(Self.process(42, ["group": "/system.slice/chisel.service"]))
        let error = #expect(throws: ObservationError.self) { try action.predict(unit) }
        #expect(error?.remedy == "Use service.restart with service: chisel.service")
        let none = try Self.observe()
        #expect(none.text("running") == "no" && action.apply(none).isEmpty)
        #expect(throws: ObservationError.self) { try action.predict(none) }
        #expect(throws: ObservationError.self) { try Self.observe(Self.process(42), Self.process(43)) }
        // A child of the same name is not another one.
        #expect(try Self.observe(Self.process(43, parent: 42), Self.process(42)).text("pid") == "42")
    }

    @Test(
        "what could not be started again as it was is refused before it is ended",
        arguments: [
            ("executable", "no"), ("users", "0 7 7 7"), ("owners", "0 0 0 7"), ("capabilities", "0ff"),
            ("privileges", "1"), ("seccomp", "2"), ("namespaces", "no"), ("root", "/chroot"),
            ("folder", "/x (deleted)"),
            ("odd", "1 0 "), ("odd", "0 1 "), ("odd", ""), ("words", "0"), ("executable", ""),
        ])
    func obstacle(key: String, value: String) throws {
        let before = try Self.observe(Self.process(42, [key: value]))
        #expect(throws: ObservationError.self) { try Self.action().predict(before) }
    }

    @Test("without bash or the container's client it is refused")
    func tools() throws {
        let action = try Self.action()
        let bare = try Self.observe(Self.process(), node: Self.node.replacing("bash=/bin/bash", with: "bash="))
        #expect(throws: ObservationError.self) { try action.predict(bare) }
        let container = try Self.observe(Self.process(42, ["group": "/docker/\(Self.id)"]))
        #expect(throws: ObservationError.self) { try action.predict(container) }
    }

    @Test(
        "what is not whole is nothing that is known",
        arguments: [
            node, process() + "complete=yes\n", node + process(),
            node + process() + process().dropLast(7) + "complete=yes\n",
            node + "process=1\nend=2\ncomplete=yes\n", node + process(1) + "complete=yes\n",
            node + process(42, ["way": "x; rm"]) + "complete=yes\n",
            node + process(42, ["program": "chisel"]) + "complete=yes\n",
        ])
    func torn(text: String) throws {
        #expect(throws: ObservationError.self) { try Self.action().parse([Fixture.output(text)]) }
    }

    @Test("another PID of a process started the same way may run in its place, nothing else")
    func permits() throws {
        let action = try Self.action()
        let planned = action.apply(try Self.observe(Self.process()))
        let crashed = action.apply(try Self.observe(Self.process(99)))
        #expect(planned != crashed && action.permits(crashed, planned: planned))
        let other = action.apply(try Self.observe(Self.process(99, ["way": String(repeating: "1", count: 64)])))
        #expect(!action.permits(other, planned: planned))
        #expect(!action.permits(action.undo(try Self.observe(Self.process())), planned: planned))
    }

    @Test(
        "what carries the path, the system's own and no file names are refused",
        arguments: hostileValues + [
            "sshd", "ssh", "NetworkManager", "systemd-networkd", "init", "bash", "a/b", ".x", "wpa_supplicant", "ü",
        ])
    func names(name: String) {
        #expect(throws: ArgumentError.self) { try Self.action(["name": name]) }
    }

    @Test("a match is one word of the look, whatever it holds")
    func match() throws {
        let action = try Self.action(["match": "$(touch /x) 'a'"])
        #expect(action.observe()[0].argv.dropFirst(4) == ["chisel", "$(touch /x) 'a'"])
        #expect(throws: ArgumentError.self) { try Self.action(["match": "a\nb"]) }
    }
}
