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
            // A one-shot that failed is not up, and nobody tries to have it up; one that stays is.
            ("active-show.txt", "ActiveState=failed\nType=oneshot\nRemainAfterExit=no\n", "failed", "no"),
            ("active-show.txt", "ActiveState=failed\nType=oneshot\nRemainAfterExit=yes\n", "failing", "yes"),
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
        "undo starts what was started and stops what was stopped; what is failing is forgotten first",
        arguments: [
            ("active-show.txt", [], [Command(["systemctl", "start", "kubelet.service"])]),
            ("203exec-show.txt", [forget], [Command(["systemctl", "start", "kubelet.service"], accepts: [0, 1])]),
            (
                "stopped-show.txt", [],
                [
                    Command(["systemctl", "stop", "kubelet.service"]),
                    Command(["systemctl", "reset-failed", "kubelet.service"], accepts: [0, 1]),
                ]
            ),
        ])
    func undo(file: String, before: [Command], undo: [Command]) throws {
        let seen = try observation(file, more: "LoadState=loaded\n")
        #expect(kubelet?.apply(seen) == before + [Command(["systemctl", "restart", "kubelet.service"])])
        #expect(kubelet?.undo(seen) == undo)
    }

    private static let forget = Command(["systemctl", "reset-failed", "kubelet.service"])

    @Test("a one-shot is not up once its work is done, and undo has nothing to start")
    func oneShot() throws {
        let seen = try observation(
            "stopped-show.txt", more: "LoadState=loaded\nType=oneshot\nRemainAfterExit=no\n")
        let prediction = try #require(try kubelet?.predict(seen))
        #expect(prediction.after.text("active") == "stopped" && prediction.after.text("started") == "no")
        #expect(prediction.quality(of: "active") == .exact)
        let failed = FieldValue.text("failed")
        #expect(kubelet?.isEquivalent("active", before: failed, now: .text("stopped")) == true)
        #expect(kubelet?.isEquivalent("active", before: .text("failing"), now: .text("stopped")) == false)
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

    @Test("a carriage return before a newline joins no two lines")
    func carriageReturn() throws {
        let seen = try observation("active-show.txt", more: "Id=a\r\nResult=success\r\n")
        #expect(seen.text("unit") == "a\r")
        #expect(seen.text("result") == "success\r")
    }

    @Test("half an answer is refused", arguments: ["", "LoadState=loaded\n", "garbage"])
    func half(text: String) {
        #expect(throws: ObservationError.self) { try kubelet?.parse([Fixture.output(text)]) }
    }
}
