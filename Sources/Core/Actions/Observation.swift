/// What an action saw of a node: named fields, comparable and printable.
public struct Observation: Codable, Sendable, Hashable {
    /// Field name → value. Names are lower camel case words joined by dots (`ipv4.rules`, `image.pause`).
    public var fields: [String: FieldValue]

    /// An observation of the given fields.
    public init(_ fields: [String: FieldValue] = [:]) {
        self.fields = fields
    }

    /// The value of a field, nil when this observation has no such field.
    public subscript(_ name: String) -> FieldValue? {
        get { fields[name] }
        set { fields[name] = newValue }
    }

    /// The text of a field that is a text, else nil.
    public func text(_ name: String) -> String? {
        if case .text(let text) = fields[name] { text } else { nil }
    }

    /// The lines of a field that has lines, else nil.
    public func lines(_ name: String) -> [String]? {
        if case .lines(let lines) = fields[name] { lines } else { nil }
    }

    /// The bytes of a field that has content, else nil.
    public func content(_ name: String) -> Payload? {
        if case .content(let payload) = fields[name] { payload } else { nil }
    }
}

/// The value of one observed field.
public enum FieldValue: Codable, Sendable, Hashable {
    /// A short value on one line.
    case text(String)
    /// An ordered list; diffs are line by line.
    case lines([String])
    /// The bytes of a file or a snapshot; diffs are line by line when it is text.
    case content(Payload)
    /// The thing does not exist on the node.
    case absent

    // The names that unlabelled values have in JSON: `{"text":{"value":"…"}}`.
    private enum TextCodingKeys: String, CodingKey { case _0 = "value" }
    private enum LinesCodingKeys: String, CodingKey { case _0 = "value" }
    private enum ContentCodingKeys: String, CodingKey { case _0 = "value" }
}

/// How a field takes part in comparisons.
public enum FieldRole: Sendable, Hashable {
    /// The action's correctness depends on it: compared between plan and run (else the plan is stale), and restored by undo.
    case footprint
    /// Restored by undo and compared after it, but free to change between plan and run.
    case state
    /// Changes by itself (PIDs, counters, timestamps): shown, never compared. The reason is printed with it.
    case volatile(String)

    /// True when the field is shown but never compared.
    public var isVolatile: Bool { if case .volatile = self { true } else { false } }
}

/// A difference of one field between two observations.
public struct Difference: Codable, Sendable, Hashable {
    /// The field's name.
    public var field: String
    /// What was expected; nil when the field was not there.
    public var expected: FieldValue?
    /// What was found; nil when the field was not there.
    public var found: FieldValue?

    /// Records one difference.
    public init(field: String, expected: FieldValue?, found: FieldValue?) {
        self.field = field
        self.expected = expected
        self.found = found
    }
}

extension Observation {
    /// The differences in the fields that `counts` admits, sorted by name.
    public func differences(from expected: Observation, where counts: (String) -> Bool) -> [Difference] {
        Set(fields.keys).union(expected.fields.keys).filter(counts).sorted().compactMap { name in
            fields[name] == expected.fields[name]
                ? nil : Difference(field: name, expected: expected.fields[name], found: fields[name])
        }
    }
}
