import Testing
import TransparencyLog

@testable import Core
@testable import Engine

@Suite("strict runs", .timeLimit(.minutes(3)))
struct StrictRunTests {
    private let temporary: TemporaryLog
    private let log: RunLog
    private let service: FakeWitnesses

    init() async throws {
        temporary = try TemporaryLog()
        log = try await RunLog.open(
            directory: temporary.directory, origin: origin, clock: SystemClock(), by: "test@here:1")
        service = try FakeWitnesses(1, log: try await log.log.verifierKey)
        try await log.append(
            .recoveredLog(LogRecovery(tornBytes: 1, rebuiltTiles: false, open: [])), by: "test@here:1", run: nil)
    }

    private struct Nobody: Judge {
        func findings(on node: String) async -> [Finding] { [] }
    }

    private func plan(rollsBack: String? = nil) async throws -> Plan {
        var plan = Plan(
            id: "20261122-180000-ab12", createdAt: SystemClock().now(),
            expiresAt: SystemClock().now().adding(seconds: 3600), requester: "alice",
            runbook: RunbookReference(name: "nothing", title: "Nothing", author: "ann", digest: "d"), parameters: [:],
            cluster: ClusterReference(name: "c", environment: "e"), log: try await log.reference, policySet: "set",
            onFailure: .rollback, nodes: [])
        plan.rollsBack = rollsBack
        return plan
    }

    private func permit(_ plan: Plan) throws -> Permit {
        let key = try SSHPublicKey(
            line: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPPmDE1lKx1IqyG/amGCGyGHY/Z53mJu09H8n22dyDKY")
        let alice = Principal(name: "alice", groups: [], kind: .human)
        let signer = Signer(
            principal: alice, aliases: [], key: key, namespaces: nil, validAfter: nil, validBefore: nil)
        let bytes = try JSON.encodePretty(plan)
        let (digest, now) = (Digest.sha256(bytes), SystemClock().now())
        let decision = Decision(
            phase: .execute, planSha256: digest, requester: alice, policySet: "set", at: now, allowed: true,
            findings: [], grants: [], obligations: [], approvals: .none,
            evaluated: Decision.Evaluated(policies: 0, documents: 0, validations: 0, cost: 0))
        return try Core.permit(
            PermitRequest(
                planBytes: bytes, decision: decision, approvals: [],
                requester: VerifiedSignature(
                    signer: signer, namespace: SignatureNamespace.plan, messageSha256: digest), policySet: "set",
                log: plan.log, now: now, spent: false))
    }

    private func withRunner(_ body: (Runner) async throws -> Void) async throws {
        let inventory = try InventoryFile.parse(
            Array(
                """
                apiVersion: belay/v1
                kind: Inventory
                cluster: {name: c, environment: e}
                nodes: [{name: node-1, address: 127.0.0.1}]
                """.utf8), file: "i.yaml")
        let connector = try Connector(inventory: inventory.inventory(sources: []))
        let runner = Runner(
            log: log, connector: connector, clock: SystemClock(), nonces: SystemNonces(), holder: "test@here:1",
            witnesses: try await Witnesses(service.policy("all"), of: log.log, through: service, limit: .zero))
        do {
            try await body(runner)
        } catch {
            await connector.shutdown()
            throw error
        }
        await connector.shutdown()
    }

    private func run(_ plan: Plan, _ runner: Runner) async throws {
        try await runner.prepare(for: plan)
        _ = try await runner.run(runner.begin(permit(plan)), judge: Nobody()) { _, _ in }
    }

    /// Whether a run has begun, by the log.
    private var hasBegun: Bool {
        get async throws {
            try await log.records().contains { if case .run(.started) = $0.record.event { true } else { false } }
        }
    }

    @Test("a run whose log the quorum has cosigned begins, and what was logged before it is what they cosigned")
    func permitted() async throws {
        let plan = try await plan()
        try await withRunner { try await run(plan, $0) }
        #expect(try await hasBegun)
        let report = try LogVerifier.verify(directory: temporary.directory, policy: service.policy("all"))
        #expect(report.isIntact && report.witnessed?.size == 2)
    }

    @Test("without the quorum a run does not begin, and its plan is not spent")
    func refused() async throws {
        await service.set(0, .answers(.refused("503")))
        let plan = try await plan()
        let error = await #expect(throws: WitnessFailure.self) {
            try await withRunner { try await run(plan, $0) }
        }
        #expect(error?.remedy.contains("Nothing was begun") == true)
        #expect(try await !hasBegun)
        await service.set(0, .honest)
        try await withRunner { try await run(plan, $0) }
        #expect(try await hasBegun)
    }

    @Test("the way back asks no witness")
    func wayBack() async throws {
        await service.set(0, .answers(.refused("503")))
        let plan = try await plan(rollsBack: "20261122-170000-ab12")
        try await withRunner { try await run(plan, $0) }
        #expect(try await hasBegun)
        #expect(await service.oldSizes == [[]])
    }
}
