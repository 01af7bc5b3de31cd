import CEL

/// A setting of a policy: a default in its file, or what `belay.yaml` says instead.
public enum PolicyParam: Sendable, Hashable {
    /// A text, a number, true or false.
    case single(YAMLScalar)
    /// Any number of values of one type.
    case list([YAMLScalar])
}

extension PolicyParam {
    /// The value in an expression; nil for what is no setting (empty, `yes`).
    var celValue: Value? {
        switch self {
        case .single(let scalar): return scalar.celValue
        case .list(let items):
            let values = items.compactMap(\.celValue)
            return values.count == items.count ? .list(values) : nil
        }
    }

    /// The type in an expression; nil for what is no setting, and for items of several types. An empty list is one of
    /// texts, as all lists of names are.
    var celType: CELType? {
        switch self {
        case .single(let scalar): return scalar.celType
        case .list(let items):
            guard let first = items.first else { return .list(.string) }
            guard let type = first.celType, items.allSatisfy({ $0.celType == type }) else { return nil }
            return .list(type)
        }
    }

    /// For messages.
    var kind: String {
        switch self {
        case .single(let scalar): return scalar.kind
        case .list(let items):
            let kinds = Set(items.map(\.kind))
            return kinds.count > 1 ? "a list of \(kinds.sorted().joined(separator: " and "))" : "a list"
        }
    }

    /// The same in the type of another: a whole number stands for a fraction. Nil when it is of another type.
    func fitted(to type: CELType) -> PolicyParam? {
        switch (self, type) {
        case (.single(.int(let number)), .double): .single(.double(Double(number)))
        case (.list([]), .list): self
        default: celType == type ? self : nil
        }
    }

    /// Type and value on one line, for the digest; of texts their SHA-256, since they may have lines of their own.
    var digestLine: String {
        switch self {
        case .single(let scalar): scalar.digestLine
        case .list(let items): (["list \(items.count)"] + items.map(\.digestLine)).joined(separator: " ")
        }
    }
}

extension YAMLScalar {
    /// The value in an expression; nil for what is no setting (empty, `yes`).
    var celValue: Value? {
        switch self {
        case .null, .ambiguous: nil
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .string(let text): .string(text)
        }
    }

    /// The type in an expression.
    var celType: CELType? {
        switch self {
        case .null, .ambiguous: nil
        case .bool: .bool
        case .int: .int
        case .double: .double
        case .string: .string
        }
    }

    fileprivate var digestLine: String {
        switch self {
        case .null, .ambiguous: "none"
        case .bool(let flag): "bool \(flag)"
        case .int(let number): "int \(number)"
        case .double(let number): "double \(number)"
        case .string(let text): "string \(Digest.sha256(text.utf8))"
        }
    }
}
