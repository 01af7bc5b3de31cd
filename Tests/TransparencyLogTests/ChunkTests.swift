import Testing

@testable import TransparencyLog

@Suite("a log of many chunks, verified on all cores")
struct ChunkTests {
    static let sizes = [0, 1, 255, 256, 257, 511, 512, 513, 1023, 1500]

    @Test("the root at every checkpoint is compared, wherever in a chunk or a segment it was signed")
    func checkpoints() throws {
        let log = try LogFixture(1500, checkpoints: Self.sizes, segments: [0, 100, 300, 511, 512, 1400])
        let report = try log.verify()
        #expect(report.failures == [])
        #expect(report.root == Merkle.root(of: log.entries.map { Merkle.leaf($0) }))
        #expect(report.checkpoints.map(\.size) == Self.sizes.map(UInt64.init) + [1500])
    }

    @Test("a checkpoint of another history is found at each of these sizes", arguments: sizes.dropFirst())
    func forked(size: Int) throws {
        let log = try LogFixture(1500, checkpoints: Self.sizes)
        var other = log.entries
        other[size - 1] = Array("{}".utf8)
        try log.sign(size, entries: other, as: "\(LogLayout.checkpoints)/\(LogLayout.name(of: UInt64(size)))")
        let failures = try log.verify().failures
        // Where the last one is wrong there is still the same one in `checkpoint`.
        #expect(failures.map(\.kind) == [.forked] && failures.first?.entries == 0..<UInt64(size))
    }

    @Test(
        "a damaged entry at the border of a chunk is named, and what is before it was read",
        arguments: [0, 255, 256, 700])
    func damaged(index: Int) throws {
        let log = try LogFixture(1500, checkpoints: [100, 1500])
        try log.edit { $0[log.offset(of: index) + 18] ^= 1 }
        let report = try log.verify()
        #expect(report.failures.map(\.kind) == [.damagedRecord] && report.entries == UInt64(index))
        #expect(report.root == Merkle.root(of: log.entries[..<index].map { Merkle.leaf($0) }))
    }

    @Test("findings of many chunks are in order, the first hundred of them, and all are counted")
    func findings() throws {
        let log = try LogFixture(1500)
        let records = (0..<1500).flatMap { index in
            JournalFormat.record(
                JournalEntry(index: UInt64(index), bytes: index % 3 == 0 ? Array("x".utf8) : log.entries[index]))
        }
        try log.write(records, LogLayout.segment(startingAt: 0))
        let report = try log.verify()
        #expect(report.findingCount == 500 && report.failures.map(\.kind) == [.unreadableEvent])
        #expect(report.findings.map(\.index) == (0..<100).map { UInt64(3 * $0) })
    }

    @Test(
        "the tree of a chunk joins the one before it as if its leaves came one by one", arguments: [0, 1, 3, 256, 511])
    func joined(count: Int) {
        let leaves = (0..<(1024 + count)).map { Merkle.leaf(Array("\($0)".utf8)) }
        var (tree, chunk) = (Frontier(), Frontier())
        for leaf in leaves[..<1024] { tree.append(leaf) }
        for leaf in leaves[1024...] { chunk.append(leaf) }
        tree.append(chunk)
        #expect(tree.size == UInt64(leaves.count) && tree.root == Merkle.root(of: leaves))
    }
}
