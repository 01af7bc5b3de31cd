/// Which values the parts of policies and grants were seen to have.
///
/// A validation that no case makes false may say anything at all: only both values show that it tells them apart.
struct PolicyCoverage {
    private struct Part: Hashable {
        var policy: String
        var name: String
    }

    private var seen: [Part: Set<Bool>] = [:]

    mutating func add(_ verdict: Policy.Verdict, of policy: String) {
        for (index, evaluation) in verdict.conditions.enumerated() {
            add(evaluation.truth, Part(policy: policy, name: Self.condition(index)))
        }
        for (index, evaluation) in verdict.validations.enumerated() {
            add(evaluation.truth, Part(policy: policy, name: Self.validation(index)))
        }
    }

    /// A grant that covers a request or does not.
    mutating func add(_ covers: Bool, of grant: String) { add(covers, Part(policy: grant, name: Self.grant)) }

    private mutating func add(_ value: Bool?, _ part: Part) {
        if let value { seen[part, default: []].insert(value) }
    }

    func gaps(of policy: Policy) -> [PolicyTestReport.Gap] {
        let conditions = policy.conditions.enumerated().compactMap { index, condition in
            gap(policy.name, Self.condition(index), "match condition \(condition.name)", condition.location)
        }
        let validations = policy.validations.enumerated().compactMap { index, validation in
            gap(policy.name, Self.validation(index), Self.validation(index), validation.location)
        }
        return conditions + validations
    }

    func gaps(of grant: Grant) -> [PolicyTestReport.Gap] {
        gap(grant.name, Self.grant, Self.grant, grant.location).map { [$0] } ?? []
    }

    private func gap(
        _ policy: String, _ part: String, _ title: String, _ location: SourceLocation
    ) -> PolicyTestReport.Gap? {
        let values = seen[Part(policy: policy, name: part)] ?? []
        return values.count == 2
            ? nil : PolicyTestReport.Gap(policy: policy, part: title, location: location, seen: values.first)
    }

    private static let grant = "grant"
    private static func condition(_ index: Int) -> String { "condition \(index + 1)" }
    private static func validation(_ index: Int) -> String { "validation \(index + 1)" }
}
