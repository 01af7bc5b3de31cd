import Core
import Foundation
import Testing

/// A project of its own for one test: two people with keys, the shipped runbooks and policies, a fresh log.
struct Project: ~Copyable, Sendable {
    let folder: String
    var log: String { folder + "/log" }
    private var temporary: String { folder + "/tmp" }

    /// - Parameters:
    ///   - user: who logs in to the nodes.
    ///   - knownHosts: the file of known host keys, nil for the testbed's.
    ///   - inventory: a whole inventory in place of one made of the parts.
    init(
        user: String = "root", knownHosts: String? = nil, inventoryNodes: [String]? = nil, kubeconfig: String? = nil,
        inventory: String? = nil
    ) async throws {
        folder = NSTemporaryDirectory() + "belay-it-" + UUID().uuidString.prefix(8)
        let files = FileManager.default
        try files.createDirectory(atPath: folder + "/keys", withIntermediateDirectories: true)
        var signers = ""
        for person in ["alice", "bob"] {
            let made = try await Shell.run(
                "/usr/bin/ssh-keygen",
                ["-q", "-t", "ed25519", "-N", "", "-C", person, "-f", "\(folder)/keys/\(person)"])
            try #require(made.status == 0, "\(made.error)")
            let key = try String(contentsOfFile: "\(folder)/keys/\(person).pub", encoding: .utf8)
            signers += "\(person),group:sre \(key)"
        }
        try write("allowed_signers", signers)
        let nodes = try inventoryNodes ?? (inventory == nil ? Self.testbedNodes() : [])
        try write(
            "inventory.yaml",
            """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: testbed, environment: production\(try kubeconfig.map { try Self.kubectl($0) } ?? "")}
            defaults:
              user: \(user)
              identityFiles: [\(try Testbed.value("BELAY_TESTBED_KEY"))]
              knownHosts: [\(knownHosts ?? (try Testbed.value("BELAY_TESTBED_KNOWN_HOSTS")))]
            nodes:
            \(nodes.joined(separator: "\n"))

            """)
        try write(
            "belay.yaml",
            """
            apiVersion: belay/v1
            kind: Configuration
            inventory: \(inventory ?? "inventory.yaml")
            runbooks: [\(Testbed.root)/runbooks, runbooks]
            policies: [\(Testbed.root)/policies, policies]
            log: {directory: log, origin: belay.test/integration, reads: false}
            signing: {key: keys/alice}
            \(Self.params)

            """)
        for own in ["runbooks", "policies", "tmp"] {
            try files.createDirectory(atPath: "\(folder)/\(own)", withIntermediateDirectories: true)
        }
    }

    /// Has the shipped policies but for some.
    func leaveOut(policies names: Set<String>) throws {
        let (files, shipped) = (FileManager.default, "\(Testbed.root)/policies")
        for file in try files.contentsOfDirectory(atPath: shipped)
        where file.hasSuffix(".yaml") && !file.hasSuffix(".test.yaml") && !names.contains(String(file.dropLast(5))) {
            try files.copyItem(atPath: "\(shipped)/\(file)", toPath: "\(folder)/policies/\(file)")
        }
        let path = "\(folder)/belay.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing(
            "[\(shipped), policies]", with: "[policies]")
        // Their settings too: one of a policy that is not there is refused.
        let lines = text.split(separator: "\n").filter { line in !names.contains { line.hasPrefix("  \($0): ") } }
        try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// The log is young, the nodes are few, and the same is done to them again and again.
    private static let params = """
        params:
          production-two-approvals: {min: 1}
          kubelet-restart-cooldown: {cooldown: 0s}
          disruption-storm-breaker: {max: 1000, coverage: 0s}
          flapping-node-escalates: {max: 1000, coverage: 0s}
          pool-max-unavailable: {maxUnavailable: 100}
          pool-cordon-percent: {maxPercent: 100}
          blast-radius-and-canary: {maxTargets: 100, free: 100}
          prune-needs-disk-pressure: {usedPercent: 0}
        """

    /// Puts alice into the group that may break the glass, and has the page that this makes written into the file `told`.
    func letAliceBreakGlass() throws {
        let signers = try String(contentsOfFile: "\(folder)/allowed_signers", encoding: .utf8)
        try write(
            "allowed_signers",
            signers.replacingOccurrences(of: "alice,group:sre", with: "alice,group:sre,group:break-glass"))
        let configuration = try String(contentsOfFile: "\(folder)/belay.yaml", encoding: .utf8)
        try write("belay.yaml", configuration + "notify: [/usr/bin/tee, \(folder)/told]\n")
    }

    private static func kubectl(_ kubeconfig: String) throws -> String {
        ", kubectl: {host: \(try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")), kubeconfig: \(kubeconfig)}"
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The inventory's lines of the nodes that are alike, or of the named ones (variants, which differ).
    static func testbedNodes(named names: String...) throws -> [String] {
        let prefixes = names.isEmpty ? ["- {name: node-"] : names.map { "- {name: \($0)," }
        return try String(contentsOfFile: Testbed.value("BELAY_TESTBED_INVENTORY"), encoding: .utf8)
            .split(separator: "\n").map(String.init).filter { line in prefixes.contains { line.hasPrefix($0) } }
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    }

    @discardableResult
    func belay(_ arguments: String...) async throws -> Shell.Result { try await belay(arguments) }

    /// The same of words that are not known here.
    @discardableResult
    func belay(_ arguments: [String]) async throws -> Shell.Result {
        try await Shell.run(
            Testbed.binary, ["-C", folder, "--color", "never"] + arguments, in: folder,
            environment: ["TMPDIR": temporary])
    }

    /// What ``belay(_:)`` has left in its folder for temporary files, which is its own: others leave things in /tmp too.
    func leftTemporaries() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: temporary) }

    /// Plans, has bob approve, and gives the plan's path.
    func approvedPlan(_ runbook: String, _ node: String, _ more: String...) async throws -> String {
        try await Self.approvedPlan(in: folder, runbook, node, more)
    }

    /// The same for projects that plan at the same time.
    static func approvedPlan(
        in folder: String, _ runbook: String, _ node: String, _ more: [String] = [], mayBeDenied: Bool = false
    ) async throws -> String {
        let file = folder + "/\(runbook)-\(UUID().uuidString.prefix(6)).plan"
        let words = ["-C", folder, "--color", "never"]
        let planned = try await Shell.run(
            Testbed.binary, words + ["plan", runbook, "--node", node, "--out", file] + more, in: folder)
        try #require(
            planned.status == 0 || mayBeDenied && planned.status == 3, "\(planned.output)\(planned.error)")
        let approved = try await Shell.run(
            Testbed.binary, words + ["approve", file, "--comment", "go on", "--key", "keys/bob"], in: folder)
        try #require(approved.status == 0, "\(approved.output)\(approved.error)")
        return file
    }

    /// The log as `belay audit log -o json` gives it: one JSON object a line.
    func entries() async throws -> [[String: Any]] {
        let result = try await belay("audit", "log", "-o", "json")
        try #require(result.status == 0, "\(result.error)")
        return try result.output.split(separator: "\n").map { line in
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            return try #require(object["entry"] as? [String: Any])
        }
    }

    /// The same as values.
    func records() async throws -> [LogRecord] {
        struct Line: Decodable { var entry: LogRecord }
        let result = try await belay("audit", "log", "-o", "json")
        try #require(result.status == 0, "\(result.error)")
        return try result.output.split(separator: "\n").map { try JSON.decode(Line.self, from: Array($0.utf8)).entry }
    }

    func expectVerifies(_ location: Testing.SourceLocation = #_sourceLocation) async throws {
        let verified = try await belay("audit", "verify")
        #expect(verified.status == 0, "\(verified.output)\(verified.error)", sourceLocation: location)
    }
}

/// What a node looks like to a test, read past Belay through the testbed.
struct NodeTruth: Equatable {
    var kubeletPID: String
    var healthz: String
    var rules: String
    var record: String

    static func read(_ node: String) async throws -> NodeTruth {
        let text = try await Testbed.exec(
            node,
            """
            systemctl show -p MainPID --value kubelet
            curl -s -m 3 -o /dev/null -w '%{http_code}' http://127.0.0.1:10248/healthz; echo
            ls -d /var/lib/belay/[0-9]* /var/lib/belay/lease 2>/dev/null | tr '\\n' ' '; echo
            for i in iptables ip6tables; do for t in filter nat mangle raw; do $i -t $t -S; done; done
            """)
        let lines = text.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        return NodeTruth(kubeletPID: lines[0], healthz: lines[1], rules: lines[3], record: lines[2])
    }
}
