import CEL
import Foundation
import Testing

@testable import Core

/// The kernel, units, logs, agents, upgrades, changes and the clock.
@Suite("Facts: the system", .serialized)
struct SystemFactsTests {
    @Test("modules by any of the kernel's traces, and what nobody tells is unknown", arguments: FactNode.shells)
    func modules(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file("/proc/sys/kernel/osrelease", "5.14.0-x\n")
        try node.file("/proc/modules", "overlay 151552 2 - Live 0x0\nnf_tables 1 1 - Live 0x0\n")
        try node.file("/proc/sys/net/bridge/bridge-nf-call-iptables", "0\n")
        try node.file("/proc/sys/net/ipv4/ip_forward", "1\n")
        try node.file("/etc/modules-load.d/k8s.conf", "# needed\noverlay\nbr_netfilter\nip_vs\nnot-told\n")
        let blind = try await node.ask(.kernel)
        try blind.expect(
            "facts.kernel.modules['overlay'] && facts.kernel.modules['nf_tables'] && facts.kernel.modules['br_netfilter']",
            "!facts.kernel.modulesDirectory",
            "facts.kernel.sysctls == {'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '0'}")
        try blind.expectUnknown("facts.kernel.modules['vxlan']", "nothing tells")
        try blind.expectUnknown("facts.kernel.missingModules", "nothing tells whether")
        try node.program("journalctl", "for name in ip_vs not-told; do echo \"Failed to find module '$name'\"; done")
        try await node.ask(.kernel).expect("facts.kernel.missingModules == ['ip_vs', 'not_told']")
        try node.file(
            "/lib/modules/5.14.0-x/modules.builtin", "kernel/drivers/net/vxlan/vxlan.ko\nkernel/x/not-told.ko.xz\n")
        try await node.ask(.kernel).expect(
            "facts.kernel.modulesDirectory && facts.kernel.modules['vxlan'] && !facts.kernel.modules['ip_vs']",
            "facts.kernel.missingModules == ['ip_vs']")
    }

    @Test("a reboot that packages ask for, on Debian and on Red Hat's", arguments: FactNode.shells)
    func reboot(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try await node.ask(.kernel).expectUnknown("facts.kernel.rebootRequired", "needs-restarting is not installed")
        try node.program("needs-restarting", "exit 1")
        try await node.ask(.kernel).expect("facts.kernel.rebootRequired")
        try node.program("needs-restarting", "exit 0")
        try await node.ask(.kernel).expect("!facts.kernel.rebootRequired")
        try node.program("needs-restarting", "exec sleep 30")
        try await node.ask(.kernel).expectUnknown("facts.kernel.rebootRequired", "in time")
        try node.file("/etc/debian_version", "12.1\n")
        try await node.ask(.kernel).expect("!facts.kernel.rebootRequired")
        try node.file("/run/reboot-required", "")
        try await node.ask(.kernel).expect("facts.kernel.rebootRequired")
    }

    @Test("units that failed, and a node without systemd", arguments: FactNode.shells)
    func units(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try await node.ask(.units).expectUnknown("facts.units.failed", "systemd does not run")
        try node.file("/run/systemd/system/x", "")
        try await node.ask(.units).expectUnknown("facts.units.failed", "exit status 127")
        try node.program("systemctl", "printf 'a.service loaded failed failed A\\nb.mount loaded failed failed B\\n'")
        try await node.ask(.units).expect("facts.units.failed == ['a.service', 'b.mount']")
        try node.program("systemctl", ":")
        try await node.ask(.units).expect("facts.units.failed == []")
    }

    @Test(
        "the recorded journal: errors of each unit, oldest first, without lesser words",
        arguments: FactNode.shells)
    func journal(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        for unit in ["kubelet", "containerd", "chisel"] {
            try node.file("/etc/systemd/system/\(unit).service", "")
        }
        try node.file("/run/systemd/system/x", "")
        try node.program("journalctl", prints: "journal.out")
        let facts = try await node.ask(.logs)
        try facts.expect(
            "facts.logs.size() == 3", "facts.logs['chisel'] == [] && facts.logs['kubelet'].size() >= 2",
            "facts.logs['kubelet'].all(l, l.startsWith('2026-11-27T11:'))",
            "facts.logs['kubelet'].all(l, l.contains(' E1127 ') || l.contains('kubelet.service'))",
            "facts.logs['kubelet'][0] < facts.logs['kubelet'][1]",
            "facts.logs['containerd'].all(l, !l.contains('level=info') && !l.contains('level=warning'))")
    }

    @Test(
        "what systemd says of a unit, the newest fifteen, and a journal that does not answer",
        arguments: FactNode.shells)
    func journalOfSystemd(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file("/usr/lib/systemd/system/kubelet.service", "")
        try node.file("/run/systemd/system/x", "")
        let long = String(repeating: "x", count: 1000)
        let lines = (10..<40).reversed().map {
            "Fri 2026-11-27 11:00:\($0) UTC n1 kubelet.service[7]: E1127 11:00:00 x failed \($0) \(long)"
        }
        try node.file(
            "/journal",
            "Fri 2026-11-27 11:01:00 UTC n1 init.scope[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE\n"
                + "         panic: a line of more lines\n" + lines.joined(separator: "\n") + "\n")
        try node.program("journalctl", "cat '\(node.root)/journal'")
        try await node.ask(.logs).expect(
            "facts.logs['kubelet'].size() == 15",
            "facts.logs['kubelet'][14] == '2026-11-27T11:01:00 kubelet.service: Main process exited, code=exited, status=1/FAILURE'",
            "facts.logs['kubelet'][0].contains('failed 26')", "facts.logs['kubelet'].all(l, l.size() <= 301)")
        try node.program("journalctl", "exec sleep 30")
        try await node.ask(.logs).expectUnknown("facts.logs", "status 124")
    }

    @Test("without systemd the system's log tells, of the last ten minutes", arguments: FactNode.shells)
    func syslog(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try await node.ask(.logs).expectUnknown("facts.logs", "neither the journal nor /var/log/syslog")
        try node.program(
            "date",
            "case $* in *'-3 min'*) echo 'Nov  7 11:29|2026-11-07T11:29' ;; *) echo 'Nov  7 11:01|2026-11-07T11:01' ;; esac"
        )
        try node.program("kubelet", "")
        try node.file(
            "/var/log/messages",
            """
            Nov  7 09:29:00 n1 kubelet[7]: E1107 09:29:00.1 7 a.go:1] old
            Nov  7 11:29:00 n1 kubelet[7]: E1107 11:29:00.1 7 a.go:1] new \u{1}
            Nov  7 11:29:00 n1 kubelet[7]: W1107 11:29:00.1 7 a.go:1] failed, a little
            2026-11-07T11:29:01+00:00 n1 kubelet[7]: F1107 11:29:00.1 7 a.go:1] fatal
            Nov  7 11:29:02 n1 other[7]: error

            """)
        try await node.ask(.logs).expect(
            "facts.logs.size() == 1", "facts.logs['kubelet'].size() == 2",
            "facts.logs['kubelet'][0].contains('new \\\\u{1}')")
    }

    @Test("agents: by their unit, as bare processes, and their connections", arguments: FactNode.shells)
    func agents(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try await node.ask(.agents).expect("facts.agents.size() == 3", "!facts.agents['chisel'].installed")
        try node.file("/run/systemd/system/x", "")
        try node.program("systemctl", prints: "show-agents.out")
        try node.file("/proc/65/comm", "salt-minion-sta\n")
        try node.file("/proc/80/cmdline", "/usr/bin/python3\0/usr/bin/salt-minion\0-d\0")
        try node.file("/proc/80/comm", "salt-minion\n")
        try node.file("/proc/80/cgroup", "0::/init.scope\n")
        try node.file("/proc/81/cmdline", "vi\0/etc/salt-minion.conf\0")
        try node.file(
            "/proc/80/net/tcp",
            "sl\n 0: 0100007F:1 0100007F:2 01 0:0 0:0 0 0 0 55\n 1: 0A000001:9 0A000002:11A9 01 0:0 0:0 0 0 0 56\n")
        try FileManager.default.createDirectory(atPath: node.root + "/proc/80/fd", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: node.root + "/proc/80/fd/3", withDestinationPath: "socket:[55]")
        let local = try await node.ask(.agents)
        try local.expect(
            "facts.agents['salt-minion-rafay'].state == 'active/running' && facts.agents['salt-minion-rafay'].running",
            "facts.agents['salt-minion-rafay'].processes == ['65 salt-minion-sta']",
            "facts.agents['salt-minion'].installed && facts.agents['salt-minion'].state == ''",
            "facts.agents['salt-minion'].processes == ['80 salt-minion'] && !facts.agents['salt-minion'].connected")
        try FileManager.default.createSymbolicLink(
            atPath: node.root + "/proc/80/fd/4", withDestinationPath: "socket:[56]")
        try node.file("/proc/80/cgroup", "0::/system.slice/salt-minion-rafay.service\n")
        try await node.ask(.agents).expect(
            "!facts.agents['salt-minion'].running",
            "facts.agents['salt-minion-rafay'].connected && facts.agents['salt-minion-rafay'].processes.size() == 2")
        try node.program("systemctl", "exit 1")
        try await node.ask(.agents).expectUnknown("facts.agents['chisel'].state", "did not answer")
    }

    @Test("packages by dpkg's log, by dnf's, by rpm, and the tool of the platform", arguments: FactNode.shells)
    func upgrade(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        // It asks for 48 hours ago: that is the day before the recorded installation.
        try node.program(
            "date",
            "case $* in *+%s*) echo 1795600000 ;; *@*) echo '2026-11-26 10:00:00' ;; *) echo '2026-11-26 12:00:00' ;; esac"
        )
        let nothing = try await node.ask(.upgrade)
        try nothing.expectUnknown("facts.upgrade.packages", "neither dpkg")
        try nothing.expectUnknown("facts.upgrade.output", "rctl is not installed")
        try nothing.expect("!facts.upgrade.tool")
        try node.program(
            "rpm",
            "printf '1795600001 kubelet-1.28.2-0\\n1795599999 kubectl-1.28.2-0\\n1795600002 vim-9-1\\n1795600003 kernel-5.14.0-1\\n'"
        )
        try await node.ask(.upgrade).expect(
            "facts.upgrade.packages == ['2026-11-26 10:00:00 installed kubelet-1.28.2-0', '2026-11-26 10:00:00 installed kernel-5.14.0-1']"
        )
        try node.file(
            "/var/log/dnf.rpm.log",
            """
            2026-11-25T10:00:00+0000 SUBDEBUG Upgrade: kubelet-1.27.1-0.x86_64
            2026-11-26T13:00:00+0000 SUBDEBUG Upgrade: kubelet-1.28.2-0.x86_64
            2026-11-26T13:00:01+0000 SUBDEBUG Upgraded: kubelet-1.27.1-0.x86_64
            2026-11-26T13:00:02+0000 SUBDEBUG Installed: vim-9-1.x86_64

            """)
        try await node.ask(.upgrade).expect(
            "facts.upgrade.packages == ['2026-11-26 13:00:00 upgrade kubelet-1.28.2-0.x86_64', "
                + "'2026-11-26 13:00:01 upgraded kubelet-1.27.1-0.x86_64']")
        let log = String(decoding: try ModelFixture.bytes("facts/groups/dpkg.log"), as: UTF8.self)
        try node.file("/var/log/dpkg.log", log)
        try node.program("rctl", "echo 'node: upgrading kubelet'; echo 'error: x' >&2; exit 1")
        try await node.ask(.upgrade).expect(
            "facts.upgrade.tool && facts.upgrade.output == ['node: upgrading kubelet', 'error: x']",
            "facts.upgrade.packages.size() == 2 && facts.upgrade.packages[0].contains('install containerd:amd64')")
    }

    @Test("files that were changed in the last day, the newest first", arguments: FactNode.shells)
    func changes(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try await node.ask(.changes).expect("facts.changes == []")
        for name in ["a", "old", "b"] { try node.file("/etc/kubernetes/manifests/\(name).yaml", name) }
        try node.file("/etc/sysconfig/kubelet", "")
        try node.file("/etc/passwd", "")
        let manifests = node.root + "/etc/kubernetes/manifests"
        for (name, age) in [("a", 100.0), ("old", 90_000), ("b", 50)] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: "\(manifests)/\(name).yaml")
        }
        try await node.ask(.changes).expect(
            "facts.changes.map(c, c.path) == ['/etc/sysconfig/kubelet', '/etc/kubernetes/manifests/b.yaml', "
                + "'/etc/kubernetes/manifests/a.yaml']",
            "facts.changes[1].at > facts.changes[2].at && facts.changes[2].at > timestamp('2026-01-01T00:00:00Z')")
    }

    @Test(
        "the clock: its skew without the age of the answer, and who says that it is right",
        arguments: FactNode.shells)
    func clock(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file("/proc/uptime", "101.50 9.00\n")
        try node.program("date", "echo 1000010.500000000")
        let asked = Core.Timestamp(milliseconds: 1_000_000_000)
        let plain = try await node.ask(.time, uptime: "100.00 9.00", at: asked)
        try plain.expect("facts.time.skew == duration('9s')")
        try plain.expectUnknown("facts.time.synchronised", "neither chrony nor systemd")
        try await node.ask(.time, uptime: "x", at: asked).expectUnknown("facts.time.skew", "/proc/uptime")
        try await node.ask(.time, uptime: "200.00 9.00", at: asked).expectUnknown("facts.time.skew", "evenly")
        try node.file("/run/systemd/system/x", "")
        try node.program("timedatectl", prints: "timedatectl.out")
        try await node.ask(.time, uptime: "100.00 9.00", at: asked).expect("!facts.time.synchronised")
        try node.program("chronyc", "echo 'Leap status     : Normal'")
        try await node.ask(.time, uptime: "100.00 9.00", at: asked).expect("facts.time.synchronised")
        try node.program("chronyc", "echo 'Leap status     : Not synchronised'")
        try await node.ask(.time, uptime: "100.00 9.00", at: asked).expect("!facts.time.synchronised")
    }
}
