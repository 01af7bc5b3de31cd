import Core
import TransparencyLog

/// What a person can ask of Belay, in the order in which a change goes through it:
/// plan → (approve) → apply → (recover, roll back) → read the log.
public struct Belay: Sendable {
    /// The project.
    public let workspace: Workspace
    let log: RunLog
    let connector: Connector
    let clock: any Clock
    let nonces: any Nonces
    let keygen = SSHKeygen()
    let witnessing: any WitnessService
    let beginnings = RunBeginnings()

    /// Opens the log of a project for writing.
    /// - Parameters:
    ///   - witnessing: asks witnesses, which only runs do, and only where the project is strict.
    ///   - isWayBack: opens the log even when what signs it is out of reach: the way back is never closed (law 5).
    /// - Throws: ``AuditError`` when it cannot be written; then nothing starts (law 1).
    public static func open(
        _ workspace: Workspace, choices: Connector.Choices = Connector.Choices(), witnessing: any WitnessService,
        isWayBack: Bool = false
    ) async throws -> Belay {
        let clock = SystemClock()
        var agent = SigningAgent.ofEnvironment
        agent.mayBeAbsent = isWayBack
        let log = try await RunLog.open(
            directory: workspace.logDirectory, origin: workspace.configuration.log.origin, clock: clock,
            by: Environment.holder, agent: agent)
        let connector = try Connector(inventory: workspace.inventory, choices: choices)
        return Belay(
            workspace: workspace, log: log, connector: connector, clock: clock, nonces: SystemNonces(),
            witnessing: witnessing)
    }

    /// Ends the event loops, and signs what was appended: nobody may come back for it soon.
    public func close() async {
        await connector.shutdown()
        _ = try? await log.log.checkpoint()
    }

    /// Every run in the log.
    public func store() async throws -> RunStore { RunStore(try await log.records(), beginnings: beginnings) }

    /// The log's name and key, for a plan to be bound to.
    ///
    /// Where no file says where the log lies, each account has its own. A project that names the log's key runs in that alone;
    /// recovery and resolutions are not kept from a log of their own (law 5).
    func planningLog() async throws -> LogReference {
        let reference = try await log.reference
        guard let key = workspace.configuration.log.key, key != reference.key else { return reference }
        throw WorkspaceError(
            "the log in \(workspace.logDirectory) has the key \(reference.key), the project's log has \(key)",
            remedy: "Plan and apply where the project's log is, or correct log.key in \(Workspace.fileName).")
    }

    /// The key to sign with: the one named, else the project's.
    func signingKey(_ named: String?) throws -> String {
        guard let key = named ?? workspace.configuration.signingKey else {
            throw WorkspaceError(
                "there is no key to sign with",
                remedy: "Name one with --key, or set signing.key in \(Workspace.fileName).")
        }
        return Environment.expandingHome(key)
    }

    /// Who a key belongs to, by the allowed signers.
    func signer(of key: String, namespace: String, among signers: Guardrails.Signers) throws -> Signer {
        try signers.list.signer(of: try keygen.publicKey(of: key), namespace: namespace, at: clock.now())
    }
}
