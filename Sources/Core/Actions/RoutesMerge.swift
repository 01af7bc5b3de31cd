/// The three-way merge of a snapshot into what is there: what the snapshot has comes back, what was added since stays.
struct RoutesMerge: Sendable {
    /// The lines after it.
    let after: [RoutesLine]
    /// The lines that are put in place, with all of the same key, in their order; empty when nothing is to be done.
    let placed: [RoutesLine]
    /// The lines that go.
    let removed: [RoutesLine]
    /// The lines that come.
    let added: [RoutesLine]
    /// The lines that the snapshot does not have and that stay.
    let keptSince: [RoutesLine]

    /// Merges `snapshot` into `now`; with `keepsAdded` false what it does not have goes.
    init(snapshot: [RoutesLine], now: [RoutesLine], keepsAdded: Bool) {
        let (old, new) = (Dictionary(grouping: snapshot, by: \.key), Dictionary(grouping: now, by: \.key))
        var after: [RoutesLine] = [], placed: [RoutesLine] = []
        for key in Set(old.keys).union(new.keys).sorted(by: Self.comesBefore) {
            let (was, has) = (old[key] ?? [], new[key] ?? [])
            let goal = keepsAdded ? Self.merged(was, into: has) : was
            after += goal
            if goal != has { placed += goal }
        }
        self.after = after
        self.placed = placed
        removed = now.filter { !after.contains($0) }
        added = after.filter { !now.contains($0) }
        keptSince = after.filter { !snapshot.contains($0) }
    }

    // Behind a rule's number stands what is not compared here; numbers are compared as such.
    private static func comesBefore(_ left: String, _ right: String) -> Bool {
        if let first = Int(left.dropLast()), let second = Int(right.dropLast()) { return first < second }
        return left < right
    }

    /// One key's lines: those of now when they hold the snapshot's in their order, else the snapshot's and behind them
    /// those that are for other packets.
    private static func merged(_ was: [RoutesLine], into has: [RoutesLine]) -> [RoutesLine] {
        var left = was[...]
        for line in has where line == left.first { left = left.dropFirst() }
        if left.isEmpty { return has }
        let selectors = Set(was.map(\.selector))
        return was + has.filter { !selectors.contains($0.selector) }
    }
}
