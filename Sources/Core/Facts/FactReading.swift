import CEL

/// Makes values of declared types from a report: whatever a node printed, each field has its type or is an error with a cause.
struct FactReading {
    /// Characters of one text, and texts of one list, that are kept.
    static let (textLimit, listLimit) = (300, 1000)

    let messages: [String: [FactField]]
    let report: FactReport

    /// The value of a field of `facts`.
    func value(of name: String, _ type: CELType) -> Value {
        guard case .message(let message) = type else { return value(name, type, at: "facts.\(name)") }
        return self.message(message, within: "", at: "facts.\(name)")
    }

    /// A message whose fields stand in lines of their own, with a prefix in one that is part of another.
    private func message(_ message: String, within prefix: String, at path: String) -> Value {
        let fields = (messages[message] ?? []).map { field in
            (field.name, value(prefix + field.name, field.type, at: "\(path).\(field.name)"))
        }
        return .message(name: message, fields: Dictionary(uniqueKeysWithValues: fields))
    }

    private func value(_ name: String, _ type: CELType, at path: String) -> Value {
        switch type {
        case .message(let message): return self.message(message, within: "\(name).", at: path)
        case .list(let element):
            return complete(name, at: path) { .list(list(report.items[name] ?? [], element, name, path)) }
        case .map(_, let element):
            return complete(name, at: path) { .map(map(report.items[name] ?? [], element, name, path)) }
        default:
            guard let text = report.values[name] else { return unknown(name, at: path) }
            return Self.scalar(text, type).value(at: path) { $0 }
        }
    }

    private func unknown(_ name: String, at path: String) -> Value {
        .unknown(path: path, cause: report.causes[name] ?? report.silence)
    }

    private func complete(_ name: String, at path: String, _ make: () -> Value) -> Value {
        guard report.complete.contains(name), report.causes[name] == nil else { return unknown(name, at: path) }
        return make()
    }

    /// Lines of logs and of programs may have secrets in them; the other texts are names.
    private func list(_ items: [[Substring]], _ type: CELType, _ name: String, _ path: String) -> [Value] {
        items.prefix(Self.listLimit).enumerated().map { index, columns in
            guard type == .string else { return element(columns[...], key: nil, type, name, "\(path)[\(index)]") }
            return .string(Self.text(Substring(Redactor().redact(String(FactReport.joined(columns))))))
        }
    }

    private func map(_ items: [[Substring]], _ type: CELType, _ name: String, _ path: String) -> MapValue {
        var keys: [String] = []
        var rows: [String: [ArraySlice<Substring>]] = [:]
        for columns in items.prefix(Self.listLimit) {
            guard let first = columns.first else { continue }
            let key = Self.text(first)
            if rows[key] == nil { keys.append(key) }
            rows[key, default: []].append(columns.dropFirst())
        }
        var map = MapValue()
        for key in keys {
            let place = "\(path)['\(key)']"
            if case .list(let element) = type {
                let lines = (rows[key] ?? []).filter { !$0.isEmpty }.map(Array.init)
                map.insert(.string(key), .list(list(lines, element, name, place)))
            } else if let columns = rows[key]?.first {
                map.insert(.string(key), element(columns, key: key, type, name, place))
            }
        }
        return map
    }

    /// One of a list or map: a single value, or a message with a column for each of its fields but the lists.
    private func element(
        _ columns: ArraySlice<Substring>, key: String?, _ type: CELType, _ name: String, _ path: String
    ) -> Value {
        guard case .message(let message) = type else {
            return column(FactReport.joined(columns), type, name, path)
        }
        var rest = columns
        var fields: [String: Value] = [:]
        let declared = messages[message] ?? []
        let last = declared.last { !$0.type.isList }?.name
        for field in declared {
            let place = "\(path).\(field.name)"
            if case .list(let element) = field.type {
                let rows = (report.items["\(name).\(field.name)"] ?? []).filter { $0.first.map(Self.text) == key }
                fields[field.name] = .list(list(rows.map { Array($0.dropFirst()) }, element, name, place))
            } else if rest.isEmpty {
                fields[field.name] = .unknown(path: place, cause: report.silence)
            } else {
                let text = field.name == last ? FactReport.joined(rest) : rest[rest.startIndex]
                rest = rest.dropFirst()
                fields[field.name] = column(text, field.type, "\(name).\(field.name)", place)
            }
        }
        return .message(name: message, fields: fields)
    }

    /// A column. An empty one stands for what is not known: of texts, which may be empty, only where the report says why; of
    /// others it may also say so itself, `?` and the cause.
    private func column(_ text: Substring, _ type: CELType, _ name: String, _ path: String) -> Value {
        let cause = report.causes[name]
        if text.isEmpty, type != .string || cause != nil {
            return .unknown(path: path, cause: cause ?? report.silence)
        }
        if type != .string, text.utf8.first == UInt8(ascii: "?") {
            return .unknown(path: path, cause: Self.text(text.dropFirst()))
        }
        return Self.scalar(text, type).value(at: path) { $0 }
    }

    private static func text(_ text: Substring) -> String { Printable.escape(String(text), limit: textLimit) }

    /// Numbers are decimal, instants seconds since 1970, durations seconds.
    private static func scalar(_ text: Substring, _ type: CELType) -> Fact<Value> {
        let value: Value? =
            switch type {
            case .string: .string(Self.text(text))
            case .bool: ["true": .bool(true), "false": .bool(false)][text]
            case .int: Int64(text).map(Value.int)
            case .double: Double(text).flatMap { $0.isFinite ? .double($0) : nil }
            case .timestamp: seconds(text).flatMap { CEL.Timestamp(seconds: Int64($0)) }.map(Value.timestamp)
            case .duration: seconds(text).map { .duration(.milliseconds(Int64(($0 * 1000).rounded()))) }
            default: nil
            }
        return value.map(Fact.known) ?? .unknown("the node answered: \(Printable.escape(String(text), limit: 60))")
    }

    /// At most some three hundred years, which every type of time can hold.
    private static func seconds(_ text: Substring) -> Double? {
        Double(text).flatMap { abs($0) < 9_000_000_000 ? $0 : nil }
    }
}

extension CELType {
    fileprivate var isList: Bool { if case .list = self { true } else { false } }
}
