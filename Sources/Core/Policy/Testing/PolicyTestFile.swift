/// A `*.test.yaml`: cases of one policy or grant, each the sample document with changes and what must come of it.
public struct PolicyTestFile: Sendable {
    /// The name of the policy or grant.
    public var policy: String
    /// Where the name stands.
    public var location: SourceLocation
    /// At least one.
    public var cases: [Case]

    /// What comes of a case.
    public enum Expectation: String, Sendable, Codable, CaseIterable {
        /// Every validation is true.
        case pass
        /// A validation of a hard or soft policy is false, and none could not be decided.
        case deny
        /// A validation of an advisory policy is false or could not be decided.
        case warn
        /// It could not be decided.
        case error
        /// The policy is not about this step.
        case skip
        /// The grant covers requester, runbook and node.
        case granted
        /// It does not.
        case refused

        static let ofPolicies: [Expectation] = [.pass, .deny, .warn, .error, .skip]
        static let ofGrants: [Expectation] = [.granted, .refused, .error]
    }

    /// One case.
    public struct Case: Sendable {
        /// What it is about, in a sentence.
        public var name: String
        /// What must come of it.
        public var expectation: Expectation
        /// What one of the messages must contain; nil when any will do.
        public var says: String?
        /// Where its name stands.
        public var location: SourceLocation
        /// Where its expectation stands.
        var expectationLocation: SourceLocation
        /// Settings of the policy as `belay.yaml` would make them, and where each stands.
        var params: [String: PolicyParam]
        /// Where they stand.
        var paramsLocation: SourceLocation
        /// The sample document with the case's changes.
        var document: PolicyDocument
    }

    /// Reads a file.
    /// - Throws: every fault of the file, also what its changes name that the input document does not have.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> PolicyTestFile {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "PolicyTest")
            return PolicyTestFile(
                policy: fields.name("policy"), location: fields.location(of: "policy"),
                cases: fields.nonEmptyList("cases") { Case($0) })
        }
    }
}

extension PolicyTestFile.Case {
    private static let schema = DocumentSchema(
        declarations: PolicySchema.declarations, silence: "the test does not say")

    fileprivate init(_ fields: YAMLFields) {
        name = fields.string("name")
        location = fields.location(of: "name")
        expectation = fields.choice("expect")
        expectationLocation = fields.location(of: "expect")
        says = fields.optionalString("says")
        params = fields.settings("params")
        paramsLocation = fields.location(of: "params")
        document = PolicySample.document
        Self.schema.change(&document.bindings, as: fields)
    }
}
