import Core
import Testing

/// Images that come, go and are taken into use by themselves while a run is under way.
@Suite("images in a run")
struct ImagesRunTests {
    /// Runs a prune of a/x and a/y; `a/y` is in use by then, and `present` is what is there after the step.
    private func run(afterwards present: [String]) throws -> (state: RunState, sent: [Command]) {
        var used = RunSamples.prune(["a/x"]).before
        used["image.a/y"] = .text("sha256:a/y")
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.prune(["a/x", "a/y"])])]))
        let before = used
        var after = RunSamples.prune([]).before
        for name in present { after["image.\(name)"] = .text("sha256:\(name)") }
        let left = after
        world.script = { _, next in
            switch next.effect {
            case .observe(0, .before, _): .observed(step: 0, moment: .before, before)
            case .observe(0, .after, _): .observed(step: 0, moment: .after, left)
            default: nil
            }
        }
        let state = try world.run()
        #expect(world.violations.isEmpty)
        let sent = world.events.flatMap { event, _ -> [Command] in
            if case .intent(let intent) = event, intent.write == .apply(step: 0) { intent.commands } else { [] }
        }
        return (state, sent)
    }

    @Test("an image that is used by then stays, and that is no surprise")
    func shrank() throws {
        let (state, sent) = try run(afterwards: ["a/y"])
        #expect(sent.map { $0.argv.suffix(1) } == [["a/x"]])
        #expect(state.end == .succeeded)
    }

    @Test("an image that was pulled meanwhile is no surprise")
    func appeared() throws {
        #expect(try run(afterwards: ["a/y", "a/new"]).state.end == .succeeded)
    }

    @Test("an image that was to stay and is gone is one")
    func vanished() throws {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [Self.withKept()])]))
        let left = RunSamples.prune([]).before
        world.script = { _, next in
            if case .observe(0, .after, _) = next.effect { .observed(step: 0, moment: .after, left) } else { nil }
        }
        #expect(try world.run().end == .rolledBack)
    }

    private static func withKept() -> RunSamples.Sample {
        var sample = RunSamples.prune(["a/x"])
        sample.before["image.a/kept"] = .text("sha256:a/kept")
        return sample
    }
}
