import Core
import Testing

@testable import Engine

@Suite("a survey that cannot be made")
struct SurveyTests {
    private static func survey(_ kubectl: String) async throws -> ClusterSurveyFacts {
        // Nothing listens on port 1 of the loopback.
        let text = """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: c1, environment: production\(kubectl)}
            nodes: [{name: cp1, address: 127.0.0.1, port: 1, roles: [control-plane]}]
            """
        let inventory = try Inventory.parse(Array(text.utf8), file: "inventory.yaml")
        let connector = try Connector(inventory: inventory)
        let gatherer = Gatherer(connector: connector, inventory: inventory, nonces: SystemNonces())
        let facts = await gatherer.survey(at: Timestamp(milliseconds: 1_795_800_000_000))
        await connector.shutdown()
        return facts
    }

    @Test("without an execution host all is unknown, and the cause says what to name")
    func noHost() async throws {
        let facts = try await Self.survey("")
        let cause = "the inventory names no execution host (cluster.kubectl)"
        #expect(facts.api.reachable == .unknown(cause) && facts.kubernetes(of: "cp1").node.ready == .unknown(cause))
    }

    @Test("an execution host that does not answer says nothing of the API: all is unknown, and why")
    func noAnswer() async throws {
        let facts = try await Self.survey(", kubectl: {host: cp1, kubeconfig: /etc/kubernetes/admin.conf}")
        guard case .unknown(let cause) = facts.api.reachable else {
            return #expect(Bool(false), "the API is not known")
        }
        #expect(cause.hasPrefix("the execution host did not answer: "), "\(cause)")
        #expect(facts.nodes.value == nil)
    }
}
