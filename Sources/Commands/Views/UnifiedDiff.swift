/// The difference of two lists of lines, as `diff -u` shows it, with a space after each sign.
struct UnifiedDiff: Sendable, Hashable {
    /// One line of it.
    enum Line: Sendable, Hashable {
        case place(String), same(String), removed(String), added(String)
    }

    /// Hunks in order, each after its place; empty when nothing differs.
    let lines: [Line]

    // Myers' algorithm takes the product of length and difference: beyond this, all out and all in says as much.
    private static let comparedLines = 4000

    /// Compares.
    /// - Parameter context: lines shown around each change.
    init(from old: [String], to new: [String], context: Int = 3) {
        let edits = Self.edits(old, new)
        lines = Self.hunks(of: edits, context: context).flatMap { Self.render(edits, $0) }
    }

    private static func edits(_ old: [String], _ new: [String]) -> [Line] {
        let prefix = zip(old, new).prefix { $0 == $1 }.count
        let suffix = zip(old.dropFirst(prefix).reversed(), new.dropFirst(prefix).reversed()).prefix { $0 == $1 }.count
        let (before, after) = (Array(old[prefix..<(old.count - suffix)]), Array(new[prefix..<(new.count - suffix)]))
        return old.prefix(prefix).map(Line.same) + middle(before, after) + old.suffix(suffix).map(Line.same)
    }

    private static func middle(_ old: [String], _ new: [String]) -> [Line] {
        guard old.count + new.count <= comparedLines else { return old.map(Line.removed) + new.map(Line.added) }
        var removed: Set<Int> = []
        var added: Set<Int> = []
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var edits: [Line] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if removed.contains(left) {
                edits.append(.removed(old[left]))
                left += 1
            } else if added.contains(right) {
                edits.append(.added(new[right]))
                right += 1
            } else {
                edits.append(.same(old[left]))
                (left, right) = (left + 1, right + 1)
            }
        }
        return edits
    }

    // Changes whose contexts touch share a hunk.
    private static func hunks(of edits: [Line], context: Int) -> [Range<Int>] {
        edits.indices.filter { !edits[$0].isSame }.reduce(into: []) { hunks, index in
            let range = max(0, index - context)..<min(edits.count, index + context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
    }

    private static func render(_ edits: [Line], _ hunk: Range<Int>) -> [Line] {
        func span(_ side: (Line) -> Bool) -> String {
            let length = edits[hunk].count(where: side)
            let before = edits[..<hunk.lowerBound].count(where: side)
            let start = length == 0 ? before : before + 1
            return length == 1 ? "\(start)" : "\(start),\(length)"
        }
        return [.place("@@ -\(span(\.isOld)) +\(span(\.isNew)) @@")] + edits[hunk]
    }
}

extension UnifiedDiff.Line {
    fileprivate var isSame: Bool { if case .same = self { true } else { false } }
    fileprivate var isOld: Bool { if case .added = self { false } else { true } }
    fileprivate var isNew: Bool { if case .removed = self { false } else { true } }

    /// The line with its sign, coloured. A space sets the sign off: rules of firewalls begin with `-` themselves. Its text must be printable already.
    func text(_ style: Style) -> String {
        switch self {
        case .place(let text): style.place(text)
        case .same(let text): "  " + text
        case .removed(let text): style.bad("- " + text)
        case .added(let text): style.good("+ " + text)
        }
    }
}
