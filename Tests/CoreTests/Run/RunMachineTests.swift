import Core
import Foundation
import Testing

/// The fold over single cases, each told by the effects it asks for.
@Suite("run machine")
struct RunMachineTests {
    /// A short name for an effect, to read a whole run as one line.
    static func name(_ event: Event) -> String? {
        switch event {
        case .intent(let intent): "\(word(intent.write))!"
        case .outcome(let write, let answer): answer.isRefused ? "\(word(write)) refused" : nil
        case .observed(let step, let moment, _): "\(moment.rawValue)\(step)"
        case .verified(let step, let failures): "verify\(step.map(String.init) ?? "")\(failures.isEmpty ? "" : "-")"
        case .nodeState(let state, _): state.rawValue
        case .skipped(let step, _): "skipped\(step)"
        case .finished(let end): "end:\(end.rawValue)"
        case .unchanged(let step): "unchanged\(step)"
        case .stale(let step, _): "stale\(step)"
        case .conflict(let step, _): "conflict\(step)"
        default: nil
        }
    }

    static func word(_ write: Write) -> String {
        switch write {
        case .acquireLease(_, let recovering): recovering ? "release" : "lease"
        case .armDeadMan: "arm"
        case .apply(let step): "apply\(step)"
        case .disarmDeadMan: "disarm"
        case .fireDeadMan: "fire"
        case .armReturn: "armReturn"
        case .takeReturn: "takeReturn"
        case .undo(let step): "undo\(step)"
        case .releaseLease: "release"
        }
    }

    func story(_ world: RunWorld) -> String { world.events.compactMap { Self.name($0.event) }.joined(separator: " ") }

    /// Runs one node of samples, with answers of a test's own in place of the world's.
    func run(
        _ samples: [RunSamples.Sample], onFailure: OnFailure = .rollback,
        _ script: @escaping (inout RunWorld, NextEffect) -> Event? = { _, _ in nil }
    ) throws -> (state: RunState, story: String, world: RunWorld) {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", samples)], onFailure: onFailure))
        world.script = script
        let state = try world.run()
        #expect(world.violations.isEmpty)
        return (state, story(world), world)
    }

    func failing(_ step: Int) -> (inout RunWorld, NextEffect) -> Event? {
        { _, next in
            guard case .verify(step, _, _) = next.effect else { return nil }
            return .verified(step: step, failures: ["no"])
        }
    }

    @Test("all goes well")
    func happyPath() throws {
        let (state, story, _) = try run([RunSamples.restart()])
        #expect(story == "lease! before0 apply0! verify0 verify after0 release! succeeded end:succeeded")
        #expect(state.end == .succeeded)
    }

    @Test("a step that can cut the path runs under a dead-man that is settled before the last look")
    func deadMan() throws {
        let (_, story, _) = try run([RunSamples.restart(), RunSamples.flush()])
        #expect(
            story
                == "lease! before0 apply0! verify0 before1 arm! apply1! verify1 verify disarm! after0 after1 release! "
                + "succeeded end:succeeded")
    }

    @Test("a check that fails undoes the steps, newest first, each looked at before and after")
    func rollback() throws {
        let (state, story, _) = try run([RunSamples.restart(), RunSamples.file()], failing(1))
        #expect(
            story
                == "lease! before0 apply0! verify0 before1 apply1! verify1- rollingBack undo1! beforeUndo0 undo0! afterUndo1 "
                + "afterUndo0 release! rolledBack end:rolledBack")
        #expect(state.nodes[0].reason.contains("no"))
    }

    @Test("a token that the node won never ends in success, whatever verification said")
    func lostToken() throws {
        let (state, story, _) = try run([RunSamples.flush()]) { world, next in
            if case .send(let intent) = next.effect, intent.write == .disarmDeadMan, let name = next.node,
                var node = world.nodes[name], let run = try? world.refolded().nodes.first
            {
                world.fire(&node, run)
                world.nodes[name] = node
            }
            return nil
        }
        #expect(state.end == .rolledBack)
        #expect(story.hasSuffix("verify disarm! rollingBack afterUndo0 release! rolledBack end:rolledBack"))
    }

    @Test("on the way back an armed dead-man is let fire, and never disarmed: no new connection has proved anything")
    func firedOnTheWayBack() throws {
        let (state, story, _) = try run([RunSamples.flush()]) { _, next in
            guard case .verify(let step, _, _) = next.effect else { return nil }
            return .verified(step: step, failures: ["no"])
        }
        #expect(state.end == .rolledBack)
        #expect(story.contains("fire!") && !story.contains("disarm!"), "\(story)")
    }

    @Test("a dead-man that fired before its arming was heard of is waited for, and the lease goes back after it")
    func firedBeforeItsAnswer() throws {
        let (state, story, _) = try run([RunSamples.restart(), RunSamples.flush()]) { world, next in
            if case .send(let intent) = next.effect, intent.write == .armDeadMan, let name = next.node,
                var node = world.nodes[name], let run = try? world.refolded().nodes.first
            {
                node.token = .armed
                world.fire(&node, run)
                world.nodes[name] = node
            }
            return nil
        }
        #expect(state.end == .rolledBack)
        #expect(
            story
                == "lease! before0 apply0! verify0 before1 arm! arm refused rollingBack fire! beforeUndo0 undo0! afterUndo0 "
                + "release! rolledBack end:rolledBack")
    }

    @Test("an observation after the token that is not as predicted is rolled back")
    func surprise() throws {
        let (state, story, _) = try run([RunSamples.restart(), RunSamples.restart("other.service")]) { world, next in
            guard case .observe(0, .after, _) = next.effect else { return nil }
            return .observed(step: 0, moment: .after, world.plan.nodes[0].steps[0].before)
        }
        #expect(state.end == .rolledBack, "\(story)")
    }

    @Test(
        "a footprint that is not the plan's is stale, and nothing is sent but the lease",
        arguments: [OnFailure.rollback, .stop])
    func stale(onFailure: OnFailure) throws {
        let (state, story, _) = try run([RunSamples.file()], onFailure: onFailure) { world, next in
            guard case .observe(0, .before, _) = next.effect else { return nil }
            var now = world.plan.nodes[0].steps[0].before
            now["content"] = .content(Payload("other\n"))
            return .observed(step: 0, moment: .before, now)
        }
        #expect(story == "lease! before0 stale0 rollingBack release! stale end:stale")
        #expect(state.nodes[0].steps[0].differences.map(\.field) == ["content"])
    }

    @Test("a state before that cannot be told sends nothing but the lease", arguments: [OnFailure.rollback, .stop])
    func blind(onFailure: OnFailure) throws {
        let (state, story, _) = try run([RunSamples.file()], onFailure: onFailure) { _, next in
            guard case .observe(0, .before, _) = next.effect else { return nil }
            return .unobservable(step: 0, moment: .before, reason: "unreadable")
        }
        #expect(story == "lease! rollingBack release! rolledBack end:rolledBack")
        #expect(state.nodes[0].reason.isEmpty == false)
    }

    @Test("a later step that is stale is named, and what ran before it is undone")
    func staleLater() throws {
        let (state, story, world) = try run([RunSamples.restart(), RunSamples.file()]) { world, next in
            guard case .observe(1, .before, _) = next.effect else { return nil }
            var now = world.plan.nodes[0].steps[1].before
            now["mode"] = .text("600")
            return .observed(step: 1, moment: .before, now)
        }
        #expect(story.contains("stale1 rollingBack beforeUndo0 undo0! afterUndo0 release! rolledBack"))
        #expect(state.end == .rolledBack)
        let reasons = world.events.compactMap {
            if case .nodeState(.rollingBack, let why) = $0.event { why } else { nil }
        }
        #expect(reasons.first?.contains("'s1'") == true, "\(reasons)")
    }

    @Test("commands other than the plan's are stale, a bounded list that shrank is run")
    func bounded() throws {
        for (images, expected) in [(["a/x"], RunEnd.succeeded), (["a/x", "a/z"], .stale), ([], .succeeded)] {
            var now = RunSamples.prune(images).before
            for image in ["a/x", "a/y"] { now["image.\(image)"] = .text("sha256:\(image)") }
            let seen = now
            let (state, story, world) = try run([RunSamples.prune(["a/x", "a/y"])]) { _, next in
                switch next.effect {
                case .observe(0, .before, _): return .observed(step: 0, moment: .before, seen)
                default: return nil
                }
            }
            #expect(state.end == expected, "\(images): \(story)")
            for case (.intent(let intent), _) in world.events where intent.write == .apply(step: 0) {
                #expect(intent.commands.first?.argv.suffix(1) == ["a/x"])
            }
        }
    }

    @Test("what someone changed since is shown and not undone")
    func conflict() throws {
        let (state, story, _) = try run([RunSamples.file(), RunSamples.restart()]) { world, next in
            switch next.effect {
            case .verify(1, _, _): return .verified(step: 1, failures: ["no"])
            case .observe(0, .beforeUndo, _):
                var now = world.plan.nodes[0].steps[0].prediction.after
                now["content"] = .content(Payload("somebody's\n"))
                return .observed(step: 0, moment: .beforeUndo, now)
            default: return nil
            }
        }
        #expect(story.hasSuffix("beforeUndo0 conflict0 needsPerson end:needsPerson"))
        #expect(!story.contains("undo0!"))
        #expect(state.end == .needsPerson)
    }

    @Test("a look before undo is made again by whoever takes over, since hours may lie between")
    func conflictAfterCrash() throws {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.file(), RunSamples.restart()])]))
        world.script = failing(1)
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e"), nil, &state)
        var looks = 0
        for _ in 0..<200 {
            guard let next = state.next().first else { break }
            let event = try world.perform(next, state)
            try world.record(event, next.node, &state)
            guard case .observed(0, .beforeUndo, _) = event else { continue }
            looks += 1
            if looks == 1 { try world.record(.recovering(holder: "r"), nil, &state) }
        }
        #expect(looks == 2)
        #expect(state.end == .rolledBack)
    }

    @Test(
        "of two steps over the same thing the first one's before is what must be back, the last one's after what must be left"
    )
    func sameThing() throws {
        let again = RunSamples.file()
        let samples = [again, RunSamples.restart(), again].enumerated().map { index, sample in
            var sample = sample
            if index == 2 { sample.arguments.values["content"] = .text("newest\n") }
            return sample
        }
        var nodes = [try RunSamples.node("n1", samples)]
        nodes[0].steps[2].before["content"] = .content(Payload("new\n"))
        func world(_ script: @escaping (inout RunWorld, NextEffect) -> Event?) -> RunWorld {
            var world = RunWorld(RunSamples.plan(nodes))
            world.script = script
            return world
        }
        // Both steps see one file.
        func share(_ world: inout RunWorld, _ next: NextEffect, failing: Int?) -> Event? {
            switch next.effect {
            case .verify(let step, _, _) where step == failing && step != nil:
                return .verified(step: step, failures: ["no"])
            case .observe(let step, let moment, _) where step != 1:
                let steps = nodes[0].steps
                let contents: Payload =
                    switch moment {
                    case .before: step == 0 ? Payload("old\n") : Payload("new\n")
                    case .after: Payload("newest\n")
                    case .beforeUndo: step == 0 ? Payload("new\n") : Payload("newest\n")
                    case .afterUndo: Payload("old\n")
                    }
                var seen = steps[step].before
                seen["content"] = .content(contents)
                return .observed(step: step, moment: moment, seen)
            default: return nil
            }
        }
        var good = world { share(&$0, $1, failing: nil) }
        #expect(try good.run().end == .succeeded, "\(story(good))")
        var bad = world { share(&$0, $1, failing: 2) }
        #expect(try bad.run().end == .rolledBack, "\(story(bad))")
    }

    @Test("a start refused because the lock is held may still begin, so it is undone")
    func busy() throws {
        let (state, story, _) = try run([RunSamples.restart()]) { _, next in
            guard case .send(let intent) = next.effect, intent.write == .apply(step: 0) else { return nil }
            return .outcome(intent.write, .refused("busy"))
        }
        #expect(story.contains("apply0 refused rollingBack undo0!"), "\(story)")
        #expect(state.end == .rolledBack)
    }

    @Test("an irreversible step that may have run is never called rolled back")
    func irreversible() throws {
        let (state, story, _) = try run([RunSamples.command(undo: false, observed: false)], failing(0))
        #expect(state.end == .needsPerson, "\(story)")
        #expect(!story.contains("undo0!"))
    }

    @Test("onFailure stop leaves the node as it is, but not under a dead-man")
    func stop() throws {
        let (left, story, _) = try run([RunSamples.restart()], onFailure: .stop, failing(0))
        #expect(story == "lease! before0 apply0! verify0- needsPerson end:needsPerson")
        #expect(left.nodes[0].reason.contains("onFailure: stop"))
        #expect(try run([RunSamples.flush()], onFailure: .stop, failing(0)).state.end == .rolledBack)
    }

    @Test("nodes are run one after another; the first that fails stops the rest")
    func severalNodes() throws {
        let nodes = try ["n1", "n2", "n3"].map { try RunSamples.node($0, [RunSamples.restart()]) }
        var world = RunWorld(RunSamples.plan(nodes))
        world.script = { _, next in
            guard next.node == "n2", case .verify(0, _, _) = next.effect else { return nil }
            return .verified(step: 0, failures: ["no"])
        }
        let state = try world.run()
        #expect(state.nodes.map(\.state) == [.succeeded, .rolledBack, .skipped])
        #expect(state.end == .partial)
        #expect(world.nodes["n3"]?.epoch == [:])
    }

    static let refused = Event.outcome(.acquireLease(.node, recovering: false), .refused("held r0 bob"))

    @Test("a lease that is refused ends the node as stale, with nothing begun")
    func leaseRefused() throws {
        let (state, story, world) = try run([RunSamples.restart()]) { _, next in
            if case .send = next.effect { Self.refused } else { nil }
        }
        #expect(story == "lease! lease refused stale end:stale")
        #expect(state.nodes[0].reason.contains("held r0 bob"))
        #expect(world.applied.isEmpty)
    }

    @Test(
        "a lease refused to whoever recovers a run that was giving it back ends the run only when another run has it",
        arguments: [
            ("unfinished r2 bob", RunEnd.succeeded), ("held r2 bob", .succeeded), ("busy", .needsPerson),
            ("disk", .needsPerson),
        ])
    func releaseInterrupted(why: String, end: RunEnd) throws {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])]))
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e"), nil, &state)
        for _ in 0..<200 {
            guard let next = state.next().first else { break }
            if case .send(let intent) = next.effect, intent.write == .releaseLease(.node) {
                try world.record(.recovering(holder: "r"), nil, &state)
            } else if case .send(let intent) = next.effect, intent.write == .acquireLease(.node, recovering: true) {
                try world.record(.outcome(intent.write, .refused(why)), "n1", &state)
            } else {
                try world.record(try world.perform(next, state), next.node, &state)
            }
        }
        #expect(state.end == end)
    }

    @Test(
        "a lease that another run has is waited for by whoever recovers a run that did something, and no person is needed",
        arguments: ["unfinished r2 bob", "held r2 bob"])
    func recoveredLater(why: String) throws {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])]))
        var state = try RunState(plan: world.plan)
        var isFree = false
        try world.record(.started(holder: "e"), nil, &state)
        for _ in 0..<200 {
            guard let next = state.next().first else {
                guard !isFree else { break }
                #expect(state.end == nil && state.nodes[0].unreachable[.node]?.contains(why) == true)
                isFree = true
                try world.record(.recovering(holder: "r"), nil, &state)
                continue
            }
            if case .verify = next.effect, !state.isRecovering {
                try world.record(.recovering(holder: "r"), nil, &state)
            } else if case .send(let intent) = next.effect, intent.write == .acquireLease(.node, recovering: true),
                !isFree
            {
                try world.record(.outcome(intent.write, .refused(why)), "n1", &state)
            } else {
                try world.record(try world.perform(next, state), next.node, &state)
            }
        }
        #expect(isFree && state.end == .rolledBack)
    }

    @Test("however often an executor ends before undo was sent, the next one begins it")
    func undoCutOff() throws {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])]))
        var state = try RunState(plan: world.plan)
        var cuts = 0, wasCut = false
        try world.record(.started(holder: "e"), nil, &state)
        for _ in 0..<200 {
            guard let next = state.next().first else { break }
            switch next.effect {
            case .verify where !state.isRecovering: try world.record(.recovering(holder: "r"), nil, &state)
            case .send(let intent) where intent.write == .undo(step: 0) && !wasCut && cuts < 5:
                try world.record(.recovering(holder: "r"), nil, &state)
                (cuts, wasCut) = (cuts + 1, true)
            case .lookUp(.undo(step: 0)) where wasCut:
                try world.record(.outcome(.undo(step: 0), .absent), "n1", &state)
                wasCut = false
            default: try world.record(try world.perform(next, state), next.node, &state)
            }
        }
        #expect(
            cuts == 5 && state.nodes[0].steps[0].undosCutOff == 5 && state.end == .rolledBack,
            "\(state.nodes[0].reason)")
    }

    @Test("an undo that one executor sends again and again, and that never begins, is left to a person")
    func undoNeverBegins() throws {
        var world = RunWorld(RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])]))
        var state = try RunState(plan: world.plan)
        var sent = 0
        try world.record(.started(holder: "e"), nil, &state)
        for _ in 0..<200 {
            guard let next = state.next().first else { break }
            switch next.effect {
            case .verify where !state.isRecovering: try world.record(.recovering(holder: "r"), nil, &state)
            case .send(let intent) where intent.write == .undo(step: 0):
                sent += 1
                try world.record(.outcome(intent.write, .absent), "n1", &state)
            default: try world.record(try world.perform(next, state), next.node, &state)
            }
        }
        #expect(sent == 3 && state.end == .needsPerson, "\(sent) sent, \(state.nodes[0].reason)")
    }

    @Test("events that cannot have followed are refused")
    func illegal() throws {
        let plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])])
        let lease = Event.intent(Intent(.acquireLease(.node, recovering: false)))
        let sequences: [[(Event, String?)]] = [
            [(lease, "n9")], [(lease, nil)], [(lease, "n1"), (lease, "n1")], [(.finished(.stale), nil), (lease, "n1")],
            [(.outcome(.releaseLease(.node), .released), "n1")],
            [(lease, "n1"), (.outcome(.releaseLease(.node), .released), "n1")],
            [(.unchanged(step: 5), "n1")], [(.observed(step: -1, moment: .before, Observation()), "n1")],
            [(.nodeState(.skipped, reason: ""), "n1"), (lease, "n1")], [(.finished(.stale), "n1")],
            [(.started(holder: "x"), "n1")],
            [(.intent(Intent(.apply(step: 9))), "n1")],
        ]
        for sequence in sequences {
            var state = try RunState(plan: plan)
            try state.apply(.started(holder: "e"), node: nil)
            for (event, node) in sequence.dropLast() { try state.apply(event, node: node) }
            let (event, node) = try #require(sequence.last)
            #expect(throws: IllegalEvent.self) { try state.apply(event, node: node) }
        }
    }

    @Test("a run that has not begun asks for nothing")
    func notStarted() throws {
        let state = try RunState(plan: RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])]))
        #expect(state.next().isEmpty)
    }

    @Test("every script carries the epoch of the lease it was made under")
    func scripts() throws {
        let plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.restart()])])
        var state = try RunState(plan: plan)
        try state.apply(.started(holder: "e"), node: nil)
        try state.apply(.intent(Intent(.acquireLease(.node, recovering: false))), node: "n1")
        try state.apply(
            .outcome(.acquireLease(.node, recovering: false), .granted(epoch: 4711, inMemory: false)), node: "n1")
        for write in [
            Write.armDeadMan, .apply(step: 0), .disarmDeadMan, .fireDeadMan, .undo(step: 0), .releaseLease(.node),
        ] {
            let script = state.script(
                sending: Intent(write), to: state.nodes[0], planSha256: "d", holder: "e", ticket: "t")
            #expect(try script.text().contains("[ \"$lepoch\" = 4711 ]"), "\(write)")
        }
    }

    func state(_ samples: [RunSamples.Sample]) throws -> RunState {
        var state = try RunState(plan: RunSamples.plan([try RunSamples.node("n1", samples)]))
        try state.apply(.started(holder: "e"), node: nil)
        return state
    }

    func script(_ write: Write, _ state: RunState, commands: [Command] = []) throws -> String {
        try state.script(
            sending: Intent(write, commands: commands), to: state.nodes[0], planSha256: "d", holder: "e", ticket: "t"
        ).text()
    }

    @Test(
        "the record is asked for with the plan of this node alone, and in memory only for what frees disk or recovers")
    func acquiring() throws {
        let nodes = try ["n1", "n2"].map { try RunSamples.node($0, [RunSamples.restart()]) }
        let state = try RunState(plan: RunSamples.plan(nodes))
        let text = try script(.acquireLease(.node, recovering: false), state)
        var part = state.plan
        part.nodes = [part.nodes[0]]
        #expect(text.contains(Base64.encode(try JSON.encode(part))))
        for (samples, recovering, expected) in [
            ([RunSamples.restart()], false, false), ([RunSamples.restart()], true, true),
            ([RunSamples.prune(["a/x"])], false, true),
            ([RunSamples.prune(["a/x"]), RunSamples.restart()], false, false),
        ] {
            let text = try script(.acquireLease(.node, recovering: recovering), try self.state(samples))
            #expect(text.contains("elif \(expected) &&"), "\(samples.map(\.kind)) \(recovering)")
        }
    }

    @Test("an undo ends the apply and every undo before it, and an apply leaves the state that it was undone from")
    func stopping() throws {
        var state = try state([RunSamples.restart()])
        let before = state.plan.nodes[0].steps[0].before
        try state.apply(.observed(step: 0, moment: .before, before), node: "n1")
        #expect(try script(.apply(step: 0), state).contains(Base64.encode(try JSON.encode(before))))
        for attempt in 1...3 {
            try state.apply(.intent(Intent(.undo(step: 0))), node: "n1")
            let text = try script(.undo(step: 0), state)
            let earlier = (1..<attempt).map { " '00-undo\($0)'" }.joined()
            #expect(text.contains("for s in '00-apply'\(earlier); do"), "\(attempt)")
            #expect(text.contains("steps/00-undo\(attempt)"))
            try state.apply(.outcome(.undo(step: 0), .running), node: "n1")
        }
    }

    @Test("a dead-man is armed for the next boot exactly when the plan says so", arguments: [false, true])
    func armedForBoot(survives: Bool) throws {
        let state = try state([survives ? RunSamples.file("/etc/ssh/sshd_config") : RunSamples.flush()])
        #expect(try script(.armDeadMan, state).contains("install_boot\n") == survives)
    }

    // What differs since is the reboot's doing, not somebody's.
    @Test(
        "a node that reverted at its boot is reverted; what its boot did not undo is undone without asking whose it is")
    func revertedAtBoot() throws {
        let (state, story, _) = try run([RunSamples.file(), RunSamples.file("/etc/ssh/sshd_config")]) { world, next in
            switch next.effect {
            case .send(let intent) where intent.write == .disarmDeadMan:
                guard var node = world.nodes["n1"], let run = try? world.refolded().nodes.first else { return nil }
                world.fire(&node, run)
                node.isRebooted = true
                world.nodes["n1"] = node
                return nil
            default: return nil
            }
        }
        #expect(state.end == .rolledBack)
        #expect(story.contains("disarm! rollingBack undo0! afterUndo1 afterUndo0 release!"), "\(story)")
    }

    @Test(
        "a reboot that takes a record in memory with it is recovered by the executor that is there, and never called a success"
    )
    func memoryLost() throws {
        for write in [Write.apply(step: 0), .undo(step: 0)] {
            var rebooted = false
            let (state, story, world) = try run([RunSamples.restart(), RunSamples.file()]) { world, next in
                if case .verify(1, _, _) = next.effect { return .verified(step: 1, failures: ["no"]) }
                guard case .send(let intent) = next.effect else { return nil }
                if intent.write == .acquireLease(.node, recovering: false) {
                    world.nodes["n1"]?.leased = [.node]
                    world.nodes["n1"]?.epoch[.node] = 1
                    return .outcome(intent.write, .granted(epoch: 1, inMemory: true))
                }
                guard intent.write == write, !rebooted else { return nil }
                rebooted = true
                world.nodes["n1"]?.leased = []
                return .outcome(write, .lost(rebooted: true))
            }
            #expect(rebooted && state.end == .rolledBack, "\(story)")
            #expect(story.contains("release!") && state.nodes[0].holds[.node]?.lastEpoch == 2, "\(story)")
            #expect(world.events.contains { $0.event == .intent(Intent(.acquireLease(.node, recovering: true))) })
        }
    }
}
