import CRE2

/// A regular expression in RE2's syntax (github.com/google/re2/wiki/Syntax), which takes time in proportion to the text,
/// whatever the expression. It works on UTF-8 bytes, and so on unicode scalars.
final class Pattern: Sendable {
    /// The longest, in bytes.
    static let maximumLength = 1024

    // Unsafe is only that Swift cannot see it: RE2 lets any thread search with an expression, and it is freed by the last owner.
    private nonisolated(unsafe) let handle: OpaquePointer
    /// Instructions it was compiled to.
    let size: Int

    /// Compiles it.
    ///
    /// - Throws: RE2's reason; a limit's error when it is too long, or becomes too large.
    init(_ text: String) throws(EvaluationError) {
        guard text.utf8.count <= Self.maximumLength else {
            let message = "a regular expression has at most \(Self.maximumLength) bytes, not \(text.utf8.count)"
            throw EvaluationError(.costLimit, message)
        }
        var bytes = text
        let handle = bytes.withUTF8 { belay_pattern_compile($0.baseAddress, $0.count) }
        if let error = Self.error(of: handle, text) {
            belay_pattern_free(handle)
            throw error
        }
        self.handle = handle
        size = Int(belay_pattern_size(handle))
    }

    deinit { belay_pattern_free(handle) }

    private static func error(of handle: OpaquePointer, _ text: String) -> EvaluationError? {
        var count = 0
        guard let start = belay_pattern_error(handle, &count) else { return nil }
        let shown = Value.string(text).rendered(limit: 60)
        if belay_pattern_is_too_large(handle) {
            let message = "the regular expression \(shown) becomes too large: repeat less, or narrower classes"
            return EvaluationError(.costLimit, message)
        }
        // It quotes the expression, which may be hostile.
        let reason = Value.string(String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self))
        return EvaluationError(
            .invalidArgument, "\(shown) is not a regular expression: RE2 says \(reason.rendered(limit: 80))")
    }

    /// Whether it matches anywhere in a text.
    ///
    /// It costs text times expression, as in Kubernetes; but of the expression what it was compiled to, since that is the
    /// work at worst: `\pL{9}` is short and becomes thousands of instructions.
    func isFound(in text: String, _ meter: inout Meter) throws(EvaluationError) -> Bool {
        try meter.charge((1 + text.utf8.count / 16) * (1 + size / 16))
        var bytes = text
        return bytes.withUTF8 { belay_pattern_is_found(handle, $0.baseAddress, $0.count) }
    }
}

extension Library {
    static let patterns: [Overload] = [
        .function("matches", [.string, .string], .bool, body: matches),
        .method("matches", [.string, .string], .bool, body: matches),
    ]

    /// For an expression that is a value: a literal was compiled when the program was.
    @Sendable private static func matches(_ arguments: [Value], _ meter: inout Meter) throws(EvaluationError) -> Value {
        guard case .string(let text) = arguments[0], case .string(let expression) = arguments[1] else {
            throw noSuchOverload("matches")
        }
        try meter.charge(16 + expression.utf8.count)
        let pattern = try Pattern(expression)
        try meter.charge(pattern.size / 8)
        return .bool(try pattern.isFound(in: text, &meter))
    }
}
