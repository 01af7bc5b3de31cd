import Core
import Engine

/// What `belay approve` signed.
struct ApprovalView: Sendable {
    let signed: Belay.SignedStatement
    let planFile: String

    func text(_ style: Style) -> String {
        let statement = signed.statement
        let isApproval = statement.decision == .approve
        let verb = isApproval ? style.good("APPROVED") : style.bad("DENIED")
        return [
            "\(verb) by \(statement.approver.printable) \(statement.times): \(statement.comment.printable)",
            "  plan sha256 \(statement.planSha256.printable)", "  signed statement in \(signed.file.printable)",
            isApproval
                ? "Next: " + style.strong("belay apply \(ShellQuote.display([planFile]).printable)")
                : "The plan stays denied; a new one has to be made.",
        ].text + (isApproval || signed.isRecorded ? [] : [style.warning(Self.unrecorded)]).text
    }

    private static let unrecorded =
        "This log does not have the plan: the denial counts only where its file reaches whoever applies it. Deny it where the plan's log is."
}

extension ApprovalStatement {
    /// When it holds, in words. Until when says nothing of a denial, which does not lapse.
    fileprivate var times: String { "from \(notBefore.toSeconds) until \(expires.toSeconds)" }

    /// What was signed, in words.
    fileprivate var sentence: String {
        let verb = decision == .approve ? "approves" : "DENIES"
        let time = decision == .approve ? " \(times)" : ""
        return "\(approver.printable) \(verb)\(time): \(comment.printable)"
    }
}

/// `belay approvals list`.
struct ApprovalsView: Sendable {
    let plans: [PlanApprovals]

    func text() -> String {
        guard !plans.isEmpty else { return "There is no such plan in the log.\n" }
        let rows = plans.map { plan in
            [
                plan.plan.id, plan.standing.rawValue, plan.plan.expiresAt.toSeconds, plan.plan.runbook.name,
                plan.plan.nodes.map(\.name).joined(separator: ","), plan.plan.requester, plan.said,
            ].map(\.printable)
        }
        return Table.lines([["PLAN", "STANDS", "UNTIL", "RUNBOOK", "NODES", "ASKED BY", "SAID"]] + rows).text
    }

    /// A JSON array.
    func json() throws -> String {
        try JSONText.pretty(plans.map(PlanApprovalsView.Shown.init))
    }
}

extension PlanApprovals {
    /// Who said what, in one line.
    fileprivate var said: String {
        let yes = tally.counted.map { "\($0.principal.name) yes until \($0.expires.toSeconds)" }
        let no = tally.denials.map { "\($0.approver) NO" }
        let ignored = tally.ignored.map { "\($0.approver) not counted" }
        let all = no + yes + ignored
        return all.isEmpty ? "-" : all.joined(separator: ", ")
    }
}

/// `belay approvals show`: one plan, each statement in words, and what comes of them.
struct PlanApprovalsView: Sendable {
    private let read: PlanApprovals

    init(_ read: PlanApprovals) { self.read = read }

    func text(_ style: Style) -> String {
        let plan = read.plan
        let nodes = plan.nodes.map(\.name.printable).joined(separator: ", ")
        let head = [
            "\(style.strong("Plan \(plan.id.printable)")) \(read.standing.rawValue), until \(plan.expiresAt.toSeconds)",
            "  \(plan.runbook.name.printable) on \(nodes), asked for by \(plan.requester.printable)"
                + (plan.reason.map { ": \($0.printable)" } ?? ""),
            "  plan sha256 \(read.planSha256.printable)",
        ]
        let refusal = read.refusal.map { [style.bad("Who asks is not accepted: ") + $0.description.printable] } ?? []
        let statements = read.statements.flatMap { Self.lines(of: $0.found, $0.outcome, style) }
        return (head + refusal + statements + verdict(style)).text
    }

    private static func lines(
        of found: FoundStatement, _ outcome: Result<VerifiedApproval, SignatureRefusal>, _ style: Style
    ) -> [String] {
        switch outcome {
        case .success(let approval):
            let groups = approval.signer.principal.groups.joined(separator: ", ")
            let key = "\(approval.signer.key.fingerprint), groups \(groups.isEmpty ? "none" : groups)"
            return [
                "In \(found.place.description.printable):", "  \(approval.statement.sentence)",
                style.faint("  signed with \(key.printable)"),
            ]
        case .failure(let refusal):
            return [style.bad("Not accepted: ") + refusal.description.printable]
        }
    }

    private func verdict(_ style: Style) -> [String] {
        let tally = read.tally
        let denied = tally.denials.map {
            style.bad("denied") + " by \($0.approver.printable): \($0.comment.printable)"
        }
        let counted = tally.counted.map {
            style.good("counts") + ": \($0.principal.name.printable) until \($0.expires.toSeconds)"
        }
        let ignored = tally.ignored.map {
            style.warning("not counted") + " of \($0.approver.printable): \($0.reason.printable)"
        }
        let missing = FindingView.views(of: read.missing).flatMap { $0.lines(style) }
        let said = denied + counted + ignored
        return (said.isEmpty ? ["Nobody has said anything that counts."] : said) + missing
    }

    /// A JSON object.
    func json() throws -> String { try JSONText.pretty(Shown(read)) }

    /// What `-o json` says of a plan.
    struct Shown: Encodable {
        struct Statement: Encodable {
            let place: String
            let statement: ApprovalStatement?
            let key: String?
            let refusal: String?
        }
        let plan: String
        let planSha256: String
        let standing: PlanApprovals.Standing
        let runbook: String
        let nodes: [String]
        let requester: String
        let reason: String?
        let createdAt: Timestamp
        let expiresAt: Timestamp
        let refusal: String?
        let statements: [Statement]
        let approvals: ApprovalTally
        let missing: [Finding]

        init(_ read: PlanApprovals) {
            (plan, planSha256, standing) = (read.plan.id, read.planSha256, read.standing)
            (runbook, nodes) = (read.plan.runbook.name, read.plan.nodes.map(\.name))
            (requester, reason) = (read.plan.requester, read.plan.reason)
            (createdAt, expiresAt) = (read.plan.createdAt, read.plan.expiresAt)
            refusal = read.refusal?.description
            statements = read.statements.map { found, outcome in
                switch outcome {
                case .success(let approval):
                    Statement(
                        place: found.place.description, statement: approval.statement,
                        key: approval.signer.key.fingerprint, refusal: nil)
                case .failure(let refusal):
                    Statement(
                        place: found.place.description, statement: nil, key: nil, refusal: refusal.description)
                }
            }
            (approvals, missing) = (read.tally, read.missing)
        }
    }
}

/// What `belay approvals verify` says of one file.
struct ApprovalCheck: Encodable, Sendable {
    let file: String
    /// True only for an approval whose signature, time and plan are right.
    let holds: Bool
    /// Why it does not hold.
    let reason: String?
    /// Nil when its signature is not accepted: then nobody knows who said it.
    let statement: ApprovalStatement?
    let key: String?
    let groups: [String]?

    init(_ file: String, _ refusal: SignatureRefusal) {
        (self.file, holds, reason) = (file, false, refusal.description)
        (statement, key, groups) = (nil, nil, nil)
    }

    init(_ file: String, _ approval: VerifiedApproval, plan: (plan: Plan, sha256: String)?, at now: Timestamp) {
        self.file = file
        reason = Self.reason(against: approval, plan, now)
        holds = reason == nil
        statement = approval.statement
        (key, groups) = (approval.signer.key.fingerprint, approval.signer.principal.groups)
    }

    private static func reason(
        against approval: VerifiedApproval, _ plan: (plan: Plan, sha256: String)?, _ now: Timestamp
    ) -> String? {
        let (statement, names) = (approval.statement, approval.signer.aliases + [approval.signer.principal.name])
        if statement.decision == .deny { return "it is a denial" }
        let misfit = approval.misfit(
            planSha256: plan?.sha256 ?? statement.planSha256, logOrigin: plan?.plan.log.origin ?? statement.logOrigin,
            at: now)
        if let misfit { return misfit }
        if let plan, names.contains(plan.plan.requester) { return "the approver is the requester" }
        return nil
    }

    func lines(_ style: Style) -> [String] {
        let verdict = holds ? style.good("HOLDS") : style.bad("DOES NOT HOLD")
        let why = reason.map { ["  \($0.printable)"] } ?? []
        let what = statement.map {
            ["  \($0.sentence)", "  plan sha256 \($0.planSha256.printable), for the log \($0.logOrigin.printable)"]
        }
        let signer = key.map {
            ["  signed with \($0.printable), groups \((groups ?? []).joined(separator: ", ").printable)"]
        }
        return ["\(verdict) \(file.printable)"] + why + (what ?? []) + (signer ?? [])
    }
}
