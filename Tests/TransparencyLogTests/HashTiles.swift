import Foundation

@testable import TransparencyLog

/// The hash tiles of a tree, with the unfinished ones of `published`, in a folder.
final class HashTiles {
    let directory = FileManager.default.temporaryDirectory.path + "/belay-tiles-\(UUID().uuidString)"
    let leaves: [TreeHash]

    init(_ size: Int, published: Set<Int>) throws {
        leaves = decimalLeaves(size)
        var edge = TileEdge()
        for (number, leaf) in leaves.enumerated() {
            if published.contains(number) { try write(edge.partials) }
            try write(edge.append(Array(String(number).utf8), leaf: leaf))
        }
        try write(edge.partials)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: "\(directory)/\(path)") }

    private func write(_ files: [TileFile]) throws {
        for file in files where file.tile.content != .entries {
            let path = URL(fileURLWithPath: "\(directory)/\(file.tile)")
            try FileManager.default.createDirectory(
                at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.bytes).write(to: path)
        }
    }
}
