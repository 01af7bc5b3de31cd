/// One file of a tiled log (C2SP tlog-tiles v0.1.0): 256 hashes of a level of the tree, or 256 entries; at the right
/// edge of the tree fewer.
public struct Tile: Hashable, Sendable, CustomStringConvertible {
    /// What it holds.
    public enum Content: Hashable, Sendable {
        /// Entries, each behind its length in two bytes.
        case entries
        /// Hashes of the subtrees of 256^level leaves.
        case hashes(level: Int)
    }

    /// How many a full one holds.
    public static let fullWidth = 256
    /// The folder they are in.
    public static let folder = "tile"
    static let maxLevel = 63

    /// What it holds.
    public let content: Content
    /// Its place among those of the same content, from the left.
    public let index: UInt64
    /// How many it holds, 1...256.
    public let width: Int

    /// Whether it will never change.
    public var isFull: Bool { width == Self.fullWidth }

    /// The full tile that takes this one's place when the tree has grown.
    public var full: Tile { Tile(content, index, Self.fullWidth) }

    init(_ content: Content, _ index: UInt64, _ width: Int) {
        self.content = content
        self.index = index
        self.width = width
    }

    /// Reads a path below the log's folder; nil unless it is spelled exactly as `description` spells it.
    public init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, parts[0] == Self.folder, let content = Self.content(parts[1]) else { return nil }
        var groups = parts.dropFirst(2)
        var width = Self.fullWidth
        if groups.count >= 2, groups[groups.endIndex - 2].hasSuffix(".p") {
            guard let partial = Int(groups.removeLast()), 1..<Self.fullWidth ~= partial else { return nil }
            width = partial
            groups[groups.endIndex - 1].removeLast(2)
        }
        let digits = groups.map { $0.hasPrefix("x") ? String($0.dropFirst()) : $0 }.joined()
        guard let index = UInt64(digits) else { return nil }
        self.init(content, index, width)
        guard description == path else { return nil }
    }

    /// The path below the log's folder: `tile/0/x001/234.p/17`.
    public var description: String {
        let level = if case .hashes(let level) = content { String(level) } else { "entries" }
        return "\(Self.folder)/\(level)/\(Self.grouped(index))" + (isFull ? "" : ".p/\(width)")
    }

    private static func content(_ name: String) -> Content? {
        if name == "entries" { return .entries }
        guard let level = Int(name), 0...maxLevel ~= level else { return nil }
        return .hashes(level: level)
    }

    /// Groups of three digits, all but the last marked: so no folder has more than a thousand names of either kind.
    private static func grouped(_ index: UInt64) -> String {
        var rest = index / 1000
        var text = threeDigits(index % 1000)
        while rest > 0 {
            text = "x\(threeDigits(rest % 1000))/" + text
            rest /= 1000
        }
        return text
    }

    private static func threeDigits(_ number: UInt64) -> String {
        String(String(number + 1000).dropFirst())
    }
}

extension Tile {
    /// The unfinished tiles of a tree: the bundle and one of each level that is not empty, lowest first.
    public static func partials(ofSize size: UInt64) -> [Tile] {
        var tiles: [Tile] = []
        var (level, rest) = (0, size)
        while rest > 0 {
            let width = Int(rest % 256)
            if width > 0 {
                if level == 0 { tiles.append(Tile(.entries, rest / 256, width)) }
                tiles.append(Tile(.hashes(level: level), rest / 256, width))
            }
            rest /= 256
            level += 1
        }
        return tiles
    }

    /// Whether a tree of so many leaves has this tile, or had it while it was smaller.
    public func exists(inTreeOf size: UInt64) -> Bool {
        let level = if case .hashes(let level) = content { level } else { 0 }
        guard level < 8 else { return false }
        let (end, overflows) = index.multipliedReportingOverflow(by: 256)
        return !overflows && end + UInt64(width) <= size >> UInt64(8 * level)
    }

    /// The tile in its place in a tree of so many leaves, which must have it.
    func widest(inTreeOf size: UInt64) -> Tile {
        let level = if case .hashes(let level) = content { level } else { 0 }
        return Tile(content, index, Int(min(256, size >> UInt64(8 * level) - index * 256)))
    }
}
