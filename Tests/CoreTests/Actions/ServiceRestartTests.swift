import Core
import Testing

struct ServiceRestartTests {
    private let kubelet = try? ServiceRestart(arguments: Arguments(["service": .text("kubelet")]))

    private func observation(_ name: String, uptime: Double = 100_000, more: String = "") throws -> Observation {
        let text = more + (try Fixture.text(name)) + "\nUptime=\(uptime)\nFilesSHA256=abc\n"
        return try #require(kubelet).parse([Fixture.output(text)])
    }

    @Test(
        "what systemd says becomes a state that stays the same for hours",
        arguments: [
            ("active-show.txt", "", "running", "yes"), ("203exec-show.txt", "", "failing", "yes"),
            ("noconfig-show.txt", "", "failing", "yes"), ("stopped-show.txt", "LoadState=loaded\n", "stopped", "no"),
            // A crash loop caught in the moment it is up, 30 s after the last start.
            ("active-show.txt", "NRestarts=7\nActiveEnterTimestampMonotonic=99970000000\n", "failing", "yes"),
            ("active-show.txt", "NRestarts=7\nActiveEnterTimestampMonotonic=50000000000\n", "running", "yes"),
            ("active-show.txt", "ActiveState=failed\n", "failing", "yes"),
        ])
    func normalised(file: String, more: String, active: String, started: String) throws {
        let seen = try observation(file, more: more)
        #expect(seen.text("active") == active)
        #expect(seen.text("started") == started)
    }

    @Test("an unknown unit is refused although systemctl exits 0")
    func unknown() throws {
        let seen = try observation("no-such-unit-show.txt")
        #expect(throws: ObservationError.self) { try kubelet?.predict(seen) }
        let running = try observation("active-show.txt")
        #expect(try kubelet?.predict(running).after.text("active") == "running")
        #expect(try kubelet?.predict(running).quality(of: "active") == .exact)
    }

    @Test(
        "undo starts what was started and stops what was stopped",
        arguments: [
            ("active-show.txt", "start", [0]), ("203exec-show.txt", "start", [0, 1]), ("stopped-show.txt", "stop", [0]),
        ])
    func undo(file: String, verb: String, accepts: [Int]) throws {
        let seen = try observation(file, more: "LoadState=loaded\n")
        #expect(kubelet?.apply(seen) == [Command(["systemctl", "restart", "kubelet.service"])])
        #expect(kubelet?.undo(seen) == [Command(["systemctl", verb, "kubelet.service"], accepts: Set(accepts))])
    }

    @Test("another name of sshd is refused, since it would run without a dead-man switch")
    func alias() throws {
        let seen = try observation("active-show.txt", more: "Names=kubelet.service ssh.service\n")
        #expect(throws: ObservationError.self) { try kubelet?.predict(seen) }
    }

    @Test(
        "sshd, the network's and the firewall's services cut the path, others do not",
        arguments: [
            ("ssh", true), ("sshd.service", true), ("sshd@1", true), ("NetworkManager", true), ("firewalld", true),
            ("systemd-networkd", true), ("netfilter-persistent.service", true), ("wpa_supplicant", true),
            ("kubelet", false), ("containerd.service", false), ("chrony", false),
        ])
    func cutsPath(unit: String, cuts: Bool) throws {
        #expect(try ServiceRestart(arguments: Arguments(["service": .text(unit)])).cutsPath == cuts)
    }

    @Test("what a shell or systemctl could misread is refused", arguments: hostileValues + ["a.timer", "a@", "../a"])
    func hostile(value: String) {
        #expect(throws: ArgumentError.self) { try ServiceRestart(arguments: Arguments(["service": .text(value)])) }
    }

    @Test("half an answer is refused", arguments: ["", "LoadState=loaded\n", "garbage"])
    func half(text: String) {
        #expect(throws: ObservationError.self) { try kubelet?.parse([Fixture.output(text)]) }
    }
}
