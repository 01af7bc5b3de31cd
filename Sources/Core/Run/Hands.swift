/// The things a run needs from the world. The real ones are Engine's; simulated ones conform to the same.

/// Nodes that run scripts as root.
public protocol Nodes: Sendable {
    /// Runs a script and gives back what it printed on standard output.
    /// - Parameters:
    ///   - host: who; an answer from anybody else than `host.identity.hostKey` is a failure.
    ///   - node: the target it is about: each has connections of its own.
    ///   - seconds: how long it may take on the node.
    ///   - afresh: true to prove that a new connection can be made, not that an old one still works.
    /// - Throws: ``NodeFailure``; the script may or may not have run, wholly or in part.
    func run(
        _ script: String, on host: HostPlan, for node: String, seconds: Int, afresh: Bool
    ) async throws(NodeFailure) -> [UInt8]
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
