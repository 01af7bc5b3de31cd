/// What a step is expected to leave behind, and how sure that is (law 8).
public struct Prediction: Codable, Sendable, Hashable {
    /// The state after the step. A field that is not `exact` holds what can be said of it.
    public var after: Observation
    /// The quality of each field that is not `exact`.
    public var qualities: [String: Quality]
    /// Sentences a reader must see beside the diff: what this cuts, costs, or cannot know.
    public var notes: [String]

    /// A prediction; fields without a quality are exact.
    public init(after: Observation, qualities: [String: Quality] = [:], notes: [String] = []) {
        self.after = after
        self.qualities = qualities
        self.notes = notes
    }

    /// How sure the value of a field is.
    public func quality(of field: String) -> Quality { qualities[field] ?? .exact }
}

/// How sure a predicted value is.
public enum Quality: Codable, Sendable, Hashable {
    /// This very value will be observed; anything else is a failure of the step.
    case exact
    /// It is known what may change, not the value; the sentence says within what.
    case bounded(String)
    /// Nothing can be said; the sentence says why.
    case unpredictable(String)

    // The names that unlabelled values have in JSON.
    private enum BoundedCodingKeys: String, CodingKey { case _0 = "within" }
    private enum UnpredictableCodingKeys: String, CodingKey { case _0 = "reason" }
}
