import CEL

extension TriageSet {
    /// Reads a file of rules.
    /// - Throws: every fault of the file.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> TriageSet {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "Triage")
            let about = fields.mapping("metadata") { About($0) }
            return fields.mapping("spec") { TriageSet(about, $0) }
        }
    }

    private struct About {
        var name: String
        var letter: String
        var title: String
        var location: SourceLocation

        init(_ fields: YAMLFields) {
            name = fields.name("name")
            location = fields.location(of: "name")
            letter = fields.string("set")
            title = fields.string("title")
        }
    }

    private init(_ about: About, _ spec: YAMLFields) {
        (name, letter, title, location) = (about.name, about.letter, about.title, about.location)
        symptoms = spec.nonEmptyList("symptoms") { TriageRule($0, isSymptom: true) }.compactMap(\.self)
        causes = spec.nonEmptyList("causes") { TriageRule($0, isSymptom: false) }.compactMap(\.self)
    }
}

extension TriageRule {
    /// Nil only when an error was recorded.
    fileprivate init?(_ fields: YAMLFields, isSymptom: Bool) {
        let about: Subject.Kind = fields.choice("about")
        let declarations = TriageSchema.declarations(about: about)
        let program = fields.program("expression", declarations: declarations)
        name = fields.name("name")
        self.isSymptom = isSymptom
        self.about = about
        layer = fields.choice("layer")
        title = fields.string("title")
        evidence = fields.programs("evidence", declarations: declarations)
        explains = Set(fields.strings("explains"))
        runbooks = isSymptom ? [] : fields.list("runbooks") { Remedy($0, declarations) }
        advice = isSymptom ? "" : fields.string("advice")
        location = fields.location(of: "name")
        guard let program else { return nil }
        self.program = program
    }
}

extension TriageRule.Remedy {
    fileprivate init(_ fields: YAMLFields, _ declarations: Declarations) {
        name = fields.name("name")
        parameters = fields.texts("parameters")
        condition = fields.optionalProgram("when", declarations: declarations)
        from = [:]
        for (key, node) in fields.pairs("from") {
            from[key] = fields.program(node, "from.\(key)", declarations, expecting: .string)
        }
    }
}

extension YAMLFields {
    /// A list of CEL expressions of any type.
    fileprivate func programs(_ name: String, declarations: Declarations) -> [Program] {
        guard let node = node(name) else {
            missing(name, "a list of expressions")
            return []
        }
        guard case .sequence(let items) = node.content else {
            error(name, "must be a list, not \(node.kind)")
            return []
        }
        return items.compactMap { program($0, name, declarations) }
    }

    /// The expression that a node is; nil after an error.
    fileprivate func program(
        _ node: YAMLNode, _ name: String, _ declarations: Declarations, expecting: CELType? = nil
    ) -> Program? {
        do throws(CompileError) {
            return try Program.compile(node.text ?? "", declarations: declarations, expecting: expecting)
        } catch {
            for fault in error.diagnostics { log.error(fault.message, at: node, field: path(of: name)) }
            return nil
        }
    }
}

/// Sets of rules together: no name twice, and none that nobody has.
public struct TriageRules: Sendable {
    /// The sets, in the order of their letters.
    public let sets: [TriageSet]

    /// - Throws: names that are taken, those in `explains` that no rule has, and rules that explain themselves.
    public init(_ sets: [TriageSet]) throws(Diagnostics) {
        self.sets = sets.sorted { ($0.letter, $0.name) < ($1.letter, $1.name) }
        let rules = self.sets.flatMap(\.rules)
        var faults: [Diagnostic] = []
        var seen: Set<String> = []
        for rule in rules where !seen.insert(rule.name).inserted {
            faults.append(Diagnostic("the name '\(rule.name)' is taken by another rule", at: rule.location))
        }
        for rule in rules {
            for name in rule.explains.sorted() where !seen.contains(name) {
                let hint = Suggestion.hint(for: name, among: seen.sorted())
                faults.append(
                    Diagnostic("there is no rule '\(name)'\(hint)", at: rule.location, field: "explains"))
            }
        }
        // Of two that explain each other both would follow from something, and neither be found.
        let edges = Dictionary(rules.map { ($0.name, $0.explains) }) { first, _ in first }
        for rule in rules where Self.reached(from: rule.explains, edges).contains(rule.name) {
            faults.append(Diagnostic("the rule '\(rule.name)' explains itself", at: rule.location, field: "explains"))
        }
        guard faults.isEmpty else { throw Diagnostics(faults) }
    }

    private static func reached(from names: Set<String>, _ edges: [String: Set<String>]) -> Set<String> {
        var (reached, next) = (names, names)
        while !next.isEmpty {
            next = next.reduce(into: Set<String>()) { $0.formUnion(edges[$1] ?? []) }.subtracting(reached)
            reached.formUnion(next)
        }
        return reached
    }
}
