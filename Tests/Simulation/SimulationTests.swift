import Testing

@testable import Simulation

/// The simulation itself: that it is the same every time, that everything it can do happens, and that its oracle sees.
@Suite("simulation", .timeLimit(.minutes(10)))
struct SimulationTests {
    @Test("the laws hold in the first hundred worlds")
    func laws() throws {
        for seed in 1...100 {
            let result = try Simulation(Setting(seed: UInt64(seed))).run()
            #expect(result.violations.isEmpty, "belay-sim --seed \(seed): \(result.violations)")
        }
    }

    @Test("the laws hold where logs are bytes on disks that are cut anywhere")
    func bytes() throws {
        for seed in 1...30 {
            var setting = Setting(seed: UInt64(seed))
            (setting.hasBytes, setting.rates[.powerOfExecutor], setting.rates[.killBeforeSync]) = (true, 30, 30)
            let result = try Simulation(setting).run()
            #expect(result.violations.isEmpty, "seed \(seed): \(result.violations)")
        }
    }

    @Test("a world goes the same way each time, to the last word")
    func same() throws {
        for seed in [61, 140, 230] {
            let setting = Setting(seed: UInt64(seed))
            let histories = try (0..<2).map { _ in try Simulation(setting, keepsHistory: true).run().history }
            #expect(histories[0] == histories[1] && histories[0].count > 5)
        }
    }

    @Test("every fault strikes somewhere, and every end of a node is seen")
    func everything() throws {
        var struck: Set<String> = []
        var ends: Set<String> = []
        for seed in 1...1500 {
            let result = try Simulation(Setting(seed: UInt64(seed))).run()
            struck.formUnion(result.struck.map { String($0.prefix { $0 != "@" }) })
            ends.formUnion(result.ends.keys)
            if struck.count == Fault.allCases.count, ends.count == 6 { break }
        }
        #expect(Fault.allCases.map(\.rawValue).filter { !struck.contains($0) } == [])
        #expect(ends == ["succeeded", "rolledBack", "stale", "denied", "skipped", "needsPerson"])
    }

    @Test("a fault that is left out does not strike, and the others do as before")
    func only() throws {
        let setting = Setting(seed: 230)
        let all = try Simulation(setting).run().struck
        try #require(all.count > 3)
        var without = setting
        without.only = Set(all.dropLast())
        let struck = try Simulation(without).run().struck
        #expect(!struck.contains(all[all.count - 1]) && Set(struck).isSubset(of: all))
    }
}
