import CEL

extension Policy {
    /// What one policy says of one step.
    struct Verdict {
        var matches: Bool
        var findings: [Finding] = []
        /// The match conditions up to the first that is false; for tests of policies.
        var conditions: [Evaluation] = []
        /// All validations, where the conditions hold.
        var validations: [Evaluation] = []
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
        var verdict = Verdict(matches: true, conditions: evaluateConditions(bindings, &meter))
        // As in Kubernetes: one false condition means "not about this", else one error means "cannot tell".
        if verdict.conditions.last?.truth == false {
            verdict.matches = false
            return verdict
        }
        if let error = verdict.conditions.compactMap(\.error).first {
            verdict.findings = [undecided(error, at: location, "a match condition could not be decided")]
            return verdict
        }
        bindings["variables"] = variablesValue(bindings, &meter)
        validate(bindings, &meter, &verdict)
        return verdict
    }

    private func validate(_ bindings: [String: Value], _ meter: inout PolicyMeter, _ verdict: inout Verdict) {
        for validation in validations {
            meter.validations += 1
            let evaluation = meter.evaluate(validation.program, of: self, bindings)
            verdict.validations.append(evaluation)
            if let error = evaluation.error {
                var finding = undecided(error, at: validation.location, "it could not be decided")
                finding.trace = evaluation.bounded
                verdict.findings.append(finding)
            } else if evaluation.truth != true {
                verdict.findings.append(denial(validation, evaluation, bindings, &meter))
            }
        }
    }

    private func evaluateConditions(_ bindings: [String: Value], _ meter: inout PolicyMeter) -> [Evaluation] {
        var seen: [Evaluation] = []
        for condition in conditions {
            seen.append(meter.evaluate(condition.program, of: self, bindings))
            if seen.last?.truth == false { break }
        }
        return seen
    }

    private func variablesValue(_ bindings: [String: Value], _ meter: inout PolicyMeter) -> Value {
        var bindings = bindings
        var fields: [String: Value] = [:]
        for variable in variables {
            fields[variable.name] = meter.value(of: variable, of: self, bindings)
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
            waitsForApproval: !isAdvice && validation.readsApprovals, trace: evaluation.bounded, lift: lift(of: nil))
    }

    private func undecided(_ error: EvaluationError, at location: SourceLocation, _ what: String) -> Finding {
        Finding(
            policy: name, enforcement: enforcement, place: location.place, node: nil, step: nil,
            outcome: enforcement == .advisory ? .warn : .error,
            message: Printable.escape("\(what): \(error.message)", limit: 500),
            remedy: error.isLimit
                ? "Make the expression cheaper or the plan smaller: the cost of a decision is bounded"
                : "Find out why this is not known and plan again: an unknown is never taken for a yes",
            waitsForApproval: false, trace: [], lift: lift(of: error))
    }

    /// The validation's sentence. It may quote what a node said, so it is bounded and escaped.
    private func sentence(_ message: Message, _ bindings: [String: Value], _ meter: inout PolicyMeter) -> String {
        switch message {
        case .text(let text): return Printable.escape(text, limit: 500)
        case .program(let program):
            switch meter.evaluate(program, of: self, bindings).result {
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
    /// The value of a condition; nil when it could not be decided. What is no bool is not true.
    var truth: Bool? {
        switch result {
        case .success(.bool(let flag)): flag
        case .success: false
        case .failure: nil
        }
    }

    fileprivate var error: EvaluationError? {
        if case .failure(let error) = result { error } else { nil }
    }

    /// The last twenty sub-expressions: the outermost finish last, and they are what decided.
    var bounded: [Finding.Trace] {
        trace.suffix(20).map {
            Finding.Trace(
                expression: Printable.escape($0.expression, limit: 200),
                value: Printable.escape($0.rendered, limit: 120))
        }
    }
}

extension SourceLocation {
    /// `file:line`.
    public var place: String { line.map { "\(file):\($0)" } ?? file }
}
