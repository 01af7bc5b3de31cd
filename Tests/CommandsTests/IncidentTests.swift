import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

/// Incidents on the command line: what is tied to them, what is not, and what is refused.
@Suite("incidents", .timeLimit(.minutes(5)))
struct IncidentTests {
    private let project: SignedProject

    init() async throws { project = try await SignedProject() }

    private func records() async throws -> [LogRecord] {
        try await RecordReader(directory: project.log).records().map(\.record)
    }

    private func types() async throws -> [String] { try await records().map(\.type) }

    @Test(
        "one line starts it, with an id made from the date that the policy about break-glass takes; then it is in the status"
    )
    func start() async throws {
        let started = await project.belay("incident", "start", "API", "does", "not", "answer")
        #expect(started.exit == .done && started.complaints == "", "\(started)")
        let id = try #require(try await project.incidents().incidents.first?.id)
        #expect(id.contains(/^INC20\d{6}-1$/) && id.contains(/^[A-Z][A-Z0-9]*-[0-9]+$/))
        #expect(started.output == "STARTED incident \(id): API does not answer (entry 1)\n")
        let second = await project.belay("incident", "start", "DNS is slow")
        #expect(second.output.contains("\(id.dropLast())2: DNS is slow"), "\(second)")
        let status = await project.belay("status")
        #expect(status.exit == .done && status.output.contains("INCIDENT OPEN \(id) for "), "\(status)")
        #expect(status.output.contains(": API does not answer\n") && status.output.contains("Nothing is under way"))
    }

    @Test("an id is in the log once, in whatever case, also after its end; one that is none is refused")
    func ids() async throws {
        #expect(await project.belay("incident", "start", "a", "--id", "INC-4711").exit == .done)
        #expect(await project.belay("incident", "close", "--summary", "over").exit == .done)
        for id in ["INC-4711", "inc-4711"] {
            let again = await project.belay("incident", "start", "b", "--id", id)
            #expect(again.exit == .usage && again.complaints.contains("the log has an incident INC-4711"), "\(again)")
        }
        for id in ["a b", "-x", "é", "a\u{1B}[2J", "../x", "`x`", String(repeating: "a", count: 65)] {
            let odd = await project.belay("incident", "start", "b", "--id=\(id)")
            #expect(odd.exit == .usage && !odd.complaints.contains("\u{1B}"), "\(id): \(odd)")
        }
        #expect(try await types().count { $0 == "incident.started" } == 1)
    }

    @Test("of several that are started at once each has an id of its own")
    func atOnce() async throws {
        let project = project
        let exits = await withTaskGroup(of: Exit.self) { group in
            for number in 0..<4 {
                group.addTask { await project.belay("incident", "start", "number \(number)").exit }
            }
            return await group.reduce(into: [Exit]()) { $0.append($1) }
        }
        #expect(exits == [.done, .done, .done, .done])
        let incidents = try await project.incidents().incidents
        #expect(incidents.count == 4 && Set(incidents.map(\.id)).count == 4)
    }

    @Test("of several open ones none is guessed; an unknown one is an error that lists the open ones")
    func several() async throws {
        let none = await project.belay("incident", "note", "nothing is open")
        #expect(none.exit == .usage && none.complaints.contains("no incident is open"), "\(none)")
        for id in ["INC-1", "INC-2"] { _ = await project.belay("incident", "start", "title of \(id)", "--id", id) }
        let unnamed = await project.belay("incident", "note", "which one")
        #expect(unnamed.exit == .usage && unnamed.complaints.contains("2 incidents are open"), "\(unnamed)")
        #expect(unnamed.complaints.contains("INC-1 (title of INC-1), INC-2 (title of INC-2)"))
        let unknown = await project.belay("incident", "note", "INC-9", "text")
        #expect(unknown.exit == .usage && unknown.complaints.contains("the log has no incident 'INC-9'"), "\(unknown)")
        #expect(unknown.complaints.contains("Open: INC-1 (title of INC-1), INC-2"))
        #expect(try await !types().contains("incident.noted"))
        #expect(await project.belay("incident", "note", "INC-2", "this one").output.contains("noted on incident INC-2"))
        #expect(await project.belay("incident", "close", "INC-1", "--summary", "it was DNS").exit == .done)
        let only = await project.belay("incident", "note", "the other one is over")
        #expect(only.output.contains("noted on incident INC-2"), "\(only)")
        let list = await project.belay("incident", "list").output.split(separator: "\n")
        #expect(list.count == 3 && list[1].hasPrefix("INC-2") && list[1].contains("OPEN"), "\(list)")
        #expect(list[2].hasPrefix("INC-1") && list[2].contains("closed"))
    }

    @Test("what people write is bounded, and secrets in it are not hashed")
    func bounds() async throws {
        _ = await project.belay("incident", "start", "a", "--id", "INC-1")
        for (arguments, words) in [
            (["start", String(repeating: "x", count: 201)], "the title has 201 bytes"),
            (["start", " "], "the title has 1 bytes"),
            (["note", String(repeating: "é", count: 2001)], "the note has 4002 bytes"), (["note", "\n"], "the note"),
            (["note", "the", "kubelet", "died"], "put the text in quotes"),
            (["close", "--summary", " "], "--summary has 1 bytes"),
            (["close", "--summary", String(repeating: "x", count: 4001)], "--summary has 4001 bytes"),
        ] {
            let refused = await project.belay(["incident"] + arguments)
            #expect(refused.exit == .usage && refused.complaints.contains(words), "\(words): \(refused)")
        }
        #expect(try await types() == ["log.init", "incident.started"])
        // The longest that is taken, of what JSON makes longest, still fits into an entry.
        let longest = String(repeating: "\u{1}", count: 4000)
        #expect(await project.belay("incident", "note", longest).exit == .done)
        #expect(await project.belay("incident", "note", "we used password=hunter2 there").exit == .done)
        let entries = try await RecordReader(directory: project.log).records()
        #expect(
            entries.allSatisfy {
                $0.bytes.count <= 65_535 && !String(decoding: $0.bytes, as: UTF8.self).contains("hunter2")
            })
        let report = await project.belay("incident", "report")
        #expect(report.output.contains("we used password=\\[redacted\\] there"), "\(report.output)")
        #expect(!report.output.contains("hunter2") && !report.output.contains("\u{1}"))
        #expect(await project.belay("audit", "verify", project.log).exit == .done)
    }

    private static let runbook = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: nudge, title: Nudge it, layer: node, author: test}
        spec:
          targets: {max: 1}
          steps:
          - {name: restart, action: service.restart, optional: true, with: {service: kubelet}}
        """

    // Its node does not answer, so that its only step is left out: the plan is one all the same.
    private func plan(_ more: String...) async throws -> (exit: Exit, output: String, complaints: String) {
        try project.write(Self.runbook, to: "runbooks/nudge.yaml")
        return await project.belay(
            ["plan", "nudge", "--node", "worker-1", "--out", "\(project.path)/nudge.plan"] + more)
    }

    private func ties() async throws -> [String: String] {
        let pairs = try await records().compactMap { record -> (String, String)? in
            guard case .incidentTied(let tie)? = record.event, let run = record.run else { return nil }
            return (run, tie.incident)
        }
        return Dictionary(pairs) { first, _ in first }
    }

    @Test("a plan is tied to the only open incident, which is said, and its bytes say nothing of it")
    func planned() async throws {
        let before = try await plan()
        #expect(before.complaints == "" && [.done, .denied].contains(before.exit), "\(before)")
        _ = await project.belay("incident", "start", "it is down", "--id", "INC-1")
        let tied = try await plan("-o", "json")
        #expect(tied.complaints.contains("the plan is for incident INC-1, the only open one"), "\(tied)")
        let all = try await records()
        let plans = all.compactMap { if case .planned(let plan)? = $0.event { plan } else { nil } }
        #expect(
            plans.count == 2 && !plans.contains { String(decoding: $0.plan.bytes, as: UTF8.self).contains("INC-1") })
        let runs = all.filter { $0.type == "plan" }.compactMap(\.run)
        #expect(try await ties() == [runs[1]: "INC-1"])
        let last = try #require(all.lastIndex { $0.type == "plan" })
        #expect(all[last + 1].type == "incident.tied" && all[last + 1].run == runs[1])
        // Only what was asked for is on standard output.
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(tied.output.utf8)) }

        let later = await project.belay("incident", "tie", runs[0])
        #expect(later.exit == .done && later.output.contains("run \(runs[0]) belongs to incident INC-1"), "\(later)")
        #expect(await project.belay("incident", "tie", runs[0]).complaints.contains("already"))
        let report = await project.belay("incident", "report", "INC-1")
        #expect(runs.allSatisfy { report.output.contains("### Run `\($0)`: `nudge` on `worker-1`") }, "\(report)")
        #expect(await project.belay("audit", "show", runs[1]).output.contains("INC-1"))
    }

    @Test(
        "with several open a plan belongs to none unless it names one; unknown and closed ones are refused before any plan"
    )
    func plannedAmongSeveral() async throws {
        for id in ["INC-1", "INC-2", "INC-3"] { _ = await project.belay("incident", "start", "t", "--id", id) }
        _ = await project.belay("incident", "close", "INC-3", "--summary", "over")
        let untied = try await plan()
        #expect(
            untied.complaints.contains("2 incidents are open (INC-1, INC-2): the plan is for none of them"), "\(untied)"
        )
        #expect(untied.complaints.contains("belay incident tie 20"))
        #expect(try await ties().isEmpty)
        for (id, words) in [("INC-9", "has no incident 'INC-9'"), ("INC-3", "incident INC-3 is closed")] {
            let refused = try await plan("--incident", id)
            #expect(refused.exit == .usage && refused.complaints.contains(words), "\(refused)")
        }
        #expect(try await types().count { $0 == "plan" } == 1)
        #expect(try await plan("--incident", "INC-2").complaints.contains("the plan is for incident INC-2"))
        #expect(try await Array(ties().values) == ["INC-2"])
    }

    @Test("break-glass takes the only open incident, and the run belongs to the one that its statement names")
    func breakGlass() async throws {
        let lines = try SignedProject.people.map {
            try project.line(of: $0, names: $0 == "bob" ? nil : "\($0),group:break-glass")
        }
        try project.write(lines.joined(), to: "allowed_signers")
        try project.copy(
            "\(SignedProject.root)/policies/break-glass-well-formed.yaml", to: "policies/break-glass-well-formed.yaml")
        let plan = try await project.plan()
        let words = ["--break-glass", "--reason", "kubelets are down everywhere"]
        let none = await project.belay(["apply", plan] + words)
        #expect(none.exit == .usage && none.complaints.contains("needs --reason and --incident"), "\(none)")
        _ = await project.belay("incident", "start", "it is down")
        let id = try #require(try await project.incidents().open.first?.id)
        let applied = await project.belay(["apply", plan] + words)
        #expect(applied.complaints.contains("the break-glass is for incident \(id), the only open one"), "\(applied)")
        #expect(try await project.hasBegun)
        let run = try InputFile.plan(plan).plan.id
        #expect(try await ties().isEmpty)
        let report = await project.belay("incident", "report").output
        #expect(report.contains("### Run `\(run)`") && report.contains("**Glass broken** by `alice`"), "\(report)")
        #expect(report.contains("**its review is open**") && report.contains("It lifted `production-two-approvals`"))
    }

    private func append(_ story: Story) async throws {
        try await project.open { try await story.append(to: $0.log) }
    }

    @Test("it is not closed while a run of it has not ended; an open plan is only said; it is closed once")
    func close() async throws {
        let run = try InputFile.plan(try await project.plan()).plan.id
        _ = await project.belay("incident", "start", "it is down", "--id", "INC-1")
        _ = await project.belay("incident", "tie", run)
        try await project.append(.run(.started(holder: "alice@here:1")), run: run)
        let underWay = await project.belay("incident", "close", "--summary", "over")
        #expect(underWay.exit == .usage && underWay.complaints.contains("run \(run) of incident INC-1 has not ended"))
        #expect(underWay.complaints.contains("belay recover --run \(run)"), "\(underWay)")
        #expect(try await !types().contains("incident.closed"))

        _ = await project.belay("incident", "start", "another", "--id", "INC-2")
        let other = try InputFile.plan(try await project.plan("other")).plan.id
        _ = await project.belay("incident", "tie", other, "--incident", "INC-2")
        let closed = await project.belay("incident", "close", "INC-2", "--summary", "it was nothing")
        #expect(closed.exit == .done && closed.output.hasPrefix("CLOSED incident INC-2: another"), "\(closed)")
        #expect(closed.complaints.contains("run \(other) is planned and was not applied"))
        let again = await project.belay("incident", "close", "INC-2", "--summary", "once more")
        #expect(again.exit == .usage && again.complaints.contains("incident INC-2 is closed"), "\(again)")
        #expect(try await types().count { $0 == "incident.closed" } == 1)
    }

    @Test(
        "a run that needs a person keeps it open until that is mended; what takes the run back belongs to it by itself")
    func needsPerson() async throws {
        let story = try Story.needsPerson()
        try await append(story)
        _ = await project.belay("incident", "start", "it is down", "--id", "INC-1")
        _ = await project.belay("incident", "tie", story.plan.id)
        let refused = await project.belay("incident", "close", "--summary", "over")
        #expect(refused.exit == .usage, "\(refused)")
        #expect(refused.complaints.contains("run \(story.plan.id) of incident INC-1 needs a person"))
        let back = try Story.succeeded(rollingBack: story.plan.id)
        try await append(back)
        #expect(await project.belay("incident", "close", "--summary", "taken back").exit == .done)
        let report = await project.belay("incident", "report", "INC-1").output
        #expect(report.contains("### Run `\(back.plan.id)`"), "\(report)")
        #expect(report.contains("Here since it takes back run `\(story.plan.id)`"))
        #expect(report.contains("taken back since by run \(back.plan.id)"))
    }

    @Test("a note may follow the end, and the report says that it did")
    func lateNote() async throws {
        _ = await project.belay("incident", "start", "it is down", "--id", "INC-1")
        _ = await project.belay("incident", "note", "INC-1", "in time")
        _ = await project.belay("incident", "close", "INC-1", "--summary", "it was DNS")
        let unnamed = await project.belay("incident", "note", "too late")
        #expect(unnamed.exit == .usage)
        let late = await project.belay("incident", "note", "INC-1", "the provider wrote")
        #expect(late.exit == .done && late.output.contains(", which is closed (entry 4)"), "\(late)")
        let lines = await project.belay("incident", "report", "INC-1").output.split(separator: "\n")
        func head(_ text: Substring) -> Substring? { lines.firstIndex(of: text).map { lines[$0 - 1] } }
        #expect(head("> in time")?.contains("after it was closed") == false)
        #expect(head("> the provider wrote")?.contains("(entry 4), after it was closed:") == true, "\(lines)")
    }

    @Test(
        "triage keeps its answer while an incident is open, and writes nothing else; what was saved is no answer about now"
    )
    func triage() async throws {
        let rules = """
            apiVersion: belay/v1
            kind: Triage
            metadata: {name: one, set: A, title: The first}
            spec:
              symptoms:
              - {name: early, about: cluster, layer: node, title: It is early, expression: "now < timestamp('2000-01-01T00:00:00Z')", evidence: []}
              causes:
              - name: sick
                about: cluster
                layer: control-plane
                title: It is sick
                expression: "now > timestamp('2000-01-01T00:00:00Z')"
                evidence: ["'a line\\\\n```\\\\n<script>'"]
                runbooks: [{name: nudge}, {name: unknown-here}]
                advice: Nudge it.
            """
        try project.write(Self.runbook, to: "runbooks/nudge.yaml")
        try FileManager.default.createDirectory(
            atPath: "\(project.path)/runbooks/triage", withIntermediateDirectories: true)
        try project.write(rules, to: "runbooks/triage/one.yaml")
        let before = await project.belay("triage", "worker-1", "--save", "\(project.path)/seen.json")
        #expect(before.exit == .trouble && before.complaints == "", "\(before)")
        #expect(!FileManager.default.fileExists(atPath: project.log))

        _ = await project.belay("incident", "start", "it is down", "--id", "INC-1")
        let kept = await project.belay("triage", "worker-1", "-o", "json")
        #expect(kept.exit == .trouble, "\(kept)")
        #expect(kept.complaints.contains("this answer is for incident INC-1, the only open one (entry 2)"), "\(kept)")
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(kept.output.utf8)) }
        guard case .triaged(let answer)? = try await records().last?.event else {
            Issue.record("nothing was kept")
            return
        }
        #expect(answer.nodes == ["worker-1"] && answer.unseen == ["worker-1"] && answer.scope.kind == .cluster)
        #expect(answer.findings.map(\.title) == ["It is sick"] && answer.findings.map(\.runbooks) == [["nudge"]])
        #expect(answer.layer == .controlPlane)

        let saved = await project.belay("triage", "--from", "\(project.path)/seen.json")
        #expect(saved.exit == .trouble && saved.complaints == "", "\(saved)")
        let both = await project.belay("triage", "--from", "\(project.path)/seen.json", "--incident", "INC-1")
        #expect(both.exit == .usage)
        let unknown = await project.belay("triage", "worker-1", "--incident", "INC-9")
        #expect(
            unknown.exit == .usage && unknown.complaints.contains("has no incident 'INC-9'") && unknown.output == "")
        #expect(try await types().count { $0 == "triage" } == 1)

        _ = await project.belay("incident", "start", "and that", "--id", "INC-2")
        let untied = await project.belay("triage", "worker-1")
        #expect(untied.complaints.contains("2 incidents are open (INC-1, INC-2): this answer is for none"), "\(untied)")
        #expect(try await types().count { $0 == "triage" } == 1)
        let report = await project.belay("incident", "report", "INC-1").output
        #expect(
            report.contains("trouble in the whole cluster") && report.contains("| a line\\n```\\n<script>"), "\(report)"
        )
    }
}

extension SignedProject {
    /// The incidents of its log.
    func incidents() async throws -> IncidentStore {
        try await Workspace.open(from: path, layers: LayerFiles()).incidents()
    }
}
