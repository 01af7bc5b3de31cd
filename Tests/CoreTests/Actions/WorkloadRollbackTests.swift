import Testing

@testable import Core

@Suite("workload.rollback")
struct WorkloadRollbackTests {
    private typealias Write = WorkloadFixture.Write

    private static func make(_ more: [String: ArgumentValue] = [:]) throws -> WorkloadRollback {
        try WorkloadFixture.make(WorkloadRollback.self, more)
    }

    private static func observe(_ printed: String = WorkloadFixture.printed()) throws -> Observation {
        try make().parse([Fixture.output(printed)])
    }

    @Test("the template is shown line by line, without the values of environment variables")
    func shown() throws {
        let before = try Self.observe()
        #expect(
            before.lines("template") == [
                "metadata.labels.app = shop", "spec.containers[0].env[0].name = TOKEN",
                "spec.containers[0].env[0].value = (not shown)", "spec.containers[0].image = app:3",
            ])
        #expect(before.lines("target.template")?.last == "spec.containers[0].image = app:2")
        #expect(before.text("revision") == "10" && before.text("target") == "9")
        #expect(try Self.make().predict(before).notes.last?.contains("not shown") == true)
    }

    @Test("it is written from the revision that keeps it, if that is the one the plan shows, and so is undo")
    func writes() throws {
        let action = try Self.make()
        let before = try Self.observe()
        let (old, new) = (WorkloadFixture.sums["app:3"] ?? "", WorkloadFixture.sums["app:2"] ?? "")
        let apply = try #require(Write(action.apply(before).first))
        #expect(apply.from == ["uid=d-1\nsha256=\(old)"] && apply.goal == "uid=d-1\nsha256=\(new)")
        #expect(apply.others == "fail" && apply.change[...1] == ["template", "replicasets.apps/shop-9"])
        #expect(
            apply.change[2].hasPrefix("{{if eq .metadata.uid \"r-9\"}}uid=d-1{{end}}{{with .spec.template}}\nsha256="))
        #expect(action.apply(before).count == 2)
        let undo = try #require(Write(action.undo(before).first))
        #expect(undo.from == [apply.goal] && undo.goal == apply.from[0] && undo.others == "leave")
        #expect(undo.change[1] == "replicasets.apps/shop-10" && undo.change[2].contains("\"r-10\""))
        #expect(action.undo(before).count == 1)
    }

    @Test("what is predicted is the older template; how Kubernetes numbers it is not compared")
    func predicts() throws {
        let action = try Self.make()
        let before = try Self.observe()
        let after = try action.predict(before).after
        let renumbered = try Self.observe(WorkloadFixture.printed("app:2", revisions: [(11, "app:2"), (10, "app:3")]))
        #expect(renumbered.differences(from: after) { !action.role(of: $0).isVolatile }.isEmpty)
        #expect(renumbered.differences(from: before) { !action.role(of: $0).isVolatile }.count == 2)
    }

    @Test("a template that is so already is left, by undo too")
    func already() throws {
        let action = try Self.make(["revision": .text("10")])
        let before = try Self.observe(WorkloadFixture.printed(revisions: [(10, "app:3"), (10, "app:3")]))
        #expect(try action.predict(before).after == before && action.apply(before).isEmpty)
        #expect(action.undo(before).isEmpty)
    }

    @Test(
        "what could not be undone, or would change no pod, is refused",
        arguments: [
            (WorkloadFixture.printed(revisions: [(10, "app:3")]), "no revision before"),
            (WorkloadFixture.printed(revisions: []), "no revision before"),
            (WorkloadFixture.printed(revisions: [(10, "app:2"), (9, "app:2")]), "no revision keeps"),
            (WorkloadFixture.printed(limit: "0"), "keeps no old revisions"),
            (WorkloadFixture.printed(strategy: "\npaused=yes\nstrategy=RollingUpdate\npartition="), "is paused"),
            (WorkloadFixture.printed(strategy: "\npaused=no\nstrategy=OnDelete\npartition="), "OnDelete"),
        ])
    func refused(printed: String, words: String) throws {
        let before = try Self.observe(printed)
        let error = try #require(throws: ObservationError.self) { try Self.make().predict(before) }
        #expect(error.message.contains(words), "\(error)")
    }

    @Test("a revision that is not there is named")
    func noSuchRevision() throws {
        let action = try Self.make(["revision": .text("77")])
        let before = try action.parse([Fixture.output(WorkloadFixture.printed(revisions: [(10, "app:3")]))])
        let error = try #require(throws: ObservationError.self) { try action.predict(before) }
        #expect(error.message.contains("no revision 77"))
        #expect(action.apply(before).isEmpty && action.undo(before).isEmpty)
    }

    @Test("only values that are not shown differ: it says so, and does not say that nothing changes")
    func hiddenOnly() throws {
        var before = try Self.observe()
        before["target.template"] = before["template"]
        let prediction = try Self.make().predict(before)
        #expect(prediction.notes.contains("only values that are not shown differ"))
        #expect(prediction.after["templateSHA256"] != before["templateSHA256"])
        #expect(try Self.make().apply(before).isEmpty == false)
    }

    @Test("DaemonSets and StatefulSets have ControllerRevisions", arguments: ["DaemonSet", "StatefulSet"])
    func controllerRevisions(kind: String) throws {
        let action = try Self.make(["kind": .text(kind)])
        let apply = try #require(Write(action.apply(Self.observe()).first))
        #expect(apply.object[1] == "\(kind.lowercased())s.apps")
        #expect(apply.change[1] == "controllerrevisions.apps/shop-9" && apply.change[2].contains(".data.spec.template"))
        #expect(action.observe()[0].argv.contains("controllerrevisions.apps"))
    }

    @Test("two uses that look at different revisions look at different things")
    func subject() throws {
        #expect(try Self.make().subject == Self.make(["revision": .text("0")]).subject)
        #expect(try Self.make().subject != Self.make(["revision": .text("3")]).subject)
    }

    @Test(
        "a half, strange or hostile answer is refused, never guessed",
        arguments: [
            "", "uid=d-1", "uid=d-1" + WorkloadFixture.strategy,
            WorkloadFixture.printed().replacing("sha256=3", with: "sha256="),
            WorkloadFixture.printed().replacing("sha256=2", with: "sha256=X"),
            WorkloadFixture.printed().replacing("latest d-1", with: "latest"),
            WorkloadFixture.printed().replacing("shop-9 ", with: "-x "),
            WorkloadFixture.printed().replacing("r-9", with: "\"}}"),
            WorkloadFixture.printed().replacing("target d-1 9", with: "target d-1 nine"),
            WorkloadFixture.printed().replacing(" )\n ]", with: " ]"),
            WorkloadFixture.printed().replacing("\n [", with: ""),
            WorkloadFixture.printed().replacing(" .image", with: " ?image"),
            WorkloadFixture.printed().replacing("latest ", with: "zzz ").replacing("target ", with: "latest ")
                .replacing("zzz ", with: "target "),
        ])
    func hostile(printed: String) {
        #expect(throws: ObservationError.self) { try Self.observe(printed) }
    }

    @Test("an answer that was cut short is refused")
    func truncated() throws {
        var output = Fixture.output(WorkloadFixture.printed())
        output.truncated = true
        #expect(throws: ObservationError.self) { try Self.make().parse([output]) }
        #expect(throws: ArgumentError.self) { try Self.make(["revision": .text("-1")]) }
    }
}
