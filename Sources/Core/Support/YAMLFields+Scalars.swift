extension YAMLFields {
    /// A text that must be given and not be empty.
    public func string(_ name: String) -> String {
        guard let node = node(name) else {
            missing(name, "a text")
            return ""
        }
        let text = self.text(node, name) ?? ""
        if text.isEmpty, node.kind == "text" { error(name, "must not be empty") }
        return text
    }

    /// A text, nil when it is not given.
    public func optionalString(_ name: String) -> String? { node(name).flatMap { text($0, name) } }

    /// A text with a default.
    public func string(_ name: String, default fallback: String) -> String { optionalString(name) ?? fallback }

    /// A required name that ``Name`` accepts.
    public func name(_ name: String) -> String {
        let text = string(name)
        if !text.isEmpty, let fault = Name.fault(of: text) { error(name, fault) }
        return text
    }

    /// One of the words of an enumeration; required unless there is a default.
    public func choice<T>(_ name: String, default fallback: T? = nil) -> T
    where T: CaseIterable & RawRepresentable, T.RawValue == String, T.AllCases == [T] {
        let words = T.allCases.map(\.rawValue)
        guard let node = node(name) else {
            if fallback == nil { missing(name, "one of \(words.joined(separator: ", "))") }
            return fallback ?? T.allCases[0]
        }
        guard let text = text(node, name) else { return T.allCases[0] }
        if let value = T(rawValue: text) { return value }
        error(name, "must be one of \(words.joined(separator: ", ")), not '\(text)'")
        return T.allCases[0]
    }

    /// `true` or `false`; the other YAML 1.1 spellings are refused, since half of all readers take them for text.
    public func bool(_ name: String, default fallback: Bool) -> Bool {
        guard let node = node(name) else { return fallback }
        if case .scalar = node.content, case .bool(let value) = node.scalar { return value }
        error(name, "must be true or false, not \(node.kind)")
        return fallback
    }

    /// A whole number within a range; required unless there is a default.
    public func int(_ name: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 0...Int.max) -> Int {
        guard let node = node(name) else {
            if fallback == nil { missing(name, "a whole number") }
            return fallback ?? range.lowerBound
        }
        guard case .scalar = node.content, case .int(let value) = node.scalar else {
            error(name, "must be a whole number, not \(node.kind)")
            return range.lowerBound
        }
        guard let number = Int(exactly: value), range.contains(number) else {
            let bound =
                range.upperBound == Int.max
                ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            error(name, "must be \(bound), not \(value)")
            return range.lowerBound
        }
        return number
    }

    /// A duration such as `90s`, nil when it is not given; at most a year, so that sums of them do not overflow.
    public func optionalDuration(_ name: String, atLeast least: Duration = .zero) -> Duration? {
        guard let node = node(name) else { return nil }
        guard let duration = node.text.flatMap(DurationText.parse) else {
            error(name, "must be a duration: \(DurationText.form)")
            return least
        }
        if duration < least { error(name, "must be at least \(DurationText.spell(least))") }
        let most = Duration.seconds(Plan.mostSeconds)
        if duration > most { error(name, "must be at most \(DurationText.spell(most))") }
        return duration
    }

    /// A duration with a default.
    public func duration(_ name: String, default fallback: Duration, atLeast least: Duration = .zero) -> Duration {
        optionalDuration(name, atLeast: least) ?? fallback
    }

    /// A list of texts; empty when it is not given.
    public func strings(_ name: String) -> [String] {
        guard let node = node(name) else { return [] }
        guard case .sequence(let items) = node.content else {
            error(name, "must be a list of texts, not \(node.kind)")
            return []
        }
        return items.enumerated().compactMap { text($1, "\(name)[\($0)]") }
    }

    /// The text of a scalar. Numbers keep their spelling; what some reader takes for a boolean or nothing is refused.
    func text(_ node: YAMLNode, _ name: String) -> String? {
        guard let text = node.text else {
            log.error("must be a text, not \(node.kind)", at: node, field: path(of: name))
            return nil
        }
        switch node.scalar {
        case .int, .double, .string: return text
        case .null, .bool, .ambiguous:
            let remedy = text.isEmpty ? nil : "Write \"\(text)\" in quotes if the text is meant"
            log.error("must be a text, not \(node.kind)", at: node, field: path(of: name), remedy: remedy)
            return nil
        }
    }
}

/// Names of runbooks, steps, nodes, pools, clusters: what DNS labels and file names allow, so that they can be either.
public enum Name {
    /// What is accepted, for messages.
    public static let form =
        "lower-case letters, digits, '-' and '.', at most 63, beginning and ending with a letter or digit"

    /// Nil when the text is a name, else what is wrong with it.
    public static func fault(of text: String) -> String? {
        let bytes = Array(text.utf8)
        let isEnd = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        let isValid =
            (1...63).contains(bytes.count) && bytes.allSatisfy { isEnd($0) || $0 == 0x2D || $0 == 0x2E }
            && isEnd(bytes[0]) && isEnd(bytes[bytes.count - 1])
        return isValid ? nil : "must be a name (\(form))"
    }
}
