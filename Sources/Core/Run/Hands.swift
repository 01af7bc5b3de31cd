/// The things a run needs from the world. The real ones are Engine's; simulated ones conform to the same.

/// Nodes that run scripts as root.
public protocol Nodes: Sendable {
    /// Runs a script and gives back what it printed on standard output.
    /// - Parameters:
    ///   - host: who; an answer from anybody else than `host.identity.hostKey` is a failure.
    ///   - node: the target it is about: each has connections of its own.
    ///   - afresh: true to prove that a new connection can be made, not that an old one still works.
    /// - Throws: ``NodeFailure``; the script may or may not have run, wholly or in part.
    func run(
        _ script: NodeScript, on host: HostPlan, for node: String, afresh: Bool
    ) async throws(NodeFailure) -> [UInt8]

    /// Reads the state that an action is about.
    /// - Returns: a failure when the node answered, and its state cannot be told from that.
    func observe(
        _ action: any Action, on host: HostPlan, for node: String, nonce: String
    ) async throws(NodeFailure) -> Result<Observation, ObservationError>

    /// Reads what a node says of itself.
    func facts(
        _ probe: FactsProbe, on host: HostPlan, for node: String, afresh: Bool, nonce: String
    ) async throws(NodeFailure) -> Facts

    /// Asks the execution host what the cluster says of a node.
    func kubernetes(
        _ probe: KubernetesProbe, on host: HostPlan, for node: String, nonce: String
    ) async throws(NodeFailure) -> Facts.Kubernetes
}

extension Nodes {
    /// Runs the action's own commands, and reads what they print.
    public func observe(
        _ action: any Action, on host: HostPlan, for node: String, nonce: String
    ) async throws(NodeFailure) -> Result<Observation, ObservationError> {
        let script = ReadScript(action.observe(), nonce: nonce)
        let printed = try await run(
            NodeScript(.read(script), seconds: ReadScript.seconds), on: host, for: node, afresh: false)
        do throws(ObservationError) { return .success(try action.parse(try script.parse(printed))) } catch {
            return .failure(error)
        }
    }

    /// Runs the probe.
    public func facts(
        _ probe: FactsProbe, on host: HostPlan, for node: String, afresh: Bool, nonce: String
    ) async throws(NodeFailure) -> Facts {
        probe.parse(try await read(probe.commands(), on: host, for: node, afresh: afresh, nonce: nonce))
    }

    /// Runs the probe.
    public func kubernetes(
        _ probe: KubernetesProbe, on host: HostPlan, for node: String, nonce: String
    ) async throws(NodeFailure) -> Facts.Kubernetes {
        probe.parse(try await read(probe.commands(), on: host, for: node, afresh: false, nonce: nonce))
    }

    /// Runs commands that only read. An answer that no script of ours prints is a failure.
    public func read(
        _ commands: [Command], on host: HostPlan, for node: String, afresh: Bool, nonce: String
    ) async throws(NodeFailure) -> [CommandOutput] {
        let script = ReadScript(commands, nonce: nonce)
        let printed = try await run(
            NodeScript(.read(script), seconds: ReadScript.seconds), on: host, for: node, afresh: afresh)
        do throws(ObservationError) { return try script.parse(printed) } catch {
            throw NodeFailure(error.message, remedy: error.remedy, isPassing: true)
        }
    }
}

/// A node that could not be reached, or a connection that ended early.
public struct NodeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What happened, where and in which phase.
    public var message: String
    /// What a person can do.
    public var remedy: String
    /// False when trying again cannot help (another host key, a key refused, sudo asking for a password).
    public var isPassing: Bool

    /// Describes a failure.
    public init(_ message: String, remedy: String, isPassing: Bool) {
        self.message = message
        self.remedy = remedy
        self.isPassing = isPassing
    }

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }
}

/// The policies, as they are asked at a node's turn. A recovery has none: the way back is never judged (law 5).
public protocol Judge: Sendable {
    /// What they say of this node now. What cannot be decided is a finding that denies.
    /// - Throws: what the journal threw when the decision's input was to be recorded.
    func findings(on node: String) async throws -> [Finding]
}

/// The write-ahead journal.
public protocol Journal: Sendable {
    /// Returns once the event is durable.
    /// - Returns: which entry it is; nil in a journal whose entries have no names.
    /// - Throws: when it cannot be made so; then nothing may be sent.
    @discardableResult
    func append(_ event: Event, run: String, node: String?) async throws -> EntryName?
}

/// Time, so that a simulation can own it.
public protocol Clock: Sendable {
    /// The time of day, for records.
    func now() -> Timestamp
    /// Seconds that only grow, for deadlines.
    func uptime() -> Double
    /// Waits.
    /// - Throws: `CancellationError`.
    func sleep(seconds: Double) async throws
}

/// Unguessable text for framing answers of nodes.
public protocol Nonces: Sendable {
    /// At least 128 bits, as `[0-9a-f]`.
    func next() -> String
}
