import Testing

@testable import Core

@Suite("configmap.restore")
struct ConfigMapRestoreTests {
    private typealias Write = WorkloadFixture.Write
    private static let traits = "uid=c-1\nimmutable=no\nbinary="

    private static func make(_ content: String = "new\n") throws -> ConfigMapRestore {
        try WorkloadFixture.make(ConfigMapRestore.self, ["content": .text(content)])
    }

    private static func observe(_ value: String?) throws -> Observation {
        try make().parse([Fixture.output(traits + (value.map { "\nsha256=\($0);" } ?? ""))])
    }

    // The digests are those of `printf 'new\n;' | sha256sum` and the like.
    @Test("the value is written from the very one that was there, and undo brings that back")
    func writes() throws {
        let action = try Self.make()
        let before = try Self.observe("old\n")
        #expect(before.content("content") == Payload("old\n"))
        #expect(try action.predict(before).after == Self.observe("new\n"))
        let apply = try #require(Write(action.apply(before).first))
        #expect(apply.object == ["/etc/kubernetes/admin.conf", "configmap", "kube-system", "coredns"])
        #expect(apply.change == ["merge", "", "-"] && apply.others == "fail")
        #expect(action.apply(before)[0].input == Payload(#""data":{"Corefile":"new\n"}"#))
        #expect(apply.from == ["uid=c-1\nsha256=" + Digest.sha256(Array("old\n;".utf8))])
        #expect(apply.goal == "uid=c-1\nsha256=" + Digest.sha256(Array("new\n;".utf8)))
        let undo = try #require(Write(action.undo(before).first))
        #expect(undo.from == [apply.goal] && undo.goal == apply.from[0] && undo.others == "leave")
        #expect(action.undo(before)[0].input == Payload(#""data":{"Corefile":"old\n"}"#))
    }

    @Test("a key that was not there is removed by undo; an empty value is not none")
    func absent() throws {
        let action = try Self.make()
        let before = try Self.observe(nil)
        #expect(before["content"] == .absent)
        #expect(action.undo(before)[0].input == Payload(#""data":{"Corefile":null}"#))
        #expect(Write(action.apply(before).first)?.from == ["uid=c-1"])
        let empty = try Self.observe("")
        #expect(empty.content("content") == Payload("") && empty != before)
        #expect(action.undo(empty)[0].input == Payload(#""data":{"Corefile":""}"#))
    }

    @Test("a value that is so already is left, also where nothing could be written")
    func already() throws {
        let action = try Self.make()
        var before = try Self.observe("new\n")
        before["immutable"] = .text("yes")
        #expect(try action.predict(before).after == before)
        #expect(action.apply(before).isEmpty && action.undo(before).isEmpty)
    }

    @Test("what the API would not take, or no undo could carry, is refused")
    func refused() throws {
        let action = try Self.make()
        for (field, words) in [("immutable", "immutable"), ("binary", "binary data")] {
            var before = try Self.observe("old")
            before[field] = .text("yes")
            let error = try #require(throws: ObservationError.self) { try action.predict(before) }
            #expect(error.message.contains(words))
        }
        let limit = FileChange.sizeLimit
        _ = try Self.observe(String(repeating: "x", count: limit))
        let error = try #require(throws: ObservationError.self) {
            try Self.observe(String(repeating: "x", count: limit + 1))
        }
        #expect(error.message.contains("256 KiB"))
        _ = try Self.make(String(repeating: "x", count: limit))
        #expect(throws: ArgumentError.self) { try Self.make(String(repeating: "x", count: limit + 1)) }
        #expect(throws: ArgumentError.self) { try Self.make("a\u{0}b") }
    }

    @Test(
        "a value is read byte by byte, whatever it looks like",
        arguments: [
            "\u{301}x", "x\nsha256=y;\nimmutable=yes", ";", ";;", "\n\n", "\r\n", "uid=z", "é❄", "\u{600}", "\u{FEFF}x",
        ])
    func odd(value: String) throws {
        let seen = try Self.observe(value)
        #expect(seen.content("content") == Payload(value) && seen.text("uid") == "c-1")
        #expect(seen.text("immutable") == "no")
    }

    @Test("JSON that YAML reads to the same text")
    func json() {
        #expect(JSONWord.quote("a\"b\\c\r\n\t\u{1}") == #""a\"b\\c\r\n\t\u0001""#)
        #expect(JSONWord.quote("\u{7F}\u{85}\u{2028}\u{FEFF}\u{FFFE}é😀") == #""\u007f\u0085\u2028\ufeff\ufffeé😀""#)
    }

    @Test(
        "a half, strange or hostile answer is refused, never guessed",
        arguments: [
            "", "uid=c-1", "uid=c-1\nimmutable=perhaps\nbinary=", "uid=c-1\nimmutable=no",
            "uid=c-1\nimmutable=no\nbinary=no",
            "uid=<no value>\nimmutable=no\nbinary=", traits + "\nsha256=cut short", traits + "\nsha256=",
        ])
    func hostile(printed: String) throws {
        #expect(throws: ObservationError.self) { try Self.make().parse([Fixture.output(printed)]) }
    }

    @Test("what it is: in the cluster, reversible; the key and its value are the footprint")
    func kind() throws {
        let action = try Self.make()
        #expect(action.place == .cluster && action.reversibility == .reversible && action.survivesReboot)
        #expect(action.role(of: "content") == .footprint && action.role(of: "immutable") == .state)
        for key in [".", "..", "a/b", "", "a b", String(repeating: "x", count: 254)] {
            #expect(throws: ArgumentError.self) { try WorkloadFixture.make(ConfigMapRestore.self, ["key": .text(key)]) }
        }
    }
}
