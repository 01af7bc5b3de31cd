import Foundation
import Testing

@testable import Commands
@testable import Core
@testable import Engine

extension HostileViews {
    static let people: [String: Case] = [
        "ApprovalView": { _ in
            try [ApprovalStatement.Verdict.approve, .deny].map { verdict in
                let signed = Belay.SignedStatement(
                    statement: try statement(verdict), file: Hostile.text, isRecorded: false)
                return ApprovalView(signed: signed, planFile: Hostile.text).text(.plain)
            }
        },
        "ApprovalsView": { run in
            let view = ApprovalsView(plans: [try approvals(run)])
            return [view.text(), try view.json()]
        },
        "PlanApprovalsView": { run in
            let view = PlanApprovalsView(try approvals(run))
            return [view.text(.plain), try view.json()]
        },
        "ApprovalCheck": { run in
            let checks = [
                ApprovalCheck(Hostile.text, refusal),
                ApprovalCheck(
                    Hostile.text, try approval(.approve), plan: (run.plan, Hostile.text), at: run.plan.createdAt),
            ]
            return try checks.flatMap { $0.lines(.plain) } + [JSONText.pretty(checks)]
        },
        "BreakGlassView": { run in
            let told = NotificationRecord(command: [Hostile.text], failure: Hostile.text)
            return [nil, told].map {
                BreakGlassView(notice: BreakGlassNotice(record: run.glass, notification: $0)).text(.plain)
            }
        },
    ]

    private static let refusal = SignatureRefusal(.mismatch, Hostile.text, remedy: Hostile.text)

    private static func statement(_ verdict: ApprovalStatement.Verdict) throws -> ApprovalStatement {
        ApprovalStatement(
            planSha256: Sample.sha256, decision: verdict, approver: Hostile.text, comment: Hostile.text,
            notBefore: Timestamp(milliseconds: 0), expires: Timestamp(milliseconds: 1),
            nonce: String(repeating: "0a", count: 16), logOrigin: Hostile.text)
    }

    // As if somebody had such a name in the allowed signers, which the file cannot have.
    private static func approval(_ verdict: ApprovalStatement.Verdict) throws -> VerifiedApproval {
        var statement = try statement(verdict)
        // Statements with control characters are not read at all.
        let name = "x\u{202E}\u{2066}\u{200B}"
        (statement.approver, statement.comment, statement.logOrigin) = (name, name, name)
        let bytes = try statement.encoded()
        let key = try SSHPublicKey(line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + String(repeating: "A", count: 43))
        let signer = Signer(
            principal: Principal(name: name, groups: [Hostile.text], kind: .human), aliases: [Hostile.text], key: key,
            namespaces: nil, validAfter: nil, validBefore: nil)
        return try VerifiedApproval(
            statement: bytes,
            signature: VerifiedSignature(
                signer: signer, namespace: SignatureNamespace.approval, messageSha256: Digest.sha256(bytes)))
    }

    private static func approvals(_ run: HostileRun) throws -> PlanApprovals {
        let folder = try Folder()
        let file = try folder.write("{}", to: Hostile.word)
        _ = try folder.write("signature", to: Hostile.word + ".sig")
        let found = try FoundStatement(file: file)
        let instant = run.plan.createdAt
        let tally = """
            {"counted": [{"principal": {"name": "bob", "groups": ["sre"], "kind": "human"}, "keyFingerprint": "f",
              "at": "\(instant)", "expires": "\(instant)", "comment": "c"}],
             "denials": [{"approver": "carol", "comment": "c"}], "ignored": [{"approver": "dave", "reason": "r"}]}
            """
        return PlanApprovals(
            plan: run.plan, planSha256: Hostile.text, standing: .denied, refusal: refusal,
            statements: [
                (found, .failure(refusal)), (found, .success(try approval(.approve))),
                (found, .success(try approval(.deny))),
            ], tally: try Hostile.everywhere(JSON.decode(ApprovalTally.self, from: Array(tally.utf8))),
            missing: run.decision.findings)
    }
}
