extension Value: CustomStringConvertible {
    /// The value as text, at most 120 characters.
    public var description: String { rendered() }

    /// The value as CEL would write it, bounded, with control characters escaped.
    ///
    /// - Parameter limit: the most unicode scalars; a longer text ends in `…`.
    public func rendered(limit: Int = 120) -> String {
        var renderer = Renderer(limit: max(1, limit))
        renderer.write(self, depth: 0)
        return renderer.finished
    }
}

/// Writes until its limit: the work is bounded too, not only the text.
private struct Renderer {
    let limit: Int
    private var scalars: [Unicode.Scalar] = []

    init(limit: Int) { self.limit = limit }

    private var isFull: Bool { scalars.count > limit }

    var finished: String {
        isFull ? Text.string(scalars.prefix(limit - 1)) + "…" : Text.string(scalars)
    }

    private mutating func put(_ text: String) {
        scalars.append(contentsOf: text.unicodeScalars.prefix(limit + 1))
    }

    mutating func write(_ value: Value, depth: Int) {
        guard !isFull else { return }
        guard depth < 8 else { return put("…") }
        switch value {
        case .null: put("null")
        case .bool(let bool): put(bool ? "true" : "false")
        case .int(let int): put(String(int))
        case .uint(let uint): put("\(uint)u")
        case .double(let double):
            put(double.isFinite && double == double.rounded() ? "\(double)" : Numbers.text(double))
        case .string(let string): quote(string)
        case .bytes(let bytes): writeBytes(bytes)
        case .list(let elements): writeList(elements, depth: depth)
        case .map(let map): writeMap(map, depth: depth)
        case .message(let name, let fields): writeMessage(name, fields, depth: depth)
        case .timestamp(let timestamp): put("timestamp('\(timestamp)')")
        case .duration(let duration): put("duration('\(duration.celDescription)')")
        case .type(let name): put(name)
        case .error(let error): writeError(error)
        }
    }

    private mutating func writeError(_ error: EvaluationError) {
        put("error(")
        for scalar in error.message.unicodeScalars where !isFull { putEscaped(scalar) }
        put(")")
    }

    private mutating func quote(_ string: String) {
        put("'")
        for scalar in string.unicodeScalars {
            if isFull { return }
            putEscaped(scalar)
        }
        put("'")
    }

    private mutating func putEscaped(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "'": put("\\'")
        case "\\": put("\\\\")
        case "\n": put("\\n")
        case "\r": put("\\r")
        case "\t": put("\\t")
        default:
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: escape(scalar)
            default: scalars.append(scalar)
            }
        }
    }

    private mutating func escape(_ scalar: Unicode.Scalar) {
        let wide = scalar.value > 0xFFFF
        put((wide ? "\\U" : "\\u") + Self.hex(scalar.value, digits: wide ? 8 : 4))
    }

    private static func hex(_ number: UInt32, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    private mutating func writeBytes(_ bytes: [UInt8]) {
        put("b'")
        for byte in bytes where !isFull { put("\\x" + Self.hex(UInt32(byte), digits: 2)) }
        put("'")
    }

    private mutating func writeList(_ elements: [Value], depth: Int) {
        put("[")
        for (index, element) in elements.enumerated() {
            if isFull { return }
            if index > 0 { put(", ") }
            write(element, depth: depth + 1)
        }
        put("]")
    }

    private mutating func writeMap(_ map: MapValue, depth: Int) {
        put("{")
        for (index, entry) in map.entries.enumerated() {
            if isFull { return }
            if index > 0 { put(", ") }
            write(entry.key.value, depth: depth + 1)
            put(": ")
            write(entry.value, depth: depth + 1)
        }
        put("}")
    }

    private mutating func writeMessage(_ name: String, _ fields: [String: Value], depth: Int) {
        put("\(name){")
        for (index, field) in fields.sorted(by: { Text.precedes($0.key, $1.key) }).enumerated() {
            if isFull { return }
            put(index > 0 ? ", \(field.key): " : "\(field.key): ")
            write(field.value, depth: depth + 1)
        }
        put("}")
    }
}
