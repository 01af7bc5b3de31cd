/// Bytes that do not follow their format, in a sentence a person can act on.
public struct FormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong and where.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
