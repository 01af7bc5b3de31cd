public import CEL

/// A runbook with its parameters: every step has its action, ready to be planned.
public struct BoundRunbook: Sendable {
    /// What was bound.
    public var runbook: Runbook
    /// Every parameter that has a value, given or default.
    public var parameters: [String: ParameterValue]
    /// The steps in order.
    public var steps: [BoundStep]

    /// The services whose facts the checks and steps need: what ``FactsProbe`` must ask for.
    public var services: Set<String> {
        let checks = runbook.verify + runbook.steps.flatMap(\.verify)
        let conditions = runbook.preconditions.map(\.condition) + checks.map(\.condition)
        let whens = checks.compactMap(\.when) + runbook.steps.compactMap(\.when)
        let programs = (conditions + whens).map(\.program)
        let named = programs.flatMap { ServiceReferences.names(in: $0.source, parameters: parameters) }
        let restarted = steps.compactMap { step -> String? in
            if case .text(let name) = step.arguments.values["service"] { name } else { nil }
        }
        return Set(named + restarted).subtracting([""])
    }

    /// The variables of the runbook's expressions.
    public func bindings(facts: Facts) -> [String: Value] { bindings(facts: facts.value(naming: services)) }

    func bindings(facts: Value) -> [String: Value] { ["facts": facts, "parameters": parametersValue] }

    /// The binding of the variable `parameters`; one without a value is not in it, so that reading it is an error.
    public var parametersValue: Value { .map(MapValue(parameters.mapValues(\.value))) }
}

/// A step with its arguments.
public struct BoundStep: Sendable {
    /// As the file has it.
    public var step: Runbook.Step
    /// Its arguments, filled in: what a plan keeps, since ``ActionRegistry/make(_:arguments:)`` gives the action again.
    public var arguments: Arguments
    /// The action itself.
    public var action: any Action
}

extension BoundRunbook {
    /// The secrets among its parameters that have a value; nil when there are none.
    public var secretParameters: [String]? {
        let names = runbook.parameters.filter { $0.isSecret && parameters[$0.name] != nil }.map(\.name)
        return names.isEmpty ? nil : names.sorted()
    }
}

extension Runbook {
    /// Fills in parameters given as text (from a command line, say).
    /// - Throws: unknown names, values that do not fit their declaration, and arguments that an action cannot take, the
    ///   latter at the argument's line and column.
    public func bind(parameters given: [String: String]) throws(Diagnostics) -> BoundRunbook {
        var faults = unknownParameters(given)
        let values = values(of: given, &faults)
        if !faults.isEmpty { throw Diagnostics(faults) }
        let bound = steps.enumerated().compactMap { index, step -> BoundStep? in
            let arguments = step.arguments.filled(with: values)
            do throws(ArgumentError) {
                let action = try ActionRegistry.make(step.action, given: arguments)
                return BoundStep(step: step, arguments: arguments, action: action)
            } catch {
                faults.append(step.diagnostic(for: error, field: "spec.steps[\(index)].with"))
                return nil
            }
        }
        if !faults.isEmpty { throw Diagnostics(faults) }
        return BoundRunbook(runbook: self, parameters: values, steps: bound)
    }

    private func unknownParameters(_ given: [String: String]) -> [Diagnostic] {
        let known = parameters.map(\.name)
        return given.keys.sorted().filter { !known.contains($0) }.map { name in
            let hint = known.isEmpty ? "; it takes none" : Suggestion.hint(for: name, among: known)
            let place = SourceLocation(file: file)
            return Diagnostic(
                "\(metadata.name) has no parameter '\(name)'\(hint)", at: place, field: "parameters.\(name)")
        }
    }

    private func values(of given: [String: String], _ faults: inout [Diagnostic]) -> [String: ParameterValue] {
        var values: [String: ParameterValue] = [:]
        for parameter in parameters {
            let field = "parameters.\(parameter.name)"
            guard let text = given[parameter.name] else {
                values[parameter.name] = parameter.fallback
                if parameter.fallback == nil, parameter.required || isUsed(parameter.name) {
                    let summary = "must be given: \(parameter.description)"
                    faults.append(Diagnostic(summary, at: parameter.location, field: field))
                }
                continue
            }
            switch parameter.read(text) {
            case .success(let value): values[parameter.name] = value
            case .failure(let fault): faults.append(Diagnostic(fault.message, at: parameter.location, field: field))
            }
        }
        return values
    }

    /// Whether a step's template needs the parameter: an empty word in its place would be a guess.
    private func isUsed(_ parameter: String) -> Bool {
        steps.contains { $0.arguments.values.values.contains { $0.uses(parameter) } }
    }
}

extension Template {
    fileprivate func uses(_ parameter: String) -> Bool {
        switch self {
        case .flag: false
        case .list(let items): items.contains { $0.uses(parameter) }
        case .text(let pieces): pieces.contains(.parameter(parameter))
        }
    }
}
