import CEL

/// A `*.test.yaml` beside rules of triage: cases, each what was recorded of a healthy cluster with changes, and what must
/// come of it.
public struct TriageTestFile: Sendable {
    /// At least one.
    public var cases: [Case]

    /// One case.
    public struct Case: Sendable {
        /// What it is about, in a sentence.
        public var name: String
        /// Where its name stands.
        public var location: SourceLocation
        /// The rules of the findings, in their order.
        public var expected: [String]
        /// Rules that must be among what follows from the findings.
        public var follows: [String]
        /// Rules of which nobody must be able to tell.
        public var unchecked: [String]
        /// The runbooks that the findings name, in their order; nil where the case does not ask.
        public var offers: [String]?
        /// What was seen.
        var evidence: TriageEvidence
    }

    /// What came of a case.
    public struct Outcome: Sendable {
        /// The case.
        public var test: Case
        /// What triage said.
        public var report: TriageReport

        /// What is not as expected, a sentence each.
        public var faults: [String] {
            let found = report.findings.map(\.rule)
            let following = Set(report.findings.flatMap(\.consequences).map(\.rule))
            let open = Set(report.unchecked.map(\.rule))
            let missing = test.follows.filter { !following.contains($0) }
            let told = test.unchecked.filter { !open.contains($0) }
            let offered = report.findings.flatMap(\.runbooks).map(\.name)
            let wrong = test.offers.map {
                $0 == offered ? [] : ["offers \(Self.list(offered)) and not \(Self.list($0))"]
            }
            return (wrong ?? [])
                + (found == test.expected ? [] : ["found \(Self.list(found)) and not \(Self.list(test.expected))"])
                + missing.map { "\($0) does not follow from it" } + told.map { "\($0) could be checked" }
        }

        private static func list(_ names: [String]) -> String {
            names.isEmpty ? "nothing" : names.joined(separator: ", ")
        }
    }

    /// Reads a file.
    /// - Parameter sample: what cases change.
    /// - Throws: every fault of the file, also what its changes name that nobody collects.
    public static func parse(_ bytes: [UInt8], file: String, sample: TriageEvidence) throws(Diagnostics)
        -> TriageTestFile
    {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "TriageTest")
            return TriageTestFile(cases: fields.nonEmptyList("cases") { Case($0, sample: sample) })
        }
    }
}

extension TriageTestFile.Case {
    private static let schema = DocumentSchema(
        declarations: TriageSchema.document, silence: "the test does not say")

    fileprivate init(_ fields: YAMLFields, sample: TriageEvidence) {
        name = fields.string("name")
        location = fields.location(of: "name")
        expected = fields.strings("expect")
        follows = fields.strings("follows")
        unchecked = fields.strings("unchecked")
        offers = fields.node("offers") == nil ? nil : fields.strings("offers")
        var bindings = sample.bindings
        Self.schema.change(&bindings, as: fields)
        evidence = TriageEvidence(bindings: bindings, now: sample.now)
    }
}

extension TriageRules {
    /// Runs cases. Nothing of this machine or of any node is read.
    public func test(_ file: TriageTestFile) -> [TriageTestFile.Outcome] {
        file.cases.map { .init(test: $0, report: judge($0.evidence)) }
    }
}
