import CEL

extension Policy {
    /// What one policy says of one step.
    struct Verdict {
        var matches: Bool
        var findings: [Finding] = []
        /// The value of each validation, nil when it could not be decided; for the coverage that policy tests demand.
        var values: [Bool?] = []
    }

    /// Evaluates the policy on one document.
    func judge(_ document: PolicyDocument, _ meter: inout PolicyMeter) -> Verdict {
        do {
            guard try matches(document) else { return Verdict(matches: false) }
        } catch {
            // Whether it is about this step is not known: an unknown is not a no.
            return Verdict(
                matches: true, findings: [undecided(error, at: location, "whether it matches could not be decided")])
        }
        var bindings = document.bindings
        bindings["params"] = paramsValue
        bindings["variables"] = .message(name: "Variables", fields: [:])
        switch conditionsHold(bindings, &meter) {
        case .success(false): return Verdict(matches: false)
        case .success(true): break
        case .failure(let error):
            return Verdict(
                matches: true, findings: [undecided(error, at: location, "a match condition could not be decided")])
        }
        bindings["variables"] = variablesValue(bindings, &meter)
        return validate(bindings, &meter)
    }

    private func validate(_ bindings: [String: Value], _ meter: inout PolicyMeter) -> Verdict {
        var verdict = Verdict(matches: true)
        for validation in validations {
            meter.validations += 1
            let evaluation = meter.evaluate(validation.program, bindings)
            switch evaluation.result {
            case .success(.bool(true)): verdict.values.append(true)
            case .success:
                verdict.values.append(false)
                verdict.findings.append(denial(validation, evaluation, bindings, &meter))
            case .failure(let error):
                verdict.values.append(nil)
                var finding = undecided(error, at: validation.location, "it could not be decided")
                finding.trace = evaluation.bounded
                verdict.findings.append(finding)
            }
        }
        return verdict
    }

    /// As in Kubernetes: one false condition means "not about this", else one error means "cannot tell".
    private func conditionsHold(
        _ bindings: [String: Value], _ meter: inout PolicyMeter
    ) -> Result<Bool, EvaluationError> {
        var failure: EvaluationError?
        for condition in conditions {
            switch meter.evaluate(condition.program, bindings).result {
            case .success(.bool(true)): continue
            case .success: return .success(false)
            case .failure(let error): failure = failure ?? error
            }
        }
        return failure.map { .failure($0) } ?? .success(true)
    }

    /// A variable that fails is an error value: it shows only where it is used.
    private func variablesValue(_ bindings: [String: Value], _ meter: inout PolicyMeter) -> Value {
        var bindings = bindings
        var fields: [String: Value] = [:]
        for variable in variables {
            switch meter.evaluate(variable.program, bindings).result {
            case .success(let value): fields[variable.name] = value
            case .failure(let error): fields[variable.name] = .error(error)
            }
            bindings["variables"] = .message(name: "Variables", fields: fields)
        }
        return .message(name: "Variables", fields: fields)
    }

    private func matches(_ document: PolicyDocument) throws(EvaluationError) -> Bool {
        let phase = try document.text("request.phase")
        guard match.phases.contains(where: { $0.rawValue == phase }) else { return false }
        if let actions = match.actions, try !actions.contains(document.text("action.type")) { return false }
        if let classes = match.classes, try !classes.contains(document.text("action.class")) { return false }
        if let mutating = match.mutating, try mutating != document.flag("action.mutating") { return false }
        if let names = match.environments, try !names.contains(document.text("cluster.environment")) { return false }
        if let words = match.disrupts, try Set(words).isDisjoint(with: document.texts("action.disrupts")) {
            return false
        }
        if let words = match.touches, try Set(words).isDisjoint(with: document.texts("action.touches")) { return false }
        return true
    }
}

extension Policy {
    private func denial(
        _ validation: Validation, _ evaluation: Evaluation, _ bindings: [String: Value], _ meter: inout PolicyMeter
    ) -> Finding {
        let isAdvice = enforcement == .advisory
        return Finding(
            policy: name, enforcement: enforcement, place: validation.location.place, node: nil, step: nil,
            outcome: isAdvice ? .warn : .deny, message: sentence(validation.message, bindings, &meter),
            remedy: validation.remedy,
            waitsForApproval: !isAdvice && validation.readsApprovals, trace: evaluation.bounded)
    }

    private func undecided(_ error: EvaluationError, at location: SourceLocation, _ what: String) -> Finding {
        Finding(
            policy: name, enforcement: enforcement, place: location.place, node: nil, step: nil,
            outcome: enforcement == .advisory ? .warn : .error,
            message: Printable.escape("\(what): \(error.message)", limit: 500),
            remedy: error.isLimit
                ? "Make the expression cheaper or the plan smaller: the cost of a decision is bounded"
                : "Find out why this is not known and plan again: an unknown is never taken for a yes",
            waitsForApproval: false, trace: [])
    }

    /// The validation's sentence. It may quote what a node said, so it is bounded and escaped.
    private func sentence(_ message: Message, _ bindings: [String: Value], _ meter: inout PolicyMeter) -> String {
        switch message {
        case .text(let text): return Printable.escape(text, limit: 500)
        case .program(let program):
            switch meter.evaluate(program, bindings).result {
            case .success(.string(let text)): return Printable.escape(text, limit: 500)
            case .success: return "its validation is false"
            case .failure(let error):
                return Printable.escape(
                    "its validation is false; its message could not be made: \(error.message)", limit: 500)
            }
        }
    }
}

extension Evaluation {
    /// The last twenty sub-expressions: the outermost finish last, and they are what decided.
    fileprivate var bounded: [Finding.Trace] {
        trace.suffix(20).map {
            Finding.Trace(
                expression: Printable.escape($0.expression, limit: 200),
                value: Printable.escape($0.rendered, limit: 120))
        }
    }
}

extension SourceLocation {
    /// `file:line`.
    fileprivate var place: String { line.map { "\(file):\($0)" } ?? file }
}
