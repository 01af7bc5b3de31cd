import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import Commands
@testable import Core
@testable import Engine

/// The schema says what the code writes: held against it by a validator that is not ours (Debian's python3-jsonschema).
@Suite("The schema of log entries", .timeLimit(.minutes(3)))
struct EntrySchemaTests {
    private static let script = """
        import json, sys, jsonschema
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for number, line in enumerate(sys.stdin):
            for error in validator.iter_errors(json.loads(line)):
                print(number, "/".join(map(str, error.absolute_path)), error.message[:300])
        """

    private static func faults(_ entries: [[UInt8]]) async throws -> [String] {
        let schema = URL(fileURLWithPath: #filePath).appending(path: "../../../schemas/log-entry.schema.json")
            .standardizedFileURL
        let lines = entries.map { String(decoding: $0, as: UTF8.self) + "\n" }.joined()
        let result = try await Subprocess.run(
            .path(FilePath("/usr/bin/python3")), arguments: ["-c", script, schema.path], input: .string(lines),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput.split(separator: "\n").map(String.init)
    }

    private static func entry(_ event: LogEvent) throws -> [UInt8] {
        try JSON.encode(LogRecord(at: Timestamp(milliseconds: 1), by: "t", run: "r", node: "n", event: event))
    }

    /// At least one of each event there is.
    static func events() throws -> [LogEvent] {
        let seen = Observation([
            "a": .text("x"), "b": .lines(["y"]), "c": .content(Payload(bytes: [0, 255])), "d": .absent,
        ])
        let difference = Difference(field: "a", expected: .absent, found: nil)
        let finding = Finding(
            policy: "p", enforcement: .hard, place: "p.yaml:1", node: "n", step: "s", outcome: .deny, message: "m",
            remedy: "r", trace: [Finding.Trace(expression: "1", value: "1")], lift: .breakGlass, liftedBy: "alice")
        let glass = try Sample.breakGlass()
        let signed = SignedResolution(statement: Payload("{}"), signature: "s")
        let key = TrustRecord.Key(type: "ssh-ed25519", fingerprint: "SHA256:a")
        let digest = String(repeating: "0a", count: 32)
        let command = Command(["a"], input: Payload("b"), accepts: [0, 5])
        let writes: [Write] = [
            .acquireLease(.node, recovering: true), .armDeadMan, .apply(step: 0), .disarmDeadMan, .fireDeadMan,
            .armReturn, .takeReturn, .undo(step: 1), .releaseLease(.cluster),
        ]
        let standings: [NodeReturnStanding] = [
            .armed(secondsLeft: 1, waitingFor: nil), .armed(secondsLeft: -1, waitingFor: "r2"), .taken, .running,
            .returned(output: Payload("o")), .conflict(step: "s", output: Payload("o")),
            .failed(step: "s", status: 1, output: Payload("o")), .none, .refused("w"),
        ]
        let answers: [NodeAnswer] = [
            .granted(epoch: 1, inMemory: false), .released, .ended(.before, by: "b"), .armed, .won,
            .reverted(status: 1, rebooted: true, output: Payload("o")), .noDeadMan,
            .done(status: 1, failedAt: 0, output: Payload("o")), .running, .lost(rebooted: false), .absent,
            .refused("w"),
        ]
        let run: [Event] =
            writes.map { .intent(Intent($0, commands: [command], undo: [command])) }
            + answers.map { .outcome(.armDeadMan, $0) } + standings.map { .outcome(.takeReturn, .ownReturn($0)) }
            + [
                .started(holder: "h"), .recovering(holder: "h"), .observed(step: 0, moment: .before, seen),
                .unobservable(step: 0, moment: .afterUndo, reason: "r"), .unchanged(step: 0),
                .evaluated(step: 0, holds: nil, reason: "r"), .evaluated(step: 0, holds: true, reason: "r"),
                .skipped(step: 0, reason: "r"), .judged(findings: [finding]), .admitted(failures: ["f"]),
                .verified(step: nil, failures: []), .verified(step: 1, failures: ["f"]), .stale(step: 0, [difference]),
                .conflict(step: 0, [difference]), .nodeState(.succeeded, reason: "r"), .unreachable(.node, cause: "c"),
                .resolved(signed), .wave(0), .finished(.succeeded),
            ]
        return run.map { .run($0) } + [
            .began(LogBeginning(origin: "o", key: "k")),
            .planned(PlannedRecord(plan: Payload("{}"), planSha256: digest, signature: "s")),
            .adopted(AdoptedRecord(run: "r", node: "n", pieces: [])),
            .approval(ApprovalRecord(statement: Payload("{}"), signature: "s")),
            .breakGlassUsed(
                BreakGlassRecord(
                    glass, decision: try Sample.decision(allowed: true), lifted: ["p"], statement: Payload("{}"),
                    signature: "s")),
            .notified(NotificationRecord(command: ["/bin/page", "lead"], failure: nil)),
            .notified(NotificationRecord(command: ["/bin/page"], failure: "f")),
            .reviewed(SignedReview(statement: Payload("{}"), signature: "s")),
            .kept(SignedKeeping(statement: Payload("{}"), signature: "s")),
            .nodeReturn(NodeReturnRecord(purpose: .look, standing: .conflict(step: "s", output: Payload("o")))),
            .nodeReturn(NodeReturnRecord(purpose: .take, standing: .refused("busy"))),
            .trusted(
                TrustRecord(
                    name: "n", address: "a", keys: [key], replaced: [key], file: "f",
                    basis: .prepared(file: "f", sha256: digest))),
            .trusted(TrustRecord(name: "n", address: "a", keys: [key], replaced: [], file: "f", basis: .asked)),
            .recoveredLog(
                LogRecovery(
                    tornBytes: 1, rebuiltTiles: true,
                    open: [OpenIntent(index: 1, run: "r", node: "n", write: .armDeadMan)])),
            .blobErased(BlobErasure(commitment: digest, entry: 1, reason: "r")),
            .keyRotated(KeyRotation(old: "o+1+a", new: "o+2+b", reason: "r")),
            .read(LogReading(command: ["log"], entries: 1)),
            .incidentStarted(try IncidentStart(id: "INC-1", title: "t")),
            .incidentNoted(try IncidentNote(incident: "INC-1", text: "x")),
            .incidentClosed(try IncidentClosing(incident: "INC-1", summary: "s")),
            .incidentTied(IncidentTie(incident: "INC-1")), .triaged(try triaged()),
        ]
    }

    /// An answer of triage in which everything stands.
    static func triaged() throws -> TriageRecord {
        let text = """
            {"incident": "INC-1", "observedAt": "2026-11-22T18:00:00.000Z", "nodes": ["n"], "layer": "node",
             "scope": {"kind": "nodes", "names": ["n"]}, "moreFindings": 1, "unseen": ["m"], "unchecked": 2,
             "findings": [{"rule": "r", "title": "t", "isUnexplained": true, "layer": "node", "morePlaces": 3,
               "places": [{"subject": "node n", "evidence": ["e"], "moreLines": 4}], "consequences": ["c"], "runbooks": ["b"]}]}
            """
        return try JSON.decode(TriageRecord.self, from: Array(text.utf8))
    }

    @Test("every event that can be logged fits, and the schema knows no other")
    func everyEvent() async throws {
        var events = try Self.events()
        var decision = try Sample.decision(allowed: true)
        decision.breakGlass = try Sample.breakGlass()
        events.append(.decided(decision))
        events += try [nil, "worker-1"].map { .decisionInput(try DecisionInputRecord(Sample.input(turn: $0))) }
        #expect(try await Self.faults(try events.map(Self.entry)) == [])
        let schema = try JSONSerialization.jsonObject(
            with: Data(
                contentsOf: URL(fileURLWithPath: #filePath).appending(path: "../../../schemas/log-entry.schema.json")
                    .standardizedFileURL))
        let properties = try #require((schema as? [String: Any])?["properties"] as? [String: Any])
        let types = try #require((properties["type"] as? [String: Any])?["enum"] as? [String])
        #expect(Set(events.map(\.name)) == Set(types))
    }

    @Test("the entries of whole runs fit")
    func runs() async throws {
        let stories = [try Story.succeeded(), try Story.rolledBack(), try Story.needsPerson()]
        #expect(try await Self.faults(stories.flatMap { $0.records.map(\.bytes) }) == [])
    }

    @Test("what is none of it does not fit")
    func strange() async throws {
        let record = String(decoding: try Self.entry(.run(.wave(0))), as: UTF8.self)
        for (part, other) in [
            ("\"wave\":{", "\"wives\":{"), ("\"number\":0", "\"number\":-1"),
            ("\"type\":\"wave\"", "\"type\":\"intent\""),
            ("\"by\":", "\"who\":"),
        ] {
            let changed = record.replacingOccurrences(of: part, with: other)
            #expect(changed != record)
            #expect(try await !Self.faults([Array(changed.utf8)]).isEmpty, "\(changed)")
        }
    }
}
