/// That the log goes on with another key. It takes effect with the first checkpoint over its entry that both keys signed.
///
/// The log's verifier reads it too, as the entry's JSON.
public struct KeyRotation: Codable, Sendable, Hashable {
    /// The key that is replaced, as a vkey.
    public var old: String
    /// The one that takes its place.
    public var new: String
    /// Why.
    public var reason: String

    /// Collects the parts.
    public init(old: String, new: String, reason: String) {
        self.old = old
        self.new = new
        self.reason = reason
    }
}
