/// Values that may be absent: of the language's optional library what its core takes part in, without `a.?b` and `a[?b]`. What a
/// document may not have is asked for with `has()`.
///
/// An optional is a struct with one field, or with none.
extension Library {
    private static let field = "value"

    static let optionals: [Overload] = [
        .function("optional.none", [], .optional(.unconstrained)) { (_, _) throws(EvaluationError) in optional(nil) },
        deducing(
            .function("optional.of", [.dyn], .optional(.dyn)) { (arguments, _) throws(EvaluationError) in
                optional(arguments[0])
            }
        ) { .optional($0[0]) },
        .method("hasValue", [.optional(.dyn)], .bool) { (arguments, _) throws(EvaluationError) in
            .bool(wrapped(arguments[0]) != nil)
        },
        deducing(
            .method("value", [.optional(.dyn)], .dyn) { (arguments, _) throws(EvaluationError) in
                guard let value = wrapped(arguments[0]) else {
                    throw EvaluationError(.noSuchField, "the optional has no value")
                }
                return value
            }
        ) { wrapped($0[0]) },
        deducing(
            .method("orValue", [.optional(.dyn), .dyn], .dyn) { (arguments, _) throws(EvaluationError) in
                wrapped(arguments[0]) ?? arguments[1]
            }
        ) { wrapped($0[0])?.joined(with: $0[1]) },
    ]

    private static func deducing(
        _ overload: Overload, _ deduced: @escaping @Sendable ([CELType]) -> CELType?
    ) -> Overload {
        var overload = overload
        overload.deduced = deduced
        return overload
    }

    private static func optional(_ value: Value?) -> Value {
        .message(name: CELType.optionalName, fields: value.map { [field: $0] } ?? [:])
    }

    private static func wrapped(_ value: Value) -> Value? {
        if case .message(_, let fields) = value { fields[field] } else { nil }
    }

    private static func wrapped(_ type: CELType) -> CELType? {
        if case .optional(let wrapped) = type { wrapped } else { nil }
    }
}
