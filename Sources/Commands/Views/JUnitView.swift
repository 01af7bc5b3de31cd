import Core

/// `belay policy test -o junit`: the report that CI servers read, one suite for each policy.
///
/// The elements and attributes are those of Jenkins' junit plugin (`junit-10.xsd`), which others have taken over.
struct JUnitView: Sendable {
    private let view: PolicyTestView

    init(_ view: PolicyTestView) { self.view = view }

    var xml: String {
        var suites: [(name: String, tests: [Test])] = []
        for outcome in view.report.outcomes {
            if suites.last?.name != outcome.policy { suites.append((outcome.policy, [])) }
            suites[suites.count - 1].tests.append(Test(outcome))
        }
        if view.demandsCoverage { suites.append(("coverage", coverage)) }
        if let mutation = view.mutation { suites.append(("mutation", mutation.survivors.map(Test.init))) }
        let lines = suites.flatMap(Self.lines)
        return (["<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<testsuites>"] + lines + ["</testsuites>"]).text
    }

    private static func lines(_ suite: (name: String, tests: [Test])) -> [String] {
        let failed = suite.tests.count { $0.failure != nil }
        let about = attributes([
            ("name", suite.name), ("tests", "\(suite.tests.count)"), ("failures", "\(failed)"),
        ])
        return ["  <testsuite\(about)>"] + suite.tests.flatMap { $0.lines(of: suite.name) } + ["  </testsuite>"]
    }

    private var coverage: [Test] {
        let gaps = view.report.gaps.map {
            Test("\($0.policy), \($0.part)", at: $0.location, failure: [PolicyTestView.sentence($0)])
        }
        return gaps + view.report.untested.map { Test($0.policy, at: $0.location, failure: ["it has no cases"]) }
    }

    private struct Test {
        let name: String
        let location: SourceLocation
        let failure: [String]?
        /// What is to be looked at and does not fail.
        var notice: String?

        init(_ name: String, at location: SourceLocation, failure: [String]? = nil) {
            (self.name, self.location, self.failure) = (name, location, failure)
        }

        init(_ outcome: PolicyTestReport.Outcome) {
            self.init(
                outcome.test.name, at: outcome.test.location,
                failure: outcome.passed ? nil : PolicyTestView.reasons(outcome))
        }

        init(_ survivor: PolicyMutationReport.Survivor) {
            self.init("\(survivor.policy): \(survivor.mutant)", at: survivor.location)
            notice = "no case tells it from: \(survivor.original)"
        }

        func lines(of suite: String) -> [String] {
            let opening =
                "    <testcase"
                + JUnitView.attributes([
                    ("classname", suite), ("name", name), ("file", location.file), ("line", "\(location.line ?? 1)"),
                ])
            guard let result else { return [opening + "/>"] }
            return [opening + ">", "      " + result, "    </testcase>"]
        }

        private var result: String? {
            if let failure, let first = failure.first {
                let text = failure.map(JUnitView.escaped).joined(separator: "\n")
                return "<failure\(JUnitView.attributes([("message", first)]))>\(text)</failure>"
            }
            return notice.map { "<skipped\(JUnitView.attributes([("message", $0)]))/>" }
        }
    }

    private static func attributes(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { " \($0.name)=\"\(escaped($0.value))\"" }.joined()
    }

    /// XML 1.0, section 2.2: most control characters cannot stand in a document at all, not even as references. Of the rest
    /// none stays that a terminal acts on, and none ends a line.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n": escaped += "&#10;"
            default: escaped.unicodeScalars.append(Printable.deceives(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return escaped
    }
}
