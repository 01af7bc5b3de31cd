/// The `with:` of a runbook step after substitution: plain data, each value destined for one argv element.
public struct Arguments: Codable, Sendable, Hashable {
    /// Argument name → value.
    public var values: [String: ArgumentValue]

    /// Wraps values.
    public init(_ values: [String: ArgumentValue] = [:]) {
        self.values = values
    }
}

/// One argument value as YAML has it.
public enum ArgumentValue: Codable, Sendable, Hashable {
    /// A scalar that is not a boolean; numbers keep their spelling.
    case text(String)
    /// `true` or `false`.
    case flag(Bool)
    /// A list of values (an argv, say).
    case list([ArgumentValue])

    /// Reads plain JSON: a string, a boolean or an array of these.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .list(try container.decode([ArgumentValue].self))
        }
    }

    /// Writes plain JSON.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .flag(let flag): try container.encode(flag)
        case .list(let list): try container.encode(list)
        }
    }
}

/// An argument that an action cannot take.
public struct ArgumentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The argument, nil when it is about all of them together.
    public var argument: String?
    /// What is wrong and what would be right.
    public var message: String

    /// Names the argument and the fault.
    public init(_ argument: String?, _ message: String) {
        self.argument = argument
        self.message = message
    }

    /// `argument: message`.
    public var description: String { argument.map { "\($0): \(message)" } ?? message }
}

extension Arguments {
    /// Refuses names the action does not know and missing required ones, suggesting the nearest name.
    /// - Parameter injected: whether the planner's arguments must be there (in a plan) or may not (in a runbook).
    public func check(against kind: ActionKind, injected: Bool = false) throws(ArgumentError) {
        let known = kind.parameters.filter { injected || !$0.injected }.map(\.name)
        for name in values.keys.sorted() where !known.contains(name) {
            if kind.parameters.contains(where: { $0.name == name }) {
                throw ArgumentError(name, "is filled in when the plan is made: leave it out")
            }
            throw ArgumentError(name, "\(kind.name) has no such argument\(Suggestion.hint(for: name, among: known))")
        }
        for parameter in kind.parameters where parameter.required || (injected && parameter.injected) {
            guard values[parameter.name] == nil else { continue }
            throw ArgumentError(parameter.name, "\(kind.name) needs it: \(parameter.summary)")
        }
    }

    /// A text argument, or nil when it was not given.
    public func text(_ name: String) throws(ArgumentError) -> String? {
        switch values[name] {
        case nil: return nil
        case .text(let text): return text
        case .flag(let flag): return flag ? "true" : "false"
        case .list: throw ArgumentError(name, "must be a single value, not a list")
        }
    }

    /// A text argument that must be there and not be empty.
    public func required(_ name: String) throws(ArgumentError) -> String {
        guard let text = try text(name), !text.isEmpty else { throw ArgumentError(name, "must be given and not empty") }
        return text
    }

    /// A boolean argument with its default; the texts `true` and `false` count, as parameters arrive as text.
    public func flag(_ name: String, default fallback: Bool) throws(ArgumentError) -> Bool {
        switch values[name] {
        case nil: return fallback
        case .flag(let flag): return flag
        case .text("true"): return true
        case .text("false"): return false
        default: throw ArgumentError(name, "must be true or false")
        }
    }

    /// One of a closed set of words.
    public func choice(_ name: String, of words: [String], default fallback: String) throws(ArgumentError) -> String {
        let word = try text(name) ?? fallback
        guard words.contains(word) else {
            throw ArgumentError(name, "must be one of \(words.joined(separator: ", ")), not '\(word)'")
        }
        return word
    }

    /// A list of commands, each an argv: `[[systemctl, restart, x], …]`; a single argv counts as a list of one.
    public func commands(_ name: String) throws(ArgumentError) -> [[String]] {
        guard let value = values[name] else { return [] }
        guard case .list(let items) = value else { throw ArgumentError(name, "must be a list: an argv, or argvs") }
        if items.contains(where: { if case .list = $0 { true } else { false } }) {
            return try items.map { (item) throws(ArgumentError) in try Self.argv(item, of: name) }
        }
        return items.isEmpty ? [] : [try Self.argv(value, of: name)]
    }

    private static func argv(_ value: ArgumentValue, of name: String) throws(ArgumentError) -> [String] {
        guard case .list(let items) = value, !items.isEmpty else {
            throw ArgumentError(name, "each command must be a list of words with at least the program")
        }
        return try items.map { (item) throws(ArgumentError) in
            switch item {
            case .text(let text): return text
            case .flag(let flag): return flag ? "true" : "false"
            case .list: throw ArgumentError(name, "a command is a flat list of words")
            }
        }
    }
}
