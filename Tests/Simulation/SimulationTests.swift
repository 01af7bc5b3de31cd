import Core
import Foundation
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

    @Test("a runbook's courses go the ways that they are forced to, and a point of each ends well")
    func points() throws {
        let text = """
            apiVersion: belay/v1
            kind: Runbook
            metadata: { name: a, title: A, layer: node, author: sim }
            spec:
              targets: { max: 1 }
              steps:
              - { name: flush, action: iptables.flush, timeout: 5s }
            """
        let points = CrashPoints(of: try Runbook.parse(Array(text.utf8), file: "a.yaml"))
        let courses = try points.courses()
        #expect(courses.contains([]) && courses.contains(["cutsForReal@1#0"]))
        #expect(courses.contains { $0.count == 2 && $0[1].hasPrefix("undoFails") })
        var tally = CrashPoints.Tally()
        try points.run(from: 0, stride: 97, into: &tally)
        #expect(tally.covered == tally.points.values.reduce(0, +) && tally.covered > 10)
        #expect(tally.ends["succeeded"] ?? 0 > 0 && tally.ends["rolledBack"] ?? 0 > 0)
    }

    // Found by the points: the step was sent again to a node that had rebooted, and whose timer was gone.
    @Test("a node that reboots between its dead-man's arming and the step is not cut off")
    func rebootBeforeCut() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../runbooks/flush-iptables.yaml")
        let runbook = try Runbook.parse(Array(try Data(contentsOf: file)), file: "flush-iptables.yaml")
        let faults = ["cutsForReal@1#0", "powerAtRequest@1#5"]
        let result = try Simulation(.course(of: runbook, faults: faults)).run()
        #expect(result.struck == ["powerAtRequest@1#5"] && result.violations.isEmpty)
        #expect(result.ends == ["rolledBack": 1])
    }
}
