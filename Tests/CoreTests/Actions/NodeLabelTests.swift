import Testing

@testable import Core

@Suite("node.label and node.taint")
struct NodeLabelTests {
    static func label(_ more: [String: ArgumentValue]) throws -> NodeLabel {
        try NodeCordonTests.make(NodeLabel.self, ["key": .text("example.com/pool")].merging(more) { $1 })
    }

    static func taint(_ more: [String: ArgumentValue]) throws -> NodeTaint {
        let base: [String: ArgumentValue] = ["key": .text("example.com/pool"), "effect": .text("NoSchedule")]
        return try NodeCordonTests.make(NodeTaint.self, base.merging(more) { $1 })
    }

    /// Words of the guarded write behind the kubeconfig and the object.
    static func words(_ commands: [Command]) throws -> [String] {
        try #require(commands.count == 1)
        return Array(commands[0].argv.dropFirst(8))
    }

    @Test(
        "a label is set or removed from the very value that was there, and undo brings that back",
        arguments: [
            ("blue", "uid=x", "\"blue\"", "null"), ("blue", "uid=x\nlabel=", "\"blue\"", "\"\""),
            ("blue", "uid=x\nlabel=red", "\"blue\"", "\"red\""), ("", "uid=x\nlabel=red", "\"\"", "\"red\""),
            (nil, "uid=x\nlabel=red", "null", "\"red\""), (nil, "uid=x\nlabel=", "null", "\"\""),
        ])
    func label(wanted: String?, printed: String, sets: String, restores: String) throws {
        let action = try Self.label(wanted.map { ["value": .text($0)] } ?? ["remove": .flag(true)])
        let before = try action.parse([Fixture.output(printed)])
        let goal = "uid=x" + (wanted.map { "\nlabel=\($0)" } ?? "")
        let after = try action.predict(before).after
        #expect(try action.parse([Fixture.output(goal)]) == after)
        let apply = try Self.words(action.apply(before))
        #expect(apply[1...3] == [goal, "fail", "belay"] && apply[6...] == ["", printed])
        #expect(apply[4...5] == ["merge", "\"labels\":{\"example.com/pool\":\(sets)}"])
        let undo = try Self.words(action.undo(before))
        #expect(undo[1...3] == [printed, "leave", "belay"] && undo[6...] == ["", goal])
        #expect(undo[4...5] == ["merge", "\"labels\":{\"example.com/pool\":\(restores)}"])
        #expect(action.apply(after).isEmpty && action.undo(after).isEmpty)
    }

    @Test(
        "a taint is set or removed from the very one that was there, and undo brings that back",
        arguments: [
            ("blue", "uid=x", #","value":"blue"}"#, nil), ("blue", "uid=x\ntaint=", #","value":"blue"}"#, "}"),
            ("", "uid=x\ntaint=red", "}", #","value":"red"}"#),
            (
                nil, "uid=x\ntaint=red\nsince=2026-11-22T16:57:26Z", nil,
                #","value":"red","timeAdded":"2026-11-22T16:57:26Z"}"#
            ),
            (
                "blue", "uid=x\ntaint=\nsince=2026-11-22T16:57:26Z", #","value":"blue"}"#,
                #","timeAdded":"2026-11-22T16:57:26Z"}"#
            ),
        ] as [(String?, String, String?, String?)])
    func taint(wanted: String?, printed: String, sets: String?, restores: String?) throws {
        let action = try Self.taint(wanted.map { ["value": .text($0)] } ?? ["remove": .flag(true)])
        let before = try action.parse([Fixture.output(printed)])
        let goal = "uid=x" + (wanted.map { "\ntaint=\($0)" } ?? "")
        let after = try action.predict(before).after
        #expect(try action.parse([Fixture.output(goal)]) == after)
        let head = #"{"key":"example.com/pool","effect":"NoSchedule""#
        let apply = try Self.words(action.apply(before))
        #expect(apply[1...4] == [goal, "fail", "belay", "taint"] && apply[7...] == [printed])
        #expect(apply[5] == (sets.map { head + $0 } ?? ""))
        let undo = try Self.words(action.undo(before))
        #expect(undo[1...4] == [printed, "leave", "belay", "taint"] && undo[7...] == [goal])
        #expect(undo[5] == (restores.map { head + $0 } ?? ""))
        #expect(action.apply(after).isEmpty && action.undo(after).isEmpty)
    }

    @Test("each label and each taint is a thing of its own, so that plans chain only what is the same")
    func things() throws {
        let blue = ["value": ArgumentValue.text("blue")]
        let one = try Self.label(blue).observe()
        #expect(try one == Self.label(["remove": .flag(true)]).observe())
        #expect(try one != Self.label(blue.merging(["key": .text("pool")]) { $1 }).observe())
        #expect(try one != NodeCordonTests.make(NodeCordon.self).observe())
        let taint = try Self.taint(blue).observe()
        #expect(try taint == Self.taint(["remove": .flag(true)]).observe())
        #expect(try taint != Self.taint(blue.merging(["effect": .text("NoExecute")]) { $1 }).observe())
        #expect(taint != one)
    }

    @Test("NoExecute evicts: compensable, disrupts pods, and says so; removing a taint disrupts nothing")
    func effects() throws {
        let value = ["value": ArgumentValue.text("")]
        let evicts = try Self.taint(value.merging(["effect": .text("NoExecute")]) { $1 })
        #expect(evicts.reversibility == .compensable && evicts.disrupts == ["node", "pods"])
        #expect(try evicts.predict(evicts.parse([Fixture.output("uid=x")])).notes.first?.contains("evicts") == true)
        #expect(try Self.taint(value).reversibility == .reversible && Self.taint(value).disrupts == ["node"])
        #expect(try Self.taint(["remove": .flag(true)]).disrupts == [])
        #expect(try Self.label(value).disrupts == ["pods"] && Self.label(value).place == .cluster)
        #expect(evicts.place == .cluster && !evicts.cutsPath && evicts.survivesReboot)
    }

    @Test(
        "keys that are none, or belong to Kubernetes or Belay, are refused",
        arguments: [
            "kubernetes.io/hostname", "node-role.kubernetes.io/control-plane", "topology.kubernetes.io/zone",
            "node.kubernetes.io/unschedulable", "beta.kubernetes.io/arch", "k8s.io/x", "belay/run", "a/b/c", "/x", "x/",
            "-x", "x-", "Example.com/x", "a..b/x", "x y", "x\"}}{{.}}", String(repeating: "x", count: 64),
        ] + hostileValues)
    func keys(key: String) {
        #expect(throws: ArgumentError.self) { try Self.label(["key": .text(key), "value": .text("")]) }
        #expect(throws: ArgumentError.self) { try Self.taint(["key": .text(key), "value": .text("")]) }
    }

    @Test("keys of one's own pass, and the one of Kubernetes that is made for operators, for labels only")
    func ownKeys() throws {
        for key in ["maintenance", "example.com/a_b.c-D", "kubernetes.io.example.com/x", "mykubernetes.io/x"] {
            _ = try Self.label(["key": .text(key), "value": .text("x")])
            _ = try Self.taint(["key": .text(key), "value": .text("x")])
        }
        let balancer = ["key": ArgumentValue.text("node.kubernetes.io/exclude-from-external-load-balancers")]
        _ = try Self.label(balancer.merging(["value": .text("")]) { $1 })
        #expect(throws: ArgumentError.self) { try Self.taint(balancer.merging(["value": .text("")]) { $1 }) }
    }

    @Test("values that are none are refused", arguments: ["-x", "a b", "\"", "é", String(repeating: "x", count: 64)])
    func values(value: String) {
        #expect(throws: ArgumentError.self) { try Self.label(["value": .text(value)]) }
        #expect(throws: ArgumentError.self) { try Self.taint(["value": .text(value)]) }
    }

    @Test("either a value or its removal is asked for, and an effect there is")
    func wanted() {
        for more in [[:], ["value": .text("x"), "remove": .flag(true)]] as [[String: ArgumentValue]] {
            #expect(throws: ArgumentError.self) { try Self.label(more) }
            #expect(throws: ArgumentError.self) { try Self.taint(more) }
        }
        #expect(throws: ArgumentError.self) { try Self.taint(["value": .text(""), "effect": .text("noexecute")]) }
    }

    @Test(
        "an answer that no API gives is refused",
        arguments: ["", "label=x", "uid=x\nlabel=a b", "uid=x\nlabel=\"\ntaint=\"", "uid=x\nlabel=-\ntaint=-"])
    func hostileAnswers(printed: String) throws {
        let value = ["value": ArgumentValue.text("")]
        #expect(throws: ObservationError.self) { try Self.label(value).parse([Fixture.output(printed)]) }
        guard printed != "uid=x\nlabel=a b" else { return }
        #expect(throws: ObservationError.self) { try Self.taint(value).parse([Fixture.output(printed)]) }
    }

    @Test("a time that is none is refused")
    func hostileTime() throws {
        let action = try Self.taint(["remove": .flag(true)])
        #expect(throws: ObservationError.self) {
            try action.parse([Fixture.output("uid=x\ntaint=\nsince=\",\"x\":\"")])
        }
    }
}
