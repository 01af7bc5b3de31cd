import CEL

/// What all expressions of a decision have used up together, and what they need not work out again.
struct PolicyMeter {
    let limit: Int
    private(set) var spent = 0
    /// Validations evaluated.
    var validations = 0
    /// Variables that are the same for all nodes and steps, by policy and name.
    private var common: [[String]: Value] = [:]
    private var standing: Value?

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

    mutating func evaluate(_ program: Program, _ bindings: [String: Value]) -> Evaluation {
        var limits = Limits.default
        // A program that is given nothing fails with a cost error, which denies.
        limits.cost = max(0, min(limits.cost, limit - spent))
        let evaluation = program.evaluate(bindings, limits: limits)
        spent = min(limit, spent + evaluation.cost)
        return evaluation
    }

    /// Begins with a node. Whether a standing grant covers it is all that `request` may say of one node and not of another.
    mutating func begin(standing: Value) {
        if self.standing != standing { common = [:] }
        self.standing = standing
    }

    /// The value of a policy's variable. One that fails is an error value: it shows only where it is used.
    mutating func value(of variable: Policy.Variable, of policy: String, _ bindings: [String: Value]) -> Value {
        let key = [policy, variable.name]
        if variable.isCommon, let known = common[key] { return known }
        let value: Value =
            switch evaluate(variable.program, bindings).result {
            case .success(let value): value
            case .failure(let error): .error(error)
            }
        if variable.isCommon { common[key] = value }
        return value
    }
}

extension Policy.Variable {
    /// Whether it is the same for all nodes and steps of a decision: nothing it names is of one of them. Through other
    /// variables it might be, so it names none.
    fileprivate var isCommon: Bool { program.references.isDisjoint(with: ["node", "action", "variables"]) }
}
