import CEL

extension PolicySet {
    /// Runs the cases of policies and grants.
    ///
    /// Nothing of this machine or of any node is read: every case begins with the same sample document.
    /// - Throws: what ``check(_:)`` does.
    public func test(_ files: [PolicyTestFile]) throws(Diagnostics) -> PolicyTestReport {
        try check(files)
        var report = PolicyTestReport()
        var coverage = PolicyCoverage()
        for file in files {
            for test in file.cases {
                if let policy = policies.first(where: { $0.name == file.policy }) {
                    report.outcomes.append(policy.outcome(of: test, &coverage))
                } else if let grant = grants.first(where: { $0.name == file.policy }) {
                    report.outcomes.append(grant.outcome(of: test, &coverage))
                }
            }
        }
        let tested = Set(files.map(\.policy))
        report.gaps =
            policies.filter { tested.contains($0.name) }.flatMap { coverage.gaps(of: $0) }
            + grants.filter { tested.contains($0.name) }.flatMap { coverage.gaps(of: $0) }
        let all = policies.map { ($0.name, $0.location) } + grants.map { ($0.name, $0.location) }
        report.untested = all.filter { !tested.contains($0.0) }.map { .init(policy: $0.0, location: $0.1) }
        return report
    }

    /// Whether the cases can be run.
    /// - Throws: every file that is about a policy which is not in the set, and every case that expects what cannot come.
    public func check(_ files: [PolicyTestFile]) throws(Diagnostics) {
        let all = files.flatMap { faults(of: $0) }
        guard all.isEmpty else { throw Diagnostics(all) }
    }

    private func faults(of file: PolicyTestFile) -> [Diagnostic] {
        let policy = policies.first { $0.name == file.policy }
        let isPolicy = policy != nil
        guard isPolicy || grants.contains(where: { $0.name == file.policy }) else {
            let hint = Suggestion.hint(for: file.policy, among: policies.map(\.name) + grants.map(\.name))
            return [
                Diagnostic(
                    "there is no policy or grant '\(file.policy)'\(hint)", at: file.location, field: "policy")
            ]
        }
        let possible = isPolicy ? PolicyTestFile.Expectation.ofPolicies : PolicyTestFile.Expectation.ofGrants
        return file.cases.flatMap { $0.faults(in: policy) }
            + file.cases.filter { !possible.contains($0.expectation) }.map { test in
                Diagnostic(
                    "what comes of a \(isPolicy ? "policy" : "grant") is one of "
                        + "\(possible.map(\.rawValue).joined(separator: ", ")), not \(test.expectation.rawValue)",
                    at: test.expectationLocation, field: "expect")
            }
    }
}

extension PolicyTestFile.Case {
    /// The settings that the policy does not have; a grant has none.
    fileprivate func faults(in policy: Policy?) -> [Diagnostic] {
        params.sorted { $0.key < $1.key }.compactMap { key, value in
            guard var policy else { return "a grant has no params" }
            return policy.set(param: key, to: value)
        }.map { Diagnostic($0, at: paramsLocation, field: "params") }
    }
}

extension Policy {
    /// Judges a case's document as a run would, under the case's settings.
    func outcome(of test: PolicyTestFile.Case, _ coverage: inout PolicyCoverage) -> PolicyTestReport.Outcome {
        var meter = PolicyMeter(limit: PolicyMeter.base)
        var policy = self
        for (key, value) in test.params { _ = policy.set(param: key, to: value) }
        let verdict = policy.judge(test.document, &meter)
        coverage.add(verdict, of: name)
        let places =
            conditions.map(\.location.place).prefix(verdict.conditions.count) + validations.map(\.location.place)
        let looks = zip(places, verdict.conditions + verdict.validations).map {
            PolicyTestReport.Look(place: $0, trace: $1.bounded)
        }
        return PolicyTestReport.Outcome(
            policy: name, test: test, found: verdict.expectation, messages: verdict.findings.map(\.message),
            looks: looks)
    }
}

extension Policy.Verdict {
    fileprivate var expectation: PolicyTestFile.Expectation {
        if !matches { return .skip }
        let outcomes = Set(findings.map(\.outcome))
        if outcomes.contains(.error) { return .error }
        if outcomes.contains(.deny) { return .deny }
        return outcomes.contains(.warn) ? .warn : .pass
    }
}

extension Grant {
    fileprivate func outcome(
        of test: PolicyTestFile.Case, _ coverage: inout PolicyCoverage
    ) -> PolicyTestReport.Outcome {
        var outcome = PolicyTestReport.Outcome(policy: name, test: test, found: .granted, messages: [], looks: [])
        do {
            if let reason = try misfit(test.document) { (outcome.found, outcome.messages) = (.refused, [reason]) }
            coverage.add(outcome.found == .granted, of: name)
        } catch {
            (outcome.found, outcome.messages) = (.error, [Printable.escape(error.message, limit: 500)])
        }
        return outcome
    }
}
