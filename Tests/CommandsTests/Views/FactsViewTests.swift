import CEL
import Foundation
import Testing

@testable import Commands
@testable import Core
@testable import Engine

@Suite("belay facts, as text and JSON")
struct FactsViewTests {
    private static func sight(_ facts: Result<NodeFacts, NodeFailure>) -> NodeFactsSight {
        var sight = NodeFactsSight(
            node: "n1", address: "10.0.0.1:22", observedAt: Core.Timestamp(milliseconds: 1_795_000_000_000),
            facts: facts)
        (sight.bytes, sight.milliseconds) = (40_000, 1234)
        return sight
    }

    /// What a node answered that prints these reports, each for the group it is named by.
    private static func found(_ reports: [String: String]) -> NodeFacts {
        let groups = NodeProbe.groups.map { group in
            let text = reports[group.field.name] ?? ""
            let reading = FactReading(messages: group.messages, report: FactReport(texts: [text]))
            return (group.field.name, reading.value(of: group.field.name, group.field.type))
        }
        return NodeFacts(facts: .unknown("not asked here"), groups: Dictionary(uniqueKeysWithValues: groups))
    }

    private static let sample = found([
        "memory":
            "=totalBytes\t25325268992\n=availablePercent\t94.84\n=swapTotalBytes\t0\n?pressureSome\tthe kernel counts no stalls\n",
        "network":
            ".listening\n+addresses\t10.0.0.1/24 eth0\n.addresses\n+links\teth0\ttrue\t0\t5\t1500\n.links\n=defaultGateway\t\n",
        "io": "+devices\tsda\t50.04\t1048576\t0\n.devices\n",
        "logs": "+logs\tkubelet\tfirst\n+logs\tkubelet\tsecond\n+logs\tcontainerd\n.logs\n",
        "certificates": "+certificates\t/a.crt\t1800000000\tCN=a\t-90000\n.certificates\n",
        "proxies": ".proxies\n", "time": "=synchronised\tfalse\n=skew\t-1.5\n",
        "changes": "+changes\t/etc/a\t1795000000.5\n.changes\n",
    ])

    @Test("groups, units, tables, nothing, and what is not known with its cause")
    func text() throws {
        let text = FactsView(sights: [Self.sight(.success(Self.sample))]).text(.plain)
        let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        for line in [
            "n1 (10.0.0.1:22), 2026-11-18T11:06:40Z: 39 KiB in 1.2 s", "totalBytes: 23.6 GiB",
            "availablePercent: 94.84 %",
            "pressureSome: unknown: the kernel counts no stalls", "listening: none", "addresses: 10.0.0.1/24 eth0",
            "defaultGateway: -", "eth0  yes  0       5      1500", "sda   50.04 %      1.0 MiB/s           0 B/s",
            "kubelet:", "first",
            "containerd: none", "proxies: none", "skew: -1.5 s", "synchronised: no", "uptime: unknown: not asked here",
            "/etc/a  2026-11-18T11:06:40Z", "etcd: unknown: the node said nothing about it",
            "/a.crt  2027-01-15T08:00:00Z  CN=a     -25 h 0 min",
        ] { #expect(lines.contains(line), "\(line)\n\(text)") }
    }

    @Test("JSON has unknown facts as such, durations and instants as text, and of a node not asked the problem")
    func json() throws {
        let failure = NodeFailure("n2: connect: refused", remedy: "Start sshd.", isPassing: true)
        let view = FactsView(sights: [Self.sight(.success(Self.sample)), Self.sight(.failure(failure))])
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(try view.json().utf8)) as? [[String: Any]])
        let all = try #require(json[0]["facts"] as? [String: Any])
        let facts = all.compactMapValues { $0 as? [String: Any] }
        #expect(json[0]["observedAt"] as? String == "2026-11-18T11:06:40.000Z" && json[0]["bytes"] as? Int == 40_000)
        #expect(facts["memory"]?["totalBytes"] as? Int == 25_325_268_992)
        #expect(facts["memory"]?["pressureSome"] as? [String: String] == ["unknown": "the kernel counts no stalls"])
        #expect(facts["uptime"] as? [String: String] == ["unknown": "not asked here"])
        #expect(facts["time"]?["skew"] as? String == "-1.5s")
        let certificate = try #require(facts["certificates"]?["/a.crt"] as? [String: Any])
        #expect(certificate["notAfter"] as? String == "2027-01-15T08:00:00Z")
        #expect(certificate["remaining"] as? String == "-90000s")
        #expect(
            json[1]["problem"] as? [String: String] == ["message": "n2: connect: refused", "remedy": "Start sshd."])
        #expect(json[1]["facts"] == nil)
    }

    @Test(
        "amounts in the unit that their name tells",
        arguments: [
            ("freeBytes", Value.int(512), "512 B"), ("freeBytes", .int(1536), "1.5 KiB"),
            ("freeBytes", .int(-2048), "-2.0 KiB"),
            ("count", .int(1536), "1536"), ("readBytesPerSecond", .int(1 << 30), "1.0 GiB/s"),
            ("remaining", .duration(.seconds(86_400 * 30)), "30 d"),
            ("remaining", .duration(.milliseconds(-400)), "-0.4 s"),
            ("usedPercent", .double(12.345), "12.35 %"), ("load1", .double(0.5), "0.5"), ("up", .bool(false), "no"),
        ])
    func words(name: String, value: Value, expected: String) { #expect(FactWords(name: name).one(value) == expected) }

    @Test("docs/facts.md is what belay facts --schema prints")
    func page() throws {
        let page = try String(contentsOfFile: "\(SignedProject.root)/docs/facts.md", encoding: .utf8)
        #expect(page == FactsSchemaView(schema: .node).markdown, "write it anew: belay facts --schema >docs/facts.md")
        let json = try FactsSchemaView(schema: .node).json()
        #expect(json.contains("\"memory\"") && json.contains("map(string, Certificate)"))
    }
}
