/// Acquire, read again, back off: a node is judged once more when its lease is held, before its first step.
///
/// Why in this order. Let two runs A and B, of executors that know nothing of each other, work on nodes a ≠ b of one pool, and
/// let a policy deny a run that sees another in that pool. Each first takes its lease and then reads the leases of all nodes
/// of the pool: A writes a and then reads b, B writes b and then reads a. If both went on, A read b before B's lease was there,
/// and B read a before A's was:
///
///     A reads b  <  B writes b  <  B reads a  <  A writes a  <  A reads b
///
/// which is a circle, so at most one of them goes on. Both may see each other, and then both back off. It holds because
///
/// - `.judge` follows a granted lease, and is answered by what is read after it was asked for;
/// - a grant is said when the lease lies on the node, a reader takes whole files, and a lease or record stays there until
///   nothing more is sent: it is given back after the last step and the last undo (one in memory goes with a reboot, and from
///   then on its run only goes back);
/// - a node that cannot be read makes `inflight` unknown, which denies, so no lease is passed over;
/// - both look in the same places: pools, and the execution host with the leases of cluster steps, are the inventory's.
extension NodeRun {
    /// The findings that deny it.
    public var denials: [Finding] { (judgement ?? []).filter(\.denies) }

    /// True when the policies denied it at its turn.
    public var isDenied: Bool { !denials.isEmpty }

    /// What follows from what the policies say; nil when nothing stands in the way. Who recovers does not ask them: nothing is
    /// begun any more, and what was verified under the first executor's judgement is only finished.
    func judge() -> Effect? {
        guard !recovering else { return nil }
        guard judgement != nil else { return .judge }
        let denials = denials
        guard let first = denials.first else { return nil }
        let more = denials.count > 1 ? " (and \(denials.count - 1) more)" : ""
        return rollBack("the policies deny it at its turn: \(first.policy): \(first.message)\(more)")
    }
}
