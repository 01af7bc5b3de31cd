/// A run that a node says is not over there.
public struct StandingRun: Sendable, Hashable {
    /// Its id.
    public var run: String
    /// The node it is about, nil for the one that was read.
    public var target: String?

    /// Names both.
    public init(run: String, target: String?) {
        self.run = run
        self.target = target
    }
}

extension RecordListing {
    /// The runs that keep others away here, each once: what ``LeaseScript/acquire`` would refuse another run for.
    ///
    /// So a record counts however old it is, since somebody has yet to bring it to its end; a lease without one counts until
    /// it expires on this boot's clock; what a settled run left counts only while a dead-man is armed in it.
    /// - Parameter settled: of each target (nil for the node read), the runs that may be taken over there.
    public func standing(settled: (_ target: String?) -> Set<String>) -> [StandingRun] {
        var seen: Set<StandingRun> = []
        return bases.flatMap { base in
            runs(standingIn: base, settled: settled(base.target)).map { StandingRun(run: $0, target: base.target) }
        }
        .filter { seen.insert($0).inserted }
    }

    private func runs(standingIn base: Base, settled: Set<String>) -> [String] {
        let records = base.runs.filter { !settled.contains($0.run) || $0.deadMan == .armed }.map(\.run)
        guard let lease = base.lease, !settled.contains(lease.run) else { return records }
        let isHeld = lease.boot == machine.boot && machine.uptime < lease.expiry
        return isHeld ? records + [lease.run] : records
    }
}
