import CEL

extension Finding {
    /// What lifts a denial, where anything does.
    public enum Lift: String, Codable, Sendable {
        /// Break-glass.
        case breakGlass
        /// Break-glass, when a second person has approved the plan.
        case breakGlassAndSecondPerson
    }

    /// Whether it denies: broken glass may have lifted it.
    public var denies: Bool { outcome != .warn && liftedBy == nil }
}

extension Decision {
    /// The findings that broken glass lifted.
    public var liftedFindings: [Finding] { findings.filter { $0.liftedBy != nil } }

    /// What was lifted: the policies' names, each once.
    public var lifted: [String] { Set(liftedFindings.map(\.policy)).sorted() }

    /// Whether the glass that was broken for it lifts a finding.
    func lifts(_ finding: Finding) -> Bool {
        guard breakGlass?.holds(at: at) == true, let lift = finding.lift else { return false }
        return lift == .breakGlass || !approvals.counted.isEmpty
    }

    /// True when it denies, and break-glass would lift all of it.
    public var isLiftable: Bool { !denials.isEmpty && denials.allSatisfy { $0.lift != nil } }
}

extension Policy {
    /// What lifts a finding of it. What a policy says of break-glass itself is not lifted by it.
    ///
    /// - Parameter error: why it could not be decided; nil when it is false. Of a hard policy only a fact that is not known is
    ///   lifted: an error that the request itself can bring about, such as one of cost, must not turn a no into a yes.
    func lift(of error: EvaluationError?) -> Finding.Lift? {
        guard !reads("request.breakGlass") else { return nil }
        return switch enforcement {
        case .soft: .breakGlass
        case .hard: error?.kind == .unknownFact ? .breakGlassAndSecondPerson : nil
        case .advisory: nil
        }
    }
}

extension PolicyInput {
    /// The glass, while it is broken.
    var activeBreakGlass: BreakGlass? { breakGlass.flatMap { $0.holds(at: now) ? $0 : nil } }

    /// Whether somebody else than who asks, and so than who broke the glass, has approved this plan.
    var hasSecondPerson: Bool {
        phase == .execute && approvals.counted.contains { $0.at <= now && now < $0.expires }
    }

    /// A finding as broken glass leaves it: lifted, or with what it takes besides.
    func lifting(_ finding: Finding) -> Finding {
        guard phase == .execute, let breakGlass, finding.outcome != .warn, let lift = finding.lift else {
            return finding
        }
        var finding = finding
        if !breakGlass.holds(at: now) {
            finding.remedy = "Break-glass ended at \(breakGlass.expires): make the plan again"
        } else if lift == .breakGlass || hasSecondPerson {
            finding.liftedBy = breakGlass.principal.name
        } else {
            finding.waitsForApproval = true
            finding.remedy =
                "What is not known takes a second person besides break-glass: have somebody else approve the plan with 'belay approve'"
        }
        return finding
    }
}
