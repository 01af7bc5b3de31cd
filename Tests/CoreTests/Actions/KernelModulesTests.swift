import Foundation
import Testing

@testable import Core

@Suite("kernel.modules.load")
struct KernelModulesTests {
    static func make(_ names: String...) throws -> KernelModulesLoad {
        let value: ArgumentValue = names.count == 1 ? .text(names[0]) : .list(names.map { .text($0) })
        return try KernelModulesLoad(arguments: Arguments(["modules": value]))
    }

    static func seen(_ action: KernelModulesLoad, _ more: String..., loader: String = "ready") throws -> Observation {
        let head = ["release=6.1.0-26-amd64", "directory=present", "loader=\(loader)"]
        return try action.parse([Fixture.output((head + more).joined(separator: "\n") + "\n")])
    }

    @Test("what is not there is loaded, and undo unloads it and what came along, the last first")
    func loads() throws {
        let action = try Self.make("overlay", "br-netfilter", "ip_vs")
        let before = try Self.seen(
            action, "module.overlay=loaded", "module.br_netfilter=not loaded", "needs.br_netfilter=stp",
            "needs.br_netfilter=bridge", "module.ip_vs=not loaded", "needs.ip_vs=libcrc32c", "needs.ip_vs=stp")
        let after = try action.predict(before).after
        #expect(["overlay", "br_netfilter", "ip_vs"].allSatisfy { after.text("module.\($0)") == "loaded" })
        #expect(
            action.apply(before).map(\.argv) == [["modprobe", "--", "br_netfilter"], ["modprobe", "--", "ip_vs"]])
        let undo = action.undo(before)
        #expect(undo.count == 2 && undo[0].argv.suffix(1) == ["overlay"])
        #expect(undo[1].argv.suffix(5) == ["ip_vs", "libcrc32c", "br_netfilter", "bridge", "stp"])
        #expect(action.apply(after).isEmpty && action.reversibility == .compensable && !action.survivesReboot)
    }

    @Test("built in is as good as loaded: nothing is sent and nothing undone")
    func builtIn() throws {
        let action = try Self.make("overlay")
        let before = try Self.seen(action, "module.overlay=built in", loader: "none")
        #expect(
            try action.predict(before).after == before
                && action.predict(before).notes == ["overlay is built in already"])
        #expect(action.apply(before).isEmpty && action.undo(before).isEmpty)
    }

    @Test("a module that stays in use counts as restored, and nothing else does")
    func equivalence() throws {
        let action = try Self.make("overlay")
        #expect(action.isEquivalent("module.overlay", before: .text("not loaded"), now: .text("loaded")))
        #expect(!action.isEquivalent("module.overlay", before: .text("loaded"), now: .text("not loaded")))
        #expect(!action.isEquivalent("release", before: .text("not loaded"), now: .text("loaded")))
    }

    @Test(
        "what cannot be loaded is refused with what to do",
        arguments: [
            ("not loaded", "present", "locked", "reboot"), ("not loaded", "present", "no kmod", "kmod"),
            ("missing", "present", "ready", "modinfo"), ("blocked", "present", "ready", "showconfig"),
            ("unknown", "absent", "ready", "reboot into the kernel"),
            ("missing", "absent", "ready", "reboot into the kernel"),
            ("unknown", "present", "no kmod", "modinfo"), ("missing", "absent", "none", "Boot a kernel"),
            ("unknown", "absent", "none", "Boot a kernel"),
        ])
    func refusals(state: String, directory: String, loader: String, says: String) throws {
        let action = try Self.make("ip_vs")
        let printed = "release=6.1\ndirectory=\(directory)\nloader=\(loader)\nmodule.ip_vs=\(state)\n"
        let before = try action.parse([Fixture.output(printed)])
        let error = #expect(throws: ObservationError.self) { try action.predict(before) }
        #expect(error?.remedy.contains(says) == true, "\(String(describing: error))")
    }

    @Test(
        "half an answer and an unknown word are refused",
        arguments: [
            "", "release=6.1\ndirectory=present\nloader=ready\n", "release=6.1\nmodule.ip_vs=loaded\n",
            "release=6.1\ndirectory=present\nloader=ready\nmodule.ip_vs=perhaps\n",
            "release=6.1\ndirectory=present\nloader=ready\nmodule.ip_vs=not loaded\nneeds.ip_vs=-r x\n",
        ])
    func hostile(printed: String) throws {
        #expect(throws: ObservationError.self) { try Self.make("ip_vs").parse([Fixture.output(printed)]) }
    }

    @Test("names that modprobe would read otherwise are refused", arguments: hostileValues + ["a/b", "x.ko", "../x"])
    func badNames(name: String) {
        #expect(throws: ArgumentError.self) { try Self.make(name) }
        #expect(throws: ArgumentError.self) { try Self.make("overlay", name) }
    }

    @Test("the same name twice, none and too many are refused")
    func lists() {
        #expect(throws: ArgumentError.self) { try Self.make("br-netfilter", "br_netfilter") }
        #expect(throws: ArgumentError.self) { try KernelModulesLoad(arguments: Arguments(["modules": .list([])])) }
        let many = (0...20).map { ArgumentValue.text("m\($0)") }
        #expect(throws: ArgumentError.self) { try KernelModulesLoad(arguments: Arguments(["modules": .list(many)])) }
    }

    @Test("a module that may be a driver runs under a dead-man; bridged packets are the network's")
    func path() throws {
        #expect(try Self.make("e1000e").cutsPath && Self.make("overlay", "bonding").cutsPath)
        #expect(try !Self.make("br_netfilter", "overlay", "ip_vs_rr", "xt_comment").cutsPath)
        #expect(try Self.make("br_netfilter").disrupts == ["network"] && Self.make("overlay").disrupts.isEmpty)
    }

    /// A node's files in a folder, and in it a program of the test that answers as modprobe would.
    struct Root {
        let url = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-modules-\(UUID().uuidString)")

        func put(_ path: String, _ text: String) throws {
            let file = url.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }

        func look(_ shell: [String], _ names: String...) async throws -> [String] {
            let command = Command(shell + ["-c", "\(KernelModules.observe)", "belay", url.path()] + names)
            var node = LocalNode()
            node.environment["PATH"] = url.appending(path: "bin").path() + ":/usr/bin:/bin"
            let output = try await node.run(command)
            #expect(output.status == 0)
            return (output.output.text ?? "").split(separator: "\n").map(String.init)
        }
    }

    // Without busybox ash, which takes its own modprobe before that of the PATH.
    @Test("modules are told apart on a node that has some", arguments: [["sh"], ["bash", "--posix"]])
    func script(shell: [String]) async throws {
        let root = Root()
        defer { try? FileManager.default.removeItem(at: root.url) }
        try root.put("proc/sys/kernel/osrelease", "6.1.0-26-amd64\n")
        try root.put("proc/modules", "bridge 1 1 - Live 0x0\nstp 1 1 bridge, Live 0x0\n")
        try root.put("lib/modules/6.1.0-26-amd64/modules.builtin", "kernel/fs/over-lay.ko\nkernel/lib/crc.ko.xz\n")
        try root.put("sys/module/ipv6/parameters/disable", "0\n")
        try FileManager.default.createDirectory(
            at: root.url.appending(path: "bin"), withIntermediateDirectories: true)
        try StandInProgram.install(
            """
            #!/bin/sh
            for name; do :; done
            case $name in
                --version) echo 'kmod version 30' ;;
                odd) echo 'modprobe: ERROR: could not read modules.dep' >&2; exit 1 ;;
                br_netfilter) printf 'insmod /lib/modules/k/stp.ko \\ninsmod /lib/modules/k/x-llc.ko.xz \\ninsmod /l/br_netfilter.ko a=1\\n' ;;
                cramfs) echo 'install /bin/true ' ;;
                *) echo "modprobe: FATAL: Module $name not found in directory /lib" >&2; exit 1 ;;
            esac
            """, at: root.url.appending(path: "bin/modprobe").path())
        let shown = try await root.look(
            shell, "bridge", "over_lay", "crc", "ipv6", "br_netfilter", "cramfs", "nosuch", "odd")
        #expect(
            shown == [
                "release=6.1.0-26-amd64", "directory=present", "loader=ready", "module.bridge=loaded",
                "module.over_lay=built in", "module.crc=built in", "module.ipv6=built in",
                "module.br_netfilter=not loaded", "needs.br_netfilter=x_llc", "module.cramfs=blocked",
                "module.nosuch=missing", "module.odd=unknown",
            ])
    }

    @Test("after a kernel upgrade nothing is installed for the running kernel, and nothing is guessed")
    func upgraded() async throws {
        let root = Root()
        defer { try? FileManager.default.removeItem(at: root.url) }
        try root.put("proc/sys/kernel/osrelease", "6.1.0-25-amd64\n")
        try root.put("proc/modules", "nf_conntrack 1 0 - Live 0x0\n")
        try root.put("proc/filesystems", "nodev\tsysfs\n\text4\nnodev\toverlay\n")
        try root.put("lib/modules/6.1.0-26-amd64/modules.builtin", "kernel/net/br_netfilter.ko\n")
        let shown = try await root.look(["sh"], "nf_conntrack", "overlay", "br_netfilter")
        #expect(shown.contains("directory=absent"))
        #expect(
            shown.suffix(3) == ["module.nf_conntrack=loaded", "module.overlay=built in", "module.br_netfilter=unknown"])
    }
}
