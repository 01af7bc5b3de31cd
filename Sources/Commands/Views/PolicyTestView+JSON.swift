import Core

/// `belay policy test -o json`.
extension PolicyTestView {
    fileprivate struct Shown: Encodable {
        struct Look: Encodable {
            let place: String
            let trace: [Finding.Trace]
        }
        struct Case: Encodable {
            let policy, name, file: String
            let line: Int?
            let passed: Bool
            let expected, found: PolicyTestFile.Expectation
            let says: String?
            let messages: [String]
            let looks: [Look]
        }
        struct Gap: Encodable {
            let policy, part, place: String
            let seen: Bool?
        }
        struct Untested: Encodable { let policy, place: String }
        struct Mutation: Encodable {
            let tried: Int
            let survivors: [Survivor]
        }
        struct Survivor: Encodable { let policy, place, original, mutant: String }

        let passed: Bool
        let cases: [Case]
        let gaps: [Gap]
        let untested: [Untested]
        let mutation: Mutation?
    }

    func json() throws -> String {
        let cases = report.outcomes.map { outcome in
            Shown.Case(
                policy: outcome.policy, name: outcome.test.name, file: outcome.test.location.file,
                line: outcome.test.location.line, passed: outcome.passed, expected: outcome.test.expectation,
                found: outcome.found, says: outcome.test.says, messages: outcome.messages,
                looks: outcome.looks.map { .init(place: $0.place, trace: $0.trace) })
        }
        let shown = Shown(
            passed: exit == .done, cases: cases,
            gaps: report.gaps.map {
                .init(policy: $0.policy, part: $0.part, place: $0.location.description, seen: $0.seen)
            },
            untested: report.untested.map { .init(policy: $0.policy, place: $0.location.description) },
            mutation: mutation.map { .init($0) })
        return try JSONText.pretty(shown)
    }
}

extension PolicyTestView.Shown.Mutation {
    fileprivate init(_ report: PolicyMutationReport) {
        tried = report.tried
        survivors = report.survivors.map {
            .init(policy: $0.policy, place: $0.location.description, original: $0.original, mutant: $0.mutant)
        }
    }
}
