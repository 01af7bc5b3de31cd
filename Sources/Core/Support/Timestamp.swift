import Foundation

/// An instant as people and logs write it: RFC 3339, UTC, whole milliseconds.
///
/// It is a claim of the executor's clock; order in the log comes from the index, never from here.
public struct Timestamp: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64

    /// An instant from milliseconds since 1970.
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Reads RFC 3339 in UTC with or without fractional seconds; nil for anything else.
    public init?(_ text: String) {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: text.contains("."))
        guard text.hasSuffix("Z"), let date = try? Date(text, strategy: style) else { return nil }
        milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    /// `2026-11-22T18:00:00.000Z`.
    public var description: String {
        // A date is a Double, which formatting cuts: 0.8 s would be 799 ms.
        let rest = (milliseconds % 1000 + 1000) % 1000
        let whole = Date(timeIntervalSince1970: Double((milliseconds - rest) / 1000))
            .formatted(Date.ISO8601FormatStyle())
        return "\(whole.dropLast()).\(String(rest + 1000).dropFirst())Z"
    }

    /// The instant some seconds later.
    public func adding(seconds: Int) -> Timestamp { Timestamp(milliseconds: milliseconds + Int64(seconds) * 1000) }

    /// Earlier is less.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// Reads the RFC 3339 text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let instant = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 instant in UTC")
        }
        self = instant
    }

    /// Writes the RFC 3339 text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
