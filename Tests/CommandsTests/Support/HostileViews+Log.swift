import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine
@testable import TransparencyLog

extension HostileViews {
    /// Entries of every kind there is, each hostile.
    static func entries() throws -> [IndexedRecord] { try madeEntries.get() }

    private static let madeEntries = Result { try makeEntries() }

    private static func makeEntries() throws -> [IndexedRecord] {
        let resolution = Resolution(
            run: "r", node: "n", planSha256: Sample.sha256, verdict: .before, by: Hostile.text, reason: Hostile.text,
            at: Timestamp(milliseconds: 0), nonce: String(repeating: "0a", count: 16), logOrigin: "test.example/log")
        let review = Review(
            run: "r", planSha256: Sample.sha256, statementSha256: Sample.sha256, by: Hostile.text,
            comment: Hostile.text, at: Timestamp(milliseconds: 0), nonce: String(repeating: "0a", count: 16),
            logOrigin: "test.example/log")
        let keeping = Keeping(
            run: "run", planSha256: Sample.sha256, by: "by", reason: Hostile.text, at: Timestamp(milliseconds: 0),
            nonce: String(repeating: "0a", count: 16), logOrigin: "test.example/log")
        let signed: [LogEvent] = [
            .kept(SignedKeeping(statement: Payload(bytes: try keeping.encoded()), signature: "s")),
            .run(.resolved(SignedResolution(statement: Payload(bytes: try resolution.encoded()), signature: "s"))),
            .reviewed(SignedReview(statement: Payload(bytes: try review.encoded()), signature: "s")),
        ]
        return try (EntrySchemaTests.events() + signed).enumerated().map { index, event in
            let made = LogRecord(at: Timestamp(milliseconds: 0), by: "by", run: "run", node: "node", event: event)
            let record = try Hostile.everywhere(made)
            return IndexedRecord(index: UInt64(index), record: record, bytes: try JSON.encode(record))
        }
    }

    /// A log's report in which everything that others could have named is hostile.
    static func report(isIntact: Bool) throws -> VerificationReport {
        let key = try key(1).verifier
        let failure = VerificationFailure(
            .strayFile, entries: 0..<2, file: Hostile.text, offset: 3, what: Hostile.text, meaning: Hostile.text)
        let witness = Cosigner(key: key, time: 1)
        return VerificationReport(
            source: .journal, since: 0, skippedCheckpoints: 0, entries: 3,
            root: try #require(TreeHash(Array(repeating: 0, count: 32))), key: .fromLog(key),
            keys: [KeyTerm(key: key, sizes: 0...1), KeyTerm(key: key, sizes: 1...3)],
            checkpoints: [CheckedCheckpoint(source: Hostile.text, size: 2, cosigners: [witness])], tiles: 0,
            tornTail: TornTail(index: 3, file: Hostile.text, offset: 0, length: 1), findings: [], findingCount: 0,
            witnessed: WitnessedCheckpoint(size: 2, cosigners: [witness]), failures: isIntact ? [] : [failure])
    }

    static func page(_ run: HostileRun) throws -> ReportPage {
        ReportPage(
            runs: [try run.history, try run.history],
            proof: LogStatement(try report(isIntact: false), checkpoint: Hostile.text), inventory: try run.inventory,
            at: run.plan.createdAt)
    }

    static let log: [String: Case] = [
        "TimelineView": { run in
            try (entries() + run.records).flatMap { entry in
                [nil, run.plan].map { TimelineView(entry, plan: $0).line(.plain, namesRun: true) }
            }
        },
        "EntriesView": { run in
            let entries = try entries() + run.records
            let view = EntriesView(entries: entries, plans: [run.plan.id: run.plan])
            // One line an entry, whatever stands in it.
            for text in [view.text(.plain), view.jsonLines] {
                #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == entries.count)
            }
            return [view.text(.plain), view.jsonLines]
        },
        "EntryView": { run in try (entries() + run.records).map { try EntryView(entry: $0).text(.plain) } },
        "EntriesTable": { run in
            let entries = try entries() + run.records
            let table = EntriesTable(entries: entries, plans: [run.plan.id: run.plan]).csv
            let lines = table.components(separatedBy: "\r\n")
            #expect(lines.count == entries.count + 2)
            return lines
        },
        "VerificationView": { _ in
            try [false, true].flatMap { isIntact in
                let view = VerificationView(
                    report: try report(isIntact: isIntact), directory: Hostile.text, since: Hostile.text)
                return [view.text(.plain), try view.json()]
            }
        },
        "PolicyReplayView": { run in
            var input = try Hostile.everywhere(Sample.input(run.plan, turn: run.plan.nodes[0].name))
            input.planSha256 = try run.run.planSha256
            let records = [
                LogEvent.decisionInput(try DecisionInputRecord(input)),
                .run(.judged(findings: run.decision.findings)),
            ].enumerated().map { index, event in
                let record = LogRecord(
                    at: run.plan.createdAt, by: "by", run: run.plan.id, node: run.plan.nodes[0].name, event: event)
                return IndexedRecord(index: 100 + UInt64(index), record: record, bytes: [])
            }
            let (decisions, unreadable) = try RunStore(run.records + records).run(run.plan.id)
                .replay(under: policies())
            let view = PolicyReplayView(run: Hostile.text, decisions: decisions, unreadable: unreadable)
            #expect(!decisions.isEmpty)
            return [view.text(.plain), try view.json()]
        },
        "NextKeyView": { _ in
            [NextKeyView(change: KeyChange(old: try key(1).verifier, new: try key(2).verifier)).text]
        },
        "RotatedKeyView": { _ in
            let change = KeyChange(old: try key(1).verifier, new: try key(2).verifier)
            return [RotatedKeyView(change: change, checkpoint: try checkpoint().checkpoint, configured: "k").text]
        },
        "MadeLogView": { _ in
            let log = Workspace.MadeLog(key: try key(1).verifier, isNew: true, isKeptByAgent: false)
            return [MadeLogView(log: log, directory: Hostile.text, configured: Hostile.text).text]
        },
        "WitnessRoundView": { _ in
            let witness = WitnessPolicy.Witness(name: Hostile.text, key: try key(3).verifier, url: Hostile.text)
            let replies = [WitnessRound.Outcome.failed(Hostile.text), .cosigned(at: 1)].map {
                WitnessRound.Reply(witness: witness, outcome: $0)
            }
            let round = WitnessRound(checkpoint: try checkpoint(), replies: replies, hasQuorum: false)
            return [WitnessRoundView(round: round, quorum: Hostile.text).text(.plain)]
        },
        "HTML": { _ in [HTML.tag("p", ["class": Hostile.text], [.text(Hostile.text), .lines([Hostile.text])]).source] },
        "ReportPage": { run in [try page(run).html] },
        "ProofSection": { run in
            [ProofSection(proof: try page(run).proof, runs: [try run.history]).html.source]
        },
        "RunSection": { run in
            [RunSection(try run.history, inventory: try run.inventory, isHeld: false).html.source]
        },
        "NodeSection": { run in
            let history = try run.history
            return history.nodes.map { NodeSection(part: $0, history: history).html.source }
        },
        "FindingSection": { run in FindingSection.all(run.decision.findings).map(\.source) },
    ]

    private static func checkpoint() throws -> SignedCheckpoint {
        let key = try key(1)
        let root = try #require(TreeHash(Array(repeating: 0, count: 32)))
        return try SignedCheckpoint(Checkpoint(origin: key.verifier.name, size: 1, root: root), signedBy: key)
    }
}
