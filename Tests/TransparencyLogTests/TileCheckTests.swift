import Foundation
import Testing

@testable import TransparencyLog

@Suite("tiles of a log that is verified")
struct TileCheckTests {
    /// 600 entries, published at 300, 512 and 600.
    let log: LogFixture

    init() throws {
        log = try LogFixture(600, checkpoints: [300, 512, 600])
        try log.tile(300, 512, 600)
    }

    private func failures() throws -> [VerificationFailure] { try log.verify().failures }

    private func edit(_ file: String, _ body: (inout [UInt8]) -> Void) throws {
        var bytes = try log.read(file)
        body(&bytes)
        try log.write(bytes, file)
    }

    @Test("tiles of every published size are what the entries make")
    func intact() throws {
        let report = try log.verify()
        // Full: 2 bundles, 2 of level 0. Partial: 2 of 300, 1 of level 1 at 256, 512 and so on.
        #expect(report.failures == [] && report.tiles == 4 + 3 + 1 + 2)
        #expect(report.summary.contains("10 tiles are what the entries make"))
    }

    @Test("a log without tiles verifies by its journal, and says so")
    func none() throws {
        try log.remove("tile")
        let report = try log.verify()
        #expect(report.isIntact && report.tiles == 0 && report.summary.contains("the log has no tiles"))
    }

    @Test(
        "a changed byte in a tile, full or partial, is found with its place and entries",
        arguments: [
            ("tile/0/000", 8191, 0..<256), ("tile/0/001.p/44", 0, 256..<300), ("tile/1/000.p/2", 63, 0..<512),
            ("tile/entries/002.p/88", 5, 512..<600), ("tile/entries/001", 300, 256..<512),
        ] as [(String, Int, Range<UInt64>)])
    func changed(file: String, byte: Int, entries: Range<UInt64>) throws {
        try edit(file) { $0[byte] ^= 1 }
        let failure = try #require(try failures().first)
        #expect(failure.kind == .wrongTile && failure.file == file && failure.entries == entries)
        #expect(failure.what.contains("from byte \(byte) on"))
        #expect(try failures().count == 1)
    }

    @Test(
        "a tile that is too long or too short is refused, a zero-filled end included",
        arguments: ["tile/0/000", "tile/0/002.p/88", "tile/entries/000", "tile/entries/002.p/88", "tile/1/000.p/2"])
    func wrongLength(file: String) throws {
        let bytes = try log.read(file)
        for other in [bytes + [0, 0], Array(bytes.dropLast()), bytes + bytes, []] {
            try log.write(other, file)
            #expect(try failures().map(\.kind) == [.wrongTile])
        }
    }

    @Test(
        "a file that is no tile, in no spelling of a tile, or of entries that do not exist, is stray",
        arguments: [
            "tile/0/000.p/8123", "tile/0/0", "tile/000", "tile/0/001.p/044", "tile/0/x000/000", "tile/entries/002.p/89",
            "tile/entries/003", "tile/1/001.p/1", "tile/2/000.p/1", "tile/0/002", "tile/0/000.tmp", "tile/9/000.p/1",
        ])
    func stray(file: String) throws {
        let folder = URL(fileURLWithPath: "\(log.directory)/\(file)").deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try log.write(try log.read("tile/0/000"), file)
        #expect(try failures().map(\.kind) == [.strayFile] && failures().first?.file == file)
    }

    @Test("a link in a tile's place is not followed")
    func link() throws {
        try log.remove("tile/0/001")
        try log.write(try log.read("tile/0/000"), "elsewhere")
        try FileManager.default.createSymbolicLink(
            atPath: "\(log.directory)/tile/0/001", withDestinationPath: "\(log.directory)/elsewhere")
        #expect(try failures().map(\.kind) == [.wrongTile])
    }

    @Test("a tile that stayed behind from another history is stale, though nobody needs it any more")
    func stale() throws {
        let other = try LogFixture(300)
        for file in ["tile/0/001.p/44", "tile/entries/001.p/44"] { try edit(file) { $0[40] ^= 0xFF } }
        #expect(try failures().map(\.kind) == [.wrongTile, .wrongTile])
        _ = other
    }

    @Test(
        "a missing tile of the signed tree is named",
        arguments: ["tile/0/000", "tile/entries/001", "tile/0/002.p/88", "tile/entries/002.p/88", "tile/1/000.p/2"])
    func missing(file: String) throws {
        try log.remove(file)
        let failures = try failures()
        #expect(failures.map(\.kind) == [.missingTile] && failures.first?.file == file)
    }

    @Test("partial tiles may go once the full one is there, and those of older sizes may stay")
    func superseded() throws {
        for folder in ["tile/0/001.p", "tile/entries/001.p"] { try log.remove(folder) }
        #expect(try log.verify().isIntact)
    }

    @Test(
        "tiles above the last signed size are no failure while the entries are there: a writer may have died in between"
    )
    func unsigned() throws {
        let log = try LogFixture(600, checkpoints: [300])
        try log.tile(300, 600)
        #expect(try log.verify().isIntact)
    }
}
