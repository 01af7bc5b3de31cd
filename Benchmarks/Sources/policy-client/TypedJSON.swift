import CEL

/// Values as JSON that keeps their types: `{"int": "1"}`, `{"map": [[key, value]…]}`. Structs are maps, since evaluators
/// without Belay's declarations have no others; what is not known is left out of them.
enum TypedJSON {
    static func text(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            default: scalar.value < 0x20 ? " " : String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }

    static func object(_ fields: [(key: String, value: Value?)]) -> String {
        let known = fields.compactMap { key, value in value.flatMap(json).map { "\(text(key)): \($0)" } }
        return "{\(known.joined(separator: ", "))}"
    }

    static func result(_ result: Result<Value, EvaluationError>) -> String {
        switch result {
        case .success(let value): json(value) ?? "null"
        case .failure(let error): "{\"error\": \(text(error.message))}"
        }
    }

    /// Nil for an error.
    private static func json(_ value: Value) -> String? {
        switch value {
        case .null: "{\"null\": true}"
        case .bool(let bool): "{\"bool\": \(bool)}"
        case .int(let int): "{\"int\": \"\(int)\"}"
        case .uint(let uint): "{\"uint\": \"\(uint)\"}"
        case .double(let double): "{\"double\": \"\(double)\"}"
        case .string(let string): "{\"string\": \(text(string))}"
        case .bytes(let bytes): "{\"bytes\": \(bytes)}"
        case .list(let elements): "{\"list\": [\(elements.compactMap(json).joined(separator: ", "))]}"
        case .map(let map): entries(map.entries.map { ($0.key.value, $0.value) })
        case .message(_, let fields):
            entries(fields.sorted { $0.key < $1.key }.map { (Value.string($0.key), $0.value) })
        case .timestamp(let timestamp): "{\"timestamp\": \"\(timestamp)\"}"
        case .duration(let duration): "{\"duration\": \"\(duration.celDescription)\"}"
        case .type(let name): "{\"type\": \(text(name))}"
        case .error: nil
        }
    }

    private static func entries(_ entries: [(key: Value, value: Value)]) -> String {
        let known = entries.compactMap { key, value in
            json(value).flatMap { value in json(key).map { "[\($0), \(value)]" } }
        }
        return "{\"map\": [\(known.joined(separator: ", "))]}"
    }
}
