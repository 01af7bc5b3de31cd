import Foundation
import Testing
import TransparencyLog

@testable import Engine

@Suite("tiles and checkpoints that are published", .timeLimit(.minutes(5)))
struct PublishTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
    }

    private func names(_ folder: String) throws -> [String] { try Files.list("\(log.directory)/\(folder)") ?? [] }

    private func signedSize() throws -> UInt64? {
        let path = "\(log.directory)/checkpoint"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try Checkpoint(text: SignedNote(log.read("checkpoint")).text).size
    }

    private func eventually(_ condition: () throws -> Bool) async throws -> Bool {
        for _ in 0..<600 {
            if try condition() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    @Test("every size that is published has its tiles, and partial ones go when the full one is there")
    func sizes() async throws {
        let writer = try await log.open()
        for (number, size) in [1, 255, 256, 257, 512, 600].enumerated() {
            let from = Int(try await writer.size)
            _ = try await writer.append((from..<size).map { entry($0) })
            #expect(try await writer.checkpoint().checkpoint.size == UInt64(size))
            let report = try log.verify()
            #expect(report.isIntact && report.checkpoints.filter { $0.source != "checkpoint" }.count == number + 1)
            #expect(report.tiles > 0)
        }
        #expect(try names("tile/0") == ["000", "001", "002.p"] && names("tile/entries") == ["000", "001", "002.p"])
        #expect(try names("tile/0/002.p") == ["88"] && names("tile/1/000.p") == ["1", "2"])
        #expect(try names("tmp").filter { $0 != "spare.wal" } == [])
    }

    @Test("what waits is published after its time, without anybody asking")
    func paced() async throws {
        let pace = PublishPace(entries: .max, delay: .milliseconds(50))
        let writer = try await log.open(pace: pace)
        for size in 1...3 as ClosedRange<UInt64> {
            _ = try await writer.append(entry(0))
            #expect(try await eventually { try signedSize() == size })
        }
        _ = try await log.open(pace: pace)
        await writer.close()
        #expect(try log.verify().isIntact)
    }

    @Test("so many entries are published at once, though their time has not come")
    func counted() async throws {
        let writer = try await log.open(pace: PublishPace(entries: 10, delay: .seconds(3600)))
        _ = try await writer.append((0..<9).map { entry($0) })
        #expect(try signedSize() == nil)
        _ = try await writer.append(entry(9))
        #expect(try await eventually { try signedSize() == 10 })
    }

    @Test("what an earlier process left unpublished is published by the next one")
    func leftOver() async throws {
        let writer = try await log.open()
        _ = try await writer.append((0..<5).map { entry($0) })
        await writer.close()
        let next = try await log.open(pace: PublishPace(entries: .max, delay: .milliseconds(20)))
        #expect(try await eventually { try signedSize() == 5 })
        await next.close()
    }

    @Test("logs that share a folder take over from each other, and a size signed by one is not signed by the other")
    func shared() async throws {
        let (one, two) = (try await log.open(), try await log.open())
        for round in 0..<10 {
            let (writer, other) = round % 2 == 0 ? (one, two) : (two, one)
            _ = try await writer.append((0..<100).map { entry(round * 100 + $0) })
            let signed = try await writer.checkpoint()
            #expect(signed.checkpoint.size == UInt64(round + 1) * 100)
            #expect(try await other.checkpoint() == signed)
        }
        #expect(try log.verify().isIntact)
    }

    @Test("a log is opened at its last checkpoint: what lies in older segments is not read")
    func opening() async throws {
        let writer = try await log.open()
        _ = try await writer.append((0..<150).map { entry($0, filler: 60_000) })
        _ = try await writer.checkpoint()
        _ = try await writer.append(entry(150))
        await writer.close()
        let segments = try LogLayout.segments(in: log.directory)
        try #require(segments.count >= 3)
        try log.write([UInt8](repeating: 0xFF, count: 100), LogLayout.segment(startingAt: 0))
        let again = try await log.open()
        #expect(await !again.hasRebuiltTiles)
        #expect(try await again.append(entry(151)) == 151)
        #expect(try await again.checkpoint().checkpoint.size == 152)
        #expect(try !log.verify().isIntact, "the verifier reads them")
    }

    @Test(
        "a tile at the edge that is damaged or gone is made again, byte for byte",
        arguments: ["tile/0/002.p/88", "tile/entries/002.p/88", "tile/1/000.p/2", "tile/0/001", "tile/0", "tile"],
        [true, false])
    func rebuilt(file: String, isRemoved: Bool) async throws {
        let writer = try await log.open()
        _ = try await writer.append((0..<600).map { entry($0) })
        _ = try await writer.checkpoint()
        await writer.close()
        let folder = "\(log.directory)/\(file)"
        let before = try files()
        if isRemoved || !before.keys.contains(file) {
            try FileManager.default.removeItem(atPath: folder)
        } else {
            try log.write([UInt8](repeating: 7, count: 40), file)
        }
        let again = try await log.open()
        #expect(await again.hasRebuiltTiles)
        #expect(try files() == before)
        #expect(try await again.append(entry(600)) == 600)
        #expect(try await again.checkpoint().checkpoint.size == 601)
        #expect(try log.verify().isIntact)
    }

    private func files() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        func list(_ folder: String) throws {
            for name in try names(folder) {
                let path = "\(folder)/\(name)"
                if try Files.isFolder("\(log.directory)/\(path)") {
                    try list(path)
                } else {
                    files[path] = try log.read(path)
                }
            }
        }
        try list("tile")
        return files
    }

    @Test("a log that others published beyond the journal at hand signs nothing")
    func setBack() async throws {
        let writer = try await log.open()
        _ = try await writer.append((0..<3).map { entry($0) })
        _ = try await writer.checkpoint()
        let old = try log.read("checkpoint")
        _ = try await writer.append(entry(3))
        _ = try await writer.checkpoint()
        try Data(old).write(to: URL(fileURLWithPath: "\(log.directory)/checkpoint"))
        _ = try await writer.append(entry(4))
        let error = await #expect(throws: AuditError.self) { try await writer.checkpoint() }
        #expect(error?.code == .damaged && error?.description.contains("set back") == true)
    }
}
