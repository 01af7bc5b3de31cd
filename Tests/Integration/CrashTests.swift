import Core
import Foundation
import RandomStates
import Testing

/// Every entry of a run's log, of every class of actions, where the run goes well and where its check fails, met with every
/// trouble: `./check-deep crash`. That takes hours, so each point that was shown leaves a line (`Results`), and a later call
/// goes on with what is missing.
@Suite("Crash points", .enabled(if: Testbed.isUp && Deep.asks(for: "crash")), .timeLimit(.minutes(1440)))
struct CrashTests {
    static let classes = KillClass.all.filter { Deep.isWanted($0.name) && (!$0.isInCluster || Cluster.isUp) }

    @Test("Whatever befalls a run at any of its entries, it ends in before or after and says which")
    func points() async throws {
        let courses = try await courses()
        let all = courses.flatMap(\.points)
        let shown = Set(try Results.lines(of: CrashPoint.self).filter(\.isShown).map(\.key))
        let queue = Queue(Self.inOrder(all).filter { !shown.contains($0.key) })
        let nodes = (Testbed.environment["BELAY_TESTBED_NODES"] ?? "").split(separator: " ").count - 1
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(nodes, 1) {
                group.addTask { while let point = await queue.next() { await show(point, courses) } }
            }
            try await group.waitForAll()
        }
        let done = try Results.lines(of: CrashPoint.self).filter(\.isShown)
        let covered = Set(done.map(\.key)).intersection(all.map(\.key))
        print("crash points on real nodes: covered \(covered.count) of \(all.count)")
        for (outcome, lines) in Dictionary(grouping: done, by: \.outcome).sorted(by: { $0.key < $1.key }) {
            print("  \(outcome): \(lines.count)")
        }
    }

    /// The same at each call: first one point of every pair of a position and a class, then a second one, and so on, each
    /// time with whatever trouble. What was shown in part is a sample of all.
    private static func inOrder(_ all: [CrashPoint]) -> [CrashPoint] {
        var random = SeededGenerator(seed: 1)
        var rounds: [[CrashPoint]] = []
        var times: [String: Int] = [:]
        for point in all.shuffled(using: &random) {
            let round = times["\(point.name), \(point.position)", default: 0]
            times["\(point.name), \(point.position)"] = round + 1
            if round == rounds.count { rounds.append([]) }
            rounds[round].append(point)
        }
        return rounds.flatMap(\.self)
    }

    private func show(_ point: CrashPoint, _ courses: [CrashCourse]) async {
        guard let course = courses.first(where: { $0.name == point.name && $0.path == point.path }),
            let kills = KillClass.all.first(where: { $0.name == point.name })
        else { return }
        let start = ContinuousClock.now
        var line = point
        do {
            let met = try await NodePool.shared.with { node in
                try await KillMatrix(kills: kills, path: point.path).meet(
                    point.kind, atSync: point.at, on: node, course.course)
            }
            line.outcome = met.map { $0.wrong.isEmpty ? $0.end.rawValue : "wrong" } ?? "not reached"
            if let wrong = met?.wrong, !wrong.isEmpty { line.wrong = wrong.joined(separator: "\n") }
        } catch {
            line.outcome = "not shown"
            line.wrong = "\(error)"
        }
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        line.seconds = Double(seconds) + (Double(attoseconds) / 1e18 * 10).rounded() / 10
        if let wrong = line.wrong { Issue.record("\(line.key): \(line.outcome): \(wrong)") }
        do { try Results.append(line) } catch { Issue.record("\(line.key): \(error)") }
    }

    /// A run of each class and path that nothing befell, which tells what points there are.
    private func courses() async throws -> [CrashCourse] {
        let known = try Results.lines(of: CrashCourse.self)
        return try await withThrowingTaskGroup(of: CrashCourse.self) { group in
            for kills in Self.classes {
                for path in KillClass.Path.allCases {
                    group.addTask {
                        if let course = known.last(where: { $0.name == kills.name && $0.path == path }) {
                            return course
                        }
                        let course = try await NodePool.shared.with { node in
                            try await KillMatrix(kills: kills, path: path).bootedCourse(on: node)
                        }
                        let line = CrashCourse(name: kills.name, path: path, course: course)
                        try Results.append(line)
                        return line
                    }
                }
            }
            // Always in the same order, whichever was there first.
            return try await group.reduce(into: []) { $0.append($1) }.sorted {
                ($0.name, $0.path.rawValue) < ($1.name, $1.path.rawValue)
            }
        }
    }

    /// Hands out points until the time is over.
    private actor Queue {
        private var points: ArraySlice<CrashPoint>
        private let deadline: ContinuousClock.Instant?

        init(_ points: [CrashPoint]) {
            self.points = points[...]
            let minutes = Testbed.environment["BELAY_DEEP_COUNT"].flatMap(Int.init)
            deadline = minutes.map { ContinuousClock.now + .seconds($0 * 60) }
        }

        func next() -> CrashPoint? {
            if let deadline, ContinuousClock.now > deadline { return nil }
            return points.popFirst()
        }
    }
}

/// What a run goes through.
private struct CrashCourse: Results.Line {
    static let what = "course"
    var name: String
    var path: KillClass.Path
    var course: KillMatrix.Course

    var points: [CrashPoint] {
        course.positions.indices.flatMap { index in
            Trouble.allCases.map { kind in
                CrashPoint(
                    name: name, path: path, at: index + 1, position: course.positions[index], kind: kind, outcome: "",
                    seconds: 0)
            }
        }
    }

    private enum CodingKeys: String, CodingKey { case name = "class", path, course }
}

/// One point, and what became of it.
private struct CrashPoint: Results.Line {
    static let what = "crash"
    var name: String
    var path: KillClass.Path
    /// Which entry, from 1.
    var at: Int
    var position: String
    var kind: Trouble
    var outcome: String
    var seconds: Double
    var wrong: String?

    var key: String { "\(name), \(path.rawValue), entry \(at) (\(position)), \(kind.rawValue)" }
    var isShown: Bool { KillMatrix.Met.End(rawValue: outcome) != nil }

    private enum CodingKeys: String, CodingKey {
        case name = "class", path, at, position, kind, outcome, seconds, wrong
    }
}

extension KillMatrix {
    /// With what a boot makes of the state that the run finds, where that is not the same.
    func bootedCourse(on node: String) async throws -> Course {
        var course = try await wholeCourse(on: node)
        guard try !kills.made().survivesReboot else { return course }
        try await Testbed.call("reset", node)
        try await Testbed.exec(node, kills.prepare)
        try await Testbed.call("reboot", node)
        course.afterBoot = try await kills.state(of: node)
        return course
    }
}
