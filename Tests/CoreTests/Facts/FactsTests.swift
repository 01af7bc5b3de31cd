import CEL
import Foundation
import Testing

@testable import Core

@Suite("Facts")
struct FactsTests {
    static func recorded(_ name: String) throws -> CommandOutput {
        CommandOutput(status: 0, output: Payload(bytes: try ModelFixture.bytes("facts/\(name).out")))
    }

    /// The answers of a healthy node, by question, then by service.
    static func answers(_ change: [Question: CommandOutput] = [:], units: [CommandOutput] = []) throws
        -> [CommandOutput]
    {
        let answers: [Question: CommandOutput] = [
            .uptime: .succeeded("5646.97 1234.56\n"), .machineId: .succeeded("bfbf31d4d3684d42a392d50d88bf9cb5\n"),
            .bootId: .succeeded("1d7b73ba-2d2f-4222-85a5-55a2b3766b0f\n"), .hostname: .succeeded("w1\n"),
            .osRelease: try recorded("os-release"),
            .kernel: .succeeded("6.1.0-18-amd64\n"), .iptablesVersion: try recorded("iptables-version"),
            .iptablesSave: try recorded("kubeproxy-save-before"), .diskBytes: try recorded("df-P"),
            .diskInodes: try recorded("df-i"), .healthz: .succeeded("200\n"),
        ]
        return Question.allCases.compactMap { change[$0] ?? answers[$0] } + units
    }

    static func facts(_ change: [Question: CommandOutput] = [:]) throws -> Facts {
        FactsProbe(services: []).parse(try answers(change))
    }

    static func service(_ output: CommandOutput, uptime: String = "5646.97 1.00\n") throws -> Fact<Facts.Service> {
        let probe = FactsProbe(services: [])
        let index = try #require(probe.services.firstIndex(of: "kubelet"))
        let units = (0..<probe.services.count).map { $0 == index ? output : .succeeded("") }
        return try #require(probe.parse(answers([.uptime: .succeeded(uptime)], units: units)).services["kubelet"])
    }

    @Test("a healthy node's answers are read")
    func healthy() throws {
        let facts = try Self.facts()
        #expect(facts.uptime == .known(.milliseconds(5_646_970)))
        #expect(facts.kubelet.healthz == .known(200))
        #expect(
            facts.firewall
                == .init(
                    backend: .known("nft"), inputPolicy: .known("ACCEPT"), forwardPolicy: .known("ACCEPT"),
                    rules: .known(46)))
        #expect(facts.machine.id == .known("bfbf31d4d3684d42a392d50d88bf9cb5"))
        #expect(facts.machine.os == .known("Debian GNU/Linux 12 (bookworm)"))
        let disks = try #require(facts.disks.value)
        #expect(disks.keys.sorted() == ["/"])
        #expect(disks["/"]?.freeBytes == 68_730_548_224)
        #expect(abs((disks["/"]?.usedPercent ?? 0) - 32.25) < 0.01)
        #expect(abs((disks["/"]?.inodesUsedPercent ?? 0) - 4.27) < 0.01)
    }

    @Test("a running service is stable since its process was started")
    func running() throws {
        let service = try #require(try Self.service(Self.recorded("active-show-all")).value)
        #expect(service.loaded && service.active && service.state == "active/running" && service.enabled == "enabled")
        #expect(service.mainPid == 9374 && service.restarts == 0)
        #expect(service.stableFor == .microseconds(5_646_970_000 - 5_626_968_445))
        #expect(try Self.service(Self.recorded("active-show-all"), uptime: "1.00 1.00").value?.stableFor == .zero)
    }

    @Test(
        "a crash loop is loaded, not active, not stable, with its restarts counted",
        arguments: [
            ("203exec-show", 16), ("noconfig-show", 89),
        ])
    func crashLoop(name: String, restarts: Int) throws {
        let service = try #require(try Self.service(Self.recorded(name)).value)
        #expect(service.loaded && !service.active && service.stableFor == .zero)
        #expect(service.state == "activating/auto-restart" && service.restarts == restarts)
    }

    @Test("a unit that does not exist is known not to be loaded")
    func noSuchUnit() throws {
        let service = try #require(try Self.service(Self.recorded("no-such-unit-show")).value)
        #expect(!service.loaded && !service.active && service.state == "inactive/dead" && service.enabled.isEmpty)
    }

    @Test("without the uptime nobody can say for how long an active service has been stable")
    func stableWithoutUptime() throws {
        #expect(try Self.service(Self.recorded("active-show-all"), uptime: "x").value == nil)
        #expect(try Self.service(Self.recorded("203exec-show"), uptime: "x").value != nil)
    }

    @Test(
        "firewall summaries",
        arguments: [
            ("drop-policy-save", "DROP", "DROP"), ("empty-save", "ACCEPT", "ACCEPT"),
            ("kubeproxy-save-counters", "ACCEPT", "ACCEPT"),
        ])
    func firewall(name: String, input: String, forward: String) throws {
        let firewall = try Self.facts([.iptablesSave: Self.recorded(name)]).firewall
        #expect(firewall.inputPolicy == .known(input) && firewall.forwardPolicy == .known(forward))
        #expect(firewall.rules.value != nil)
    }

    @Test("half a ruleset is no ruleset")
    func truncatedRuleset() throws {
        let whole = try #require(Self.recorded("drop-policy-save").output.text)
        let cut = whole.prefix(while: { $0 != "C" })
        let firewall = try Self.facts([.iptablesSave: .succeeded(String(cut))]).firewall
        #expect(firewall.inputPolicy == .unknown("iptables-save stopped in the middle of a table"))
        #expect(firewall.backend == .known("nft"))
    }

    @Test(
        "no answer of the kubelet is the status 0; what is no status is unknown",
        arguments: [
            ("200", Fact.known(200)), ("500\n", .known(500)), ("000\n", .known(0)),
            ("0", .unknown("not an HTTP status: 0")),
            ("+20", .unknown("not an HTTP status: +20")), ("<html>", .unknown("not an HTTP status: <html>")),
            ("", .unknown("not an HTTP status: ")), ("099", .unknown("not an HTTP status: 099")),
        ])
    func healthz(text: String, expected: Fact<Int>) throws {
        #expect(try Self.facts([.healthz: .succeeded(text)]).kubelet.healthz == expected)
    }

    @Test("a failed question is unknown with its cause, made safe to print")
    func causes() throws {
        let failed = CommandOutput(
            status: 127, output: Payload(""), errorTail: Payload("sh: 1: iptables-save: \u{1B}not found\n"))
        let facts = try Self.facts([.iptablesSave: failed, .uptime: CommandOutput(status: 124, output: Payload(""))])
        #expect(facts.firewall.rules == .unknown("exit status 127: sh: 1: iptables-save: \\u{1b}not found"))
        #expect(facts.uptime == .unknown("no answer in time"))
    }

    @Test("names with spaces, disks of which df cannot tell all, and an unreadable mount")
    func disks() throws {
        let bytes = """
            Filesystem     Type 1-blocks Used Available Capacity Mounted on
            //srv/my share ext4      100   50        50      50% /mnt/my data
            /dev/b         btrfs     100  100         0     100% /b
            /dev/c         xfs       100    0       100       0% /only-bytes
            df: /x: Transport endpoint is not connected
            """
        let inodes = """
            Filesystem     Inodes IUsed IFree IUse% Mounted on
            //srv/my share     10     1     9   10% /mnt/my data
            /dev/b              0     0     0     - /b
            """
        let disks = try #require(
            try Self.facts([
                .diskBytes: CommandOutput(status: 1, output: Payload(bytes)),
                .diskInodes: CommandOutput(status: 1, output: Payload(inodes)),
            ]).disks.value)
        #expect(
            disks == [
                "/mnt/my data": .init(usedPercent: 50, inodesUsedPercent: 10, freeBytes: 50),
                "/b": .init(usedPercent: 100, inodesUsedPercent: 0, freeBytes: 0),
            ])
    }

    @Test("hostile answers make unknowns, never a crash", arguments: 0..<8)
    func hostile(kind: Int) throws {
        let whole = try Self.answers(units: Array(repeating: Self.recorded("active-show-all"), count: 4))
        let outputs = whole.map { answer -> CommandOutput in
            var answer = answer
            let bytes = answer.output.bytes
            switch kind {
            case 0: answer.output = Payload(bytes: (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            case 1: answer.output = Payload(bytes: Array(bytes.prefix(bytes.count / 2)))
            case 2: answer.output = Payload(String(repeating: "A=9 9 9 9% /\n", count: 80_000))
            case 3: answer.output = Payload(String(repeating: "9", count: 1 << 20))
            case 4: answer.truncated = true
            case 5:
                answer.output = Payload(
                    "MainPID=-9\nNRestarts=99999999999999999999\nLoadState=é\nActiveState=active\nSubState=x")
            case 6: answer.output = Payload(String(repeating: "e\u{301}", count: 100_000))
            default: answer.status = -1
            }
            return answer
        }
        let facts = FactsProbe(services: []).parse(outputs)
        #expect(facts.services.count == 4)
        #expect(facts.machine.id.value == nil && facts.uptime.value == nil || kind == 1)
    }

    @Test(
        "names that systemctl would take for options or patterns are not sent",
        arguments: ["--all", "*", "a b", "", "a;b", "-H"])
    func unitNames(name: String) throws {
        let probe = FactsProbe(services: [name])
        #expect(!probe.commands().contains { $0.argv.first == "systemctl" && $0.argv.contains(name) })
        #expect(probe.parse(probe.commands().map { _ in .succeeded("") }).services[name]?.value == nil)
    }

    @Test("the questions are read-only programs, one for each answer, the time before the services")
    func commands() {
        let probe = FactsProbe(services: ["chisel"])
        #expect(probe.services == ["chisel", "containerd", "docker", "kubelet", "ssh"])
        let programs = Set(probe.commands().compactMap(\.argv.first))
        #expect(programs == ["cat", "iptables", "iptables-save", "timeout", "/bin/sh", "systemctl"])
        #expect(probe.commands().first?.argv == ["cat", "/proc/uptime"])
    }

    @Test("facts survive JSON, unknowns included")
    func coding() throws {
        let facts = try Self.facts([.healthz: CommandOutput(status: 1, output: Payload(""))])
        #expect(try JSON.decode(Facts.self, from: JSON.encode(facts)) == facts)
    }

    @Test(
        "expressions over facts",
        arguments: [
            ("facts.kubelet.healthz == 200", "true"),
            ("facts.firewall.rules > 10 && facts.uptime > duration('1h')", "true"),
            ("facts.disks['/'].usedPercent < 80.0", "true"), ("facts.machine.hostname == 'w1'", "true"),
            ("facts.disks['/var'].usedPercent < 80.0", "error"), ("facts.services['docker'].active", "error"),
            ("facts.services['nobody'].active", "error"),
        ])
    func expressions(source: String, expected: String) throws {
        let program = try Program.compile(source, declarations: Runbook.declarations, expecting: .bool)
        let result = program.evaluate(["facts": try Self.facts().value]).result
        switch result {
        case .success(let value): #expect(value.rendered() == expected)
        case .failure: #expect(expected == "error")
        }
    }

    @Test("an unknown fact is an error with its path and cause")
    func unknownValue() throws {
        let facts = try Self.facts([.iptablesSave: CommandOutput(status: 1, output: Payload(""))])
        let program = try Program.compile(
            "facts.firewall.rules == 0", declarations: Runbook.declarations, expecting: .bool)
        guard case .failure(let error) = program.evaluate(["facts": facts.value]).result else {
            return #expect(Bool(false), "must be an error")
        }
        #expect(error.path == "facts.firewall.rules" && error.message.contains("exit status 1"))
    }

    @Test("what is declared to the checker is complete")
    func declarations() { #expect(Runbook.declarations.undeclaredMessages.isEmpty) }
}
