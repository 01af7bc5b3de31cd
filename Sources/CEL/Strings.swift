extension Library {
    /// The string functions of the core language and of the strings extension. Positions count unicode scalars.
    static let strings: [Overload] = queries + searches + cuts + changes

    private static func two(_ name: String, _ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> (
        String, String
    ) {
        guard case .string(let text) = arguments[0], case .string(let other) = arguments[1] else {
            throw noSuchOverload(name)
        }
        try meter.charge(bytes: text.utf8.count + other.utf8.count)
        return (text, other)
    }

    private static func scalars(_ value: Value, _ meter: inout Meter) throws(EvaluationError) -> [Unicode.Scalar] {
        guard case .string(let text) = value else { throw EvaluationError(.noSuchOverload, "a string is needed") }
        try meter.charge(bytes: text.utf8.count)
        return Array(text.unicodeScalars)
    }

    /// An optional integer argument as a position from 0 to `count`.
    private static func position(
        _ arguments: [Value], _ index: Int, upTo count: Int, default fallback: Int
    ) throws(EvaluationError) -> Int {
        guard arguments.count > index, case .int(let int) = arguments[index] else { return fallback }
        guard int >= 0, int <= Int64(count) else {
            throw EvaluationError(.indexOutOfRange, "index out of range: \(int)")
        }
        return Int(int)
    }

    // MARK: Questions

    private static let queries: [Overload] = [
        .method("contains", [.string, .string], .bool) { (arguments, meter) throws(EvaluationError) in
            let (text, part) = try two("contains", arguments, &meter)
            try meter.charge(bytes: searchCost(text.utf8.count, part.utf8.count))
            return .bool(Text.firstIndex(of: Array(part.utf8), in: Array(text.utf8)) != nil)
        },
        .method("startsWith", [.string, .string], .bool) { (arguments, meter) throws(EvaluationError) in
            let (text, part) = try two("startsWith", arguments, &meter)
            return .bool(text.utf8.starts(with: part.utf8))
        },
        .method("endsWith", [.string, .string], .bool) { (arguments, meter) throws(EvaluationError) in
            let (text, part) = try two("endsWith", arguments, &meter)
            return .bool(text.utf8.suffix(part.utf8.count).elementsEqual(part.utf8))
        },
    ]

    /// A plain search compares up to `text · part` bytes.
    private static func searchCost(_ text: Int, _ part: Int) -> Int {
        let (product, overflow) = max(0, text - part).multipliedReportingOverflow(by: part)
        return overflow ? .max : product
    }

    private static let searches: [Overload] = ["indexOf", "lastIndexOf"].flatMap { name in
        let body: Overload.Body = { (arguments, meter) throws(EvaluationError) in
            let text = try scalars(arguments[0], &meter)
            let part = try scalars(arguments[1], &meter)
            try meter.charge(bytes: searchCost(text.count, part.count))
            let isLast = name == "lastIndexOf"
            let start = try position(arguments, 2, upTo: text.count, default: isLast ? text.count : 0)
            let found =
                isLast
                ? Text.lastIndex(of: part, in: text, from: start) : Text.firstIndex(of: part, in: text, from: start)
            return .int(Int64(found ?? -1))
        }
        return [
            Overload.method(name, [.string, .string], .int, body: body),
            .method(name, [.string, .string, .int], .int, body: body),
        ]
    }

    // MARK: Parts

    private static let cuts: [Overload] = [
        .method("charAt", [.string, .int], .string) { (arguments, meter) throws(EvaluationError) in
            let text = try scalars(arguments[0], &meter)
            let index = try position(arguments, 1, upTo: text.count, default: 0)
            return .string(Text.string(text[index...].prefix(1)))
        },
        .method("substring", [.string, .int], .string, body: substring),
        .method("substring", [.string, .int, .int], .string, body: substring),
        .method("split", [.string, .string], .list(.string), body: split),
        .method("split", [.string, .string, .int], .list(.string), body: split),
        .method("trim", [.string], .string) { (arguments, meter) throws(EvaluationError) in
            let text = try scalars(arguments[0], &meter)
            guard let first = text.firstIndex(where: { !$0.properties.isWhitespace }),
                let last = text.lastIndex(where: { !$0.properties.isWhitespace })
            else { return "" }
            return .string(Text.string(text[first...last]))
        },
    ]

    @Sendable private static func substring(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value
    {
        let text = try scalars(arguments[0], &meter)
        let start = try position(arguments, 1, upTo: text.count, default: 0)
        let end = try position(arguments, 2, upTo: text.count, default: text.count)
        guard start <= end else {
            throw EvaluationError(.indexOutOfRange, "invalid substring range: start \(start) is after end \(end)")
        }
        return .string(Text.string(text[start..<end]))
    }

    @Sendable private static func split(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value {
        let text = try scalars(arguments[0], &meter)
        let separator = try scalars(arguments[1], &meter)
        try meter.charge(bytes: searchCost(text.count, separator.count))
        var limit = Int64.max
        if arguments.count > 2, case .int(let given) = arguments[2], given >= 0 { limit = given }
        if limit == 0 { return [] }
        var parts: [Value] = []
        var start = 0
        while Int64(parts.count) + 1 < limit, let end = nextCut(text, separator, from: start) {
            try meter.charge()
            parts.append(.string(Text.string(text[start..<end])))
            start = end + separator.count
        }
        parts.append(.string(Text.string(text[start...])))
        return .list(parts)
    }

    /// Where the next separator begins; an empty separator stands between all scalars.
    private static func nextCut(_ text: [Unicode.Scalar], _ separator: [Unicode.Scalar], from start: Int) -> Int? {
        if separator.isEmpty { return start + 1 < text.count ? start + 1 : nil }
        return Text.firstIndex(of: separator, in: text, from: start)
    }

    // MARK: Changes

    private static let changes: [Overload] = [
        .method("lowerAscii", [.string], .string) { (arguments, meter) throws(EvaluationError) in
            let text = try scalars(arguments[0], &meter)
            return .string(Text.string(text.map { ("A"..."Z").contains($0) ? shifted($0, by: 32) : $0 }))
        },
        .method("upperAscii", [.string], .string) { (arguments, meter) throws(EvaluationError) in
            let text = try scalars(arguments[0], &meter)
            return .string(Text.string(text.map { ("a"..."z").contains($0) ? shifted($0, by: -32) : $0 }))
        },
        .method("replace", [.string, .string, .string], .string, body: replace),
        .method("replace", [.string, .string, .string, .int], .string, body: replace),
        .method("join", [.list(.string)], .string, body: join),
        .method("join", [.list(.string), .string], .string, body: join),
    ]

    private static func shifted(_ scalar: Unicode.Scalar, by distance: Int) -> Unicode.Scalar {
        Unicode.Scalar(UInt8(truncatingIfNeeded: Int(scalar.value) + distance))
    }

    @Sendable private static func replace(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value {
        let text = try scalars(arguments[0], &meter)
        let old = try scalars(arguments[1], &meter)
        let new = try scalars(arguments[2], &meter)
        try meter.charge(bytes: searchCost(text.count, old.count))
        var left = Int64.max
        if arguments.count > 3, case .int(let given) = arguments[3], given >= 0 { left = given }
        var (result, start) = ([Unicode.Scalar](), 0)
        while left > 0, let found = Text.firstIndex(of: old, in: text, from: start) {
            try meter.charge(1 + new.count / 4)
            // An empty pattern stands before every scalar and at the end: one scalar is kept after each.
            let kept = old.isEmpty ? min(found + 1, text.count) : found
            result += old.isEmpty ? new + text[found..<kept] : text[start..<found] + new
            start = old.isEmpty ? found + 1 : found + old.count
            left -= 1
        }
        if start < text.count { result += text[start...] }
        return .string(Text.string(result))
    }

    @Sendable private static func join(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value {
        guard case .list(let elements) = arguments[0] else { throw noSuchOverload("join") }
        var separator = ""
        if arguments.count > 1, case .string(let given) = arguments[1] { separator = given }
        var joined = ""
        for (index, element) in elements.enumerated() {
            if case .error(let error) = element { throw error }
            guard case .string(let text) = element else {
                throw EvaluationError(.noSuchOverload, "join() needs a list of strings, found \(element.kind)")
            }
            try meter.charge(1 + (text.utf8.count + separator.utf8.count) / 16)
            joined += index > 0 ? separator + text : text
        }
        return .string(joined)
    }
}
