import Testing

@testable import Core

/// What `node.cordon` and `node.uncordon` make of what kubectl prints; that the commands do it, a real API server says
/// (Tests/Integration/KubectlTests.swift).
@Suite("node.cordon and node.uncordon")
struct NodeCordonTests {
    static let injected: [String: ArgumentValue] = [
        "node": .text("w1"), "kubeconfig": .text("/etc/kubernetes/admin.conf"), "run": .text("r-1"),
    ]

    static func make<A: Action>(_ type: A.Type, _ more: [String: ArgumentValue] = [:]) throws -> A {
        try type.init(arguments: Arguments(injected.merging(more) { $1 }))
    }

    /// Printed through the view by kubectl 1.32 of a 1.20 API server, in these states.
    enum Printed {
        static let free = "uid=76ba8fe3\nunschedulable=no"
        static let noteLeft = "uid=76ba8fe3\nunschedulable=no\nrun=\"r-0\""
        static let ours = "uid=76ba8fe3\nunschedulable=yes\nrun=\"r-1\"\nwriter=\"belay\""
        static let otherRun = "uid=76ba8fe3\nunschedulable=yes\nrun=\"r-0\"\nwriter=\"belay\""
        static let person = "uid=76ba8fe3\nunschedulable=yes\nwriter=\"kubectl\""
        static let personOverNote = "uid=76ba8fe3\nunschedulable=yes\nrun=\"r-1\"\nwriter=\"kubectl\""
        static let personUntracked = "uid=76ba8fe3\nunschedulable=yes\nwriter=\"belay\""
    }

    static func observe(_ printed: String) throws -> Observation {
        try make(NodeCordon.self).parse([Fixture.output(printed)])
    }

    static func text(_ observation: Observation) throws -> String {
        try #require(NodeCordonState(observation)).text
    }

    /// A guarded write, from its command.
    struct Write {
        var goal: String, others: String, manager: String, metadata: String, spec: String, from: [String]

        init?(_ commands: [Command]) {
            guard commands.count == 1, commands[0].argv.count >= 16 else { return nil }
            let words = Array(commands[0].argv.dropFirst(4))
            let object = ["/etc/kubernetes/admin.conf", "node", "", "w1"]
            guard Array(words[...3]) == object, words[8] == "merge" else { return nil }
            (goal, others, manager, metadata, spec) = (words[5], words[6], words[7], words[9], words[10])
            from = Array(words[11...])
        }
    }

    @Test(
        "a cordon is Belay's only if its note names a run and nobody else wrote the cordon since",
        arguments: [
            (Printed.free, NodeCordonState.Owner.nobody), (Printed.noteLeft, .nobody), (Printed.ours, .run("r-1")),
            (Printed.otherRun, .run("r-0")), (Printed.person, .person), (Printed.personOverNote, .person),
            (Printed.personUntracked, .person),
        ])
    func owners(printed: String, owner: NodeCordonState.Owner) throws {
        let observation = try Self.observe(printed)
        #expect(try #require(NodeCordonState(observation)).owner == owner)
        // The very text again: it is what the guarded write compares with.
        #expect(try Self.text(observation) == printed)
    }

    @Test("a schedulable node is cordoned and marked in one write, from the very state that was seen")
    func cordons() throws {
        let action = try Self.make(NodeCordon.self)
        let before = try Self.observe(Printed.free)
        #expect(try Self.text(action.predict(before).after) == Printed.ours)
        let write = try #require(Write(action.apply(before)))
        #expect(write.from == [Printed.free] && write.goal == Printed.ours && write.others == "fail")
        #expect(
            write.metadata == #""annotations":{"belay/run":"r-1"}"# && write.spec == #""spec":{"unschedulable":true}"#)
        #expect(action.apply(try action.predict(before).after).isEmpty)
    }

    @Test(
        "what is cordoned already is left as it is, by apply and by undo, and its owner is named",
        arguments: [
            (Printed.person, "a person"), (Printed.personOverNote, "a person"), (Printed.otherRun, "run r-0"),
        ])
    func cordonedAlready(printed: String, owner: String) throws {
        let action = try Self.make(NodeCordon.self)
        let before = try Self.observe(printed)
        let prediction = try action.predict(before)
        #expect(prediction.after == before && prediction.qualities.isEmpty)
        #expect(prediction.notes.count == 1 && prediction.notes[0].contains(owner), "\(prediction.notes)")
        #expect(action.apply(before).isEmpty && action.undo(before).isEmpty)
    }

    @Test("undo lifts this run's cordon, or removes the note a person's uncordon left, and leaves every other state")
    func undoOfCordon() throws {
        let action = try Self.make(NodeCordon.self)
        let write = try #require(Write(action.undo(Self.observe(Printed.free))))
        #expect(write.goal == Printed.free && write.others == "leave")
        #expect(write.from == [Printed.ours, Printed.free + "\nrun=\"r-1\""])
        #expect(
            write.metadata == #""annotations":{"belay/run":null}"# && write.spec == #""spec":{"unschedulable":null}"#)
        // A note that was there before comes back.
        let older = try #require(Write(action.undo(Self.observe(Printed.noteLeft))))
        #expect(older.goal == Printed.noteLeft && older.metadata == #""annotations":{"belay/run":"r-0"}"#)
    }

    @Test("a rollback plan of the run that cordoned lifts it, and can put it back")
    func rollbackPlan() throws {
        let base = try Self.make(NodeCordon.self)
        let restore = Restore(base: base, target: try Self.observe(Printed.free))
        #expect(restore.place == .cluster)
        let now = try Self.observe(Printed.ours)
        #expect(try #require(Write(restore.apply(now))).goal == Printed.free)
        let back = try #require(Write(restore.undo(now)))
        #expect(back.goal == Printed.ours && back.from == [Printed.free] && back.others == "leave")
        #expect(back.metadata == #""annotations":{"belay/run":"r-1"}"#)
        #expect(restore.apply(try Self.observe(Printed.free)).isEmpty)
    }

    @Test(
        "uncordon lifts what it may: any run's cordon by default, a person's only when told so, with 'run' only its own",
        arguments: [
            ("belay", Printed.ours, true), ("belay", Printed.otherRun, true), ("belay", Printed.person, false),
            ("belay", Printed.personOverNote, false), ("belay", Printed.free, false),
            ("belay", Printed.noteLeft, false),
            ("run", Printed.ours, true), ("run", Printed.otherRun, false), ("run", Printed.person, false),
            ("run", Printed.personOverNote, false), ("anyone", Printed.ours, true), ("anyone", Printed.otherRun, true),
            ("anyone", Printed.person, true), ("anyone", Printed.personOverNote, true), ("anyone", Printed.free, false),
        ])
    func uncordons(owner: String, printed: String, lifts: Bool) throws {
        let action = try Self.make(NodeUncordon.self, ["owner": .text(owner)])
        let before = try Self.observe(printed)
        let prediction = try action.predict(before)
        #expect(try Self.text(prediction.after) == (lifts ? Printed.free : printed))
        #expect(action.apply(before).isEmpty == !lifts && action.undo(before).isEmpty == !lifts)
        guard lifts else { return #expect(prediction.notes.count == 1) }
        let apply = try #require(Write(action.apply(before)))
        #expect(apply.from == [printed] && apply.goal == Printed.free && apply.others == "fail")
        #expect(
            apply.metadata == #""annotations":{"belay/run":null}"# && apply.spec == #""spec":{"unschedulable":null}"#)
        let undo = try #require(Write(action.undo(before)))
        #expect(undo.from == [Printed.free] && undo.goal == printed && undo.others == "leave")
    }

    @Test("the default owner is belay")
    func defaultOwner() throws {
        #expect(try Self.make(NodeUncordon.self).apply(Self.observe(Printed.person)).isEmpty)
        #expect(try !Self.make(NodeUncordon.self).apply(Self.observe(Printed.otherRun)).isEmpty)
        #expect(throws: ArgumentError.self) { try Self.make(NodeUncordon.self, ["owner": .text("me")]) }
    }

    @Test("a person's cordon comes back as that person's: same note, same field manager")
    func personsCordonComesBack() throws {
        let action = try Self.make(NodeUncordon.self, ["owner": .text("anyone")])
        let before = try Self.observe(Printed.personOverNote)
        #expect(try action.predict(before).notes == ["lifts the cordon of a person"])
        let undo = try #require(Write(action.undo(before)))
        #expect(undo.manager == "kubectl" && undo.metadata == #""annotations":{"belay/run":"r-1"}"#)
        #expect(undo.spec == #""spec":{"unschedulable":true}"#)
        #expect(try #require(Write(action.apply(before))).manager == "belay")
    }

    @Test("both look at the same thing, so that a plan chains them; another node, host or label is another thing")
    func chains() throws {
        let cordon = try Self.make(NodeCordon.self)
        #expect(try cordon.observe() == Self.make(NodeUncordon.self, ["owner": .text("run")]).observe())
        let after = try cordon.predict(Self.observe(Printed.free)).after
        let uncordon = try Self.make(NodeUncordon.self, ["owner": .text("run")])
        #expect(try Self.text(uncordon.predict(after).after) == Printed.free)
        #expect(try cordon.observe() != Self.make(NodeCordon.self, ["node": .text("w2")]).observe())
        #expect(try cordon.observe() != Self.make(NodeCordon.self, ["kubeconfig": .text("/x")]).observe())
        #expect(try cordon.observe() == Self.make(NodeCordon.self, ["run": .text("r-2")]).observe())
    }

    @Test("what they are: in the cluster, reversible, lasting, no cut of the path")
    func kind() throws {
        let actions: [any Action] = [try Self.make(NodeCordon.self), try Self.make(NodeUncordon.self)]
        for action in actions {
            #expect(action.place == .cluster && action.reversibility == .reversible)
            #expect(!action.cutsPath && action.survivesReboot)
            #expect(["uid", "unschedulable", "run", "writer"].allSatisfy { action.role(of: $0) == .footprint })
        }
        #expect(actions[0].disrupts == ["node"] && actions[1].disrupts == [])
    }

    @Test("the read is one argv of kubectl: bounded in time, no shell, no cache on the host's disk")
    func read() throws {
        let commands = try Self.make(NodeCordon.self).observe()
        #expect(commands.count == 1)
        #expect(
            commands[0].argv.dropLast() == [
                "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "--request-timeout=10s",
                "--cache-dir=/dev/null", "get", "node", "w1", "-o",
            ])
        #expect(commands[0].argv.last?.hasPrefix("go-template=uid={{.metadata.uid}}\nunschedulable=") == true)
    }

    @Test(
        "a half, strange or hostile answer is refused, never guessed",
        arguments: [
            "", "uid=x", "unschedulable=yes", "uid=x\nunschedulable=maybe", "uid=<no value>\nunschedulable=no",
            "uid=\nunschedulable=no", "uid=x\nunschedulable=yes\nrun=r-1", "uid=x\nunschedulable=yes\nrun=\"r\\n1\"",
            "uid=x\nunschedulable=yes\nrun=\"a\"b\"", "uid=x\nunschedulable=yes\nwriter=\"\\x00\"", "garbage",
        ])
    func hostile(printed: String) {
        #expect(throws: ObservationError.self) { try Self.observe(printed) }
    }

    @Test("an answer longer than is read, or one too many, is refused")
    func bounds() throws {
        var cut = Fixture.output(Printed.free)
        cut.truncated = true
        let action = try Self.make(NodeCordon.self)
        #expect(throws: ObservationError.self) { try action.parse([cut]) }
        let whole = Fixture.output(Printed.free)
        #expect(throws: ObservationError.self) { try action.parse([whole, whole]) }
        #expect(throws: ObservationError.self) { try action.parse([]) }
    }

    @Test("quotes and backslashes of a note survive, whoever wrote it")
    func quoting() throws {
        let printed = #"uid=x"# + "\nunschedulable=no\nrun=" + #""a\"\\b é""#
        let state = try #require(NodeCordonState(Self.observe(printed)))
        #expect(state.run == #"a"\b é"#)
        #expect(state.text == printed)
        let undo = try #require(Write(Self.make(NodeCordon.self).undo(state.observation)))
        #expect(undo.metadata == #""annotations":{"belay/run":"a\"\\b é"}"#)
    }
}
