public import CEL

extension Runbook {
    /// Reads a runbook file: its structure, its expressions and its actions' arguments are all checked here.
    /// - Parameter file: the name that errors carry; nothing is read from it.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> Runbook {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "Runbook")
            let metadata = fields.mapping("metadata", Metadata.init)
            return fields.mapping("spec") { spec in
                Runbook(metadata: metadata, spec: spec, file: file, digest: Digest.sha256(bytes))
            }
        }
    }

    /// What the expressions of a runbook may name.
    public static let declarations: Declarations = {
        var declarations = Declarations()
        Facts.declare(in: &declarations)
        declarations.declare(variable: "parameters", .map(.string, .dyn))
        return declarations
    }()

    /// What the conditions of steps may name: also `steps.NAME.ran` of the steps before.
    public static let stepDeclarations: Declarations = {
        var declarations = Runbook.declarations
        declarations.declare(variable: "steps", .map(.string, .map(.string, .bool)))
        return declarations
    }()

    private init(metadata: Metadata, spec: YAMLFields, file: String, digest: String) {
        self.file = file
        self.digest = digest
        self.metadata = metadata
        parameters = spec.entries("parameters", Parameter.init)
        targets = spec.optionalMapping("targets", Targets.init) ?? Targets(roles: [], max: 1)
        preconditions = spec.list("preconditions", Precondition.init).compactMap { $0 }
        let declared = parameters.map(\.name)
        steps = spec.nonEmptyList("steps") { Step($0, parameters: declared) }
        spec.refuseDuplicates("steps", steps.map(\.name))
        verify = Verification.list("verify", of: spec)
        deadMan = spec.optionalMapping("deadMan") {
            DeadMan(delay: $0.duration("delay", default: .seconds(30), atLeast: .seconds(1)))
        }
        onFailure = Self.failureMode(spec)
        strategy = spec.optionalMapping("strategy", Strategy.init(fields:)) ?? Strategy()
        (temporary, returnsOnNode) = Self.temporary(spec)
        refuseForwardReferences(spec)
    }

    private static func failureMode(_ spec: YAMLFields) -> OnFailure {
        let word = spec.string("onFailure", default: OnFailure.rollback.rawValue)
        guard let mode = OnFailure(rawValue: word) else {
            spec.error("onFailure", "must be rollback, rollback-all or stop, not '\(word)'")
            return .rollback
        }
        return mode
    }

    // A time alone, or a mapping that also says who gives it back.
    private static func temporary(_ spec: YAMLFields) -> (Duration?, onNode: Bool) {
        guard case .mapping? = spec.node("temporary")?.content else { return (time("temporary", of: spec), false) }
        return spec.mapping("temporary") { fields in
            let after = time("after", of: fields)
            if after == nil { fields.missing("after", "a duration") }
            return (after, fields.bool("onNode", default: false))
        }
    }

    private static func time(_ name: String, of fields: YAMLFields) -> Duration? {
        guard let time = fields.optionalDuration(name, atLeast: .seconds(Temporary.seconds.lowerBound)) else {
            return nil
        }
        if time > .seconds(Temporary.seconds.upperBound), let fault = Temporary.fault(time) {
            fields.error(name, fault)
        }
        return time
    }

    // A misspelled step would be "not told", and an optional step left out for ever.
    private func refuseForwardReferences(_ spec: YAMLFields) {
        for (index, step) in steps.enumerated() {
            let earlier = Set(steps[..<index].map(\.name))
            for name in step.when.map({ StepReferences.names(in: $0.program.source) }) ?? []
            where !earlier.contains(name) {
                let hint = Suggestion.hint(for: name, among: Array(earlier))
                spec.record(
                    Diagnostic(
                        "there is no step '\(name)' before this one\(hint)", at: step.when?.location ?? step.location,
                        field: "spec.steps[\(index)].when"))
            }
        }
    }
}

extension Runbook.Metadata {
    fileprivate init(_ fields: YAMLFields) {
        name = fields.name("name")
        title = fields.string("title")
        layer = fields.choice("layer")
        symptoms = fields.strings("symptoms")
        author = fields.string("author")
        description = fields.string("description", default: "")
    }
}

extension Runbook.Targets {
    fileprivate init(_ fields: YAMLFields) {
        roles = Set(fields.strings("roles"))
        max = fields.int("max", default: 1, in: 1...10_000)
    }
}

extension Strategy {
    fileprivate init(fields: YAMLFields) {
        self.init(
            canary: fields.int("canary", default: 1, in: 0...1000),
            maxUnavailable: fields.int("maxUnavailable", default: 1, in: 1...1000),
            failureBudget: fields.int("failureBudget", default: 0, in: 0...10_000),
            pauseSeconds: Planner.seconds(fields.duration("pause", default: .zero)))
    }
}

extension Runbook.Precondition {
    fileprivate init?(_ fields: YAMLFields) {
        let condition = Condition("expression", of: fields)
        message = fields.string("message")
        guard let condition else { return nil }
        self.condition = condition
    }
}

extension Runbook.Verification {
    fileprivate static func list(_ name: String, of fields: YAMLFields) -> [Self] {
        fields.list(name) { item -> Self? in
            let condition = Condition("expression", of: item)
            let within = item.duration("within", default: .zero)
            let when = Condition(optional: "when", of: item, declarations: Runbook.declarations)
            return condition.map { Self(condition: $0, when: when, within: within) }
        }.compactMap { $0 }
    }
}

extension Condition {
    fileprivate init?(_ name: String, of fields: YAMLFields) {
        guard let program = fields.program(name, declarations: Runbook.declarations) else { return nil }
        self.init(program: program, location: fields.location(of: name))
    }

    fileprivate init?(optional name: String, of fields: YAMLFields, declarations: Declarations) {
        guard let program = fields.optionalProgram(name, declarations: declarations) else { return nil }
        self.init(program: program, location: fields.location(of: name))
    }
}

extension Runbook.Step {
    fileprivate init(_ fields: YAMLFields, parameters: [String]) {
        name = fields.name("name")
        action = fields.string("action")
        arguments = ArgumentTemplates("with", of: fields, parameters: parameters)
        timeout = fields.duration("timeout", default: .seconds(60), atLeast: .seconds(1))
        verify = Runbook.Verification.list("verify", of: fields)
        location = fields.location(of: "")
        when = Condition(optional: "when", of: fields, declarations: Runbook.stepDeclarations)
        optional = fields.bool("optional", default: false)
        fields.refuse(
            "temporary", "a run is temporary as a whole, a step is not", remedy: "Write it into 'spec', above the steps"
        )
        lint(fields)
    }

    /// Finds at load what binding would find later: unknown actions and arguments, and values that no parameter changes.
    private func lint(_ fields: YAMLFields) {
        guard !action.isEmpty else { return }
        guard let kind = ActionRegistry.kind(action) else {
            let hint = Suggestion.hint(for: action, among: ActionRegistry.names)
            return fields.error("action", "there is no action '\(action)'\(hint)")
        }
        do throws(ArgumentError) {
            let values = arguments.filled(with: [:])
            try values.check(against: kind)
            guard arguments.isSound, !arguments.hasParameters else { return }
            let least = try ActionRegistry.make(action, given: values).leastTimeout
            if timeout < .seconds(least) {
                fields.error("timeout", "must be \(least)s or more: \(action) waits for so long with its arguments")
            }
        } catch {
            fields.record(diagnostic(for: error, field: fields.path(of: "with")))
        }
    }

    /// An action's complaint, at the argument it is about.
    func diagnostic(for error: ArgumentError, field: String) -> Diagnostic {
        let place = error.argument.flatMap { arguments.locations[$0] } ?? location
        return Diagnostic(error.message, at: place, field: error.argument.map { "\(field).\($0)" } ?? field)
    }
}

extension YAMLFields {
    /// Refuses a field that the design has and this version does not: ignoring it would do something else than written.
    func refuseUnsupported(_ name: String) {
        refuse(name, "'\(name)' is not supported yet", remedy: "Leave it out; it is never ignored silently")
    }
}
