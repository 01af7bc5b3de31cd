/// A SHA-256 hash in the tree: always 32 bytes.
public struct TreeHash: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Nil unless `bytes` are exactly 32.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.bytes = Array(bytes)
    }

    init(digest: some Sequence<UInt8>) {
        bytes = Array(digest)
    }

    /// Lowercase hexadecimal, 64 characters.
    public var hex: String { Hex.encode(bytes) }

    /// Base64 with padding, 44 characters: the form checkpoints and proofs carry.
    public var base64: String { Base64.encode(bytes) }

    /// The hexadecimal form.
    public var description: String { hex }
}
