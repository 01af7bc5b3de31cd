import Core
import RandomStates
import Testing

/// Needs no nodes: what the kill matrix leaves out would be seen here.
@Suite("Classes of the kill matrix")
struct KillClassTests {
    /// What the driver treats differently, whatever the action.
    private struct Treatment: Hashable {
        var place: Place
        var hasDeadMan: Bool
        var revertsAtBoot: Bool
        var mayLieInMemory: Bool
        var canBeUndone: Bool

        init(_ action: any Action) {
            place = action.place
            hasDeadMan = action.cutsPath
            revertsAtBoot = action.cutsPath && action.survivesReboot
            mayLieInMemory = action.freesDisk
            canBeUndone = action.reversibility != .irreversible
        }
    }

    @Test("Every use of every action is treated as one of the classes is", arguments: ActionRegistry.names)
    func everyAction(name: String) throws {
        let classes = Set(try KillClass.all.map { Treatment(try $0.made()) })
        let generate = try #require(RandomState.generators[name], "\(name) has no generator of states")
        for seed in UInt64(1)...60 {
            var random = SeededGenerator(seed: seed)
            let arguments = Arguments(generate(&random).arguments)
            // What cannot be made is not run.
            guard let action = try? ActionRegistry.make(name, given: arguments) else { continue }
            let treatment = Treatment(action)
            #expect(classes.contains(treatment), "\(name), seed \(seed): no class is treated like it: \(treatment)")
        }
    }
}
