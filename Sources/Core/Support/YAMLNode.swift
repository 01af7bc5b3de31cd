/// A value of a YAML document with its place: the tree all readers of Belay's files work on.
///
/// It has no anchors, no aliases, and no tags that its reader does not ask for (``YAMLDocument`` refuses them), and its mappings have no duplicate keys.
public struct YAMLNode: Sendable {
    /// What the node holds.
    public enum Content: Sendable {
        /// A scalar as it is written, escapes resolved.
        case scalar(String, YAMLStyle)
        /// Pairs in the order of the file.
        case mapping([(key: YAMLNode, value: YAMLNode)])
        /// Items in the order of the file.
        case sequence([YAMLNode])
    }

    /// What the node holds.
    public var content: Content
    /// Line of its first character, from 1.
    public var line: Int
    /// Column of its first character, from 1, in Unicode scalars.
    public var column: Int
    /// Its tag, where the reader admits that tag; nil for all others.
    var tag: String?

    /// What it is, in the words of error messages.
    public var kind: String {
        switch content {
        case .scalar: scalar.kind
        case .mapping: "a mapping"
        case .sequence: "a list"
        }
    }

    /// The scalar's value; ``YAMLScalar/null`` for mappings and lists, so ask ``kind`` or `content` first.
    public var scalar: YAMLScalar {
        guard case .scalar(let text, let style) = content else { return .null }
        return style == .plain ? YAMLScalar(plain: text) : .string(text)
    }

    /// The text of a scalar however it is meant (`0644` stays `0644`), nil for mappings and lists.
    public var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    /// Columns it takes on its line, for carets; one where there is nothing.
    var span: Int {
        switch content {
        case .scalar(let text, .plain): max(1, text.unicodeScalars.prefix { $0 != "\n" }.count)
        case .scalar(let text, .quoted): text.unicodeScalars.prefix { $0 != "\n" }.count + 2
        default: 1
        }
    }
}

/// How a scalar was written, as far as its meaning or its places depend on it.
public enum YAMLStyle: Sendable, Hashable {
    /// Bare: what it looks like decides its type.
    case plain
    /// In single or double quotes: a string.
    case quoted
    /// After `|`: a string, line by line.
    case literal
    /// After `>`: a string, lines joined.
    case folded
}

/// A scalar by the type a YAML 1.1 reader gives it.
public enum YAMLScalar: Sendable, Hashable, Codable {
    /// Empty, `~` or `null`.
    case null
    /// `true`, `false`.
    case bool(Bool)
    /// `yes`, `no`, `on`, `off`: booleans to YAML 1.1, strings to YAML 1.2, so a surprise to somebody: readers refuse it.
    case ambiguous(String)
    /// A decimal integer of 64 bits.
    case int(Int64)
    /// A decimal fraction.
    case double(Double)
    /// Everything else.
    case string(String)

    /// Reads a plain (unquoted) scalar.
    init(plain text: String) {
        switch text.lowercased() {
        case "", "~", "null": self = .null
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        case "yes", "no", "on", "off", "y", "n": self = .ambiguous(text)
        default: self = Self.number(text) ?? .string(text)
        }
    }

    /// Decimal only, and no leading zero: `0644` and `0x1F` mean different numbers to different readers, so they stay text.
    private static func number(_ text: String) -> YAMLScalar? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, (0x30...0x39).contains(first) else { return nil }
        guard digits == "0" || digits.hasPrefix("0.") || first != 0x30 else { return nil }
        if let integer = Int64(text) { return .int(integer) }
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) else { return nil }
        return Double(text).map(YAMLScalar.double)
    }

    /// What it is, in the words of error messages.
    var kind: String {
        switch self {
        case .null: "empty"
        case .bool: "a boolean"
        case .ambiguous(let text): "'\(text)', which YAML 1.1 reads as a boolean"
        case .int, .double: "a number"
        case .string: "text"
        }
    }
}
