import Core
import Foundation
import RandomStates
import Testing

/// The laws of one action over random states: what it does is undone (law 2), and what it foresees exactly is found (law 8).
struct ActionLaw: Sendable {
    struct Tally: Results.Line, CustomStringConvertible {
        static let what = "action"
        var action = ""
        var firstSeed: UInt64 = 0
        var changed = 0, untouched = 0, refused = 0, broken = 0
        var count: Int { changed + untouched + refused }

        var description: String {
            "\(count) states: \(changed) applied and undone, \(untouched) had nothing to do, \(refused) refused; \(broken) broken"
        }
    }

    let action: String
    let generate: StateGenerator

    /// Checks the states of these seeds, one after the other, on one host.
    /// - Parameters:
    ///   - target: a node's name in Kubernetes for the actions in the cluster, which is made and removed.
    ///   - enough: how many states that were changed are enough; nil for all seeds.
    func check(seeds: [UInt64], on host: String, target: String?, enough: Int?) async throws -> Tally {
        try await StepNode.with(host, target: target) { node in
            var tally = Tally(action: action, firstSeed: seeds.first ?? 0)
            for (number, seed) in seeds.enumerated() {
                var one = Case(law: self, seed: seed, number: number, node: node, target: target)
                do {
                    switch try await one.run() {
                    case .changed: tally.changed += 1
                    case .untouched: tally.untouched += 1
                    case .refused: tally.refused += 1
                    }
                } catch {
                    one.fail("it was not shown: \(error)")
                }
                if one.isBroken { tally.broken += 1 }
                if let enough, tally.changed >= enough { break }
            }
            // The node is others' next.
            try await Testbed.exec(host, "rm -rf /srv/law*")
            return tally
        }
    }
}

/// One state, once.
private struct Case {
    let law: ActionLaw
    let seed: UInt64
    let number: Int
    let node: StepNode
    let target: String?
    let state: RandomState
    /// Undo is sent twice: whoever recovers may not know that it was done.
    let undoesTwice: Bool
    private(set) var isBroken = false

    init(law: ActionLaw, seed: UInt64, number: Int, node: StepNode, target: String?) {
        (self.law, self.seed, self.number, self.node, self.target) = (law, seed, number, node, target)
        var random = SeededGenerator(seed: seed)
        state = law.generate(&random)
        undoesTwice = random.chance(50)
    }

    enum Ended { case changed, untouched, refused }

    mutating func run() async throws -> Ended {
        let result: Result<Ended, any Error>
        do { result = .success(try await ended()) } catch { result = .failure(error) }
        if let clean = state.clean { _ = try await node.run([names + clean]) }
        return try result.get()
    }

    private mutating func ended() async throws -> Ended {
        do {
            let ended = try await course()
            if state.ending == .refused { fail("a state that must be refused was not") }
            return ended
        } catch let error as ArgumentError {
            if state.ending != .refused { fail("the arguments were refused: \(error)") }
        } catch let error as ObservationError {
            if state.ending != .refused { fail("it was refused: \(error)") }
        }
        return .refused
    }

    private struct Seen {
        var observation: Observation
        var truth: String
    }

    /// Observe, predict, apply, observe, undo, observe.
    private mutating func course() async throws -> Ended {
        let action = try action()
        let before = try await look(action, after: [state.prepare]).seen
        let prediction = try action.predict(before.observation)
        let (commands, undo) = (action.apply(before.observation), action.undo(before.observation))
        let step = node.step(commands, undo: undo, as: String(format: "%02d-apply", number))
        let (after, applied) = try await look(action, after: [step])
        expectForeseen(prediction, after.observation, try NodeAnswer(parsing: Array(applied[0].utf8)), by: action)
        if commands.isEmpty, after.truth != before.truth { fail("there was nothing to do, and it was done") }

        let back = node.step(undoesTwice ? undo + undo : undo, as: String(format: "%02d-undo1", number))
        let others =
            state.meanwhile.map { text in ["meanwhile", "after"].map { "set -- \($0)\n\(text)" } } ?? [":", ":"]
        // What the node alone says of what was left, and then of what is back, as when a temporary run is due.
        let alone = action.stillAsLeft(after.observation, before: before.observation)
            .map { ReadScript([$0], nonce: UUID().uuidString) }
        let asks = [alone?.text ?? ":"]
        let (undone, said) = try await look(action, after: asks + [others[0], back] + asks, before: [others[1]])
        expectBack(undone, before, try NodeAnswer(parsing: Array(said[2].utf8)), by: action)
        if let alone {
            try expectNobodysChange(alone, said[0], "was just left")
            if state.meanwhile == nil { try expectNobodysChange(alone, said[3], "is back") }
        }
        let course = RandomState.Course(
            before: before.observation, predicted: prediction.after, notes: prediction.notes, after: after.observation,
            undone: undone.observation)
        for wrong in state.also(course) { fail(wrong) }
        return commands.isEmpty ? .untouched : .changed
    }

    private func action() throws -> any Action {
        let kind = try #require(ActionRegistry.kind(law.action))
        let injection = Injection(node: target ?? "none", kubeconfig: Cluster.kubeconfig, run: "r-law")
        return try ActionRegistry.make(
            law.action, arguments: Arguments(state.arguments).injecting(injection, for: kind))
    }

    /// Runs scripts and observes, past Belay too, and runs others behind that; gives what the first printed as well.
    private func look(
        _ action: any Action, after scripts: [String], before others: [String] = []
    ) async throws -> (seen: Seen, said: [String]) {
        let look = node.look(action, truth: names + state.truth)
        let printed = try await node.run((scripts.map { names + $0 }) + [look.text] + others.map { names + $0 })
        let outputs = try look.parse(Array(printed[scripts.count].utf8))
        guard let truth = outputs.last, truth.status == 0 else {
            throw StepNode.Unexpected("\(state.truth): \(outputs.last?.errorTail.text ?? "")")
        }
        let observation = try action.parse(Array(outputs.dropLast()))
        return (Seen(observation: observation, truth: truth.output.text ?? ""), printed)
    }

    /// Law 8.
    private mutating func expectForeseen(
        _ prediction: Prediction, _ after: Observation, _ answer: NodeAnswer, by action: any Action
    ) {
        guard state.ending == .asPredicted else { return }
        if !answer.isDone { fail("the step did not succeed: \(answer.said)") }
        let wrong = after.differences(
            from: prediction.after,
            where: { !action.role(of: $0).isVolatile && prediction.quality(of: $0) == .exact })
        for difference in wrong { fail("law 8: foreseen exactly and not found: \(difference)") }
    }

    /// Law 2.
    private mutating func expectBack(_ undone: Seen, _ before: Seen, _ answer: NodeAnswer, by action: any Action) {
        if !answer.isDone { fail("undo did not succeed: \(answer.said)") }
        for difference in undone.observation.differences(
            from: before.observation, where: { !action.role(of: $0).isVolatile })
        where !action.isEquivalent(difference.field, before: difference.expected, now: difference.found) {
            fail("law 2: not brought back: \(difference)")
        }
        let (old, new) = (before.truth.lines, undone.truth.lines)
        if old != new {
            let (gone, came) = (old.filter { !new.contains($0) }, new.filter { !old.contains($0) })
            fail("law 2: the node is not as it was\ngone: \(gone)\nnew: \(came)")
        }
    }

    private mutating func expectNobodysChange(_ look: ReadScript, _ printed: String, _ what: String) throws {
        let told = try look.parse(Array(printed.utf8))[0]
        guard told.status != 0 else { return }
        fail(
            "the node alone says status \(told.status) of what \(what): "
                + "\(told.output.text ?? "") \(told.errorTail.text ?? "")")
    }

    mutating func fail(_ what: String) {
        isBroken = true
        Issue.record(
            "\(law.action), seed \(seed) on \(node.host): \(what)\narguments: \(state.arguments)\nstate:\n\(state.prepare.prefix(3000))"
        )
    }

    private var names: String { "NODE=\(target ?? "")\n" }
}

extension NodeAnswer {
    fileprivate var isDone: Bool { if case .done(0, _, _) = self { true } else { false } }

    fileprivate var said: String {
        if case .done(let status, let at, let output) = self {
            "status \(status) of command \(at + 1): \(output.text ?? "")"
        } else {
            "\(self)"
        }
    }
}

extension String {
    fileprivate var lines: [Substring] { split(separator: "\n") }
}
