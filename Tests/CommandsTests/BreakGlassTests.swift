import Core
import Foundation
import Testing

@testable import Commands
@testable import Engine

/// Breaking the glass with real keys and the shipped policies: control first, then ways to abuse it.
@Suite("break-glass", .timeLimit(.minutes(5)))
struct BreakGlassTests {
    private static let why = ["--break-glass", "--reason", "kubelets are down everywhere", "--incident", "INC-4711"]

    /// alice and carol may break the glass, bob and carol review it; alice has planned a restart that needs an approval.
    private static func project(_ rules: String...) async throws -> (SignedProject, plan: String) {
        let project = try await SignedProject()
        let lines = try SignedProject.people.map {
            try project.line(of: $0, names: $0 == "bob" ? nil : "\($0),group:break-glass")
        }
        try project.write(lines.joined(), to: "allowed_signers")
        try project.copy(
            "\(SignedProject.root)/policies/break-glass-well-formed.yaml", to: "policies/break-glass-well-formed.yaml")
        for (index, rule) in rules.enumerated() { try project.write(rule, to: "policies/rule\(index).yaml") }
        return (project, try await project.plan())
    }

    private static func rule(_ name: String, _ enforcement: String, _ expression: String) -> String {
        """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: \(name)}
        spec:
          enforcement: \(enforcement)
          match: {phases: [execute]}
          validations: [{expression: "\(expression)", message: it is false, remedy: mend it}]
        """
    }

    private static func records(_ project: SignedProject) async throws -> [LogRecord] {
        try await RecordReader(directory: project.log).records().map(\.record)
    }

    private static func used(_ project: SignedProject) async throws -> [BreakGlassRecord] {
        try await records(project).compactMap {
            if case .breakGlassUsed(let record)? = $0.event { record } else { nil }
        }
    }

    @Test("with broken glass a plan runs that waits for approvals, and the log says so before it begins")
    func control() async throws {
        let (project, plan) = try await Self.project()
        #expect(await project.belay("apply", plan).exit == .approvalMissing)
        let applied = await project.belay(["apply", plan] + Self.why)
        #expect(try await project.hasBegun, "\(applied)")
        #expect(applied.complaints.contains("BREAK-GLASS by alice") && applied.complaints.contains("INC-4711"))
        #expect(applied.complaints.contains("It lifts: production-two-approvals"))
        #expect(applied.complaints.contains("Nobody was notified:"))

        let types = try await Self.records(project).map(\.type)
        let used = try #require(types.firstIndex(of: "breakglass.used"))
        #expect(types.prefix(used).contains("decision") && types[used + 1] == "run.start")
        let record = try #require(try await Self.used(project).first)
        #expect(record.lifted == ["production-two-approvals"])
        #expect(record.obligations == ["page:oncall-lead", "review:within=24h"])
        #expect(record.keyFingerprint.hasPrefix("SHA256:") && record.principal.name == "alice")

        let run = try InputFile.plan(plan).plan.id
        let replayed = await project.belay("policy", "replay", run)
        #expect(replayed.exit == .done && replayed.output.contains("all the same again"), "\(replayed)")
        let shown = await project.belay("audit", "show", run).output
        #expect(shown.contains("BREAK-GLASS by alice") && shown.contains("lifted by break-glass of alice"))
    }

    @Test("an outsider verifies the statement with ssh-keygen and sha256sum alone")
    func outsider() async throws {
        let (project, plan) = try await Self.project()
        _ = await project.belay(["apply", plan] + Self.why)
        let record = try #require(try await Self.used(project).first)
        try project.write(String(decoding: record.statement.bytes, as: UTF8.self), to: "statement")
        try project.write(record.signature, to: "statement.sig")
        let verified = try await SignedProject.sh(
            """
            cd '\(project.path)'
            ssh-keygen -Y verify -f allowed_signers -I alice -n belay-break-glass@v1 -s statement.sig < statement
            sed -n 's/.*"planSha256" : "\\(.*\\)",*$/\\1  restart.plan/p' statement | sha256sum --check
            """)
        #expect(verified.contains("Good \"belay-break-glass@v1\"") && verified.contains("restart.plan: OK"))
    }

    @Test("its review is open until somebody else of the reviewers has signed it")
    func review() async throws {
        let (project, plan) = try await Self.project()
        _ = await project.belay(["apply", plan] + Self.why)
        let run = try InputFile.plan(plan).plan.id
        let open = await project.belay("status")
        #expect(open.exit == .needsPerson && open.output.contains("REVIEW OPEN"), "\(open)")
        #expect(open.output.contains("alice broke the glass for INC-4711"))

        let own = await project.belay("review", run, "--comment", "all is well")
        #expect(own.exit == .denied && own.complaints.contains("alice broke the glass"), "\(own)")
        let robot = await project.belay("review", run, "--comment", "beep", "--key", "\(project.path)/keys/robot")
        #expect(robot.exit == .denied && robot.complaints.contains("is a program"), "\(robot)")
        #expect(await project.belay("status").output.contains("REVIEW OPEN"))

        let signed = await project.belay(
            "review", run, "--comment", "looked at it, the freeze was wrong", "--key", "\(project.path)/keys/bob")
        #expect(signed.exit == .done && signed.output.contains("REVIEWED"), "\(signed)")
        #expect(await !project.belay("status").output.contains("REVIEW OPEN"))
        #expect(await project.belay("audit", "show", run).output.contains("break-glass reviewed by bob: looked at it"))
        let again = await project.belay("review", run, "--comment", "once more", "--key", "\(project.path)/keys/bob")
        #expect(again.exit == .usage && again.complaints.contains("no open review"), "\(again)")
        #expect(await project.belay("audit", "verify", project.log).exit == .done)
    }

    @Test("a review says so when it is overdue")
    func overdue() throws {
        let now = Timestamp(milliseconds: 1_795_370_400_000)
        var run = RunSummary(try Story.succeeded().history().run, isHeld: false)
        run.review = .init(by: "alice", incident: "INC-1", since: now.adding(seconds: -90_000), due: now)
        #expect(StatusView([run], now: now).text(.plain).contains("OVERDUE since"))
        let before = StatusView([run], now: now.adding(seconds: -1))
        #expect(!before.text(.plain).contains("OVERDUE") && before.text(.plain).contains("due 20"))
        #expect(before.exit == .needsPerson)
        run.review = nil
        #expect(StatusView([run], now: now).exit == .done)
    }

    @Test("others are notified by the program that is configured; that it fails is said and logged, and stops nothing")
    func notifies() async throws {
        for (program, says) in [
            ("/bin/true", "were notified by /bin/true"), ("/bin/false", "Perhaps nobody was notified"),
        ] {
            let (project, plan) = try await Self.project()
            let file = "\(project.path)/belay.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try project.write(text + "\nnotify: [\(program), --team, sre]\n", to: "belay.yaml")
            let applied = await project.belay(["apply", plan] + Self.why)
            #expect(try await project.hasBegun && applied.complaints.contains(says), "\(applied)")
            let told = try await Self.records(project).compactMap {
                if case .notified(let told)? = $0.event { told } else { nil }
            }
            #expect(told.map(\.command) == [[program, "--team", "sre"]])
            #expect((told.first?.failure == nil) == (program == "/bin/true"))
        }
    }

    @Test("what a hard policy cannot decide takes a second person besides")
    func secondPerson() async throws {
        let (project, plan) = try await Self.project(Self.rule("labels", "hard", "node.labels.size() == 0"))
        let alone = await project.belay(["apply", plan] + Self.why)
        #expect(alone.exit == .approvalMissing && alone.complaints.contains("second person"), "\(alone)")
        #expect(try await !project.hasBegun)
        try await project.leave(project.statement(plan), beside: plan)
        #expect(await project.belay("apply", plan).exit == .denied)
        let together = await project.belay(["apply", plan] + Self.why)
        #expect(try await project.hasBegun, "\(together)")
        #expect(try await Self.used(project).map(\.lifted) == [["labels"]])
    }

    /// One way to abuse it: what is changed before, what is said, and what must come of it.
    struct Attack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let exit: Exit
        let says: String
        var rules: [String] = []
        var arguments = BreakGlassTests.why
        var mount: @Sendable (SignedProject, String) async throws -> Void = { _, _ in }
    }

    @Test(
        "abuse is refused for the right reason, nothing has begun, and nothing says that the glass was broken",
        arguments: attacks)
    func refused(attack: Attack) async throws {
        let (project, plan) = try await attack.rules.isEmpty ? Self.project() : Self.project(attack.rules[0])
        try await attack.mount(project, plan)
        let had = try await project.hasBegun
        let arguments = attack.arguments.map { $0.replacing("PROJECT", with: project.path) }
        let applied = await project.belay(["apply", plan] + arguments)
        #expect(applied.exit == attack.exit && applied.complaints.contains(attack.says), "\(applied)")
        #expect(try await project.hasBegun == had)
        #expect(try await Self.used(project).isEmpty)
    }

    private static func saying(_ reason: String, _ incident: String, _ more: String...) -> [String] {
        ["--break-glass", "--reason", reason, "--incident", incident] + more
    }

    static let attacks = people + words + policies

    private static let people: [Attack] = [
        Attack(
            testDescription: "another person's key on alice's plan", exit: .denied, says: "another key than the plan",
            arguments: why + ["--key", "PROJECT/keys/carol"]),
        Attack(
            testDescription: "a key that may only sign plans", exit: .denied,
            says: "may not sign for belay-break-glass@v1",
            mount: { project, plan in
                let options = "namespaces=\"belay-plan@v1\" "
                let line = try project.line(of: "alice", names: "alice,group:break-glass", options: options)
                try project.write(line, to: "allowed_signers")
            }),
        Attack(
            testDescription: "a person who is not in the group", exit: .denied, says: "not in the group 'break-glass'",
            mount: { project, plan in try project.write(project.line(of: "alice"), to: "allowed_signers") }),
        Attack(
            testDescription: "the same where the policy about it was taken away", exit: .denied,
            says: "not in the group 'break-glass'",
            mount: { project, plan in
                try project.write(project.line(of: "alice"), to: "allowed_signers")
                try FileManager.default.removeItem(atPath: "\(project.path)/policies/break-glass-well-formed.yaml")
            }),
    ]

    private static let words: [Attack] = [
        Attack(
            testDescription: "a reason in a word", exit: .denied, says: "its reason has 6 characters",
            arguments: saying("urgent", "INC-4711")),
        Attack(
            testDescription: "no incident", exit: .denied, says: "names no incident",
            arguments: saying("kubelets are down everywhere", " ")),
        Attack(
            testDescription: "an incident that is none", exit: .denied, says: "does not look like an incident",
            arguments: saying("kubelets are down everywhere", "none")),
        Attack(
            testDescription: "glass that stays broken for a week", exit: .denied, says: "more than 24 h from now",
            arguments: why + ["--expires", "7d"]),
        Attack(
            testDescription: "glass that stays broken for a shift", exit: .denied, says: "4h is the most",
            arguments: why + ["--expires", "8h"]),
        Attack(
            testDescription: "glass that was broken yesterday", exit: .denied, says: "it expired at",
            arguments: why + ["--expires", "2026-01-01T00:00:00Z"]),
        Attack(
            testDescription: "no reason at all", exit: .usage, says: "needs --reason and --incident",
            arguments: ["--break-glass", "--incident", "INC-1"]),
        Attack(
            testDescription: "a reason without breaking the glass", exit: .usage, says: "belong to --break-glass",
            arguments: ["--reason", "kubelets are down everywhere"]),
    ]

    private static let policies: [Attack] = [
        Attack(
            testDescription: "a hard no", exit: .denied, says: "it is false",
            rules: [rule("never", "hard", "plan.targets.size() == 0")]),
        Attack(
            testDescription: "a hard no with a second person", exit: .denied, says: "it is false",
            rules: [rule("never", "hard", "plan.targets.size() == 0")],
            mount: { project, plan in try await project.leave(project.statement(plan), beside: plan) }),
        Attack(
            testDescription: "a soft policy that forbids it", exit: .denied, says: "it is false",
            rules: [rule("never", "soft", "!request.breakGlass.active")]),
        Attack(
            testDescription: "bob's denial", exit: .denied, says: "bob denied this plan",
            mount: { project, plan in try await project.leave(project.statement(plan, .deny), beside: plan) }),
        Attack(
            testDescription: "a hard unknown with one's own approval as the second person", exit: .approvalMissing,
            says: "second person", rules: [rule("labels", "hard", "node.labels.size() == 0")],
            mount: { project, plan in
                try await project.leave(project.statement(plan, by: "alice"), beside: plan, signedBy: "alice")
            }),
        Attack(
            testDescription: "a hard unknown with a program's approval as the second person", exit: .approvalMissing,
            says: "second person", rules: [rule("labels", "hard", "node.labels.size() == 0")],
            mount: { project, plan in
                try await project.leave(project.statement(plan, by: "robot"), beside: plan, signedBy: "robot")
            }),
        Attack(
            testDescription: "a plan that nothing grants", exit: .denied, says: "nothing grants alice",
            mount: { project, plan in
                let file = "\(project.path)/policies/default-grant-sre.yaml"
                let text = try String(contentsOfFile: file, encoding: .utf8)
                try project.write(text.replacing("[sre]", with: "[nobody]"), to: "policies/default-grant-sre.yaml")
                try await project.plan()
            }),
        Attack(
            testDescription: "a plan that was run", exit: .stale, says: "a plan is spent once",
            mount: { project, plan in
                let run = try InputFile.plan(plan).plan.id
                try await project.append(.run(.started(holder: "alice@here:1")), run: run)
            }),
    ]
}
