import Core
import Foundation
import Testing

/// What befalls a run at the moment when an entry of its log has become durable.
enum Trouble: String, Codable, CaseIterable, Sendable {
    /// The executor gets SIGKILL.
    case killed
    /// The node loses power, and is there again when the executor goes on.
    case powerLost = "power lost"
    /// The node's cable is cut both ways, or one way, for longer than a dead-man waits.
    case cut
    case cutTo = "cut to the node"
    case cutFrom = "cut from the node"

    /// Which way the testbed cuts the cable: empty for both, nil for not at all.
    fileprivate var cut: String? {
        switch self {
        case .killed, .powerLost: nil
        case .cut: ""
        case .cutTo: "to"
        case .cutFrom: "from"
        }
    }
}

extension KillMatrix {
    /// How a run ended that met with trouble.
    struct Met: Sendable {
        enum End: String, Codable, Sendable { case before, after, needsPerson = "needs a person" }

        /// Which entry had just become durable.
        var position: String
        var end: End
        /// What should not be.
        var wrong: [String] = []
    }

    /// Runs until an entry is durable, lets trouble happen, recovers, and looks at what the log and the node say.
    /// - Returns: nil for a run that took a shorter way than the course.
    func meet(_ trouble: Trouble, atSync count: Int, on node: String, _ course: Course) async throws -> Met? {
        try await withProject(on: node) { project, plan in
            let before = try await kills.state(of: node)
            let foreseen = course.positions[count - 1]
            guard let position = try await strike(trouble, atSync: count, project, plan, on: node) else { return nil }
            let recovered = try await project.belay("recover")
            let after = try await kills.state(of: node)
            var met = Met(position: foreseen == "opening" ? foreseen : position ?? foreseen, end: .needsPerson)
            try await judge(&met, project, recovered, (before, after), course, rebooted: trouble == .powerLost)
            if met.end != .needsPerson {
                let left = try await kills.remains(of: node)
                if left != "" { met.wrong.append("left behind: \(left)") }
                let again = try await project.belay("recover").output
                if !again.lowercased().contains("nothing") { met.wrong.append("recover had not ended it: \(again)") }
            }
            let verified = try await project.belay("audit", "verify")
            if verified.status != 0 { met.wrong.append("\(verified.output)\(verified.error)") }
            return met
        }
    }

    /// Whether what the log says of the end is what the node shows.
    private func judge(
        _ met: inout Met, _ project: borrowing Project, _ recovered: Shell.Result,
        _ states: (before: String, after: String),
        _ course: Course, rebooted: Bool
    ) async throws {
        let said = "\(recovered.output)\(recovered.error)"
        // What a boot does to the node is not Belay's doing, and it undoes what no boot keeps.
        func isAt(_ state: String) -> Bool { states.after == state || (rebooted && states.after == course.afterBoot) }
        switch try await end(of: project) {
        case .needsPerson: met.end = .needsPerson
        case .succeeded:
            met.end = .after
            if path != .success || !isAt(course.after) { met.wrong.append("not after: \(states.after)\n\(said)") }
        case .rolledBack, .stale, .skipped, nil:
            met.end = .before
            if !isAt(states.before) { met.wrong.append("not before: \(states.after)\n\(said)") }
        case let other?: met.wrong.append("it stayed \(other.rawValue): \(said)")
        }
        let words = recovered.output.lowercased()
        let isSaid = recovered.status == 0 && (words.contains(met.end.rawValue) || words.contains("nothing"))
        if met.end != .needsPerson, !isSaid { met.wrong.append("recover ended with \(recovered.status): \(said)") }
    }

    /// Where the log says that the node is.
    private func end(of project: borrowing Project) async throws -> NodeState? {
        var last: NodeState?
        for case .run(.nodeState(let state, _))? in try await project.records().map(\.event) { last = state }
        return last
    }

    /// - Returns: the last entry of one that was killed; nil for a run that was over before.
    private func strike(
        _ trouble: Trouble, atSync count: Int, _ project: borrowing Project, _ plan: String, on node: String
    ) async throws -> String?? {
        if trouble == .killed {
            let killed = try await apply(
                plan, project, output: "/dev/null", "-e", "inject=fdatasync:signal=SIGKILL:when=\(count)")
            // A run that took a shorter way than the one before it.
            if killed.status == 0 || killed.status == 6 { return nil }
            try #require(killed.status == 137, "\(killed.output)\(killed.error)")
            return try await project.records().last.map(KillClass.position) ?? "nothing"
        }
        // -D: the executor itself has the number we know, and not its tracer.
        let executor = Executor.start(
            project, apply: plan,
            under: [
                "/usr/bin/strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                "inject=fdatasync:signal=SIGSTOP:when=\(count)",
            ])
        guard try await executor.hasStopped() else {
            _ = try await executor.end()
            return nil
        }
        try await befall(trouble, executor, on: node)
        return .some(nil)
    }

    private func befall(_ trouble: Trouble, _ executor: Executor, on node: String) async throws {
        guard let cut = trouble.cut else {
            try await Testbed.call("reboot", node)
            try await executor.send(SIGCONT)
            _ = try await executor.end()
            return
        }
        try await Testbed.call("cut", node, cut)
        try await executor.send(SIGCONT)
        let isOver = try await executor.hasEnded(
            within: .seconds(try kills.made().cutsPath ? KillClass.deadMan + 15 : 15))
        try await Testbed.call("mend", node)
        if !isOver { _ = try await executor.hasEnded(within: .seconds(300)) }
        // One that never ends would be another executor's to recover.
        try await executor.send(SIGKILL)
        _ = try await executor.end()
    }
}

extension Executor {
    /// Waits until it is stopped, and not for a moment as a traced process is at every call; false when it ended before.
    func hasStopped() async throws -> Bool {
        let pid = try await pid()
        var looks = 0
        for _ in 0..<3000 where looks < 5 {
            guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let state = stat.split(separator: ")").last?.split(separator: " ").first, !"ZX".contains(state)
            else { return false }
            looks = "Tt".contains(state) ? looks + 1 : 0
            try await Task.sleep(for: .milliseconds(100))
        }
        return looks == 5
    }

    /// Waits for its end, so long at most.
    func hasEnded(within time: Duration) async throws -> Bool {
        let (pid, deadline) = (try await pid(), ContinuousClock.now + time)
        while ContinuousClock.now < deadline {
            if kill(pid, 0) != 0 { return true }
            try await Task.sleep(for: .milliseconds(200))
        }
        return false
    }
}
