import CEL

/// What all expressions of a decision have used up together, and what they need not work out again.
///
/// Most of what a set asks is the same for all nodes and steps of a plan (who asks, what was done lately), and is worked out
/// once. The policies it is used for must exist as long as it does: expressions are known by their identity.
struct PolicyMeter {
    let limit: Int
    private(set) var spent = 0
    /// Validations evaluated.
    var validations = 0
    private var known: [Program.ID: Known] = [:]
    private var standing: Value?
    /// Of each policy, by its name, the variables that depend on the node or the step.
    private var varying: [String: Set<Substring>] = [:]

    /// What is known of an expression that was evaluated before.
    private enum Known {
        /// It depends on the node or the step.
        case varies
        /// It does not; this came of it.
        case same(Evaluation)
    }

    init(limit: Int) { self.limit = limit }

    /// The most a decision may cost, over all nodes, steps and expressions; what would go beyond is an error, so denied.
    ///
    /// A plan for more nodes after more runs may cost more: 20 million units, 5,000 more for each step, and 50 more for each
    /// step and record of what is under way or was done. At most 600 million, which is a minute or two of a core: as long
    /// as others wait for their turn of the log.
    static func limit(of input: PolicyInput) -> Int {
        let steps = input.judged.reduce(0) { $0 + $1.steps.count }
        // As doubles, since a product of counts may be more than an Int holds; all of them are exact up to the bound.
        let units = Double(base) + Double(steps) * (5000 + 50 * Double(input.records))
        return Int(min(600_000_000, units))
    }

    /// What any decision may cost, and a case of a policy's test.
    static let base = 20_000_000

    mutating func evaluate(_ program: Program, of policy: Policy, _ bindings: [String: Value]) -> Evaluation {
        if case .same(let evaluation) = known[program.id] { return evaluation }
        var limits = Limits.default
        // A program that is given nothing fails with a cost error, which denies.
        limits.cost = max(0, min(limits.cost, limit - spent))
        let evaluation = program.evaluate(bindings, limits: limits)
        spent = min(limit, spent + evaluation.cost)
        if known[program.id] == nil { known[program.id] = varies(program, in: policy) ? .varies : .same(evaluation) }
        return evaluation
    }

    /// The value of a policy's variable. One that fails is an error value: it shows only where it is used.
    mutating func value(of variable: Policy.Variable, of policy: Policy, _ bindings: [String: Value]) -> Value {
        switch evaluate(variable.program, of: policy, bindings).result {
        case .success(let value): value
        case .failure(let error): .error(error)
        }
    }

    /// Begins with a node. Whether a standing grant covers it is all that `request` may say of one node and not of another.
    mutating func begin(standing: Value) {
        if self.standing != standing { known = [:] }
        self.standing = standing
    }

    private mutating func varies(_ program: Program, in policy: Policy) -> Bool {
        let roots: Set<Substring> = ["node", "action"]
        let through = varying[policy.name] ?? policy.variables.reading(roots)
        varying[policy.name] = through
        return program.reads(anyOf: roots, through: through)
    }
}
