import Core
import Engine
import Foundation
import GRDB
import Glibc
import Testing
import TransparencyLog

@testable import Services

@Suite("the search index of a log", .timeLimit(.minutes(3)))
struct LogIndexTests {
    let log: SampleLog

    init() throws {
        log = try SampleLog()
    }

    private func notes(_ range: Range<Int>) -> [LogRecord] { range.map { Sample.note("note \($0) of many") } }

    private func change(_ sql: String) throws {
        let queue = try DatabaseQueue(path: log.file)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func restore(_ copy: String) throws {
        try FileManager.default.removeItem(atPath: log.directory)
        try FileManager.default.copyItem(atPath: copy, toPath: log.directory)
    }

    /// The index was made again for that reason, finds the same as a scan, and is in order then.
    private func expectMadeAgain(_ reason: String, sourceLocation: Testing.SourceLocation = #_sourceLocation)
        async throws
    {
        try await log.expectSame(EntryFilter(text: "note"), sourceLocation: sourceLocation)
        let told = log.takeTold()
        #expect(
            told.count == 1 && told[0].contains("made again: ") && told[0].contains(reason), "\(told)",
            sourceLocation: sourceLocation)
        try await log.expectSame(EntryFilter(text: "note"), sourceLocation: sourceLocation)
        #expect(log.takeTold() == [], sourceLocation: sourceLocation)
    }

    @Test("lies beside the log's folder, for its owner only, and leaves nothing in the folder")
    func place() async throws {
        try await log.write(notes(0..<10))
        func names() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: log.directory).sorted() }
        let before = try names()
        #expect(try await LogIndex(log: log.directory + "/.").rebuild() == 10)
        #expect(try names() == before)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: log.root).sorted() == [
                "log", "log.index.sqlite", "log.index.sqlite.lock",
            ])
        for file in [log.file, log.file + ".lock"] {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test("goes on where it stood, also where the size it stood at was never published")
    func incremental() async throws {
        for (count, isSigned) in [(10, false), (290, true), (45, false), (300, true), (1, true), (700, false)] {
            try await log.write(notes(0..<count), checkpoint: isSigned)
            try await log.expectSame(EntryFilter(text: "note 1"))
        }
        #expect(log.takeTold() == [])
    }

    @Test("reads of the log what is new and what it finds, and no more")
    func readsLittle() async throws {
        try await log.write(notes(0..<600), checkpoint: true)
        _ = try await log.search(EntryFilter(text: "note"))
        // The CRC of the first entry: whoever reads it is told.
        try log.overwrite("\(log.directory)/\(LogLayout.segment(startingAt: 0))", at: 12, with: [1, 2, 3, 4])
        #expect(try await log.indices(EntryFilter(text: "note 77 ")) == [77])
        await #expect(throws: JournalError.self) { try await log.records() }
        await #expect(throws: JournalError.self) { try await log.search(EntryFilter(text: "note 0 ")) }
    }

    @Test("is made again when the log was set back and continued otherwise", arguments: [false, true])
    func setBack(isSigned: Bool) async throws {
        try await log.write(notes(0..<20), checkpoint: isSigned)
        let copy = log.root + "/copy"
        try FileManager.default.copyItem(atPath: log.directory, toPath: copy)
        try await log.write(notes(20..<30), checkpoint: isSigned)
        _ = try await log.search(EntryFilter(text: "note"))
        try restore(copy)
        try await log.write(notes(100..<115), checkpoint: isSigned)
        try await expectMadeAgain("the log's root at 30 entries")
        try restore(copy)
        try await expectMadeAgain("the log's root at 35 entries")
    }

    @Test("is made again for another log in the same place, for another version, and for another root")
    func otherLog() async throws {
        try await log.write(notes(0..<20))
        _ = try await log.search(EntryFilter(text: "note"))
        try FileManager.default.removeItem(atPath: log.directory)
        try await log.write(notes(0..<20))
        try await expectMadeAgain("another key")
        try change("PRAGMA user_version = 99")
        try await expectMadeAgain("another version")
        try change("UPDATE state SET root = zeroblob(32)")
        try await expectMadeAgain("the log's root at 20 entries")
        try change("UPDATE entries SET leaf = zeroblob(32) WHERE number = 7")
        try await expectMadeAgain("entry 7 is not where it was, or another one")
    }

    @Test(
        "is made again when it is damaged",
        arguments: [
            "UPDATE state SET root = x'00'", "UPDATE state SET offset = -1", "UPDATE entries SET length = 0",
            "UPDATE entries SET offset = -9", "DROP TABLE plans", "DROP TABLE texts",
        ])
    func damaged(sql: String) async throws {
        try await log.write(notes(0..<20))
        _ = try await log.search(EntryFilter(text: "note"))
        try change(sql)
        try await log.expectSame(EntryFilter(runbook: "none", text: "note"))
        try await log.expectSame(EntryFilter(text: "note"))
        #expect(log.takeTold().count == 1)
    }

    @Test("is made again when its bytes rotted")
    func rotted() async throws {
        try await log.write(notes(0..<2000))
        _ = try await log.search(EntryFilter(text: "note"))
        try log.overwrite(log.file, at: 0, with: Array("no database".utf8))
        try await expectMadeAgain("it is damaged")
        let pages = try #require(FileManager.default.attributesOfItem(atPath: log.file)[.size] as? UInt64) / 4096
        for page in 1..<pages {
            try log.overwrite(log.file, at: page * 4096, with: Array(repeating: 0xFF, count: 4096))
        }
        try await expectMadeAgain("it is damaged")
    }

    @Test("a journal that its tiles contradict is not searched by the index")
    func contradictingTiles() async throws {
        try await log.write(notes(0..<20), checkpoint: true)
        let copy = log.root + "/copy"
        try FileManager.default.copyItem(atPath: log.directory, toPath: copy)
        try FileManager.default.removeItem(atPath: log.directory)
        try await log.write(notes(50..<80))
        // The journal of one log among the tiles, keys and checkpoints of another.
        try FileManager.default.removeItem(atPath: copy + "/journal")
        try FileManager.default.copyItem(atPath: log.directory + "/journal", toPath: copy + "/journal")
        try restore(copy)
        await #expect(throws: IndexError.self) { try await log.search(EntryFilter(text: "note")) }
        try FileManager.default.removeItem(atPath: log.directory + "/tile")
        await #expect(throws: IndexError.self) { try await log.search(EntryFilter(text: "note")) }
    }

    @Test("words of an erased blob are not in it any more, and a blob that is there again is")
    func erased() async throws {
        let secret = "the passphrase is xyzzy"
        try await log.write([Sample.note("note"), Sample.note(secret)], inBlobs: [1])
        #expect(try await log.indices(EntryFilter(text: "XYZZY")) == [1])
        let name = try #require(try await log.records()[1].record.blob)
        let path = "\(log.directory)/blobs/\(name.commitment.prefix(2))/\(name.commitment)"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try await BlobStore(directory: log.directory).erase(BlobReference(name))
        #expect(try await log.indices(EntryFilter(text: "note")) == [0])
        #expect(log.takeTold().contains { $0.contains("the blob \(name.commitment) has been erased") })
        let queue = try DatabaseQueue(path: log.file)
        let left = try await queue.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM texts WHERE texts MATCH ?", arguments: ["\"xyz\""])
        }
        try queue.close()
        #expect(left == 0)
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(try await log.indices(EntryFilter(text: "xyzzy")) == [1])
        #expect(log.takeTold().contains { $0.contains("is there again") })
    }

    @Test("several search at once while the log grows")
    func concurrent() async throws {
        try await log.write(notes(0..<500))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let found = try await log.search(EntryFilter(text: "note"))
                    #expect(found.entries.count >= 500)
                }
            }
            group.addTask { try await log.write(notes(500..<900)) }
            try await group.waitForAll()
        }
        #expect(log.takeTold() == [])
        try await log.expectSame(EntryFilter(text: "note"))
    }

    @Test("a file that others may read, or a link, is not used, and left as it is")
    func unsafe() async throws {
        try await log.write(notes(0..<3))
        _ = FileManager.default.createFile(
            atPath: log.file, contents: Data("x".utf8), attributes: [.posixPermissions: 0o644])
        await #expect { try await log.search(EntryFilter(text: "note")) } throws: {
            "\($0)".contains("nobody else may read")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: log.file)) == Data("x".utf8))
        try FileManager.default.removeItem(atPath: log.file)
        try FileManager.default.createSymbolicLink(atPath: log.file, withDestinationPath: log.root + "/elsewhere")
        await #expect(throws: IndexError.self) { try await log.search(EntryFilter(text: "note")) }
        #expect(!FileManager.default.fileExists(atPath: log.root + "/elsewhere"))
    }

    @Test("who waits for another process too long is told")
    func busy() async throws {
        try await log.write(notes(0..<3))
        let holder = try IndexLock(IndexPlace(ofLog: log.directory), patience: .zero)
        await #expect { try await log.search(EntryFilter(text: "note"), patience: .milliseconds(50)) } throws: {
            "\($0)".contains("another process has been using the index")
        }
        withExtendedLifetime(holder) {}
    }
}
