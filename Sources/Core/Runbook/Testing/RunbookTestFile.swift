import CEL

/// A `*.test.yaml` beside a runbook: cases, each what commands printed on a node and the plan that must come of it. No node is
/// asked, so what a runbook does is shown to whoever reads it, and to CI.
public struct RunbookTestFile: Sendable {
    /// At least one.
    public var cases: [Case]

    /// One case.
    public struct Case: Sendable {
        /// What it is about, in a sentence.
        public var name: String
        /// Where its name stands.
        public var location: SourceLocation
        /// Values of parameters, as `--param` gives them.
        public var parameters: [String: String]
        /// What is seen of each step, and what must come of it, by the step's name.
        public var steps: [Step]
        /// What the refusal of the whole plan must contain; nil where there must be a plan.
        public var refused: String?
        /// The value of `facts`.
        var facts: Value
    }

    /// What is seen of a step and what must come of it.
    public struct Step: Sendable {
        /// Its name in the runbook.
        public var name: String
        /// What each of the commands printed that observe it; nil where the case says nothing of it.
        var seen: [CommandOutput]?
        /// Why it is left out, or a part of that; nil where it is planned.
        var skipped: String?
        /// Fields before and after it, as a plan shows them.
        var before: [String: Expected], after: [String: Expected]
        /// A part of each of its commands, in order; nil where the case does not ask.
        var apply: [String]?, undo: [String]?
        /// Parts of sentences that the plan must say besides.
        var notes: [String]
    }

    /// A field's value.
    enum Expected: Sendable {
        case text(String)
        case lines([String])
    }

    /// Reads a file.
    /// - Throws: every fault of the file, also what it says of facts that runs do not know.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> RunbookTestFile {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "RunbookTest")
            var shared = ["facts": schema.message("Facts", at: "facts", ["services": .map(MapValue([:]))])]
            schema.change(&shared, as: fields)
            return RunbookTestFile(cases: fields.nonEmptyList("cases") { Case($0, shared) })
        }
    }

    fileprivate static let schema: DocumentSchema = {
        var declarations = Declarations()
        Facts.declare(in: &declarations)
        return DocumentSchema(declarations: declarations, silence: "the test does not say")
    }()
}

extension RunbookTestFile.Case {
    fileprivate init(_ fields: YAMLFields, _ shared: [String: Value]) {
        name = fields.string("name")
        location = fields.location(of: "name")
        parameters = fields.texts("parameters")
        refused = fields.optionalString("refused")
        steps = fields.entries("steps") { RunbookTestFile.Step($0, $1) }
        var bindings = shared
        RunbookTestFile.schema.change(&bindings, as: fields)
        facts = bindings["facts"] ?? .null
        if refused == nil, steps.isEmpty {
            fields.error("steps", "must say what is seen, or 'refused' why there is no plan")
        }
    }
}

extension RunbookTestFile.Step {
    fileprivate init(_ name: String, _ fields: YAMLFields) {
        self.name = name
        skipped = fields.optionalString("skipped")
        seen = fields.node("seen") == nil ? nil : fields.outputs("seen")
        (before, after) = (fields.expected("before"), fields.expected("after"))
        apply = fields.node("apply") == nil ? nil : fields.strings("apply")
        undo = fields.node("undo") == nil ? nil : fields.strings("undo")
        notes = fields.strings("notes")
    }
}

extension YAMLFields {
    /// What commands printed: a text each, or `{status: 1, error: "…"}` of one that failed.
    fileprivate func outputs(_ name: String) -> [CommandOutput] {
        guard case .sequence(let items)? = node(name)?.content else {
            error(name, "must be a list: what each command printed")
            return []
        }
        return items.enumerated().compactMap { index, item in
            if case .scalar(let text, _) = item.content { return CommandOutput(status: 0, output: Payload(text)) }
            return Self.read(item, path: "\(path(of: name))[\(index)]", log: log) { fields in
                CommandOutput(
                    status: Int(fields.string("status")) ?? 1, output: Payload(fields.optionalString("output") ?? ""),
                    errorTail: Payload(fields.optionalString("error") ?? ""))
            }
        }
    }

    /// Fields of an observation.
    fileprivate func expected(_ name: String) -> [String: RunbookTestFile.Expected] {
        var values: [String: RunbookTestFile.Expected] = [:]
        for (key, value) in pairs(name) {
            switch value.content {
            case .scalar(let text, _): values[key] = .text(text)
            case .sequence(let items): values[key] = .lines(items.compactMap(\.text))
            case .mapping: error(name, "must have a text or a list of lines for '\(key)'")
            }
        }
        return values
    }
}
