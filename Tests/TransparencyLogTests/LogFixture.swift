import Foundation
import Testing

@testable import TransparencyLog

/// A log written by hand, byte by byte, so that the verifier is tested against the format and not the writer.
final class LogFixture {
    let directory: String
    let key: SigningKey
    let entries: [[UInt8]]

    /// - Parameter special: entries other than the usual, by their index.
    convenience init(
        _ count: Int, checkpoints: [Int] = [], segments: [Int] = [0], special: [Int: [UInt8]] = [:]
    ) throws {
        let entries = (0..<count).map { special[$0] ?? Array(#"{"n":\#($0),"text":"entry number \#($0)"}"#.utf8) }
        try self.init(entries: entries, checkpoints: checkpoints, segments: segments)
    }

    init(entries: [[UInt8]], checkpoints: [Int] = [], segments: [Int] = [0]) throws {
        self.entries = entries
        key = try SigningKey(name: "audit.example/test", seed: Array(repeating: 7, count: 32))
        directory = FileManager.default.temporaryDirectory.path + "/belay-log-\(UUID().uuidString)"
        for folder in ["journal", "checkpoints", "keys"] {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
        }
        try write(key.verifier.description + "\n", LogLayout.verifierKey)
        for (first, end) in zip(segments, segments.dropFirst() + [entries.count]) {
            try write(segment(entries[first..<end], from: first), LogLayout.segment(startingAt: UInt64(first)))
        }
        for size in checkpoints { try sign(size) }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func segment(_ entries: ArraySlice<[UInt8]>, from first: Int) -> [UInt8] {
        let records = entries.enumerated().flatMap {
            JournalFormat.record(JournalEntry(index: UInt64(first + $0), bytes: $1))
        }
        return records + [UInt8](repeating: 0, count: 1 << 16 - records.count % 4096)
    }

    func sign(_ size: Int, entries other: [[UInt8]]? = nil, as file: String? = nil, by keys: [SigningKey]? = nil) throws
    {
        let root = Merkle.root(of: (other ?? entries)[..<size].map { Merkle.leaf($0) })
        let checkpoint = try Checkpoint(origin: key.verifier.name, size: UInt64(size), root: root)
        let signed = try (keys ?? [key]).map { try SignedCheckpoint(checkpoint, signedBy: $0) }
        let note = try signed.dropFirst().reduce(signed[0]) { try $0.merging($1) }.note.bytes
        let name = "\(LogLayout.checkpoints)/\(LogLayout.name(of: UInt64(size)))"
        for file in file.map({ [$0] }) ?? [name, LogLayout.checkpoint] { try write(note, file) }
    }

    /// Writes the tiles of the sizes: full ones once, the unfinished ones of each.
    func tile(_ sizes: Int...) throws {
        var edge = TileEdge()
        for (number, entry) in entries.enumerated() {
            if sizes.contains(number) { for file in edge.partials { try write(file) } }
            for file in try edge.append(entry, leaf: Merkle.leaf(entry)) where number < sizes.max() ?? 0 {
                try write(file)
            }
        }
        if sizes.contains(entries.count) { for file in edge.partials { try write(file) } }
    }

    private func write(_ file: TileFile) throws {
        let path = URL(fileURLWithPath: "\(directory)/\(file.tile)")
        try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(file.bytes).write(to: path)
    }

    func read(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)")))
    }

    func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(directory)/\(file)") }

    func write(_ text: String, _ file: String) throws { try write(Array(text.utf8), file) }

    func write(_ bytes: [UInt8], _ file: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(file)"))
    }

    func edit(segment first: UInt64 = 0, _ body: (inout [UInt8]) throws -> Void) throws {
        let file = LogLayout.segment(startingAt: first)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(file)")))
        try body(&bytes)
        try write(bytes, file)
    }

    /// Where an entry's record begins in a log of one segment.
    func offset(of index: Int) -> Int { entries[..<index].reduce(0) { $0 + 16 + $1.count } }

    func verify(_ key: VerifierKey? = nil, kept: [KeptCheckpoint] = []) throws -> VerificationReport {
        try LogVerifier.verify(directory: directory, key: key ?? self.key.verifier, kept: kept)
    }
}
