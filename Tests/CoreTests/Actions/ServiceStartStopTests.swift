import Core
import Testing

struct ServiceStartStopTests {
    private let arguments = Arguments(["service": .text("kubelet")])
    private static let start = Command(["systemctl", "start", "kubelet.service"])
    private static let stop = [
        Command(["systemctl", "stop", "kubelet.service"]),
        Command(["systemctl", "reset-failed", "kubelet.service"], accepts: [0, 1]),
    ]

    private func seen(_ name: String, more: String = "") throws -> Observation {
        let text = "LoadState=loaded\n" + more + (try Fixture.text(name)) + "\nUptime=100000\nFilesSHA256=abc\n"
        return try ServiceStart(arguments: arguments).parse([Fixture.output(text)])
    }

    @Test("start leaves alone what runs, and undo with it")
    func startsNothing() throws {
        let start = try ServiceStart(arguments: arguments)
        let running = try seen("active-show.txt")
        #expect(start.apply(running).isEmpty && start.undo(running).isEmpty)
        #expect(try start.predict(running).after == running)
    }

    @Test(
        "start brings up what is stopped or given up on; undo stops only what was stopped",
        arguments: [
            ("stopped-show.txt", "", [start], stop),
            (
                "203exec-show.txt", "", [Command(["systemctl", "reset-failed", "kubelet.service"]), start],
                [Command(["systemctl", "start", "kubelet.service"], accepts: [0, 1])]
            ),
        ])
    func starts(file: String, more: String, apply: [Command], undo: [Command]) throws {
        let start = try ServiceStart(arguments: arguments)
        let before = try seen(file, more: more)
        #expect(start.apply(before) == apply)
        #expect(start.undo(before) == undo)
        let after = try start.predict(before).after
        #expect(after.text("active") == "running" && after.text("started") == "yes")
    }

    @Test("what ends by itself is never found started, so start refuses it")
    func once() throws {
        let before = try seen("stopped-show.txt", more: "Type=oneshot\nRemainAfterExit=no\n")
        #expect(throws: ObservationError.self) { try ServiceStart(arguments: arguments).predict(before) }
    }

    @Test(
        "stop ends what runs or fails, exactly; undo starts it",
        arguments: [("active-show.txt", Set([0])), ("203exec-show.txt", Set([0, 1]))])
    func stops(file: String, accepts: Set<Int>) throws {
        let stop = try ServiceStop(arguments: arguments)
        let before = try seen(file)
        #expect(stop.apply(before) == Self.stop)
        #expect(stop.undo(before) == [Command(["systemctl", "start", "kubelet.service"], accepts: accepts)])
        let prediction = try stop.predict(before)
        #expect(prediction.after.text("active") == "stopped" && prediction.quality(of: "active") == .exact)
    }

    @Test("stop does nothing to what is stopped, and undo does not start it")
    func stopsNothing() throws {
        let stop = try ServiceStop(arguments: arguments)
        let before = try seen("stopped-show.txt")
        #expect(stop.apply(before).isEmpty && stop.undo(before).isEmpty)
        #expect(try stop.predict(before).after == before)
    }

    @Test("stop refuses a unit that others require, since undo would not start those")
    func needed() throws {
        let before = try seen("active-show.txt", more: "StopsToo=a.service b.service \n")
        #expect {
            try ServiceStop(arguments: arguments).predict(before)
        } throws: {
            "\($0)".contains("a.service, b.service")
        }
        // A restart brings them back, and says that it takes them down.
        let restart = try ServiceRestart(arguments: arguments).predict(before)
        #expect(restart.notes.contains { $0.contains("a.service, b.service") })
    }

    @Test("stop says what would start the unit again")
    func triggered() throws {
        let before = try seen("active-show.txt", more: "TriggeredBy=kubelet.socket\n")
        #expect(try ServiceStop(arguments: arguments).predict(before).notes.contains { $0.contains("kubelet.socket") })
    }

    @Test(
        "nobody stops the way in, by whatever name", arguments: ["sshd", "ssh.service", "nftables", "systemd-networkd"])
    func wayIn(unit: String) throws {
        #expect(throws: ArgumentError.self) { try ServiceStop(arguments: Arguments(["service": .text(unit)])) }
        let alias = try seen("active-show.txt", more: "Names=kubelet.service ssh.service\n")
        #expect(throws: ObservationError.self) { try ServiceStop(arguments: arguments).predict(alias) }
    }

    @Test("a unit that is not there is refused", arguments: ["not-found", "masked", "bad-setting"])
    func unloaded(load: String) throws {
        let before = try seen("active-show.txt", more: "").fields.merging(["load": .text(load)]) { $1 }
        #expect(throws: ObservationError.self) { try ServiceStart(arguments: arguments).predict(Observation(before)) }
        #expect(throws: ObservationError.self) { try ServiceStop(arguments: arguments).predict(Observation(before)) }
    }
}
