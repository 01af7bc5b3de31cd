import CEL

/// The input document of one (node, step): what every expression of every policy reads, and nothing else.
struct PolicyDocument: Sendable {
    /// Variable → value.
    var bindings: [String: Value]

    /// Says whether what is asked for is a standing change on this node.
    mutating func set(standing: Value) {
        guard case .message(let name, var fields)? = bindings["request"] else { return }
        fields["standing"] = standing
        bindings["request"] = .message(name: name, fields: fields)
    }

    /// The value at a path of struct fields, `request.principal.user`.
    func value(_ path: String) throws(EvaluationError) -> Value {
        var value = Value.message(name: "", fields: bindings)
        for part in path.split(separator: ".") {
            guard case .message(_, let fields) = value, let next = fields[String(part)] else {
                throw .unknownFact(path: path, cause: "the document has no such field")
            }
            if case .error(let error) = next { throw error }
            value = next
        }
        return value
    }

    /// A text at a path.
    func text(_ path: String) throws(EvaluationError) -> String {
        guard case .string(let text) = try value(path) else {
            throw .unknownFact(path: path, cause: "it is not a text")
        }
        return text
    }

    /// A list of texts at a path.
    func texts(_ path: String) throws(EvaluationError) -> [String] {
        guard case .list(let items) = try value(path) else { throw .unknownFact(path: path, cause: "it is not a list") }
        return try items.map { (item) throws(EvaluationError) in
            switch item {
            case .string(let text): text
            case .error(let error): throw error
            default: throw .unknownFact(path: path, cause: "it is not a list of texts")
            }
        }
    }

    /// A truth value at a path.
    func flag(_ path: String) throws(EvaluationError) -> Bool {
        guard case .bool(let flag) = try value(path) else { throw .unknownFact(path: path, cause: "it is not a bool") }
        return flag
    }
}
