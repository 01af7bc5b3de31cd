extension Library {
    /// `string()`, `int()` and the like (language definition, "Type conversions").
    static let conversions: [Overload] =
        forms("string", [.string, .int, .uint, .double, .bool, .bytes, .timestamp, .duration], .string, toString)
        + forms("int", [.int, .uint, .double, .string, .timestamp], .int, toInt)
        + forms("uint", [.uint, .int, .double, .string], .uint, toUInt)
        + forms("double", [.double, .int, .uint, .string], .double, toDouble)
        + forms("bool", [.bool, .string], .bool, toBool)
        + forms("bytes", [.bytes, .string], .bytes, toBytes)
        + forms("timestamp", [.timestamp, .string, .int], .timestamp, toTimestamp)
        + forms("duration", [.duration, .string], .duration, toDuration)
        + forms("dyn", [.dyn], .dyn) { (value) throws(EvaluationError) in value }
        + forms("type", [.dyn], .type) { (value) throws(EvaluationError) in .type(value.typeName) }

    private typealias Conversion = @Sendable (Value) throws(EvaluationError) -> Value

    private static func forms(
        _ name: String, _ parameters: [CELType], _ result: CELType, _ convert: @escaping Conversion
    ) -> [Overload] {
        parameters.map { parameter in
            .function(name, [parameter], result) { (arguments, meter) throws(EvaluationError) in
                if case .string(let text) = arguments[0] { try meter.charge(bytes: text.utf8.count) }
                if case .bytes(let bytes) = arguments[0] { try meter.charge(bytes: bytes.count) }
                return try convert(arguments[0])
            }
        }
    }

    private static func malformed(_ text: String, _ type: String) -> EvaluationError {
        EvaluationError(.invalidArgument, "\(Value.string(text).rendered(limit: 60)) is not \(type)")
    }

    private static func outOfRange(_ value: Value, _ type: String) -> EvaluationError {
        EvaluationError(.range, "\(value.rendered()) is out of the range of \(type)")
    }

    @Sendable private static func toString(_ value: Value) throws(EvaluationError) -> Value {
        switch value {
        case .string: return value
        case .int(let int): return .string(String(int))
        case .uint(let uint): return .string(String(uint))
        case .double(let double): return .string(Numbers.text(double))
        case .bool(let bool): return .string(bool ? "true" : "false")
        case .timestamp(let timestamp): return .string(timestamp.description)
        case .duration(let duration): return .string(duration.celDescription)
        case .bytes(let bytes):
            guard let string = String(validating: bytes, as: UTF8.self) else {
                throw EvaluationError(.invalidArgument, "the bytes are not UTF-8")
            }
            return .string(string)
        default: throw noSuchOverload("string")
        }
    }

    @Sendable private static func toInt(_ value: Value) throws(EvaluationError) -> Value {
        switch value {
        case .int: return value
        case .uint(let uint):
            guard let int = Int64(exactly: uint) else { throw outOfRange(value, "int") }
            return .int(int)
        case .double(let double):
            // The two ends round to 2^63 as doubles, so that neither is safely inside.
            guard double > -0x1p63, double < 0x1p63 else { throw outOfRange(value, "int") }
            return .int(Int64(double))
        case .string(let text):
            guard let int = integer(text, Int64.self) else { throw malformed(text, "an int") }
            return .int(int)
        case .timestamp(let timestamp): return .int(timestamp.seconds)
        default: throw noSuchOverload("int")
        }
    }

    @Sendable private static func toUInt(_ value: Value) throws(EvaluationError) -> Value {
        switch value {
        case .uint: return value
        case .int(let int):
            guard let uint = UInt64(exactly: int) else { throw outOfRange(value, "uint") }
            return .uint(uint)
        case .double(let double):
            guard double >= 0, double < 0x1p64 else { throw outOfRange(value, "uint") }
            return .uint(UInt64(double))
        case .string(let text):
            guard let uint = integer(text, UInt64.self) else { throw malformed(text, "a uint") }
            return .uint(uint)
        default: throw noSuchOverload("uint")
        }
    }

    /// Decimal digits with at most a minus: the standard library would take a plus too.
    private static func integer<Number: FixedWidthInteger>(_ text: String, _ type: Number.Type) -> Number? {
        text.hasPrefix("+") ? nil : Number(text)
    }

    @Sendable private static func toDouble(_ value: Value) throws(EvaluationError) -> Value {
        switch value {
        case .double: return value
        case .int(let int): return .double(Double(int))
        case .uint(let uint): return .double(Double(uint))
        case .string(let text):
            let isHexadecimal = text.unicodeScalars.contains { $0 == "x" || $0 == "X" }
            guard !isHexadecimal, let double = Double(text) else { throw malformed(text, "a double") }
            return .double(double)
        default: throw noSuchOverload("double")
        }
    }

    @Sendable private static func toBool(_ value: Value) throws(EvaluationError) -> Value {
        guard case .string(let text) = value else { return value }
        switch text {
        case "1", "t", "true", "TRUE", "True": return .bool(true)
        case "0", "f", "false", "FALSE", "False": return .bool(false)
        default: throw malformed(text, "a bool")
        }
    }

    @Sendable private static func toBytes(_ value: Value) throws(EvaluationError) -> Value {
        guard case .string(let text) = value else { return value }
        return .bytes(Array(text.utf8))
    }

    @Sendable private static func toTimestamp(_ value: Value) throws(EvaluationError) -> Value {
        switch value {
        case .timestamp: return value
        case .string(let text): return .timestamp(try Timestamp(parsing: text))
        case .int(let seconds):
            guard let timestamp = Timestamp(seconds: seconds) else { throw outOfRange(value, "timestamp") }
            return .timestamp(timestamp)
        default: throw noSuchOverload("timestamp")
        }
    }

    @Sendable private static func toDuration(_ value: Value) throws(EvaluationError) -> Value {
        guard case .string(let text) = value else { return value }
        return .duration(try Duration(parsingCEL: text))
    }
}
