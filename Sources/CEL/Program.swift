/// An expression that was parsed and checked, ready to be evaluated any number of times.
public struct Program: Sendable, Identifiable {
    /// The text it was compiled from.
    public let source: String
    /// The type the checker deduced for its value.
    public let type: CELType
    /// The longest static paths that it reads: `node.firewall.inputPolicy`; `node` where it reads the variable as a whole.
    public let references: Set<String>

    /// The same for copies of one compiled expression, and for no two others that exist at the same time.
    public var id: ObjectIdentifier { ObjectIdentifier(root) }

    private let root: Node
    /// Regular expressions by the literals in `root` that they were compiled from.
    private let patterns: [ObjectIdentifier: Pattern]
    /// What it was checked against; nil when it was not.
    private let declarations: Declarations?
    private let variables: Set<String>?
    private let expected: CELType?

    /// Parses and checks an expression.
    ///
    /// - Parameters:
    ///   - source: the text, at most 32 KiB, nested at most 100 levels.
    ///   - declarations: what it may name.
    ///   - expecting: the type its value must have. A `dyn` expression is let through; its value is checked when evaluated.
    /// - Throws: every reason found, with its place.
    public static func compile(
        _ source: String, declarations: Declarations, expecting: CELType? = nil
    ) throws(CompileError) -> Program {
        let root = try Parser.parse(source)
        var checker = Checker(declarations)
        let type = checker.check(root).settled
        if checker.diagnostics.isEmpty, let expecting, !type.fits(expecting) {
            _ = checker.refuse(.type, "the expression must be \(expecting), not \(type)", at: root.range)
        }
        guard checker.diagnostics.isEmpty else {
            throw CompileError(diagnostics: checker.diagnostics.sorted { $0.offset < $1.offset })
        }
        return Program(
            source: source, type: type, references: checker.references, root: root, patterns: checker.patterns,
            declarations: declarations, expected: expecting)
    }

    /// Parses without checking, for tests of the evaluation alone.
    static func unchecked(_ source: String) throws(CompileError) -> Program {
        let root = try Parser.parse(source)
        return Program(
            source: source, type: .dyn, references: [], root: root, patterns: [:], declarations: nil, expected: nil)
    }

    /// Another expression under the same declarations, whose value must have the type that was asked of this one's.
    func compiling(_ source: String) throws(CompileError) -> Program {
        guard let declarations else { return try .unchecked(source) }
        return try .compile(source, declarations: declarations, expecting: expected)
    }

    private init(
        source: String, type: CELType, references: Set<String>, root: Node,
        patterns: [ObjectIdentifier: Pattern], declarations: Declarations?, expected: CELType?
    ) {
        self.source = source
        self.type = type
        self.references = references
        self.root = root
        self.patterns = patterns
        self.declarations = declarations
        variables = declarations.map { Set($0.variables.keys) }
        self.expected = expected
    }

    /// Evaluates the expression. It has no side effects and no clock: the same bindings give the same evaluation.
    ///
    /// - Parameters:
    ///   - bindings: values by variable; a variable that is missing is an error when it is read.
    ///   - limits: bounds of cost, depth and trace.
    public func evaluate(_ bindings: [String: Value], limits: Limits = .default) -> Evaluation {
        var silent = limits
        silent.traceEntries = 0
        var evaluator = Evaluator(bindings: bindings, variables: variables, patterns: patterns, limits: silent)
        let result: Result<Value, EvaluationError>
        do throws(EvaluationError) {
            result = .success(try expect(try evaluator.evaluate(root)))
        } catch {
            result = .failure(error)
        }
        return Evaluation(
            result: result, cost: evaluator.meter.spent, program: self, bindings: bindings, limits: limits)
    }

    /// The trace of an evaluation, which is made once more for it.
    fileprivate func trace(_ bindings: [String: Value], limits: Limits) -> [TraceEntry] {
        var evaluator = Evaluator(bindings: bindings, variables: variables, patterns: patterns, limits: limits)
        _ = try? evaluator.evaluate(root)
        return evaluator.trace.map { TraceEntry(source: source, position: $0.range, outcome: $0.outcome) }
    }

    private func expect(_ value: Value) throws(EvaluationError) -> Value {
        guard let expected, !value.belongs(to: expected) else { return value }
        let message = "the value must be \(expected), not \(value.kind)"
        throw EvaluationError(.wrongType, message).located(at: root.range)
    }
}

/// Bounds of an evaluation.
public struct Limits: Sendable {
    /// The most units: about one for a step, an element, or sixteen bytes of text.
    public var cost = 100_000
    /// The deepest nesting of expressions and of values that are compared.
    public var depth = 250
    /// The most entries of a trace.
    public var traceEntries = 100

    /// The limits of a policy's expression.
    public static let `default` = Limits()

    /// The default limits, to be changed.
    public init() {}
}

/// What came of an evaluation.
public struct Evaluation: Sendable {
    /// The value, or why there is none.
    public let result: Result<Value, EvaluationError>
    /// Units used up.
    public let cost: Int

    fileprivate let program: Program
    fileprivate let bindings: [String: Value]
    fileprivate let limits: Limits

    /// Values of sub-expressions, innermost first; of `all` and `exists` only those of the deciding element.
    ///
    /// It is made when it is asked for, by evaluating again with the same outcome: keeping it costs more than the
    /// evaluation, and most are of validations that hold, of which nobody asks.
    public var trace: [TraceEntry] { program.trace(bindings, limits: limits) }
}

/// The value of a sub-expression.
public struct TraceEntry: Sendable {
    /// The text of the sub-expression, at most 200 characters.
    public let expression: String
    /// Its value, or its error.
    public let outcome: Result<Value, EvaluationError>
    /// Where it stands.
    public let position: SourceRange

    init(source: String, position: SourceRange, outcome: Result<Value, EvaluationError>) {
        let text = source.text(of: position).unicodeScalars
        expression = text.count > 200 ? Text.string(text.prefix(199)) + "…" : Text.string(text)
        self.outcome = outcome
        self.position = position
    }

    /// The value or `error: …`, at most 120 characters.
    public var rendered: String {
        switch outcome {
        case .success(let value): value.rendered()
        case .failure(let error): Text.string("error: \(error.message)".unicodeScalars.prefix(120))
        }
    }
}
