import Engine
import Foundation
import Testing

@testable import Commands
@testable import Core

struct ExitTests {
    @Test("the codes are those of docs/exit-codes.md")
    func documented() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
            path: "../../../docs/exit-codes.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").compactMap { line in
            line.hasPrefix("| ") ? Int32(line.split(separator: "|")[0].trimmingCharacters(in: .whitespaces)) : nil
        }
        #expect(rows == Exit.allCases.map(\.rawValue))
    }

    @Test(
        "how a run ended is the code",
        arguments: [
            (RunEnd.succeeded, 0), (.denied, 3), (.stale, 5), (.rolledBack, 6), (.needsPerson, 7), (nil, 7),
            (.partial, 8),
        ] as [(RunEnd?, Int32)])
    func runs(end: RunEnd?, code: Int32) {
        #expect(Exit(end).rawValue == code)
    }

    @Test(
        "why there is no permit is the code",
        arguments: [
            (.unreadablePlan, 2), (.wrongLog, 2), (.requesterUnknown, 3), (.requesterDiffers, 3), (.denied, 3),
            (.deniedByApprover, 3), (.approvalMissing, 4), (.expired, 5), (.policyChanged, 5), (.spent, 5),
            (.decisionNotThis, 5), (.breakGlassRefused, 3),
        ] as [(PermitRefusal.Code, Int32)])
    func permits(code: PermitRefusal.Code, exit: Int32) {
        #expect(Exit(code).rawValue == exit)
    }

    static let errors: [(any Error & Sendable, Int32, String)] = [
        (UsageError("m", remedy: "r"), 2, "belay: m\n  r"),
        (
            Diagnostics([Diagnostic("is wrong", at: SourceLocation(file: "no/such.yaml", line: 3), remedy: "Mend it")]),
            2,
            "belay: no/such.yaml:3: is wrong. Mend it"
        ),
        (PlanError(message: "too many", remedy: "r"), 2, "belay: too many\n  r"),
        (PlanError(node: "n1", step: "s", message: "m", remedy: "r"), 10, "belay: n1: step 's': m\n  r"),
        (
            NodeFailure("n1: sudo: a password is required", remedy: "r", isPassing: false), 10,
            "belay: n1: sudo: a password is required\n  r"
        ),
        (ArgumentError("service", "must be given"), 2, "belay: service: must be given"),
        (CancellationError(), 10, "belay: CancellationError()\n  This is not expected: report it."),
    ]

    @Test("an error of any layer becomes a code and says what, where and what to do", arguments: errors.indices)
    func failures(index: Int) {
        let (error, code, text) = Self.errors[index]
        #expect(Failure(error).exit.rawValue == code)
        #expect(Failure(error).text(.plain) == text)
    }

    @Test("missing approvals are said once, with one remedy, for all nodes together")
    func approvalMissing() throws {
        var finding = try Sample.decision(
            allowed: false, findings: Sample.finding(outcome: "deny", waits: true)
        ).denials[0]
        var other = finding
        other.node = "worker-2"
        func text(_ findings: [Finding]) -> String {
            Failure(
                PermitRefusal(
                    code: .approvalMissing, message: "approvals are missing: the node has 3 pods",
                    remedy: "Drain it first", findings: findings)
            ).text(.plain)
        }
        #expect(
            text([finding, other]) == """
                belay: approvals are missing: the node has 3 pods
                  waits for approval by drain-first (hard) policies/drain.yaml:12
                    worker-1, worker-2, step 'restart'
                    → Drain it first
                """)
        finding.message = "the node has 4 pods"
        let both = text([finding, other])
        #expect(both.hasPrefix("belay: approvals are missing\n"))
        #expect(both.contains("    worker-1, step 'restart': the node has 4 pods\n"))
        #expect(both.contains("    worker-2, step 'restart': the node has 3 pods\n"))
    }

    @Test("a hostile message is escaped, its own lines are kept")
    func hostile() {
        let failure = Failure(NodeFailure("a\u{1B}[2J\nb", remedy: "r\r", isPassing: true))
        #expect(failure.text(.plain) == "belay: a\\u{1b}[2J\nb\n  r\\u{d}")
    }
}
