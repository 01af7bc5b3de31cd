import Core
import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import Commands
@testable import Engine

/// A project whose people have real keys, with the shipped policies about approvals. Its node does not answer, so that
/// nothing but what was signed decides how far a plan gets.
final class SignedProject: Sendable {
    static let people = ["alice", "bob", "carol", "robot"]
    static let root = URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL.path

    let path: String
    var log: String { path + "/log" }

    init() async throws {
        path = FileManager.default.temporaryDirectory.appending(path: "belay-signed-\(UUID().uuidString)").path
        for folder in ["keys", "policies", "runbooks"] {
            try FileManager.default.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
        for person in Self.people {
            try await Self.sh("ssh-keygen -q -t ed25519 -N '' -C \(person) -f '\(path)/keys/\(person)'")
        }
        try write(Self.people.map { try line(of: $0) }.joined(), to: "allowed_signers")
        for policy in ["production-two-approvals", "network-change-two-groups", "default-grant-sre"] {
            try copy("\(Self.root)/policies/\(policy).yaml", to: "policies/\(policy).yaml")
        }
        try write(
            """
            apiVersion: belay/v1
            kind: Configuration
            log: {directory: log, origin: test.example/log, reads: false}
            signing: {key: keys/alice}
            params: {production-two-approvals: {min: 1}}
            """, to: "belay.yaml")
        try write(
            """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: prod, environment: production}
            defaults: {user: nobody, sshConfig: none, knownHosts: [known_hosts]}
            nodes: [{name: worker-1, address: 127.0.0.1, port: 1, roles: [worker]}]
            """, to: "inventory.yaml")
        try write("", to: "known_hosts")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    static func sh(_ script: String) async throws -> String {
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-euo", "pipefail", "-c", script], output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "\(script): \(result.standardError)")
        return result.standardOutput
    }

    func line(of person: String, names: String? = nil, options: String = "") throws -> String {
        let key = try String(contentsOfFile: "\(path)/keys/\(person).pub", encoding: .utf8)
        let group = person == "robot" ? "group:sre,group:automation" : "group:sre"
        return "\(names ?? person),\(group) \(options)\(key)"
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func copy(_ file: String, to name: String) throws {
        try FileManager.default.copyItem(atPath: file, toPath: "\(path)/\(name)")
    }

    /// Another project under the same rules, with the same keys and a log of its own.
    func elsewhere() async throws -> SignedProject {
        let other = try await SignedProject()
        for name in ["keys", "allowed_signers", "policies"] {
            try FileManager.default.removeItem(atPath: "\(other.path)/\(name)")
            try other.copy("\(path)/\(name)", to: name)
        }
        return other
    }

    func open<Result>(_ body: (RunLog) async throws -> Result) async throws -> Result {
        let log = try await RunLog.open(
            directory: log, origin: "test.example/log", clock: SystemClock(), by: "test@here:1")
        let result = try await body(log)
        _ = try await log.log.checkpoint()
        await log.log.close()
        return result
    }

    func append(_ event: LogEvent, run: String) async throws {
        try await open { _ = try await $0.append(event, by: "alice", run: run) }
    }

    /// Has alice plan a restart: in the log and in a file, as `belay plan` leaves it. The plan's node has no identity, since
    /// nobody answers there.
    @discardableResult
    func plan(
        _ name: String = "restart", expires: Int = 8 * 3600, made: Int = 0, under layers: LayerFiles = LayerFiles(),
        change: (inout Plan) -> Void = { _ in }
    ) async throws -> String {
        var node = Sample.node([Sample.restart()])
        node.identity = nil
        var plan = Sample.plan([node])
        plan.id = "20261122-180000-" + String(format: "%04x", Int.random(in: 0..<0x10000))
        plan.createdAt = SystemClock().now().adding(seconds: made)
        plan.expiresAt = SystemClock().now().adding(seconds: expires)
        plan.policySet = try await Workspace.open(from: path, layers: layers).guardrails().policies.digest
        plan.log = try await open { try await $0.reference }
        change(&plan)
        let bytes = try JSON.encodePretty(plan)
        let file = "\(path)/\(name).plan"
        let signature = try await sign(bytes, by: "alice", SignatureNamespace.plan)
        try await append(
            .planned(
                PlannedRecord(plan: Payload(bytes: bytes), planSha256: Digest.sha256(bytes), signature: signature)),
            run: plan.id)
        try await append(.decided(try Sample.decision(allowed: true)), run: plan.id)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        try write(signature, to: "\(name).plan.sig")
        return file
    }

    func sign(_ bytes: [UInt8], by person: String, _ namespace: String) async throws -> String {
        String(
            decoding: try await SSHKeygen().sign(bytes, key: "\(path)/keys/\(person)", namespace: namespace),
            as: UTF8.self)
    }

    static func digest(of file: String) throws -> String {
        Digest.sha256(Array(try Data(contentsOf: URL(fileURLWithPath: file))))
    }

    /// A statement about a plan as somebody with a key and no scruples can make it.
    func statement(
        _ plan: String, by person: String = "bob", _ decision: ApprovalStatement.Verdict = .approve,
        from: Int = -60, until: Int = 3600
    ) throws -> ApprovalStatement {
        let now = SystemClock().now()
        return ApprovalStatement(
            planSha256: try Self.digest(of: plan), decision: decision, approver: person, comment: "looked at the diff",
            notBefore: now.adding(seconds: from), expires: now.adding(seconds: until),
            nonce: SystemNonces().next(), logOrigin: "test.example/log")
    }

    /// Leaves a statement beside a plan: it travelled as a file, and no log has it.
    /// - Parameter edit: what is done to its bytes after they were signed.
    @discardableResult
    func leave(
        _ statement: ApprovalStatement, beside plan: String, signedBy person: String = "bob",
        _ namespace: String = SignatureNamespace.approval, edit: (String) -> String = { $0 }
    ) async throws -> String {
        let bytes = try statement.encoded()
        let signature = try await sign(bytes, by: person, namespace)
        let folder = plan + ".approvals"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let file = "\(folder)/\(statement.nonce.prefix(12)).json"
        let text = String(decoding: bytes, as: UTF8.self)
        let edited = edit(text)
        try Data(edited.utf8).write(to: URL(fileURLWithPath: file))
        try Data(signature.utf8).write(to: URL(fileURLWithPath: file + ".sig"))
        return file
    }

    func belay(_ arguments: String...) async -> (exit: Exit, output: String, complaints: String) {
        await belay(arguments)
    }

    func belay(_ arguments: [String]) async -> (exit: Exit, output: String, complaints: String) {
        let recorder = Recorder()
        let exit = await Commands.run(["-C", path] + arguments) { _ in recorder.terminal }
        return (exit, recorder.output, recorder.complaints)
    }

    /// Runs the program itself, with these variables added to those of a bare environment.
    func belay(_ variables: [String: String], _ arguments: [String]) async throws -> (
        status: Int, output: String, complaints: String
    ) {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: tests).deletingLastPathComponent().appending(path: "belay").path
        let base = ["PATH": "/usr/bin:/bin"].merging(variables) { _, given in given }
        let pairs = base.map { (Subprocess.Environment.Key(stringLiteral: $0), $1) }
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Arguments(["-C", path] + arguments),
            environment: .custom(Dictionary(uniqueKeysWithValues: pairs)), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard case .exited(let status) = result.terminationStatus else {
            throw UsageError("belay was killed", remedy: result.standardError)
        }
        return (Int(status), result.standardOutput, result.standardError)
    }

    /// Whether a run has begun, by the log.
    var hasBegun: Bool {
        get async throws {
            try await RecordReader(directory: log).records().contains {
                if case .run(.started) = $0.record.event { true } else { false }
            }
        }
    }
}
