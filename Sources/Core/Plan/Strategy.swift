/// How the nodes of a plan are gone through.
///
/// The nodes are cut into **waves** in the plan's order: the canaries first, then the others, never more than
/// `maxUnavailable` at once. A wave begins when every node of the one before it has ended, and after `pauseSeconds`.
///
/// **Failure budget.** A node has failed when it ended rolled back or stale. The run goes on while the failed nodes are at
/// most `failureBudget`; one more and no further node is begun. A failed canary, a node that needs a person and a node that
/// cannot be reached stop it whatever the budget. Nodes that are under way go to their own end in every case.
public struct Strategy: Codable, Sendable, Hashable {
    /// Nodes that go first, alone.
    public var canary: Int
    /// Nodes at once.
    public var maxUnavailable: Int
    /// Failed nodes that do not stop the run.
    public var failureBudget: Int
    /// Seconds between two waves.
    public var pauseSeconds: Int

    /// One node after the other, the first failure stops, unless said otherwise.
    public init(canary: Int = 1, maxUnavailable: Int = 1, failureBudget: Int = 0, pauseSeconds: Int = 0) {
        self.canary = canary
        self.maxUnavailable = maxUnavailable
        self.failureBudget = failureBudget
        self.pauseSeconds = pauseSeconds
    }

    /// The waves of `count` nodes, as ranges of their indices.
    public func waves(of count: Int) -> [Range<Int>] {
        let size = max(1, maxUnavailable)
        let canaries = min(max(0, canary), count)
        return Self.chunks(0..<canaries, size) + Self.chunks(canaries..<count, size)
    }

    private static func chunks(_ range: Range<Int>, _ size: Int) -> [Range<Int>] {
        stride(from: range.lowerBound, to: range.upperBound, by: size).map { $0..<min($0 + size, range.upperBound) }
    }
}
