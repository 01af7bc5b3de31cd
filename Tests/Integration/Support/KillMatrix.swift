import Core
import Foundation
import Testing

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
    struct Course: Codable, Sendable {
        /// What each fdatasync made durable.
        var positions: [String]
        /// The state it left.
        var after: String
        /// The state in which a boot leaves the node that it found; nil when it was not booted.
        var afterBoot: String?
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
        guard let met = try await meet(.killed, atSync: count, on: node, course) else { return Tally() }
        for wrong in met.wrong { Issue.record("\(kills.name), \(path.rawValue), killed at sync \(count): \(wrong)") }
        var tally = Tally(positions: [met.position])
        switch met.end {
        case .before: tally.before = 1
        case .after: tally.after = 1
        case .needsPerson: tally.needsPerson = 1
        }
        return tally
    }

    func withProject<T>(on node: String, _ body: (borrowing Project, String) async throws -> T) async throws
        -> T
    {
        try await Testbed.exec(node, kills.prepare)
        let project = try await Project(kubeconfig: kills.isInCluster ? Cluster.kubeconfig : nil)
        try project.write("runbooks/kill.yaml", try kills.runbook(path))
        return try await body(project, try await project.approvedPlan("kill", node))
    }

    func apply(
        _ plan: String, _ project: borrowing Project, output: String, _ more: String...
    ) async throws -> Shell.Result {
        try await Shell.run(
            "/usr/bin/strace",
            ["-f", "-qq", "-o", output, "-e", "trace=fdatasync"] + more + [
                Testbed.binary, "-C", project.folder, "--color", "never", "apply", plan,
            ], in: project.folder)
    }
}
