import Core

/// How `belay` ended; `docs/exit-codes.md` says what to do after each.
enum Exit: Int32, Sendable, CaseIterable {
    /// What was asked for is done.
    case done = 0
    /// Wrong usage, or input that cannot be used.
    case usage = 2
    /// A policy, a person or the allowed signers say no.
    case denied = 3
    /// Only approvals are missing.
    case approvalMissing = 4
    /// The plan no longer fits: nothing was changed.
    case stale = 5
    /// A step or check failed and everything that was begun is undone.
    case rolledBack = 6
    /// A person has to look, or a node could not be reached to the end.
    case needsPerson = 7
    /// Nodes ended differently, each in a known state.
    case partial = 8
    /// The audit log does not verify.
    case logNotIntact = 9
    /// Nothing could be started, and nothing was changed.
    case couldNotStart = 10
    /// Triage found what is wrong, or something wrong.
    case trouble = 11

    /// How a run ended; one without an end waits for nodes that cannot be reached.
    init(_ end: RunEnd?) {
        self =
            switch end {
            case .succeeded: .done
            case .rolledBack: .rolledBack
            case .stale: .stale
            case .denied: .denied
            case .partial: .partial
            case .needsPerson, .abandoned, nil: .needsPerson
            }
    }

    /// What a refused permit means for the caller.
    init(_ code: PermitRefusal.Code) {
        self =
            switch code {
            case .unreadablePlan, .wrongLog: .usage
            case .requesterUnknown, .requesterDiffers, .breakGlassRefused, .denied, .deniedByApprover: .denied
            case .approvalMissing: .approvalMissing
            case .expired, .policyChanged, .spent, .decisionNotThis: .stale
            }
    }
}
