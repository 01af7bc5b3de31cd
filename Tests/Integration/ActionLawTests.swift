import Core
import Foundation
import Testing

/// Laws 2 and 8 of every action that there is, over random states of real nodes: the registry is what is enumerated, so an
/// action that is added later is covered, or fails here for want of states.
///
/// The action's own commands are run as the engine runs them (`StepNode`), and each state is read past Belay too.
/// `./check-deep actions [N] [SEED]` takes other seeds, and many.
@Suite("Laws of every action over random states of real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(55)))
struct ActionLawTests {
    static let actions = ActionRegistry.names.filter(Deep.isWanted)
    static var seeds: [UInt64] { Deep.seeds("actions", standard: 100, otherwise: 8) }
    /// In `./test` as many as it takes until two states were changed.
    static var enough: Int? { Deep.asks(for: "actions") ? nil : 2 }
    // Each of their states takes a dozen calls of kubectl, all on the one node that has the API.
    private static let cluster = Turns(2)

    @Test("There are states for every action, and for nothing else")
    func everyAction() {
        #expect(Set(RandomState.generators.keys) == Set(ActionRegistry.names))
    }

    @Test("What it did is undone, and what it foresaw exactly is found", arguments: actions)
    func laws(action: String) async throws {
        guard let generate = RandomState.generators[action] else {
            Issue.record("\(action) has no generator of states: add one to RandomState.generators")
            return
        }
        let law = ActionLaw(action: action, generate: generate)
        let kind = try #require(ActionRegistry.kind(action))
        if kind.parameters.contains(where: \.injected) {
            guard Cluster.isUp else { return }
            let host = try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")
            let target = "law-" + UUID().uuidString.lowercased()
            try await Self.cluster.with {
                try expectShown(
                    try await law.check(seeds: Self.seeds, on: host, target: target, enough: Self.enough), of: action)
            }
        } else {
            try await NodePool.shared.with { node in
                try expectShown(
                    try await law.check(seeds: Self.seeds, on: node, target: nil, enough: Self.enough), of: action)
            }
        }
    }

    @Test(
        "The same of images.prune by docker and podman", .enabled(if: Variants.areUp("docker", "podman")),
        arguments: ImagesTests.engines.filter(Deep.isWanted))
    func engines(engine: String) async throws {
        try await Variants.shared.with(engine) { _ in
            let law = ActionLaw(action: "images.prune", generate: ImageStates.engine(engine))
            try expectShown(
                try await law.check(seeds: Self.seeds, on: engine, target: nil, enough: Self.enough),
                of: "images.prune by \(engine)")
        }
    }

    private func expectShown(_ tally: ActionLaw.Tally, of what: String) throws {
        print("laws of \(what) on real nodes: \(tally) (seeds from \(tally.firstSeed))")
        #expect(tally.count == Self.seeds.count || tally.changed >= Self.enough ?? .max)
        // Nothing changed would be nothing shown. But a kernel that takes no modules has none to load: then what is built in
        // and what is refused is all that can be shown.
        let canChange = what != "kernel.modules.load" || FileManager.default.fileExists(atPath: "/proc/modules")
        #expect(tally.changed > 0 || !canChange, "\(what): no state was changed")
        var line = tally
        line.action = what
        try Results.append(line)
    }
}
