import CEL

extension Policy {
    static func parse(_ document: YAMLDocument) throws(Diagnostics) -> Policy? {
        try document.read { fields in
            fields.header(kind: "Policy")
            let name = fields.mapping("metadata") { $0.name("name") }
            let location = fields.location(of: "metadata")
            return fields.mapping("spec") { Policy(name: name, location: location, spec: $0) }
        }
    }

    /// Nil only when an error was recorded.
    private init?(name: String, location: SourceLocation, spec: YAMLFields) {
        let params = spec.settings("params")
        for (key, value) in params.sorted(by: { $0.key < $1.key }) where value.celType == nil {
            spec.error(
                "params",
                "'\(key)' is \(value.kind): a setting is text, a number, true or false, or a list of one of these")
        }
        var declarations = PolicySchema.declarations
        declarations.declare(
            message: "Params", fields: params.compactMap { key, value in value.celType.map { (key, $0) } })
        declarations.declare(variable: "params", .message("Params"))
        let match = Self.match(spec)
        let conditions = spec.list("matchConditions") { Self.condition($0, declarations) }
        let variables = Self.variables(spec, &declarations)
        let asking = variables.compactMap(\.self).reading(["approvals"])
        let validations = spec.nonEmptyList("validations") { Self.validation($0, declarations, asking: asking) }
        self.name = name
        self.location = location
        self.match = match
        matchLocation = spec.location(of: "match")
        self.params = params
        enforcement = spec.choice("enforcement")
        obligations = Self.obligations(spec)
        self.conditions = conditions.compactMap(\.self)
        self.variables = variables.compactMap(\.self)
        self.validations = validations.compactMap(\.self)
        refuseApprovalsWhilePlanning(spec)
    }

    private static func condition(_ fields: YAMLFields, _ declarations: Declarations) -> MatchCondition? {
        let name = fields.name("name")
        let place = fields.location(of: "expression")
        return fields.program("expression", declarations: declarations).map {
            MatchCondition(name: name, program: $0, location: place)
        }
    }

    /// Each variable may name those before it, with the type that was deduced for them.
    private static func variables(_ spec: YAMLFields, _ declarations: inout Declarations) -> [Variable?] {
        var known: [(String, CELType)] = []
        declarations.declare(message: "Variables", fields: known)
        declarations.declare(variable: "variables", .message("Variables"))
        return spec.list("variables") { fields in
            let name = fields.string("name")
            if !isIdentifier(name) { fields.error("name", "must be letters and digits, beginning with a letter") }
            if known.contains(where: { $0.0 == name }) {
                fields.error("name", "the name is taken by an earlier variable")
            }
            let program = fields.program("expression", declarations: declarations, expecting: nil)
            known.append((name, program?.type ?? .dyn))
            declarations.declare(message: "Variables", fields: known)
            return program.map { Variable(name: name, program: $0, location: fields.location(of: "name")) }
        }
    }

    private static func isIdentifier(_ name: String) -> Bool {
        name.utf8.first.map { $0 >= 0x41 } ?? false
            && name.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) }
    }

    private static func validation(
        _ fields: YAMLFields, _ declarations: Declarations, asking: Set<Substring>
    ) -> Validation? {
        let place = fields.location(of: "expression")
        let program = fields.program("expression", declarations: declarations)
        let text = fields.optionalString("message")
        let spoken = fields.optionalProgram("messageExpression", declarations: declarations, expecting: .string)
        let remedy = fields.string("remedy")
        let count = [text == nil, fields.node("messageExpression") == nil].count { !$0 }
        if count != 1 { fields.error("message", "one of message and messageExpression must be given") }
        guard let program, let message = spoken.map(Message.program) ?? text.map(Message.text) else { return nil }
        return Validation(
            program: program, message: message, remedy: remedy,
            readsApprovals: program.reads(anyOf: ["approvals"], through: asking), location: place)
    }

    private static func obligations(_ spec: YAMLFields) -> [String] {
        let obligations = spec.strings("obligations")
        for text in obligations where !text.dropFirst().dropLast().contains(":") || text.utf8.count > 200 {
            spec.error("obligations", "'\(text)' must be a word, ':' and what it is about, such as page:oncall-lead")
        }
        return obligations
    }
}

extension Policy {
    private static func match(_ spec: YAMLFields) -> Match {
        let everything = Match(phases: PolicyPhase.allCases)
        return spec.optionalMapping("match") { fields in
            let phases = fields.words("phases", among: PolicyPhase.allCases.map(\.rawValue))
            return Match(
                actions: fields.words("actions", among: ActionRegistry.names),
                disrupts: fields.words("disrupts", among: ["node", "kubelet", "runtime", "network", "pods", "etcd"]),
                touches: fields.words("touches", among: Set(ActionRegistry.all.flatMap { $0.kind.touches }).sorted()),
                environments: fields.words("environments", among: nil),
                classes: fields.words("classes", among: Reversibility.allCases.map(\.rawValue)),
                mutating: fields.node("mutating").map { _ in fields.bool("mutating", default: false) },
                phases: phases?.compactMap(PolicyPhase.init) ?? PolicyPhase.allCases)
        } ?? everything
    }

    /// While planning nobody can have approved yet, so such a policy would deny every plan before it can be approved.
    private func refuseApprovalsWhilePlanning(_ spec: YAMLFields) {
        guard match.phases.contains(.plan) else { return }
        let asking = variables.reading(["approvals"])
        let programs = conditions.map(\.program) + validations.map(\.program)
        guard programs.contains(where: { $0.reads(anyOf: ["approvals"], through: asking) }) else { return }
        spec.error(
            "match", "a policy that reads approvals must say 'phases: [execute]': a plan is approved after it was made")
    }
}

extension YAMLFields {
    /// A list of words of which each must be known: a misspelt one would switch a guardrail off without a sound.
    func words(_ name: String, among known: [String]?) -> [String]? {
        guard node(name) != nil else { return nil }
        let words = strings(name)
        if words.isEmpty { error(name, "must have at least one item") }
        for word in words where known?.contains(word) == false {
            error(name, "'\(word)' is not known here\(Suggestion.hint(for: word, among: known ?? []))")
        }
        return words
    }
}
