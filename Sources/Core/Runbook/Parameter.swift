public import CEL

/// Something a runbook can be given.
public struct Parameter: Sendable {
    /// Its name in templates and on the command line.
    public var name: String
    /// What values it takes.
    public var type: Kind
    /// The only values it takes, empty for any of its type.
    public var allowed: [String]
    /// The value when none is given.
    public var fallback: ParameterValue?
    /// Whether it must be given.
    public var required: Bool
    /// Whether its value is kept out of the log and off the screen.
    public var isSecret: Bool
    /// What it is for.
    public var description: String
    /// Where it is declared.
    public var location: SourceLocation

    /// The types of parameters.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Any text.
        case string
        /// A whole number of 64 bits.
        case integer
        /// `true` or `false`.
        case boolean
    }
}

/// The value of a parameter.
public enum ParameterValue: Sendable, Hashable, Codable {
    /// A text.
    case string(String)
    /// A whole number.
    case integer(Int64)
    /// A truth value.
    case boolean(Bool)

    /// Reads plain JSON: a boolean, a whole number or a string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    /// Writes plain JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .boolean(let flag): try container.encode(flag)
        }
    }

    /// As it is written into an argument.
    public var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .boolean(let flag): flag ? "true" : "false"
        }
    }

    /// For expressions.
    public var value: Value {
        switch self {
        case .string(let text): .string(text)
        case .integer(let number): .int(number)
        case .boolean(let flag): .bool(flag)
        }
    }
}
