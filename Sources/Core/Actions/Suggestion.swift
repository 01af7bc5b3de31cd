/// "Did you mean": the nearest known name by edit distance.
public enum Suggestion {
    /// `; did you mean 'x'?` when a name is near, else the list of known names when it is short, else nothing.
    public static func hint(for name: String, among known: [String]) -> String {
        if let near = nearest(to: name, among: known) { return "; did you mean '\(near)'?" }
        return known.isEmpty || known.count > 12 ? "" : "; known are \(known.sorted().joined(separator: ", "))"
    }

    /// The known name at most a third of its length away, nil when none is.
    public static func nearest(to name: String, among known: [String]) -> String? {
        known.map { (name: $0, distance: distance(name, $0)) }
            .filter { $0.distance <= max(1, $0.name.count / 3) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    private static func distance(_ left: String, _ right: String) -> Int {
        let columns = Array(right)
        var row = Array(0...columns.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in columns.enumerated() {
                let substituted = diagonal + (character == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[columns.count]
    }
}
