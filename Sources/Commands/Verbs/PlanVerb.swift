import ArgumentParser
import Core
import Engine

/// `belay plan`: shows what a runbook would change on nodes, and saves it. Never changes anything.
struct PlanVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a runbook would change, why it is allowed, and how it is undone.",
        discussion:
            "Reads the nodes and changes nothing. The plan is signed and saved; `belay apply` runs exactly that file.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOption
    @OptionGroup var saving: SavingOptions

    @Argument(help: "The runbook's name; `belay runbook list` shows them.")
    var runbook: String

    @OptionGroup var selection: NodeSelection

    @Option(name: .customLong("param"), help: ArgumentHelp("A parameter of the runbook.", valueName: "name=value"))
    var parameters: [String] = []

    @Option(
        name: .customLong("param-file"), help: ArgumentHelp("A parameter read from a file.", valueName: "name=path"))
    var parameterFiles: [String] = []

    @Option(
        help: ArgumentHelp(
            "How long what it changes may stay in place after it has ended, 5m to 7d; as the runbook says unless given.",
            valueName: "time"))
    var temporary: String?

    @Flag(
        help: "Have the nodes give it back by themselves, too, once it is due: also when this machine is gone.")
    var onNode = false

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let temporary = try temporary.map(Self.temporarySeconds)
        let given = try ParameterArguments.parse(parameters, files: parameterFiles)
        try selection.requireSome()
        let workspace = try await global.workspace()
        let nodes = try selection.nodes(in: workspace.inventory).map(\.name)
        let (runbook, saving, onNode) = (runbook, saving, onNode)
        let planned = try await workspace.withBelay(connection) {
            try await $0.plan(
                runbook: runbook, nodes: nodes, parameters: given, reason: saving.reason, key: saving.key,
                file: saving.file, seconds: try saving.seconds, temporarySeconds: temporary, onNode: onNode,
                incident: saving.incident)
        }
        return try saving.show(planned, output.format, terminal)
    }

    private static func temporarySeconds(_ text: String) throws -> Int {
        let seconds = try TimeArguments.seconds(text, option: "--temporary")
        if let fault = Temporary.fault(.seconds(seconds)) {
            throw UsageError(
                "--temporary \(fault)", remedy: "What is to stay for longer is not temporary: leave the option out.")
        }
        return seconds
    }
}

/// `belay rollback`: the way back of a run that has ended, as a plan like any other.
struct RollbackVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Plan the way back of a run that has ended.",
        discussion: "What it makes is a plan like any other: policies judge it, and `belay apply` runs it.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOption
    @OptionGroup var saving: SavingOptions

    @Argument(help: "The run's id, or its beginning.")
    var run: String

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let (run, saving) = (run, saving)
        let planned = try await global.workspace().withBelay(connection) {
            try await $0.planRollback(
                of: run, reason: saving.reason, key: saving.key, file: saving.file, seconds: try saving.seconds,
                incident: saving.incident)
        }
        return try saving.show(planned, output.format, terminal)
    }
}

/// What both ways to a plan are told.
struct SavingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The private key to sign with; the project's unless given.", valueName: "path"))
    var key: String?

    @Option(
        name: .customLong("out"),
        help: ArgumentHelp("Where the plan is saved; <id>.plan unless given.", valueName: "file"))
    var file: String?

    @Option(help: "Why, for those who approve it and for whoever reads the log.")
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "How long it may be approved and applied: 8h unless given, at most 7d. For a window that is further away.",
            valueName: "time"))
    var expires: String?

    @Option(help: ArgumentHelp("The incident it is for; the only open one unless given.", valueName: "id"))
    var incident: String?

    @Flag(help: "Show the input of commands, and long scripts and diffs in full.")
    var verbose = false

    /// How long the plan is to live.
    var seconds: Int {
        get throws {
            guard let expires else { return Belay.validSeconds }
            let seconds = try TimeArguments.seconds(expires, option: "--expires")
            guard seconds <= 7 * 86_400 else {
                throw UsageError(
                    "--expires '\(expires)' is longer than 7d", remedy: "Plan nearer to when it is applied.")
            }
            return seconds
        }
    }

    mutating func validate() throws {
        guard let reason else { return }
        guard reason.contains(where: { !$0.isWhitespace }), reason.utf8.count <= 1000 else {
            throw ValidationError("--reason has \(reason.utf8.count) bytes: give 1 to 1,000, not only blanks.")
        }
    }

    /// Shows the plan; a denied one is the caller's exit code 3.
    func show(_ planned: Belay.Planned, _ format: OutputFormat, _ terminal: Terminal) throws -> Exit {
        let view = PlanView(
            plan: planned.plan, planSha256: planned.planSha256, file: planned.file, decision: planned.decision,
            preview: planned.preview, isSaved: planned.isSaved, verbose: verbose)
        let tie = IncidentTieView(choice: planned.incident, what: "the plan", run: planned.plan.id)
        terminal.complain(tie.text(terminal.errorStyle))
        terminal.hiding(planned.plan).write(format == .json ? try view.json() : view.text(terminal.style))
        return planned.decision.allowed ? .done : .denied
    }
}
