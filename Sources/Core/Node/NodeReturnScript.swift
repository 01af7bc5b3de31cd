/// A temporary run's way back, enforced by the node itself: at its expiry the node gives back what the run left, unless
/// somebody keeps it or gives it back by a plan.
///
/// Whoever does so and the node compete for one `rename` of `due.token`; whoever wins decides. What lies there is no part of
/// the run's record, which goes when the run ends: `/var/lib/belay/due/<run>/`, and a timer that is enabled.
public enum NodeReturnScript {
    /// Arms it under the run's own lease, before the run is released: what was left is known then. Idempotent: sent again it
    /// starts what is missing, and the time that was left stays. Answers `armed`, or why not (`refused …`); one that is decided
    /// already answers how.
    /// - Parameter seconds: from now until the node gives it back.
    public static func arm(_ fence: NodeRecord.Fence, _ request: NodeReturn, seconds: Int) -> String { "" }

    /// Takes it from the node, which then leaves it alone: before somebody keeps the run or gives it back by a plan. Needs no
    /// lease, since the run has ended. Answers `taken`; what the node did, where it was first; `running` while it is at it; or
    /// `none`.
    /// - Parameters:
    ///   - holder: who takes it, without spaces; left on the node for people.
    ///   - wait: how long it waits for a node that is at it.
    public static func take(run: String, by holder: String, wait: Int) -> String { "" }

    /// Says how it stands. Read-only, and takes no lock.
    public static func look(run: String) -> String { "" }

    /// Removes what is left of one that is settled and in the log. Answers `none`, or `refused open` for one that is not settled.
    public static func forget(run: String) -> String { "" }
}
