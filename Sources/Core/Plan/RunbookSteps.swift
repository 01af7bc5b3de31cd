import CEL

extension Planner {
    /// The steps of a bound runbook for one target.
    public static func steps(of bound: BoundRunbook, for target: Injection) throws(ArgumentError) -> [Step] {
        try bound.steps.map { (step) throws(ArgumentError) in
            let kind = ActionRegistry.kind(step.step.action)
            let arguments = kind.map { step.arguments.injecting(target, for: $0) } ?? step.arguments
            return Step(
                name: step.step.name, kind: step.step.action, arguments: arguments,
                action: try ActionRegistry.make(step.step.action, arguments: arguments),
                timeoutSeconds: seconds(step.step.timeout), verify: checks(step.step.verify),
                when: step.step.when?.program.source, optional: step.step.optional)
        }
    }

    /// The checks as a plan keeps them.
    public static func checks(_ verifications: [Runbook.Verification]) -> [CheckPlan] {
        verifications.map { check in
            let expression = check.condition.program.source
            // CEL takes either side of `||` that holds, even when the other cannot be told.
            return CheckPlan(
                expression: check.when.map { "!(\($0.program.source)) || (\(expression))" } ?? expression,
                withinSeconds: seconds(check.within))
        }
    }

    /// The preconditions as a plan keeps them, to be asked again at each node's turn.
    public static func preconditions(of runbook: Runbook) -> [CheckPlan] {
        runbook.preconditions.map { CheckPlan(expression: $0.condition.program.source, withinSeconds: 0) }
    }

    /// Whole seconds, rounded up.
    public static func seconds(_ duration: Duration) -> Int {
        let parts = duration.components
        return Int(parts.seconds) + (parts.attoseconds > 0 ? 1 : 0)
    }

    /// Refuses a node that does not meet a precondition, or of which it cannot be told.
    public static func check(_ bound: BoundRunbook, against facts: Facts, on node: String) throws(PlanError) {
        try check(bound, against: facts.value(naming: bound.services), on: node)
    }

    static func check(_ bound: BoundRunbook, against facts: Value, on node: String) throws(PlanError) {
        for precondition in bound.runbook.preconditions {
            let result = precondition.condition.program.evaluate(bound.bindings(facts: facts)).result
            switch result {
            case .success(.bool(true)): continue
            case .success:
                throw PlanError(
                    node: node, message: "precondition not met: \(precondition.message)",
                    remedy:
                        "It is '\(precondition.condition.program.source)' in \(precondition.condition.location.file).")
            case .failure(let error):
                throw PlanError(
                    node: node, message: "precondition cannot be told: \(precondition.message) (\(error.message))",
                    remedy: "What is unknown denies. Find out why the fact could not be read.")
            }
        }
    }

    /// The steps that bring a node back to what `run` found on it, newest first.
    public static func rollbackSteps(of run: NodeRun) throws(ArgumentError) -> [Step] {
        var steps: [Step] = []
        for index in run.steps.indices.reversed() where run.steps[index].mayHaveRun {
            guard let before = run.steps[index].before else { continue }
            let planned = run.plan.steps[index]
            let base = try ActionRegistry.make(planned.action, arguments: planned.arguments)
            steps.append(
                Step(
                    name: "undo-\(planned.name)", kind: planned.action, arguments: planned.arguments,
                    action: Restore(base: base, target: before), restores: before,
                    timeoutSeconds: planned.timeoutSeconds, verify: []))
        }
        return steps
    }
}

/// Checks of a plan, compiled again from its text, over one reading of the facts.
public struct CheckSet: Sendable {
    private let checks: [(plan: CheckPlan, program: Program)]
    private let parameters: Value

    /// Compiles the checks.
    /// - Throws: ``PlanError`` when one does not compile, which a plan made by this version cannot hold.
    public init(_ plans: [CheckPlan], parameters: [String: ParameterValue]) throws(PlanError) {
        var declarations = Declarations()
        Facts.declare(in: &declarations)
        declarations.declare(variable: "parameters", .map(.string, .dyn))
        var checks: [(CheckPlan, Program)] = []
        for plan in plans {
            do throws(CompileError) {
                checks.append(
                    (plan, try Program.compile(plan.expression, declarations: declarations, expecting: .bool)))
            } catch {
                throw PlanError(
                    message: "a check of the plan does not compile: \(error)",
                    remedy: "Make the plan again with this version.")
            }
        }
        self.checks = checks
        self.parameters = .map(MapValue(parameters.mapValues(\.value)))
    }

    /// The longest time any check is given, in seconds.
    public var withinSeconds: Int { checks.map(\.plan.withinSeconds).max() ?? 0 }

    /// One sentence for each check that does not hold now; a check whose own time is over at `elapsed` seconds is final.
    public func failures(_ facts: Facts) -> [(sentence: String, withinSeconds: Int)] {
        let bindings = ["facts": facts.value, "parameters": parameters]
        return checks.compactMap { check in
            let evaluation = check.program.evaluate(bindings)
            switch evaluation.result {
            case .success(.bool(true)): return nil
            case .success: return (Self.sentence(check.plan, evaluation.trace), check.plan.withinSeconds)
            case .failure(let error):
                return ("\(check.plan.expression): cannot be told: \(error.message)", check.plan.withinSeconds)
            }
        }
    }

    private static func sentence(_ plan: CheckPlan, _ trace: [TraceEntry]) -> String {
        // Only the facts themselves, not what was made of them.
        let leaves = trace.filter {
            $0.expression.hasPrefix("facts.") && !$0.expression.contains(" ") && !$0.rendered.contains("{")
        }
        let values = leaves.suffix(3).map { "\($0.expression) = \($0.rendered)" }.joined(separator: ", ")
        return "\(plan.expression) did not hold within \(plan.withinSeconds) s" + (values.isEmpty ? "" : " (\(values))")
    }
}

extension Planner {
    /// What somebody changed since a run left a step's state, one sentence each: a rollback shows it before it is overwritten.
    public static func changedSince(_ run: String, _ node: NodeRun, step: Step, now: Observation) -> [String] {
        guard let index = node.plan.steps.indices.last(where: { "undo-\(node.plan.steps[$0].name)" == step.name }),
            let left = node.steps[index].after
        else { return [] }
        return now.differences(from: left) { !step.action.role(of: $0).isVolatile }
            .map { "\($0.field) was changed by someone since run \(run); rolling back overwrites that" }
    }
}
