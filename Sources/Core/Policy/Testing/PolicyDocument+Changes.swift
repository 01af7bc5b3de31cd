import CEL

/// A change that cannot be made, and where it is written.
private struct ChangeFault: Error {
    var summary: String
    var node: YAMLNode
}

extension PolicyDocument {
    /// Makes a case's changes: `set` gives paths their values, `unknown` makes facts of which nobody can tell.
    ///
    /// What is wrong with them is recorded as errors of `fields`.
    mutating func change(as fields: YAMLFields) {
        for (key, value) in fields.placedPairs("set") {
            fields.attempt("set") { () throws(ChangeFault) in
                let path = key.text ?? ""
                set(path, try Value(value, as: try PolicySchema.type(of: key), at: path))
            }
        }
        for item in fields.placedTexts("unknown") {
            fields.attempt("unknown") { () throws(ChangeFault) in
                _ = try PolicySchema.type(of: item)
                let path = item.text ?? ""
                set(path, .unknown(path: path, cause: "the test says so"))
            }
        }
    }

    private mutating func set(_ path: String, _ value: Value) {
        let parts = path.split(separator: ".").map(String.init)
        bindings = Self.setting(parts[...], value, in: bindings, declared: PolicySchema.variables, at: "")
    }

    /// What an unknown struct holds besides the field that is set stays unknown.
    private static func setting(
        _ parts: ArraySlice<String>, _ value: Value, in fields: [String: Value], declared: PolicySchema.Fields,
        at path: String
    ) -> [String: Value] {
        guard let first = parts.first else { return fields }
        var fields = fields
        let here = path.isEmpty ? first : "\(path).\(first)"
        guard parts.count > 1, case .message(let name)? = declared.first(where: { $0.0 == first })?.1 else {
            fields[first] = value
            return fields
        }
        var inner: [String: Value] = [:]
        if case .message(_, let known)? = fields[first] { inner = known }
        inner = setting(parts.dropFirst(), value, in: inner, declared: PolicySchema.messages[name] ?? [], at: here)
        fields[first] = PolicySchema.message(name, at: here, inner, cause: "the test does not say")
        return fields
    }
}

extension YAMLFields {
    /// The pairs of an optional mapping, with the places of their keys.
    fileprivate func placedPairs(_ name: String) -> [(key: YAMLNode, value: YAMLNode)] {
        // Says so when it is something else.
        guard !pairs(name).isEmpty, case .mapping(let pairs)? = node(name)?.content else { return [] }
        return pairs
    }

    /// The items of an optional list of texts, with their places.
    fileprivate func placedTexts(_ name: String) -> [YAMLNode] {
        guard !strings(name).isEmpty, case .sequence(let items)? = node(name)?.content else { return [] }
        return items.filter { $0.text != nil }
    }

    fileprivate func attempt(_ name: String, _ body: () throws(ChangeFault) -> Void) {
        do { try body() } catch { log.error(error.summary, at: error.node, field: path(of: name)) }
    }
}

extension PolicySchema {
    /// The type of a path of the input document.
    fileprivate static func type(of path: YAMLNode) throws(ChangeFault) -> CELType {
        let text = path.text ?? ""
        var fields = variables
        var (type, known) = (CELType.dyn, "")
        for part in text.split(separator: ".", omittingEmptySubsequences: false).map(String.init) {
            if fields.isEmpty {
                throw ChangeFault(summary: "\(known) is a \(type), which is set as a whole", node: path)
            }
            guard let found = fields.first(where: { $0.0 == part })?.1 else {
                let hint = Suggestion.hint(for: part, among: fields.map { $0.0 })
                let place = known.isEmpty ? "the input document" : known
                throw ChangeFault(summary: "\(place) has no '\(part)'\(hint)", node: path)
            }
            (type, known) = (found, known.isEmpty ? part : "\(known).\(part)")
            if case .message(let name) = found { fields = messages[name] ?? [] } else { fields = [] }
        }
        return type
    }
}

extension Value {
    /// A value of a declared type, as a case writes it.
    fileprivate init(_ node: YAMLNode, as type: CELType, at path: String) throws(ChangeFault) {
        switch (node.content, type) {
        case (.scalar, _): self = try Self.scalar(node, as: type, at: path)
        case (.sequence(let items), .list(let element)): self = try Self.items(items, of: element, at: path)
        case (.sequence(let items), .dyn): self = try Self.items(items, of: .dyn, at: path)
        case (.mapping(let pairs), .map(_, let element)): self = try Self.entries(pairs, of: element, at: path)
        case (.mapping(let pairs), .dyn): self = try Self.entries(pairs, of: .dyn, at: path)
        case (.mapping(let pairs), .message(let name)): self = try Self.fields(of: name, pairs, at: path)
        default: throw ChangeFault(summary: "\(path) must be \(type), not \(node.kind)", node: node)
        }
    }

    private static func scalar(_ node: YAMLNode, as type: CELType, at path: String) throws(ChangeFault) -> Value {
        do throws(EvaluationError) {
            switch (type, node.scalar) {
            case (.string, _): return .string(node.text ?? "")
            case (.duration, _): return .duration(try Duration(parsingCEL: node.text ?? ""))
            case (.timestamp, _): return .timestamp(try CEL.Timestamp(parsing: node.text ?? ""))
            case (.double, .int(let number)): return .double(Double(number))
            default: break
            }
        } catch {
            throw ChangeFault(summary: "\(path): \(error.message)", node: node)
        }
        guard let value = node.scalar.celValue, type == .dyn || node.scalar.celType == type else {
            throw ChangeFault(summary: "\(path) must be \(type), not \(node.kind)", node: node)
        }
        return value
    }

    private static func items(_ items: [YAMLNode], of type: CELType, at path: String) throws(ChangeFault) -> Value {
        .list(try items.map { (item) throws(ChangeFault) in try Value(item, as: type, at: path) })
    }

    private static func entries(
        _ pairs: [(key: YAMLNode, value: YAMLNode)], of type: CELType, at path: String
    ) throws(ChangeFault) -> Value {
        var values: [String: Value] = [:]
        for (key, value) in pairs {
            values[key.text ?? ""] = try Value(value, as: type, at: "\(path).\(key.text ?? "")")
        }
        return .map(MapValue(values))
    }

    private static func fields(
        of name: String, _ pairs: [(key: YAMLNode, value: YAMLNode)], at path: String
    ) throws(ChangeFault) -> Value {
        let declared = PolicySchema.messages[name] ?? []
        var fields: [String: Value] = [:]
        for (key, value) in pairs {
            let field = key.text ?? ""
            guard let type = declared.first(where: { $0.0 == field })?.1 else {
                let hint = Suggestion.hint(for: field, among: declared.map { $0.0 })
                throw ChangeFault(summary: "a \(name) has no '\(field)'\(hint)", node: key)
            }
            fields[field] = try Value(value, as: type, at: "\(path).\(field)")
        }
        return PolicySchema.message(name, at: path, fields, cause: "the test does not say")
    }
}
