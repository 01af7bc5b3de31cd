/// Finds a smaller world in which a law is broken, too: fewer faults, then less furniture.
public enum Shrink {
    /// - Returns: the smallest setting that was found; the given one where nothing can be left out.
    public static func smallest(_ setting: Setting, budget: Int = 600) -> Setting {
        var search = Search(budget: budget, laws: laws(of: setting))
        var best = setting
        best.only = Set((try? Simulation(setting).run())?.struck ?? [])
        guard search.isBroken(best) else { return setting }
        var changed = true
        while changed, search.budget > 0 {
            changed = false
            for smaller in [Setting.fewerFaults, Setting.lessFurniture] {
                if let found = smaller(best)(&search) { (best, changed) = (found, true) }
            }
        }
        return best
    }

    fileprivate static func laws(of setting: Setting) -> Set<Substring> {
        Set(((try? Simulation(setting).run())?.violations ?? []).map { $0.prefix { $0 != ":" } })
    }

    struct Search {
        var budget: Int
        /// It must be one of these that is broken, or another mistake would be found in its place.
        let laws: Set<Substring>

        mutating func isBroken(_ setting: Setting) -> Bool {
            guard budget > 0 else { return false }
            budget -= 1
            return !laws.isDisjoint(with: Shrink.laws(of: setting))
        }
    }
}

extension Setting {
    // Chunks of half, a quarter, … of the faults are left out for as long as that works (Zeller, "ddmin", 2002).
    fileprivate func fewerFaults(_ search: inout Shrink.Search) -> Setting? {
        var best = self
        var size = max(1, (only?.count ?? 0) / 2)
        while size >= 1, search.budget > 0 {
            var names = (best.only ?? []).sorted()
            var start = 0
            while start < names.count {
                var smaller = best
                smaller.only = Set(names[..<start] + names[min(start + size, names.count)...])
                if search.isBroken(smaller) {
                    best = smaller
                    names = (best.only ?? []).sorted()
                } else {
                    start += size
                }
            }
            size /= 2
        }
        return best.only?.count == only?.count ? nil : best
    }

    fileprivate func lessFurniture(_ search: inout Shrink.Search) -> Setting? {
        for part in [\Setting.runs, \Setting.nodes, \Setting.logs, \Setting.steps] where self[keyPath: part] > 1 {
            var smaller = self
            smaller[keyPath: part] -= 1
            if search.isBroken(smaller) { return smaller }
        }
        return nil
    }
}
