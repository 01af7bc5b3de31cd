/// What came of the cases of policies' tests, in the order of the files.
public struct PolicyTestReport: Sendable {
    /// Every case.
    public var outcomes: [Outcome] = []
    /// What the cases never saw both true and false.
    public var gaps: [Gap] = []
    /// Policies and grants of which no file has cases.
    public var untested: [Untested] = []

    /// The cases that came out otherwise than they say.
    public var failures: [Outcome] { outcomes.filter { !$0.passed } }

    /// What came of one case.
    public struct Outcome: Sendable {
        /// The policy or grant.
        public var policy: String
        /// The case.
        public var test: PolicyTestFile.Case
        /// What came.
        public var found: PolicyTestFile.Expectation
        /// What the policy said, bounded and escaped; of a grant why it does not cover the request.
        public var messages: [String]
        /// The expressions that decided it; none where the match block did, and for grants.
        public var looks: [Look]

        /// Whether it came as expected, with the words that were expected.
        public var passed: Bool {
            guard found == test.expectation else { return false }
            return test.says.map { says in messages.contains { $0.contains(says) } } ?? true
        }
    }

    /// An expression of a policy, evaluated.
    public struct Look: Sendable, Hashable {
        /// `file:line` of the expression.
        public var place: String
        /// Its sub-expressions and their values, innermost first; the last is the expression itself.
        public var trace: [Finding.Trace]
    }

    /// A validation, match condition or grant that was only seen one way, or not at all.
    public struct Gap: Sendable, Hashable {
        /// The policy or grant.
        public var policy: String
        /// Which part of it: `validation 1`, `match condition NAME` or `grant`.
        public var part: String
        /// Where it stands.
        public var location: SourceLocation
        /// The one value it was seen to have; nil when it has never been decided.
        public var seen: Bool?
    }

    /// A policy or grant without cases.
    public struct Untested: Sendable, Hashable {
        /// Its name.
        public var policy: String
        /// Where it stands.
        public var location: SourceLocation
    }
}
