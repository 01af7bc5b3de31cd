import Core
import Foundation
import Testing

/// A node as the engine works on it, by the testbed's way in: reads as one script, writes as steps of a run that holds the
/// lease. No firewall that a test makes keeps it out.
struct StepNode: Sendable {
    let host: String
    private let fence: NodeRecord.Fence

    /// Lends the lease of a host, or on it that for a target. The latter lies in a place of its own: a target that no
    /// inventory has, at work on the execution host, would have other tests' runs denied.
    static func with<T>(_ host: String, target: String? = nil, _ body: (StepNode) async throws -> T) async throws -> T {
        let run = "law-" + UUID().uuidString.lowercased()
        let folder = target == nil ? nil : "/var/lib/belay-law"
        let machine = try await Testbed.exec(host, "cat /etc/machine-id").trimmingCharacters(
            in: .whitespacesAndNewlines)
        let acquire = LeaseScript.acquire(
            run: run, target: target, folder: folder, planSha256: run, planJSON: Array("{}".utf8), machineID: machine,
            holder: "test", ticket: run, seconds: 7200, recovering: false)
        let answer = try NodeAnswer(parsing: Array(try await Testbed.run(host, acquire).utf8))
        guard case .granted(let epoch, _) = answer else { throw Unexpected("the lease of \(host): \(answer)") }
        let fence = NodeRecord.Fence(run: run, epoch: epoch, target: target, folder: folder)
        let result: Result<T, any Error>
        do { result = .success(try await body(StepNode(host: host, fence: fence))) } catch { result = .failure(error) }
        _ = try await Testbed.run(host, LeaseScript.release(fence, as: .before, by: "test"))
        return try result.get()
    }

    /// Runs scripts one after the other in one go, each as a shell of its own.
    /// - Returns: what each printed.
    func run(_ scripts: [String]) async throws -> [String] {
        let mark = UUID().uuidString
        let parts = scripts.map { script in
            "(\n\(script)\n) </dev/null || { echo \"part of the script failed\" >&2; exit 1; }\nprintf '\(mark)'"
        }
        let printed = try await Testbed.run(host, parts.joined(separator: "\n")).components(separatedBy: mark)
        guard printed.count == scripts.count + 1 else { throw Unexpected("\(printed.count) answers") }
        return Array(printed.dropLast())
    }

    /// What an action looks at, and a text of the test's own that is read along with it.
    func look(_ action: any Action, truth: String) -> ReadScript {
        ReadScript(action.observe() + [Command(["/bin/sh", "-c", truth])], nonce: UUID().uuidString)
    }

    /// Writes as the step of this name, which is run once.
    func step(_ commands: [Command], undo: [Command] = [], as name: String) -> String {
        // Nothing to do is nothing sent.
        guard !commands.isEmpty else { return "echo done 0 0" }
        return StepScript(fence: fence, name: name, seconds: 60).start(
            commands, undo: undo, before: Array("{}".utf8))
    }

    /// What was neither foreseen nor is the action's fault.
    struct Unexpected: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }
}

extension Testbed {
    /// Runs a script of any length in a node, as root; nothing in it can read the script's own lines.
    static func run(_ node: String, _ script: String) async throws -> String {
        let whole = "{\n\(script)\n} </dev/null\n"
        let result = try await Shell.run(command, ["exec", node, "--", "/bin/sh", "-s"], input: whole)
        try #require(result.status == 0, "in \(node): \(script.prefix(2000))\n\(result.error)")
        return result.output
    }
}
