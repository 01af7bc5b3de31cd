import CEL

/// The condition (`when`) of a step, asked when the plan is made and again when the step's turn comes.
public struct StepCondition: Sendable {
    private let program: Program
    private let parameters: Value

    /// Compiles a condition of a plan.
    /// - Throws: ``PlanError`` when it does not compile, which a plan made by this version cannot hold.
    public init(_ expression: String, parameters: [String: ParameterValue]) throws(PlanError) {
        do throws(CompileError) {
            program = try Program.compile(expression, declarations: Runbook.stepDeclarations, expecting: .bool)
        } catch {
            throw PlanError(
                message: "a condition of the plan does not compile: \(error)",
                remedy: "Make the plan again with this version.")
        }
        self.parameters = .map(MapValue(parameters.mapValues(\.value)))
    }

    /// Asks it.
    /// - Parameter ran: of each earlier step, whether it did something.
    /// - Returns: whether it holds, nil when that cannot be told, and a sentence about what was seen.
    public func ask(_ facts: Facts, ran: [String: Bool]) -> (holds: Bool?, reason: String) {
        ask(facts.value, ran: ran)
    }

    func ask(_ facts: Value, ran: [String: Bool]) -> (holds: Bool?, reason: String) {
        let steps = Value.map(MapValue(ran.mapValues { .map(MapValue(["ran": .bool($0)])) }))
        let evaluation = program.evaluate(["facts": facts, "parameters": parameters, "steps": steps])
        switch evaluation.result {
        case .success(.bool(true)): return (true, "\(program.source) holds")
        case .success: return (false, "\(program.source) does not hold")
        case .failure(let error): return (nil, "\(program.source): \(error.message)")
        }
    }
}
