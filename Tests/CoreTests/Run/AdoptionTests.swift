@testable import Core
import Foundation
import Testing

/// A run found on a node: every shipped runbook, its executor killed at every effect and its log gone, is brought back from
/// what lies there alone; and records of nodes that lie.
@Suite("adopting a run")
struct AdoptionTests {
    static let nonce = "00112233445566778899aabbccddeeff"
    static let digest = String(repeating: "ab", count: 32)

    @Test(
        "whatever its executor was doing, the node ends in before, or in after where it had ended",
        arguments: ShippedPlans.names
    )
    func everyPoint(name: String) throws {
        let plan = try ShippedPlans.plan(name)
        var adopted = 0
        for fails in [false, true] {
            for effect in 0..<60 {
                var world = RunWorld(plan)
                let last = plan.nodes[0].steps.count - 1
                world.script = { _, next in
                    guard fails, case .verify(last, _, _) = next.effect else { return nil }
                    return .verified(step: last, failures: ["no"])
                }
                guard try run(&world, until: effect) else { break }
                let node = try #require(world.nodes["n1"])
                guard !node.leased.isEmpty else { continue }
                adopted += 1
                try recover(
                    world, node, plan, "\(name), \(fails ? "a check fails" : "all goes well"), effect \(effect)")
            }
        }
        #expect(adopted > 5, "\(name): \(adopted)")
    }

    /// Performs so many effects and forgets the last one's event; false when the run ended before.
    private func run(_ world: inout RunWorld, until effect: Int) throws -> Bool {
        var state = try RunState(plan: world.plan)
        try world.record(.started(holder: "e0"), nil, &state)
        for index in 0...effect {
            guard let next = state.next().first else { return false }
            let event = try world.perform(next, state)
            if index < effect { try world.record(event, next.node, &state) }
        }
        return true
    }

    private func recover(_ world: RunWorld, _ node: RunWorld.Node, _ plan: Plan, _ label: String) throws {
        // A lease that went back before the other says in which state the node was.
        let isVerified = world.events.contains { $0.event == .verified(step: nil, failures: []) }
        let endings = node.epoch.keys.filter { !node.leased.contains($0) }.map { place in
            AdoptedRecord.Ending(place: place, verdict: isVerified ? .after : .before, by: "alice")
        }
        let record = AdoptedRecord(
            run: plan.id, node: "n1", pieces: try node.leased.map { try piece($0, of: node, plan) }, endings: endings)
        let copy = try JSON.decode(AdoptedRecord.self, from: try JSON.encode(record))
        var state = try RunState(adopting: copy, as: "r1@n1")
        #expect(state.id == "r1@n1" && state.plan.id == plan.id)
        var second = RunWorld(state.plan)
        second.nodes = world.nodes
        try second.record(.recovering(holder: "e1"), nil, &state)
        for _ in 0..<200 {
            guard let next = state.next().first else { break }
            try second.record(try second.perform(next, state), next.node, &state)
        }
        #expect(second.violations.isEmpty, "\(label): \(second.violations)")
        let isAfter = endings.contains { $0.verdict == .after }
        #expect(
            state.end == (isAfter ? .succeeded : .rolledBack),
            "\(label): \(state.nodes[0].state) \(state.nodes[0].reason)")
        let real = try #require(second.nodes["n1"])
        #expect(real.leased.isEmpty && real.token != .armed, "\(label)")
        #expect(second.applied.isEmpty, "\(label): applied again")
        for (index, step) in plan.nodes[0].steps.enumerated() {
            let action = try step.makeAction()
            let left = (real.state[index] ?? Observation()).differences(
                from: isAfter && node.started.contains(index) ? step.prediction.after : step.before
            ) {
                !action.role(of: $0).isVolatile
            }
            #expect(left.isEmpty, "\(label): \(step.name) \(left.map(\.field))")
        }
    }

    /// What the real scripts would have left at a place, printed as they print it and read as it is read.
    private func piece(_ place: Place, of node: RunWorld.Node, _ plan: Plan) throws -> AdoptedRecord.Piece {
        var lines = [line("head", "boot-a", "7", "m", plan.id, place == .node ? "" : "n1")]
        let epoch = "\(node.epoch[place] ?? 1)"
        lines += [line("base", "disk", epoch, "\(plan.id) \(epoch) alice boot-a 9 t"), line("run", "disk")]
        lines += [file("plan", Self.digest + "\n"), try file("plan.json", JSON.encode(plan))]
        if place == .node, node.token != .none {
            lines.append(file("deadman.boot", "boot-a\n"))
            let name = [RunWorld.Node.Token.armed: "token", .won: "won", .fired: "fired"][node.token] ?? ""
            lines.append(file("deadman.\(name)", "1\n"))
            if node.token == .fired { lines.append(file("deadman.result", "0\n")) }
        }
        for index in node.started.sorted() where plan.nodes[0].steps[index].place == place {
            let folder = "steps/\(index < 10 ? "0" : "")\(index)"
            lines.append(file("\(folder)-apply/started", "boot-a\n"))
            lines.append(try file("\(folder)-apply/before.json", JSON.encode(node.before[index] ?? Observation())))
            if let status = node.results[index]?.status {
                lines.append(file("\(folder)-apply/result", "\(status) 0 boot-a\n"))
            }
            let attempts = node.undone.count { $0 == index }
            for attempt in 0..<attempts {
                lines.append(file("\(folder)-undo\(attempt + 1)/started", "boot-a\n"))
                guard attempt == attempts - 1, let status = node.undoResults[index]?.status else { continue }
                lines.append(file("\(folder)-undo\(attempt + 1)/result", "\(status) 0 boot-a\n"))
            }
        }
        let text = lines.joined() + "\(Self.nonce) end\n"
        let contents = try RecordContents(parsing: Array(text.utf8), nonce: Self.nonce)
        return AdoptedRecord.Piece(place: place, host: try host(place, plan), contents: contents)
    }

    private func host(_ place: Place, _ plan: Plan) throws -> HostPlan {
        var host = try #require(plan.nodes[0].host(at: place))
        host.identity.hostKey = "SHA256:seen"
        return host
    }

    private func line(_ kind: String, _ words: String...) -> String {
        ([Self.nonce, kind] + words.map { Base64.encode(Array($0.utf8)) }).joined(separator: " ") + "\n"
    }

    private func file(_ name: String, _ content: String) -> String { file(name, Array(content.utf8)) }

    private func file(_ name: String, _ content: [UInt8]) -> String {
        [
            Self.nonce, "file", "disk", Base64.encode(Array(name.utf8)), "\(content.count)", Base64.encode(content),
        ].joined(separator: " ") + "\n"
    }

    @Test(
        "a dead-man that fired while its step still ran is followed: the step has no result, and nothing is undone twice"
    )
    func firedMeanwhile() throws {
        let plan = try ShippedPlans.plan("flush-iptables")
        let step = try #require(plan.nodes[0].steps.firstIndex { $0.cutsPath })
        var node = RunWorld.Node()
        node.state = Dictionary(
            uniqueKeysWithValues: plan.nodes[0].steps.indices.map { ($0, plan.nodes[0].steps[$0].before) })
        (node.leased, node.epoch, node.started, node.token) = ([.node], [.node: 1], [step], .fired)
        node.before[step] = plan.nodes[0].steps[step].before
        let record = AdoptedRecord(run: plan.id, node: "n1", pieces: [try piece(.node, of: node, plan)])
        var state = try RunState(adopting: record, as: "r1@n1")
        var world = RunWorld(state.plan)
        world.nodes["n1"] = node
        try world.record(.recovering(holder: "e1"), nil, &state)
        for _ in 0..<50 {
            guard let next = state.next().first else { break }
            try world.record(try world.perform(next, state), next.node, &state)
        }
        #expect(state.end == .rolledBack && world.nodes["n1"]?.undone == [], "\(state.nodes[0].reason)")
        #expect(world.violations.isEmpty && world.nodes["n1"]?.leased.isEmpty == true)
    }

    /// A node that holds its lease, with a record that the test then changes.
    private func record(
        _ name: String = "restart-kubelet", places: [Place] = [.node], _ change: (inout Plan) -> Void = { _ in }
    ) throws -> AdoptedRecord {
        let plan = try ShippedPlans.plan(name)
        var node = RunWorld.Node()
        node.leased = Set(places)
        var written = plan
        change(&written)
        let pieces = try places.map { place in
            var piece = try piece(place, of: node, written)
            piece.host = try host(place, plan)
            return piece
        }
        return AdoptedRecord(run: plan.id, node: "n1", pieces: pieces)
    }

    @Test("a node's own record gives nothing to run anywhere else: no cluster steps, and no machine but itself")
    func confined() throws {
        let record = try record { plan in
            plan.nodes[0].identity?.hostKey = "local"
            plan.strategy.maxUnavailable = Int.max
        }
        let plan = try record.plan()
        let node = try #require(plan.nodes.first)
        #expect(node.host == nil && node.kubeconfig == nil)
        #expect(node.identity?.hostKey == "SHA256:seen" && node.host(at: .node)?.isLocal == false)
        #expect(node.steps.filter { $0.place == .cluster }.allSatisfy { $0.skipped != nil })
        #expect(node.steps.contains { $0.place == .cluster } && node.steps.contains { $0.skipped == nil })
        #expect(plan.strategy == Strategy())
    }

    @Test("the execution host's record gives cluster steps and none of the node's")
    func executionHost() throws {
        let plan = try record(places: [.cluster]).plan()
        #expect(plan.nodes[0].identity == nil && plan.nodes[0].host != nil)
        #expect(plan.nodes[0].steps.allSatisfy { ($0.place == .cluster) == ($0.skipped == nil) })
    }

    @Test(
        "what its plan says of when it is due back is read, and a time that no plan has keeps nobody from recovering it"
    )
    func temporary() throws {
        #expect(try record { $0.temporarySeconds = 7200 }.plan().temporarySeconds == 7200)
        for seconds in [Int.max, Int.min, 1] {
            let record = try record { $0.temporarySeconds = seconds }
            #expect(try record.plan().temporarySeconds == nil)
            _ = try RunState(adopting: record, as: "x")
        }
    }

    static let lies: [(String, @Sendable (inout Plan) -> Void)] = [
        ("another run", { $0.id = "r2" }), ("calls the node", { $0.nodes[0].name = "n2" }),
        ("another machine", { $0.nodes[0].identity?.machineID = "other" }),
        ("another run", { $0.nodes.append($0.nodes[0]) }),
        ("limits that no plan has", { $0.nodes[0].steps[0].timeoutSeconds = Int.max }),
        ("limits that no plan has", { $0.nodes[0].deadManSeconds = -1 }),
        ("not one that this version reads", { $0.apiVersion = "belay/v9" }),
    ]

    @Test("a record that is not of this run, node and machine is refused, in words", arguments: lies.indices)
    func misfits(index: Int) throws {
        let (words, change) = Self.lies[index]
        let record = try record { change(&$0) }
        let error = #expect(throws: ObservationError.self) { try RunState(adopting: record, as: "x") }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("two places with different plans or digests, or without a digest, are refused")
    func differing() throws {
        var record = try record(places: [.node, .cluster])
        _ = try record.plan()
        record.pieces[1].contents.planSha256 = String(repeating: "cd", count: 32)
        #expect(throws: ObservationError.self) { try record.plan() }
        record.pieces[1].contents.planSha256 = "../../etc/passwd"
        #expect(throws: ObservationError.self) { try record.plan() }
        record.pieces[1] = try self.record(places: [.cluster]) { $0.nodes[0].kubernetesName = "other" }.pieces[0]
        #expect(throws: ObservationError.self) { try record.plan() }
    }

    @Test("a step without the state before, or that the plan has not, is refused")
    func steps() throws {
        var record = try record("snapshot-iptables")
        var step = RecordContents.Step(
            index: 0, undoAttempt: nil, boot: "boot-a", cutsPath: false, at: 0, status: 0, before: nil, undoScript: nil,
            output: Payload(""))
        record.pieces[0].contents.steps = [step]
        #expect(throws: ObservationError.self) { try RunState(adopting: record, as: "x") }
        step.index = 7
        record.pieces[0].contents.steps = [step]
        #expect(throws: ObservationError.self) { try RunState(adopting: record, as: "x") }
    }

    @Test("a record that was made anew after a reboot says nothing of what ran, and waits for a person")
    func remade() throws {
        var record = try record()
        record.pieces[0].contents.isRemade = true
        var state = try RunState(adopting: record, as: "r1@n1")
        try state.apply(.recovering(holder: "e1"), node: nil)
        #expect(state.nodes[0].state == .needsPerson && state.byHand.map(\.node) == ["n1"])
        #expect(state.next().map(\.effect) == [.record(.finished(.needsPerson))])
    }
}
