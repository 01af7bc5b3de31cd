import CEL

/// A rule that is true of something.
struct TriageHit: Sendable {
    var rule: TriageRule
    var set: TriageSet
    var subject: TriageRule.Subject
    /// The lines that show it.
    var evidence: [String]
    /// The rule's runbooks that apply to it.
    var remedies: [TriageReport.Finding.Remedy]
}

extension TriageRules {
    /// Asks every rule about everything that was seen, and says what is behind what.
    /// - Parameter earlier: what was seen a moment before. Then only what was so at both times is found: a node that had no
    ///   time for an answer is no trouble.
    public func judge(_ evidence: TriageEvidence, after earlier: TriageEvidence? = nil) -> TriageReport {
        var (hits, ruledOut, unchecked): ([TriageHit], [TriageReport.RuledOut], [TriageReport.Unchecked]) = ([], [], [])
        for set in sets {
            for rule in set.rules {
                var verdict = rule.judge(evidence)
                if let earlier { verdict.keep(rule.judge(earlier)) }
                hits += verdict.found.map { found in
                    TriageHit(
                        rule: rule, set: set, subject: found.subject, evidence: found.evidence,
                        remedies: found.remedies)
                }
                unchecked += verdict.unknown.map { subject, cause in
                    TriageReport.Unchecked(rule: rule.name, title: rule.title, subject: subject, cause: cause)
                }
                if !rule.isSymptom, verdict.found.isEmpty, verdict.unknown.isEmpty {
                    ruledOut.append(.init(rule: rule.name, title: rule.title, set: set.letter))
                }
            }
        }
        return TriageReport(
            ranking: TriageRanking(hits), ruledOut: ruledOut, unchecked: unchecked, at: evidence.now)
    }
}

extension TriageRule.Verdict {
    /// Keeps what another verdict found, too.
    fileprivate mutating func keep(_ other: TriageRule.Verdict) {
        let both = Set(other.found.map(\.subject))
        found.removeAll { !both.contains($0.subject) }
    }
}

extension TriageRule {
    /// What came of a rule, about everything that it is about.
    struct Verdict {
        var found: [Found] = []
        /// Of nil nobody knows whether there is any.
        var unknown: [(subject: Subject?, cause: String)] = []

        /// Something that the rule is true of.
        struct Found {
            var subject: Subject
            var evidence: [String]
            var remedies: [TriageReport.Finding.Remedy]
        }
    }

    func judge(_ evidence: TriageEvidence) -> Verdict {
        var verdict = Verdict()
        switch evidence.cases(about: about) {
        case .unknown(let cause): verdict.unknown.append((nil, cause))
        case .known(let cases):
            if let gap = evidence.gap(about: about) { verdict.unknown.append((nil, gap)) }
            for one in cases {
                switch program.evaluate(one.bindings).result {
                case .success(.bool(true)):
                    let remedies = runbooks.compactMap { $0.applied(to: one) }
                    verdict.found.append(
                        .init(subject: one.subject, evidence: lines(one.bindings), remedies: remedies))
                case .success: break
                case .failure(let error):
                    verdict.unknown.append((one.subject, Printable.escape(error.message, limit: 300)))
                }
            }
        }
        return verdict
    }

    private static let linesEach = 6
    private static let lineLimit = 300

    /// The very lines: texts as they are, other values behind the expression that they are of.
    private func lines(_ bindings: [String: Value]) -> [String] {
        evidence.flatMap { program -> [String] in
            switch program.evaluate(bindings).result {
            case .success(.string(let text)): Self.lines([.string(text)])
            case .success(.list(let items)): Self.lines(items)
            case .success(let value): ["\(program.source) = \(value.rendered())"]
            case .failure(let error): ["\(Printable.escape(error.message, limit: Self.lineLimit))"]
            }
        }
    }

    private static func lines(_ items: [Value]) -> [String] {
        items.prefix(linesEach).compactMap { item in
            guard case .string(let text) = item else { return item.rendered() }
            return text.isEmpty ? nil : Printable.escape(text, limit: lineLimit)
        }
    }
}

extension TriageRule.Remedy {
    /// The runbook with its parameters for one thing; nil where it does not apply, or one of these cannot be told of it.
    fileprivate func applied(to one: TriageEvidence.Case) -> TriageReport.Finding.Remedy? {
        if let condition {
            guard case .success(.bool(true)) = condition.evaluate(one.bindings).result else { return nil }
        }
        var values = parameters
        for (name, program) in from {
            guard case .success(.string(let text)) = program.evaluate(one.bindings).result, !text.isEmpty else {
                return nil
            }
            values[name] = text
        }
        return TriageReport.Finding.Remedy(
            name: name, parameters: values, nodes: [one.subject.node].compactMap(\.self))
    }
}
