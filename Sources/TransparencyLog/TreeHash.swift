import Crypto

/// A SHA-256 hash in the tree: always 32 bytes.
public struct TreeHash: Hashable, Sendable, CustomStringConvertible {
    // Inline: a log has millions of them, and an array each would cost more than the hashing.
    private var words: SIMD4<UInt64>

    /// Nil unless `bytes` are exactly 32.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        words = .zero
        Swift.withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// Nil unless `text` is 64 characters of lowercase hexadecimal.
    init?(hex text: UnsafeRawBufferPointer) {
        guard text.count == 64 else { return nil }
        words = .zero
        let isHex = Swift.withUnsafeMutableBytes(of: &words) { bytes in
            // Without a branch for each digit: the digits of a hash cannot be foreseen.
            var isHex = true
            for place in 0..<32 {
                let (high, low) = (Hex.digit(text[2 * place]), Hex.digit(text[2 * place + 1]))
                isHex = isHex && high.isValid && low.isValid
                bytes[place] = high.value << 4 | low.value
            }
            return isHex
        }
        guard isHex else { return nil }
    }

    /// One whose 32 bytes `fill` writes.
    init(filledBy fill: (UnsafeMutableRawPointer) -> Void) {
        words = .zero
        withUnsafeMutablePointer(to: &words) { fill($0) }
    }

    init(digest: SHA256Digest) {
        words = .zero
        digest.withUnsafeBytes { bytes in Swift.withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) } }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// The bytes of several, one after the other.
    static func bytes(of hashes: [TreeHash]) -> [UInt8] { hashes.withUnsafeBytes { Array($0) } }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: words, body)
    }

    /// Lowercase hexadecimal, 64 characters.
    public var hex: String { Hex.encode(bytes) }

    /// Base64 with padding, 44 characters: the form checkpoints and proofs carry.
    public var base64: String { Base64.encode(bytes) }

    /// The hexadecimal form.
    public var description: String { hex }
}
