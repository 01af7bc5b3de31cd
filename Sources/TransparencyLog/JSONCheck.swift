/// Why an entry is not one I-JSON object, and at which of its bytes.
public struct JSONDefect: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let what: String
    /// The byte, counted from 0, where it shows.
    public let offset: Int

    /// Both in one sentence.
    public var description: String { "\(what) at byte \(offset)" }
}

/// A strict check of entries: one I-JSON object (RFC 7493) on one line, without floats.
/// It exists so that all readers of an entry see the same values: duplicate keys, large integers and lone
/// surrogates are where JSON parsers disagree.
public enum JSONCheck {
    /// Nil when the entry is well-formed.
    public static func entry(_ bytes: [UInt8]) -> JSONDefect? {
        bytes.withUnsafeBytes { buffer in
            do throws(JSONDefect) {
                var scanner = JSONScanner()
                try scanner.scan(buffer)
                return nil
            } catch {
                return error
            }
        }
    }
}
