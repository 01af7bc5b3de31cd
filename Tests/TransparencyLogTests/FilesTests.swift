import Foundation
import Testing

@testable import TransparencyLog

@Suite("files of a log")
struct FilesTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    /// Three parts of what is compared at a time, and a little.
    private let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

    private func with(_ content: [UInt8], _ body: () throws -> Void) throws {
        try Data(content).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body()
    }

    private func difference(from expected: ArraySlice<UInt8>) throws -> FileDifference? {
        try Files.difference(path, from: expected, limit: 1 << 20)
    }

    @Test("the first byte that differs is named, in whichever part it is", arguments: [0, 65_535, 65_536, 199_999])
    func byte(at place: Int) throws {
        var changed = bytes
        for at in Set([place, 199_999]) { changed[at] ^= 0x80 }
        try with(changed) { () throws in
            #expect(try difference(from: bytes[...]) == .byte(place))
            #expect(try difference(from: changed[...]) == nil)
        }
    }

    @Test("a file that is longer, shorter, empty or missing")
    func size() throws {
        try with(bytes) { () throws in
            #expect(try difference(from: bytes.dropLast()) == .size(200_000))
            #expect(try difference(from: bytes[...] + [0]) == .size(200_000))
            #expect(try difference(from: []) == .size(200_000))
        }
        try with([]) { () throws in #expect(try difference(from: []) == nil) }
        #expect(try difference(from: bytes[...]) == .missing)
    }

    @Test("what is compared need not begin at 0")
    func slice() throws {
        try with(Array(bytes[70_000...])) { () throws in #expect(try difference(from: bytes[70_000...]) == nil) }
    }

    @Test("a file is refused when it is longer than anything that is expected there")
    func limit() throws {
        try with(bytes) { () throws in
            #expect(throws: LogReadError.self) { try Files.difference(path, from: bytes[...], limit: 199_999) }
            #expect(throws: LogReadError.self) { try OpenFile(path, limit: 199_999) }
        }
    }

    @Test("nothing stays open, not even a file that was refused")
    func closed() throws {
        try with(bytes) { () throws in
            _ = try? Files.read(path, limit: 10)
            _ = try? Files.difference(path, from: bytes[...], limit: 10)
            _ = try Files.difference(path, from: bytes[...], limit: 1 << 20)
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
                .compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
            #expect(!open.contains(path) && !open.isEmpty)
        }
    }

    @Test(
        "a file is read into room of the same length, a shorter or a longer one", arguments: [0, 10, 199_900, 300_000])
    func room(of count: Int) throws {
        var room = [UInt8](repeating: 7, count: count)
        try with(bytes) { () throws in
            let file = try #require(try OpenFile(path, limit: 1 << 20))
            try file.read(from: 50, count: 1000, into: &room)
            #expect(room == Array(bytes[50..<1050]))
            try file.read(from: 100, count: .max, into: &room)
            #expect(room == Array(bytes[100...]))
            try file.read(from: 200_000, count: 10, into: &room)
            #expect(room == [])
        }
        #expect(try OpenFile(path, limit: 1 << 20) == nil)
    }

    @Test("a folder's names are sorted, and it is told which of them are folders: a link to one is not")
    func contents() throws {
        let files = FileManager.default
        try files.createDirectory(atPath: "\(path)/b", withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: "\(path)/c"))
        try files.createSymbolicLink(atPath: "\(path)/a", withDestinationPath: "\(path)/b")
        let contents = try #require(try Files.contents(path))
        #expect(contents.map(\.name) == ["a", "b", "c"] && contents.map(\.isFolder) == [false, true, false])
        #expect(try Files.contents("\(path)/d") == nil)
    }
}
