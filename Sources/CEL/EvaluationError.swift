/// Why an expression has no value.
public struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What sort of error it is.
    public enum Kind: String, Sendable {
        /// The host bound a fact it could not collect.
        case unknownFact
        /// A declared variable was not bound.
        case unboundVariable
        /// A map has no such key.
        case noSuchKey
        /// A message value lacks a declared field.
        case noSuchField
        /// Operands of types the operator or function does not take.
        case noSuchOverload
        /// A position outside a list or a string.
        case indexOutOfRange
        /// Integer arithmetic beyond 64 bits.
        case overflow
        /// Integer division or modulus by zero.
        case divideByZero
        /// A conversion, timestamp or duration out of its range.
        case range
        /// An argument that cannot be used: a malformed number, text that is not UTF-8.
        case invalidArgument
        /// A map literal with the same key twice.
        case duplicateKey
        /// The result is not of the type the host expects.
        case wrongType
        /// The evaluation used up its cost limit.
        case costLimit
        /// A value or an expression is nested too deeply.
        case depthLimit
    }

    /// What sort of error it is.
    public let kind: Kind
    /// The reason, in a sentence for a person.
    public let message: String
    /// For an unknown fact: which one, as the host named it.
    public let path: String?
    /// The sub-expression in which it arose, if it arose in one.
    public var position: SourceRange?

    /// An error with no position yet.
    public init(_ kind: Kind, _ message: String, path: String? = nil) {
        self.kind = kind
        self.message = message
        self.path = path
        self.position = nil
    }

    /// A fact that could not be collected.
    ///
    /// - Parameters:
    ///   - path: the fact, such as `node.firewall`.
    ///   - cause: why it is not known.
    public static func unknownFact(path: String, cause: String) -> EvaluationError {
        EvaluationError(.unknownFact, "\(path) is not known: \(cause)", path: path)
    }

    /// The message.
    public var description: String { message }

    /// Whether a limit was hit. Such an error ends the evaluation; `&&` and `||` do not absorb it.
    public var isLimit: Bool { kind == .costLimit || kind == .depthLimit }

    /// The same error with a position, unless it has one.
    func located(at range: SourceRange) -> EvaluationError {
        guard position == nil else { return self }
        var error = self
        error.position = range
        return error
    }
}
