/// The merge of one chain's rules, whose order counts.
struct IptablesSequence {
    /// The snapshot's rules.
    let was: [IptablesRuleset.Rule]
    /// The rules of now.
    let has: [IptablesRuleset.Rule]
    /// Whether a rule that only the snapshot has comes back.
    let comes: (IptablesRuleset.Rule) -> Bool
    /// Whether a rule that only now has stays.
    let stays: (IptablesRuleset.Rule) -> Bool
    /// Whether a rule stands where it stands now, though the snapshot had it elsewhere.
    let isTheirs: (IptablesRuleset.Rule) -> Bool

    /// The rules in their order; those of now have the counters `=`.
    var merged: [IptablesRuleset.Rule] {
        let pairs = pairs
        let paired = Set(pairs.compactMap(\.self))
        var rules: [IptablesRuleset.Rule] = []
        var (old, new) = (0, 0)
        for (next, place) in Self.inOrder(pairs) + [(was.count, has.count)] {
            // What is in force now stays in force: before what comes back.
            rules += has[new..<place].indices.filter { paired.contains($0) ? isTheirs(has[$0]) : stays(has[$0]) }
                .map { has[$0].asNow }
            rules += was[old..<next].indices.compactMap { index in
                if pairs[index] != nil { return isTheirs(was[index]) ? nil : was[index].asNow }
                return comes(was[index]) ? was[index] : nil
            }
            if place < has.count { rules.append(has[place].asNow) }
            (old, new) = (next + 1, place + 1)
        }
        return rules
    }

    /// For each rule of the snapshot where the same one is now: the first of several for the first, and so on.
    private var pairs: [Int?] {
        var places: [String: [Int]] = [:]
        for (place, rule) in has.enumerated().reversed() { places[rule.line, default: []].append(place) }
        return was.map { places[$0.line]?.popLast() }
    }

    /// As many pairs as there are in the same order on both sides (a longest increasing subsequence).
    private static func inOrder(_ pairs: [Int?]) -> [(Int, Int)] {
        var ends: [Int] = []
        var previous = [Int?](repeating: nil, count: pairs.count)
        for (index, place) in pairs.enumerated() {
            guard let place else { continue }
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if let end = pairs[ends[middle]], end < place { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? ends[low - 1] : nil
            if low == ends.count { ends.append(index) } else { ends[low] = index }
        }
        var chosen: [(Int, Int)] = []
        var next = ends.last
        while let index = next, let place = pairs[index] {
            chosen.append((index, place))
            next = previous[index]
        }
        return chosen.reversed()
    }
}
