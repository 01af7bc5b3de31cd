import Foundation
import Testing

@testable import Core

struct FileLineTests {
    private static func edited(_ old: String, _ arguments: [String: String]) throws -> String? {
        try LineEdit(Arguments(arguments.mapValues { .text($0) })).applied(to: Payload(old), of: "/x").text
    }

    struct Case: Sendable {
        var old: String
        var arguments: [String: String]
        var new: String
    }

    static let cases = [
        Case(old: "a\n", arguments: ["line": "b"], new: "a\nb\n"),
        Case(old: "a", arguments: ["line": "b"], new: "a\nb\n"),
        Case(old: "", arguments: ["line": "b"], new: "b\n"),
        Case(old: "\n", arguments: ["line": "b"], new: "\nb\n"),
        Case(old: "a\nb\nc", arguments: ["line": "b"], new: "a\nb\nc"),
        Case(old: "k=1\nx\n", arguments: ["line": "k=2", "match": "k="], new: "k=2\nx\n"),
        Case(old: "x\nk=1", arguments: ["line": "k=2", "match": "k="], new: "x\nk=2"),
        Case(old: "x\n", arguments: ["line": "k=2", "match": "k="], new: "x\nk=2\n"),
        Case(old: " k=1\n", arguments: ["line": "k=2", "match": "k="], new: " k=1\nk=2\n"),
        Case(old: "a\nb\na\n", arguments: ["line": "a", "remove": "true"], new: "b\n"),
        Case(old: "a\nb", arguments: ["line": "b", "remove": "true"], new: "a\n"),
        Case(old: "a", arguments: ["line": "a", "remove": "true"], new: ""),
        Case(old: "k1\nk2\nx", arguments: ["match": "k", "remove": "true"], new: "x"),
        Case(old: "x", arguments: ["match": "k", "remove": "true"], new: "x"),
        // A mark that a Character would take in with the letter, or with the end of line, before it.
        Case(old: "k\u{301}\n\u{301}x\n", arguments: ["line": "k2", "match": "k"], new: "k2\n\u{301}x\n"),
        Case(old: ".*\nxx\n", arguments: ["match": ".*", "remove": "true"], new: "xx\n"),
    ]

    @Test(
        "one line comes, changes or goes, the rest stays byte by byte, and a second time nothing is to be done",
        arguments: cases)
    func edits(test: Case) throws {
        let new = try Self.edited(test.old, test.arguments)
        #expect(new.map { Array($0.utf8) } == Array(test.new.utf8))
        #expect(try Self.edited(test.new, test.arguments).map { Array($0.utf8) } == Array(test.new.utf8))
    }

    @Test(
        "lines that several match, and text that is not plain, are refused",
        arguments: ["k=1\nk=2\n", "a\r\nb\r\n", "a\u{0}"])
    func refused(old: String) {
        #expect(throws: ObservationError.self) { try Self.edited(old, ["line": "k=3", "match": "k="]) }
    }

    @Test(
        "arguments that say nothing, or two things, are refused",
        arguments: [
            [:], ["line": ""], ["line": "a\nb"], ["line": "a\rb"], ["line": "a\u{0}"], ["line": "b", "match": "a"],
            ["remove": "true"], ["remove": "true", "line": "a", "match": "a"], ["match": "a"],
            ["line": "a", "remove": "maybe"], ["line": String(repeating: "x", count: 4097)],
        ] as [[String: String]])
    func arguments(given: [String: String]) {
        #expect(throws: ArgumentError.self) {
            try FileLine(arguments: Arguments(given.merging(["path": "/etc/x"]) { $1 }.mapValues { .text($0) }))
        }
    }

    @Test("where there is no file a line is not to be had, and none is to be taken away")
    func absent() throws {
        let output = Fixture.output("directory=real\nxattrs=unread\ntype=absent\n")
        let adds = try FileLine(arguments: Arguments(["path": .text("/etc/x"), "line": .text("a")]))
        let before = try adds.parse([output])
        #expect(throws: ObservationError.self) { try adds.predict(before) }
        let removes = try FileLine(
            arguments: Arguments(["path": .text("/etc/x"), "line": .text("a"), "remove": .flag(true)]))
        #expect(try removes.predict(before).after == before)
        #expect(removes.apply(before).isEmpty)
    }

    @Test("the kubelet's manifests are not for it")
    func manifests() {
        let arguments = Arguments(["path": .text("/etc/kubernetes/manifests/etcd.yaml"), "line": .text("a")])
        #expect(throws: ArgumentError.self) { try FileLine(arguments: arguments) }
    }

    @Test("on a real filesystem the line is there, and undo brings the file back")
    func law() async throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-line-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.path() + "/a b"
        try "x\nk=1\ny".write(toFile: path, atomically: true, encoding: .utf8)
        let node = LocalNode()
        let action = try FileLine(
            arguments: Arguments(["path": .text(path), "line": .text("k=$(touch z)"), "match": .text("k=")]))
        let before = try await node.observe(action)
        let predicted = try action.predict(before)
        try await node.write(action.apply(before))
        #expect(try await node.observe(action).compared(with: predicted.after, by: action) == [])
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "x\nk=$(touch z)\ny")
        for _ in 1...2 {
            try await node.write(action.undo(before))
            #expect(try await node.observe(action).compared(with: before, by: action) == [])
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path()) == ["a b"])
    }
}
