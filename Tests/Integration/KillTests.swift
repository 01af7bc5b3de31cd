import Core
import Foundation
import Testing

/// Law 7 on real nodes: an executor killed before and after each effect of each class of actions, where the run goes well
/// and where a check fails, then `belay recover`.
///
/// The kill comes from outside: strace delivers SIGKILL on the N-th fdatasync, which is when the N-th entry has been
/// written. An intent is durable before it is sent and an outcome after it was had, so these points are all there are: before
/// and after every effect. A run that nobody kills comes first and tells which entry is which.
@Suite("kill -9 after each journal event", .enabled(if: Testbed.isUp), .timeLimit(.minutes(55)))
struct KillTests {
    static let classes = [KillClass.reversible, .compensable, .cutting, .cluster, .service].filter {
        Deep.isWanted($0.name) && ($0.places != [] || Deep.asks(for: "kills")) && (!$0.isInCluster || Cluster.isUp)
    }

    @Test("a run ends in before or after and says which", arguments: classes)
    func matrix(_ kills: KillClass) async throws {
        async let one = KillMatrix(kills: kills, path: .success).run()
        async let other = KillMatrix(kills: kills, path: .checkFails).run()
        let tally = try await one + other
        print("kill matrix on real nodes, \(kills.name): \(tally)")
        #expect(tally.needsPerson == 0)
        #expect(tally.before > 0 && tally.after > 0)
    }
}

/// One class on one path.
struct KillMatrix: Sendable {
    struct Tally: CustomStringConvertible, Sendable {
        var before = 0, after = 0, needsPerson = 0
        var positions: Set<String> = []

        static func + (one: Tally, other: Tally) -> Tally {
            Tally(
                before: one.before + other.before, after: one.after + other.after,
                needsPerson: one.needsPerson + other.needsPerson, positions: one.positions.union(other.positions))
        }

        var description: String {
            "\(before + after + needsPerson) points at \(positions.count) positions: \(before) before, \(after) after, "
                + "\(needsPerson) need a person"
        }
    }

    /// A run that nobody killed.
    struct Course: Sendable {
        /// What each fdatasync made durable.
        var positions: [String]
        /// The state it left.
        var after: String
    }

    let kills: KillClass
    let path: KillClass.Path

    func run() async throws -> Tally {
        let course = try await NodePool.shared.with { try await wholeCourse(on: $0) }
        let points = points(of: course.positions)
        let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            for index in points {
                group.addTask {
                    try await NodePool.shared.with { try await kill(atSync: index + 1, on: $0, course) }
                }
            }
            return try await group.reduce(Tally(), +)
        }
        if Deep.asks(for: "kills") { print("kill matrix on real nodes, \(kills.name), \(path.rawValue): \(tally)") }
        let missed = Set(points.map { course.positions[$0] }).subtracting(tally.positions)
        #expect(missed.isEmpty, "\(kills.name), \(path.rawValue): never killed there")
        return tally
    }

    private func points(of positions: [String]) -> [Int] {
        guard !Deep.asks(for: "kills") else { return Array(positions.indices) }
        // Up to its check a run that fails is the one that goes well.
        let first = path == .success ? 0 : positions.firstIndex(of: "verified step") ?? 0
        return positions.indices.filter { index in
            guard index >= first else { return false }
            return kills.places?.contains(positions[index]) != false
                && positions.firstIndex(of: positions[index]) == index
        }
    }

    func wholeCourse(on node: String) async throws -> Course {
        try await withProject(on: node) { project, plan in
            let (trace, before) = (project.folder + "/syncs", try await kills.state(of: node))
            let known = try await project.records().count
            let ended = try await apply(plan, project, output: trace)
            try #require(ended.status == (path == .success ? 0 : 6), "\(ended.output)\(ended.error)")
            let after = try await kills.state(of: node)
            #expect((after == before) == (path == .checkFails), "\(kills.name), \(path.rawValue): \(after)")
            let syncs = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n")
                .filter { $0.contains("fdatasync(") }.count
            let entries = try await project.records().dropFirst(known).map(KillClass.position)
            // What the log's opening syncs comes first.
            let opening = syncs - entries.count
            try #require(opening >= 0 && opening < 4, "\(syncs) syncs for \(entries.count) entries")
            return Course(positions: Array(repeating: "opening", count: opening) + entries, after: after)
        }
    }

    private func kill(atSync count: Int, on node: String, _ course: Course) async throws -> Tally {
        try await withProject(on: node) { project, plan in
            let before = try await kills.state(of: node)
            let killed = try await apply(
                plan, project, output: "/dev/null", "-e", "inject=fdatasync:signal=SIGKILL:when=\(count)")
            let at = try await project.records().last.map(KillClass.position) ?? "nothing"
            let label = "\(kills.name), \(path.rawValue), killed at sync \(count) (\(at))"
            // A run that took a shorter way than the one before it.
            if killed.status == 0 || killed.status == 6 { return Tally() }
            try #require(killed.status == 137, "\(label): \(killed.output)\(killed.error)")
            let recovered = try await project.belay("recover")
            let said = "\(label): \(recovered.output)\(recovered.error)"
            let after = try await kills.state(of: node)
            var tally = Tally()
            tally.positions = [count <= course.positions.filter { $0 == "opening" }.count ? "opening" : at]
            switch try await end(of: project) {
            case .needsPerson: tally.needsPerson = 1
            case .succeeded:
                tally.after = 1
                #expect(path == .success && after == course.after, "\(said)\n\(after)")
            case .rolledBack, .stale, .skipped, nil:
                tally.before = 1
                #expect(after == before, "\(said)\n\(after)")
            case let other?: Issue.record("\(label): it stayed \(other.rawValue)")
            }
            let word = tally.after == 1 ? "after" : "before"
            let words = recovered.output.lowercased()
            #expect(recovered.status == 0 && (words.contains(word) || words.contains("nothing")), "\(said)")
            #expect(try await kills.remains(of: node) == "", "\(said)")
            let again = try await project.belay("recover").output
            #expect(again.lowercased().contains("nothing"), "\(said): recover had not ended it")
            try await project.expectVerifies()
            return tally
        }
    }

    private func withProject<T>(on node: String, _ body: (borrowing Project, String) async throws -> T) async throws
        -> T
    {
        try await Testbed.exec(node, kills.prepare)
        let project = try await Project(kubeconfig: kills.isInCluster ? Cluster.kubeconfig : nil)
        try project.write("runbooks/kill.yaml", kills.runbook(path))
        return try await body(project, try await project.approvedPlan("kill", node))
    }

    private func apply(
        _ plan: String, _ project: borrowing Project, output: String, _ more: String...
    ) async throws -> Shell.Result {
        try await Shell.run(
            "/usr/bin/strace",
            ["-f", "-qq", "-o", output, "-e", "trace=fdatasync"] + more + [
                Testbed.binary, "-C", project.folder, "--color", "never", "apply", plan,
            ], in: project.folder)
    }

    /// Where the log says that the node is.
    private func end(of project: borrowing Project) async throws -> NodeState? {
        var last: NodeState?
        for case .run(.nodeState(let state, _))? in try await project.records().map(\.event) { last = state }
        return last
    }
}
