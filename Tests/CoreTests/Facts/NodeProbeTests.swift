import CEL
import Foundation
import RandomStates
import Testing

@testable import Core

/// The whole probe: its bounds, and what becomes of answers that are none.
@Suite("Node probe")
struct NodeProbeTests {
    private static let now = Core.Timestamp(milliseconds: 1_795_000_000_000)

    @Test("a node cannot send more than the limit, whatever its commands print")
    func bytes() {
        let probe = NodeProbe()
        #expect(probe.bounds().outputs.count == probe.commands().count)
        #expect(probe.bounds().printed(by: probe.commands().count) <= NodeProbe.byteLimit)
    }

    @Test("whatever hangs, no lane waits longer than two seconds for it", arguments: FactQuestion.Peer.allCases)
    func time(peer: FactQuestion.Peer) {
        let waits = NodeProbe().waits(for: peer)
        #expect(waits.count == NodeProbe.lanes && waits.allSatisfy { $0 <= 2 }, "\(waits)")
        #expect(peer == .sample || waits.contains { $0 > 0 }, "\(waits)")
    }

    @Test("every message and field has a name of its own, a declared type and words about it")
    func declared() {
        var declarations = Declarations()
        NodeFacts.declare(in: &declarations)
        #expect(declarations.undeclaredMessages.isEmpty)
        let schema = FactSchema.node
        let names = schema.fields.map(\.name)
        #expect(Set(names).count == names.count)
        let messages = NodeProbe.groups.flatMap(\.messages.keys) + Facts.messages.keys
        #expect(Set(messages).count == messages.count, "a message is declared by one group")
        for field in schema.fields + schema.messages.values.flatMap(\.self) {
            #expect(!field.about.isEmpty && !field.about.hasSuffix(".") || names.contains(field.name), "\(field.name)")
        }
    }

    @Test("a silent node's facts are all unknown, and still of their types")
    func silent() {
        let facts = NodeProbe().parse([], at: Self.now).value
        #expect(FactSchema.node.faults(of: facts) == [])
        #expect(FactSchema.node.faults(of: NodeFacts.unknown("nobody was there").value) == [])
    }

    @Test("arbitrary answers give every declared field its type or a cause", arguments: 0..<200)
    func arbitrary(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let probe = NodeProbe()
        let outputs = probe.commands().map { _ in CommandOutput(arbitrary: &random) }
        let facts = probe.parse(outputs, at: Self.now)
        #expect(FactSchema.node.faults(of: facts.value) == [])
        #expect((try? JSON.encode(FactsJSON(facts.value))) != nil)
    }

    @Test("answers come back to the questions they were sent for")
    func order() async throws {
        let probe = NodeProbe(services: ["chisel"])
        let commands = probe.commands()
        #expect(commands[0].argv == ["cat", "/proc/uptime"])
        let outputs = commands.map { command -> CommandOutput in
            switch command.argv.prefix(2) {
            case ["cat", "/proc/uptime"]: .succeeded("5.00 1.00\n")
            case ["cat", "/etc/machine-id"]: .succeeded("bfbf31d4d3684d42a392d50d88bf9cb5\n")
            default:
                command.argv.last == "chisel"
                    ? .succeeded("LoadState=loaded\nActiveState=active\nSubState=x\n")
                    : CommandOutput(status: 1, output: Payload(""))
            }
        }
        let facts = probe.parse(outputs, at: Self.now).facts
        #expect(facts.uptime == .known(.seconds(5)) && facts.services["chisel"]?.value?.active == true)
        #expect(facts.machine.id == .known("bfbf31d4d3684d42a392d50d88bf9cb5"))
    }

    @Test(
        "a ruleset that comes as a summary is the same firewall",
        arguments: ["kubeproxy-save-before", "drop-policy-save", "empty-save"])
    func summary(name: String) async throws {
        let node = try FactNode(shell: ["/bin/sh"])
        let saved = try ModelFixture.bytes("facts/\(name).out")
        try node.file("/saved", String(decoding: saved, as: UTF8.self))
        try node.program("iptables-save", "exec cat '\(node.root)/saved'")
        let short = try await LocalNode(environment: ["PATH": "\(node.folder)/programs"]).run(FirewallFacts.summary)
        #expect(short.output.bytes.count < 600)
        let version = Fact.known("iptables v1.8.9 (nf_tables)")
        let whole = FirewallFacts.firewall(version: version, saved: .known(String(decoding: saved, as: UTF8.self)))
        #expect(FirewallFacts.firewall(version: version, saved: .known(short.output.text ?? "")) == whole)
        #expect(whole.rules.value != nil)
    }
}

extension CommandOutput {
    /// Lines such as scripts print, of any names and values; some cut, some failed, some no lines at all.
    fileprivate init(arbitrary random: inout SeededGenerator) {
        let names = FactSchema.node.messages.values.flatMap { $0.map(\.name) } + FactSchema.node.fields.map(\.name)
        let values = [
            "", "1", "-1", "true", "?x", "9999999999999999999", "1e999", "nan", "\u{1b}[2J", "a\tb", "é\u{301}", "{",
            "-#x",
        ]
        func line(_ random: inout SeededGenerator) -> String {
            let mark = ["=", "?", "+", ".", "x", ""].randomElement(using: &random) ?? ""
            let columns = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                values.randomElement(using: &random) ?? ""
            }
            return ([mark + (names.randomElement(using: &random) ?? "")] + columns).joined(separator: "\t")
        }
        var bytes = Array((0..<Int.random(in: 0...60, using: &random)).map { _ in line(&random) + "\n" }.joined().utf8)
        if Int.random(in: 0..<8, using: &random) == 0 {
            bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        self.init(
            status: [0, 0, 0, 1, 124].randomElement(using: &random) ?? 0, output: Payload(bytes: bytes),
            truncated: Int.random(in: 0..<8, using: &random) == 0)
    }
}
