import Testing

@testable import Core

@Suite("what incidents put into the log")
struct IncidentRecordsTests {
    private let now = Timestamp(milliseconds: 1_795_370_400_000)

    @Test("an id is made from the day and the first number that is free, whatever case the others are in")
    func freeID() {
        #expect(IncidentWords.freeID(at: now, taken: [String]()) == "INC20261122-1")
        #expect(IncidentWords.freeID(at: now, taken: ["INC20261122-1", "inc20261122-2", "INC-7"]) == "INC20261122-3")
        let odd = ["INC20261122-9223372036854775807", "INC20261122--5", "INC20261121-1", "INC20261122-"]
        #expect(IncidentWords.freeID(at: now, taken: odd) == "INC20261122-1")
    }

    @Test("an id that is made is one that may be given", arguments: [0, 1, 4_102_444_800_000])
    func made(milliseconds: Int64) throws {
        let id = IncidentWords.freeID(at: Timestamp(milliseconds: milliseconds), taken: [String]())
        #expect(try IncidentStart(id: id, title: "t").id == id)
    }

    @Test(
        "what is no id is refused",
        arguments: [
            "", "-a", ".a", "a b", "a/b", "a\n", "é", "\u{FF21}", "a`", "INC#1", String(repeating: "a", count: 65),
            "AKIAABCDEFGHIJKLMNOP",
        ])
    func strange(id: String) {
        #expect(throws: ArgumentError.self) { try IncidentStart(id: id, title: "t") }
    }

    @Test("texts are bounded, and must say something")
    func texts() throws {
        let (most, mostTitle) = (IncidentWords.mostBytes, IncidentWords.mostTitleBytes)
        let longest = String(repeating: "x", count: most)
        #expect(try IncidentNote(incident: "a", text: longest).text == longest)
        #expect(try IncidentClosing(incident: "a", summary: longest).summary == longest)
        #expect(throws: ArgumentError.self) { try IncidentNote(incident: "a", text: longest + "x") }
        #expect(throws: ArgumentError.self) { try IncidentClosing(incident: "a", summary: longest + "x") }
        #expect(throws: ArgumentError.self) { try IncidentNote(incident: "a", text: " \n\t") }
        #expect(throws: ArgumentError.self) { try IncidentStart(id: "a", title: "") }
        #expect(throws: ArgumentError.self) {
            try IncidentStart(id: "a", title: String(repeating: "é", count: mostTitle / 2 + 1))
        }
    }

    @Test(
        "their events are written under their names and read back; a plan's entry is as it was before there were incidents"
    )
    func events() throws {
        let events: [(LogEvent, String)] = [
            (
                .incidentStarted(try IncidentStart(id: "INC-1", title: "t")),
                #"{"incident.started":{"id":"INC-1","title":"t"}}"#
            ),
            (
                .incidentNoted(try IncidentNote(incident: "INC-1", text: "x")),
                #"{"incident.noted":{"incident":"INC-1","text":"x"}}"#
            ),
            (
                .incidentClosed(try IncidentClosing(incident: "INC-1", summary: "s")),
                #"{"incident.closed":{"incident":"INC-1","summary":"s"}}"#
            ), (.incidentTied(IncidentTie(incident: "INC-1")), #"{"incident.tied":{"incident":"INC-1"}}"#),
            (
                .planned(PlannedRecord(plan: Payload("p"), planSha256: "d", signature: "s")),
                #"{"plan":{"plan":"p","planSha256":"d","signature":"s"}}"#
            ),
        ]
        for (event, text) in events {
            let bytes = try JSON.encode(event)
            #expect(String(decoding: bytes, as: UTF8.self) == text)
            #expect(try JSON.decode(LogEvent.self, from: bytes) == event)
        }
    }
}

@Suite("what the log keeps of triage")
struct TriageRecordTests {
    private static func finding(_ rule: String, places: Int, lines: Int, line: String) -> TriageReport.Finding {
        TriageReport.Finding(
            rule: rule, set: "A", title: line, isUnexplained: false, layer: .node,
            places: (0..<places).map { place in
                .init(
                    subject: "node n\(place)", node: "n\(place)", evidence: (0..<lines).map { "\($0) " + line })
            }, consequences: [], runbooks: [], advice: "")
    }

    private static func record(_ findings: [TriageReport.Finding], names: [String] = ["n"]) -> TriageRecord {
        let report = TriageReport(
            observedAt: Timestamp(milliseconds: 0), scope: .init(kind: .nodes, names: names), layer: .node,
            findings: findings, ruledOut: [], unchecked: [])
        return TriageRecord(
            report, incident: "INC-1", nodes: names, offered: findings.map { _ in ["restart-kubelet"] }, unseen: names)
    }

    @Test("a usual answer is kept whole")
    func usual() {
        let record = Self.record([Self.finding("full", places: 2, lines: 3, line: "the disk is full")])
        #expect(record.moreFindings == 0 && record.findings.map(\.rule) == ["full"])
        #expect(
            record.findings[0].morePlaces == 0 && record.findings[0].places.map(\.subject) == ["node n0", "node n1"])
        #expect(record.findings[0].places[1].evidence.last == "2 the disk is full")
        #expect(record.findings[0].places[1].moreLines == 0 && record.findings[0].runbooks == ["restart-kubelet"])
    }

    @Test(
        "whatever was found fits into an entry, and what there was more of is counted",
        arguments: ["x", "\"", "\u{1}", "\u{1F600}", "\u{202E}"])
    func bounded(sign: String) throws {
        let line = String(repeating: sign, count: 5000)
        let findings = (0..<40).map { Self.finding("rule\($0)" + line, places: 30, lines: 30, line: line) }
        let names = (0..<200).map { "\($0)" + line }
        let record = Self.record(findings, names: names)
        #expect(try JSON.encode(LogEvent.triaged(record)).count <= 52_000)
        #expect(!record.findings.isEmpty && record.findings.count + record.moreFindings == 40)
        #expect(record.findings[0].places.count + record.findings[0].morePlaces == 30)
        let place = record.findings[0].places[0]
        #expect(!place.evidence.isEmpty && place.evidence.count + place.moreLines == 30)
        #expect(record.unseen.last?.hasPrefix("… and ") == true && record.unseen.count < 30)
        #expect(try JSON.decode(TriageRecord.self, from: JSON.encode(record)) == record)
    }
}
