/// The zone that functions of timestamps take: `Europe/Amsterdam`, `UTC`, `Z`, `+02:00`, `-09:30` or `02:00`.
enum ZoneArgument {
    case fixed(Int64)
    case named(Zone)

    init(_ text: String) throws(EvaluationError) {
        if let offset = Self.offset(text) {
            self = .fixed(offset)
        } else if let zone = Zone(text) {
            self = .named(zone)
        } else {
            let shown = Value.string(text).rendered(limit: 60)
            throw EvaluationError(
                .invalidArgument, "\(shown) is no time zone such as 'Europe/Amsterdam', 'UTC' or '+02:00'")
        }
    }

    /// Seconds east of UTC.
    func offset(at instant: Timestamp) -> Int64 {
        switch self {
        case .fixed(let seconds): seconds
        case .named(let zone): Int64(zone.offset(at: Int(instant.seconds)))
        }
    }

    private static func offset(_ text: String) -> Int64? {
        var reader = DigitReader(text)
        var plain = reader
        guard let seconds = reader.zone() ?? plain.clock() else { return nil }
        return reader.isAtEnd || plain.isAtEnd ? seconds : nil
    }
}

extension Library {
    /// Functions of timestamps that take a zone.
    static let timeGetters: Set<String> = Set(fields.map(\.name) + ["getMilliseconds"])

    private typealias Field = (name: String, value: @Sendable (TimeFields) -> Int64)

    private static let fields: [Field] = [
        ("getFullYear", { $0.year }), ("getMonth", { $0.month - 1 }), ("getDate", { $0.day }),
        ("getDayOfMonth", { $0.day - 1 }), ("getDayOfWeek", { $0.dayOfWeek }), ("getDayOfYear", { $0.dayOfYear }),
        ("getHours", { $0.hour }), ("getMinutes", { $0.minute }), ("getSeconds", { $0.second }),
    ]

    /// Parts of timestamps and durations (language definition, "Timestamps and durations").
    static let times: [Overload] = fields.flatMap(forms) + milliseconds + spans

    private static func forms(_ field: Field) -> [Overload] {
        let read = field.value
        let name = field.name
        let body: Overload.Body = { (arguments, meter) throws(EvaluationError) in
            guard case .timestamp(let timestamp) = arguments[0] else { throw noSuchOverload(name) }
            return .int(read(TimeFields(timestamp, offsetSeconds: try offset(at: timestamp, arguments, &meter))))
        }
        return [
            .method(name, [.timestamp], .int, body: body),
            .method(name, [.timestamp, .string], .int, body: body),
        ]
    }

    private static func offset(
        at timestamp: Timestamp, _ arguments: [Value], _ meter: inout Meter
    ) throws(EvaluationError) -> Int64 {
        guard arguments.count > 1 else { return 0 }
        guard case .string(let zone) = arguments[1] else { throw noSuchOverload("a timestamp's function") }
        // A zone's rules are looked up among some hundreds.
        try meter.charge(10)
        return try ZoneArgument(zone).offset(at: timestamp)
    }

    private static let milliseconds: [Overload] = [
        .method("getMilliseconds", [.timestamp], .int, body: timestampMilliseconds),
        .method("getMilliseconds", [.timestamp, .string], .int, body: timestampMilliseconds),
    ]

    @Sendable private static func timestampMilliseconds(
        _ arguments: [Value], _ meter: inout Meter
    ) throws(EvaluationError) -> Value {
        guard case .timestamp(let timestamp) = arguments[0] else { throw noSuchOverload("getMilliseconds") }
        // Offsets are whole seconds: they do not change milliseconds, but a bad one is still an error.
        _ = try offset(at: timestamp, arguments, &meter)
        return .int(Int64(timestamp.nanoseconds) / 1_000_000)
    }

    /// Durations: the whole in hours, minutes or seconds, but the milliseconds of the last second.
    private static let spans: [Overload] = [
        span("getHours") { $0 / 3_600_000_000_000 },
        span("getMinutes") { $0 / 60_000_000_000 },
        span("getSeconds") { $0 / 1_000_000_000 },
        span("getMilliseconds") { $0 / 1_000_000 % 1000 },
    ]

    private static func span(_ name: String, _ read: @escaping @Sendable (Int64) -> Int64) -> Overload {
        .method(name, [.duration], .int) { (arguments, _) throws(EvaluationError) in
            guard case .duration(let duration) = arguments[0] else { throw noSuchOverload(name) }
            return .int(read(try duration.nanoseconds()))
        }
    }
}
