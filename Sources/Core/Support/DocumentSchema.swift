import CEL

/// A document that expressions read, as files write it: values of the variables that were declared, and of their fields.
///
/// Fields that a file does not give are unknown, with a cause, never a default.
struct DocumentSchema: Sendable {
    let declarations: Declarations
    /// Why what is not given is not known.
    let silence: String

    /// Something that cannot be a value of the document, and where it is written.
    struct Fault: Error {
        var summary: String
        var node: YAMLNode
    }

    /// Makes changes: `set` gives paths their values, `unknown` makes facts of which nobody can tell. A path is names with
    /// dots between them, of fields and of keys of maps.
    ///
    /// What is wrong with them is recorded as errors of `fields`.
    func change(_ bindings: inout [String: Value], as fields: YAMLFields) {
        for (key, value) in fields.placedPairs("set") {
            fields.attempt("set") { () throws(Fault) in
                let path = key.text ?? ""
                bindings = set(path, try self.value(value, as: try type(of: key), at: path), in: bindings)
            }
        }
        for item in fields.placedTexts("unknown") {
            fields.attempt("unknown") { () throws(Fault) in
                _ = try type(of: item)
                let path = item.text ?? ""
                bindings = set(path, .unknown(path: path, cause: "the test says so"), in: bindings)
            }
        }
    }

    /// A value of a declared message. Fields that are not given become errors which name their path.
    func message(_ name: String, at path: String, _ known: [String: Value]) -> Value {
        var fields = known
        for (field, _) in declarations.fields(of: name) ?? [] where fields[field] == nil {
            fields[field] = .unknown(path: "\(path).\(field)", cause: silence)
        }
        return .message(name: name, fields: fields)
    }
}

// MARK: Paths

extension DocumentSchema {
    private func set(_ path: String, _ value: Value, in bindings: [String: Value]) -> [String: Value] {
        let parts = path.split(separator: ".").map(String.init)
        return setting(
            parts[...], value, in: bindings,
            types: { name in declarations.declaredVariables.first { $0.name == name }?.type },
            at: "")
    }

    /// What an unknown struct holds besides the field that is set stays unknown.
    private func setting(
        _ parts: ArraySlice<String>, _ value: Value, in fields: [String: Value], types: (String) -> CELType?,
        at path: String
    ) -> [String: Value] {
        guard let first = parts.first else { return fields }
        var fields = fields
        let here = path.isEmpty ? first : "\(path).\(first)"
        let rest = parts.dropFirst()
        switch types(first) {
        case .message(let name)? where !rest.isEmpty:
            var inner: [String: Value] = [:]
            if case .message(_, let known)? = fields[first] { inner = known }
            inner = setting(rest, value, in: inner, types: { self.type(of: $0, in: name) }, at: here)
            fields[first] = message(name, at: here, inner)
        case .map(_, let element)? where !rest.isEmpty:
            var inner: [String: Value] = [:]
            if case .map(let known)? = fields[first] { inner = known.texts }
            fields[first] = .map(MapValue(setting(rest, value, in: inner, types: { _ in element }, at: here)))
        default: fields[first] = value
        }
        return fields
    }

    private func type(of field: String, in message: String) -> CELType? {
        declarations.fields(of: message)?.first { $0.name == field }?.type
    }

    /// The type of a path of the document.
    private func type(of path: YAMLNode) throws(Fault) -> CELType {
        var (type, known): (CELType?, String) = (nil, "")
        for part in (path.text ?? "").split(separator: ".", omittingEmptySubsequences: false).map(String.init) {
            type = try self.type(of: part, in: type, known, path)
            known = known.isEmpty ? part : "\(known).\(part)"
        }
        return type ?? .dyn
    }

    private func type(
        of part: String, in outer: CELType?, _ known: String, _ path: YAMLNode
    ) throws(Fault) -> CELType {
        let fields: [(name: String, type: CELType)]
        switch outer {
        case nil: fields = declarations.declaredVariables
        case .message(let name)?: fields = declarations.fields(of: name) ?? []
        case .map(_, let element)?: return element
        case let type?: throw Fault(summary: "\(known) is a \(type), which is set as a whole", node: path)
        }
        if let found = fields.first(where: { $0.name == part })?.type { return found }
        let place = known.isEmpty ? "the input document" : known
        throw Fault(
            summary: "\(place) has no '\(part)'\(Suggestion.hint(for: part, among: fields.map(\.name)))", node: path)
    }
}

// MARK: Values

extension DocumentSchema {
    /// A value of a declared type. `{unknown: "cause"}` is one that nobody can tell.
    func value(_ node: YAMLNode, as type: CELType, at path: String) throws(Fault) -> Value {
        if let cause = Self.unknown(node, as: type) { return .unknown(path: path, cause: cause) }
        switch (node.content, type) {
        case (.scalar, _): return try scalar(node, as: type, at: path)
        case (.sequence(let items), .list(let element)): return try self.items(items, of: element, at: path)
        case (.sequence(let items), .dyn): return try self.items(items, of: .dyn, at: path)
        case (.mapping(let pairs), .map(_, let element)): return try entries(pairs, of: element, at: path)
        case (.mapping(let pairs), .dyn): return try entries(pairs, of: .dyn, at: path)
        case (.mapping(let pairs), .message(let name)): return try fields(of: name, pairs, at: path)
        default: throw Fault(summary: "\(path) must be \(type), not \(node.kind)", node: node)
        }
    }

    /// In a map of texts it is an entry like any other.
    private static func unknown(_ node: YAMLNode, as type: CELType) -> String? {
        if case .map(_, .string) = type { return nil }
        guard case .mapping(let pairs) = node.content, pairs.count == 1, pairs[0].key.text == "unknown",
            case .scalar = pairs[0].value.content
        else { return nil }
        return pairs[0].value.text
    }

    private func scalar(_ node: YAMLNode, as type: CELType, at path: String) throws(Fault) -> Value {
        do throws(EvaluationError) {
            switch (type, node.scalar) {
            case (.string, _): return .string(node.text ?? "")
            case (.duration, _): return .duration(try Duration(parsingCEL: node.text ?? ""))
            case (.timestamp, _): return .timestamp(try CEL.Timestamp(parsing: node.text ?? ""))
            case (.double, .int(let number)): return .double(Double(number))
            default: break
            }
        } catch {
            throw Fault(summary: "\(path): \(error.message)", node: node)
        }
        guard let value = node.scalar.celValue, type == .dyn || node.scalar.celType == type else {
            throw Fault(summary: "\(path) must be \(type), not \(node.kind)", node: node)
        }
        return value
    }

    private func items(_ items: [YAMLNode], of type: CELType, at path: String) throws(Fault) -> Value {
        .list(try items.map { (item) throws(Fault) in try value(item, as: type, at: path) })
    }

    private func entries(
        _ pairs: [(key: YAMLNode, value: YAMLNode)], of type: CELType, at path: String
    ) throws(Fault) -> Value {
        var values: [String: Value] = [:]
        for (key, node) in pairs {
            values[key.text ?? ""] = try value(node, as: type, at: "\(path).\(key.text ?? "")")
        }
        return .map(MapValue(values))
    }

    private func fields(
        of name: String, _ pairs: [(key: YAMLNode, value: YAMLNode)], at path: String
    ) throws(Fault) -> Value {
        let declared = declarations.fields(of: name) ?? []
        var fields: [String: Value] = [:]
        for (key, node) in pairs {
            let field = key.text ?? ""
            guard let type = declared.first(where: { $0.name == field })?.type else {
                let hint = Suggestion.hint(for: field, among: declared.map(\.name))
                throw Fault(summary: "a \(name) has no '\(field)'\(hint)", node: key)
            }
            fields[field] = try value(node, as: type, at: "\(path).\(field)")
        }
        return message(name, at: path, fields)
    }
}

// MARK: Reading

extension MapValue {
    /// The entries whose keys are texts.
    fileprivate var texts: [String: Value] {
        var values: [String: Value] = [:]
        for (key, value) in entries {
            if case .string(let text) = key { values[text] = value }
        }
        return values
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

    /// Runs what may meet a fault, and records it.
    func attempt(_ name: String, _ body: () throws(DocumentSchema.Fault) -> Void) {
        do { try body() } catch { log.error(error.summary, at: error.node, field: path(of: name)) }
    }
}
