/// "Did you mean": the name that is nearest to a misspelt one.
enum Suggestion {
    /// The nearest candidate within a third of the length (at most three edits); of one or two letters only the case.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let bytes = Array(name.utf8.prefix(64))
        let allowed = min(3, bytes.count / 3)
        // Each edit changes the length by one at most.
        let near = candidates.filter { abs(min(64, $0.utf8.count) - bytes.count) <= allowed }
        let scored = near.map { (name: $0, distance: distance(bytes, Array($0.utf8.prefix(64)))) }
        return scored.filter { $0.distance <= allowed }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// `; did you mean 'x'?` or nothing.
    static func text(for name: String, among candidates: some Sequence<String>) -> String {
        nearest(to: name, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// Edits from one to the other, without regard to case; two neighbours that changed places are one edit.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var (before, last) = ([Int](), Array(0...right.count))
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var best = min(last[j] + (same(left[i], right[j]) ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, same(left[i], right[j - 1]), same(left[i - 1], right[j]) {
                    best = min(best, before[j - 1] + 1)
                }
                row.append(best)
            }
            (before, last) = (last, row)
        }
        return last[right.count]
    }

    private static func same(_ left: UInt8, _ right: UInt8) -> Bool { (left | 0x20) == (right | 0x20) }
}
