/// That the content of an entry was erased, which the log still commits to: it verifies as before.
public struct BlobErasure: Codable, Sendable, Hashable {
    /// The blob's name, 64 hex digits.
    public var commitment: String
    /// The entry that names it.
    public var entry: UInt64
    /// Why.
    public var reason: String

    /// Collects the parts.
    public init(commitment: String, entry: UInt64, reason: String) {
        self.commitment = commitment
        self.entry = entry
        self.reason = reason
    }
}
