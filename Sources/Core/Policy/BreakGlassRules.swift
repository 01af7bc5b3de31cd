/// Who may break the glass and who reviews it: params of the policy ``policy``, and the same names where it is not loaded,
/// so that without the policy it is nobody's but the group's.
public struct BreakGlassRules: Sendable, Hashable {
    /// The policy whose params these are.
    public static let policy = "break-glass-well-formed"
    /// How long a review may take where no obligation says so, in seconds.
    public static let reviewSeconds = 24 * 3600

    /// Whoever breaks the glass is in it.
    public var group = "break-glass"
    /// Whoever reviews it is in it.
    public var reviewers = "sre"

    /// The names that ship.
    public static let shipped = BreakGlassRules()
}

extension PolicySet {
    /// The rules of this set.
    public var breakGlassRules: BreakGlassRules {
        var rules = BreakGlassRules.shipped
        guard let policy = policies.first(where: { $0.name == BreakGlassRules.policy }) else { return rules }
        if case .single(.string(let group))? = policy.params["group"] { rules.group = group }
        if case .single(.string(let reviewers))? = policy.params["reviewers"] { rules.reviewers = reviewers }
        return rules
    }
}

extension Decision {
    /// When broken glass must have been reviewed: the earliest that an obligation `review:within=24h` says.
    public var reviewBy: Timestamp {
        let prefix = "review:within="
        let seconds = obligations.filter { $0.hasPrefix(prefix) }
            .compactMap { DurationText.parse(String($0.dropFirst(prefix.count)))?.components.seconds }.min()
        return at.adding(seconds: Int(seconds ?? Int64(BreakGlassRules.reviewSeconds)))
    }
}
