/// Which temporary runs a node has a way back of by itself, for whoever looks at it without the log of those runs.
public enum NodeReturnList {
    /// A script that names them. Read-only, and takes no lock.
    public static let script = """
        \(ShellPrelude.environment)
        for d in \(NodeRecord.root)/due/*/; do
          [ -d "$d" ] || continue
          d=${d%/}; printf 'due %s\\n' "${d##*/}"
        done | head -n \(limit)
        echo end

        """

    private static let limit = 64

    /// Reads the runs' ids from what it printed.
    /// - Throws: ``ObservationError`` when it prints no such thing.
    public static func read(_ printed: [UInt8]) throws(ObservationError) -> [String] {
        var lines = String(decoding: printed, as: UTF8.self).split(separator: "\n").map(String.init)
        let end = lines.popLast()
        let runs = lines.filter { $0.hasPrefix("due ") }.map { String($0.dropFirst(4)) }
        guard end == "end", runs.count == lines.count, runs.count <= limit, runs.allSatisfy(NodeRecord.isRun) else {
            throw NodeAnswer.malformed(printed)
        }
        return runs
    }
}
