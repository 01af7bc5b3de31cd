import Core
import Foundation
import Testing

/// The law of undo on a real filesystem, in a folder of the test's own.
@Suite(
    "file.replace's laws on a real filesystem",
    .enabled(if: RealSystem.isCI || RealSystem.isRoot, "LEFT OUT: needs root, to give files away; on CI never left out")
)
struct FileReplaceLawTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var old: [UInt8]?
        var mode = 0o644
        var new = "new\n"
        var more: [String: String] = [:]
        var testDescription: String { "\(name.debugDescription) \(String(mode, radix: 8)) \(more)" }
    }

    static let cases = [
        Case(name: "plain", old: Array("old\n".utf8)),
        Case(name: "absent", old: nil), Case(name: "absent", old: nil, more: ["mode": "0400", "owner": "1:2"]),
        Case(name: "with space; touch x $(id) 'q' \"q\" \\n", old: Array("x".utf8), mode: 0o4751),
        Case(name: "-rf", old: Array("x".utf8), mode: 0o0),
        Case(name: "binary", old: (0...255).map { UInt8($0) } + [0, 10, 10], mode: 0o600),
        Case(name: "empty", old: [], mode: 0o2640, more: ["mode": "0777"]),
        Case(name: "newlines", old: Array("\n\n".utf8), new: "\n\n\n", more: ["owner": "7:8"]),
        Case(name: "given away", old: Array("x".utf8), mode: 0o6755, more: ["owner": "7:8"]),
        Case(name: "to empty", old: Array("x".utf8), new: ""),
        Case(name: "*", old: Array("x".utf8), new: "$(touch /x) `id` \\n %s 'q'\u{0}\u{1}", more: ["mode": "1755"]),
    ]

    @Test("what is predicted is found, and undo brings everything back", arguments: cases)
    func law(test: Case) async throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-file-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path() + "/" + test.name
        let node = LocalNode()
        if let old = test.old {
            try Data(old).write(to: URL(fileURLWithPath: path))
            #expect(chown(path, 3, 4) == 0)
            #expect(chmod(path, mode_t(test.mode)) == 0)
            if RealSystem.has("setfattr", "setfacl") {
                _ = try await node.run(Command(["setfattr", "-n", "user.k", "-v", "a b", "--", path]))
                _ = try await node.run(Command(["setfacl", "-m", "u:12:rw", "--", path]))
            }
        }
        let texts = ["path": path, "content": test.new].merging(test.more) { $1 }
        let action = try FileReplace(arguments: Arguments(texts.mapValues { .text($0) }))
        let before = try await node.observe(action)
        let prediction = try action.predict(before)

        try await node.write(action.apply(before))
        let applied = try await node.observe(action)
        #expect(
            applied.compared(with: prediction.after, by: action).filter { prediction.quality(of: $0.field) == .exact }
                == [])
        #expect(action.apply(applied).isEmpty)
        #expect(try names(folder) == [test.name])

        for _ in 1...2 {
            try await node.write(action.undo(before))
            #expect(try await node.observe(action).compared(with: before, by: action) == [])
        }
        #expect(try names(folder) == (test.old == nil ? [] : [test.name]))

        // A person deletes the file, and the undo still brings it back, attributes included.
        try? FileManager.default.removeItem(atPath: path)
        try await node.write(action.undo(before))
        #expect(try await node.observe(action).compared(with: before, by: action) == [])
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path())
    }
}
