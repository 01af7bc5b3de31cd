import FoundationEssentials
import TransparencyLog

/// The entries of real runs (`Benchmarks/recorded`), over and over, each time as other runs.
struct RecordedRuns {
    /// A part of an entry: in each repetition the same, or not.
    private enum Piece {
        case fixed([UInt8])
        /// The end of a run's name.
        case repetition
        /// Of which entry of the repetition this one is the outcome.
        case intent(Int)
    }

    private let templates: [[Piece]]
    private var written: UInt64 = 0

    /// - Parameter path: an entry a line; an outcome has the number of its intent's line, from 0, as the index.
    init(path: String) throws {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        templates = lines.map { Self.pieces(String($0)) }
    }

    /// The next entries, all of one repetition.
    mutating func next() -> [[UInt8]] {
        let first = written
        let repetition = Self.name(of: Int(first) / templates.count)
        var entries: [[UInt8]] = []
        for template in templates {
            var entry: [UInt8] = []
            for piece in template {
                switch piece {
                case .fixed(let bytes): entry += bytes
                case .repetition: entry += repetition
                case .intent(let line):
                    let leaf = Merkle.leaf(entries[line])
                    entry += Array(#""intent":{"index":\#(first + UInt64(line)),"leaf":"\#(leaf)"}"#.utf8)
                }
            }
            entries.append(entry)
        }
        written += UInt64(entries.count)
        return entries
    }

    /// Four characters, as at the end of a run's name.
    private static func name(of repetition: Int) -> [UInt8] {
        Array(String(0x10000 + repetition, radix: 16).utf8.suffix(4))
    }

    private static func pieces(_ line: String) -> [Piece] {
        let changing = /(20\d{6}-\d{6}-)[0-9a-f]{4}|"intent":\{"index":(\d+),"leaf":"[0-9a-f]{64}"\}/
        var pieces: [Piece] = []
        var rest = line[...]
        while let match = rest.firstMatch(of: changing) {
            pieces.append(.fixed(Array(rest[..<match.range.lowerBound].utf8)))
            if let run = match.output.1 { pieces += [.fixed(Array(run.utf8)), .repetition] }
            if let line = match.output.2.flatMap({ Int($0) }) { pieces.append(.intent(line)) }
            rest = rest[match.range.upperBound...]
        }
        return pieces + [.fixed(Array(rest.utf8))]
    }
}
