import Foundation
import Subprocess
import SystemPackage
import Testing

/// The real nodes of `Testbed/belay-testbed`, and the one rule about their absence: required in CI, said aloud elsewhere.
enum Testbed {
    static let environment = ProcessInfo.processInfo.environment
    static let root = URL(fileURLWithPath: #filePath).appending(path: "../../../..").standardizedFileURL.path
    static let command = environment["BELAY_TESTBED_COMMAND"] ?? root + "/Testbed/belay-testbed"
    static let binary = environment["BELAY_BINARY"] ?? root + "/.build/debug/belay"

    /// True when `./test` set it up for us and runs us where the nodes can be reached.
    static let isUp: Bool = {
        if environment["BELAY_TESTBED_INVENTORY"] != nil { return true }
        if environment["BELAY_TESTBED"] == "required" { return true }  // and then every test fails, which it must
        print("NOT RUN: the integration tests need real nodes; ./test brings them up and runs them")
        return false
    }()

    static func value(_ name: String) throws -> String {
        try #require(environment[name], "\(name) is not set: bring the testbed up with ./test")
    }

    /// Runs a command in a node, also while its network is cut.
    @discardableResult
    static func exec(_ node: String, _ script: String) async throws -> String {
        let result = try await Shell.run(command, ["exec", node, "--", "/bin/sh", "-c", script])
        try #require(result.status == 0, "in \(node): \(script)\n\(result.error)")
        return result.output
    }

    /// A command of the testbed itself (`cut`, `mend`, `kubelet`, `reboot`, `reset`).
    static func call(_ arguments: String...) async throws {
        let result = try await Shell.run(command, arguments)
        try #require(result.status == 0, "belay-testbed \(arguments.joined(separator: " ")): \(result.error)")
    }
}

/// Local processes.
enum Shell {
    struct Result: Sendable {
        var status: Int
        var output: String
        var error: String
    }

    static func run(
        _ program: String, _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
        input: String? = nil
    ) async throws -> Result {
        guard let input else { return try await run(program, arguments, folder, environment, .none) }
        return try await run(program, arguments, folder, environment, .string(input))
    }

    private static func run<Input: InputProtocol>(
        _ program: String, _ arguments: [String], _ folder: String?, _ environment: [String: String], _ input: Input
    ) async throws -> Result {
        let updates = Dictionary(
            uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) })
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(arguments), environment: .inherit.updating(updates),
            workingDirectory: folder.map { FilePath($0) }, input: input, output: .string(limit: 8 << 20),
            error: .string(limit: 8 << 20))
        let status: Int =
            switch result.terminationStatus {
            case .exited(let code): Int(code)
            case .signaled(let signal): 128 + Int(signal)
            }
        return Result(status: status, output: result.standardOutput, error: result.standardError)
    }
}

/// Lends each node to one test at a time, pristine.
actor NodePool {
    static let shared = NodePool()
    // Not the control-plane node: others need its API while a test cuts its node off.
    private var free = (Testbed.environment["BELAY_TESTBED_NODES"] ?? "node-1").split(separator: " ").map(String.init)
        .filter { $0 != Testbed.environment["BELAY_TESTBED_CONTROL_PLANE"] }
    // First come, first served: a test that wants several is not starved by those that want one.
    private var waiting: [(count: Int, continuation: CheckedContinuation<[String], Never>)] = []

    private func take(_ count: Int) async -> [String] {
        if waiting.isEmpty, free.count >= count { return lend(count) }
        return await withCheckedContinuation { waiting.append((count, $0)) }
    }

    private func lend(_ count: Int) -> [String] {
        defer { free.removeLast(count) }
        return Array(free.suffix(count))
    }

    private func giveBack(_ nodes: [String]) {
        free += nodes
        while let next = waiting.first, free.count >= next.count {
            waiting.removeFirst()
            next.continuation.resume(returning: lend(next.count))
        }
    }

    nonisolated func with<T>(_ body: (String) async throws -> T) async throws -> T {
        try await with(count: 1) { try await body($0[0]) }
    }

    nonisolated func with<T>(count: Int, _ body: ([String]) async throws -> T) async throws -> T {
        let nodes = await take(count)
        do {
            for node in nodes { try await Testbed.call("reset", node) }
            let value = try await body(nodes)
            await giveBack(nodes)
            return value
        } catch {
            await giveBack(nodes)
            throw error
        }
    }
}
