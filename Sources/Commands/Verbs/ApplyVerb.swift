import ArgumentParser
import Core
import Engine

/// `belay apply`: runs a saved plan, once.
struct ApplyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Run a saved plan.",
        discussion: """
            Policies judge it again on fresh facts first. When a step or a check fails, the node is undone.

            With --break-glass it goes ahead although soft policies deny it, and with a second person's approval although hard \
            ones cannot be decided. You answer for that with your signature, others are notified, and somebody else has to \
            review it (`belay review`). A hard no stays one.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The plan's file; approvals are looked for beside it.")
    var plan: String

    @OptionGroup(title: "Break-glass") var breakGlass: BreakGlassOptions

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        try breakGlass.check()
        let workspace = try await global.workspace()
        let glass = try await breakGlass.request(now: SystemClock().now(), workspace, terminal)
        let file = plan
        let progress = Progress(terminal)
        do {
            let state = try await workspace.withBelay(connection) {
                try await $0.apply(
                    planFile: file, breaking: glass,
                    tell: { terminal.complain(BreakGlassView(notice: $0).text(terminal.errorStyle)) },
                    watch: progress.watch)
            }
            terminal.hiding(state.plan).write(
                OutcomeView(state: state, inventory: workspace.inventory).text(terminal.style))
            return Exit(state.end)
        } catch {
            return try progress.interrupted(by: error, inventory: workspace.inventory)
        }
    }
}

/// What somebody says who cannot wait.
struct BreakGlassOptions: ParsableArguments {
    @Flag(help: "Lift what soft policies deny, on record; for people of the break-glass group.")
    var breakGlass = false

    @Option(help: "Why it cannot wait, in at least 20 characters.")
    var reason: String?

    @Option(help: "The incident it is for, such as INC-4711; the only open one unless given.")
    var incident: String?

    @Option(help: ArgumentHelp("When it ends: an instant, or a time from now on; 1h unless given.", valueName: "time"))
    var expires: String?

    @Option(
        help: ArgumentHelp(
            "The private key to sign with, that of the plan; the project's unless given.", valueName: "path"))
    var key: String?

    /// Refuses words about it without the flag, and the flag without a reason.
    func check() throws {
        guard breakGlass else {
            guard [reason, incident, expires, key].allSatisfy({ $0 == nil }) else {
                throw UsageError(
                    "--reason, --incident, --expires and --key belong to --break-glass",
                    remedy: "Give that flag too, or leave them out.")
            }
            return
        }
        guard reason != nil else { throw Self.missing }
    }

    /// What is asked for; nil without the flag. The incident is what was named, else the only open one, which is said.
    func request(now: Timestamp, _ workspace: Workspace, _ terminal: Terminal) async throws -> BreakGlassRequest? {
        guard breakGlass, let reason else { return nil }
        var incident = incident
        if incident == nil, case .only(let id) = try await workspace.incidents().choice(nil) {
            incident = id
            let view = IncidentTieView(choice: .only(id), what: "the break-glass", run: nil)
            terminal.complain(view.text(terminal.errorStyle))
        }
        guard let incident else { throw Self.missing }
        return BreakGlassRequest(
            reason: reason, incident: incident,
            expires: try TimeArguments.later(expires ?? "1h", option: "--expires", than: now), key: key)
    }

    private static let missing = UsageError(
        "--break-glass needs --reason and --incident",
        remedy: "Say why it cannot wait, and for which incident: somebody will review it.")
}
