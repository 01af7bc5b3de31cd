/// Why there is no permit.
public struct PermitRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// What sort of reason it is; the names are part of the JSON output and do not change.
    public enum Code: String, Codable, Sendable, CaseIterable {
        /// The bytes are no plan this version reads.
        case unreadablePlan
        /// The signature is not the requester's over these bytes.
        case requesterUnknown
        /// Signed by someone else than the plan names.
        case requesterDiffers
        /// The plan's time is over.
        case expired
        /// The plan belongs to another log.
        case wrongLog
        /// The policies are not those the plan was judged by.
        case policyChanged
        /// It was run already.
        case spent
        /// The decision is of another plan, requester, phase, time or set of approvals.
        case decisionNotThis
        /// What was said of break-glass does not count.
        case breakGlassRefused
        /// A policy denies.
        case denied
        /// A person denies.
        case deniedByApprover
        /// Only approvals are missing.
        case approvalMissing
    }

    /// What sort of reason it is.
    public var code: Code
    /// What is wrong.
    public var message: String
    /// What to do.
    public var remedy: String
    /// The findings that deny, when policies do.
    public var findings: [Finding] = []
    /// Approvals that were found and do not count, when approvals are missing.
    public var ignored: [IgnoredApproval] = []

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }

    /// The plan was run already.
    public static let spent = PermitRefusal(
        code: .spent, message: "the plan was run already: a plan is spent once", remedy: "Make a new plan")

    /// The plan's time is over.
    public static func expired(_ plan: Plan) -> PermitRefusal {
        PermitRefusal(code: .expired, message: "the plan expired at \(plan.expiresAt)", remedy: "Make a new plan")
    }
}

extension Decision {
    /// What to do about what approvals do not turn.
    public var deniedRemedy: String {
        let usual = "See each finding's remedy, then make a new plan"
        return isLiftable && breakGlass == nil
            ? usual + "; in an incident `belay apply --break-glass` lifts it, on record" : usual
    }
}
