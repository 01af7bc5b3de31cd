import Core
import SSH

/// The execution host while a plan is made: one connection for all targets.
struct ClusterHost: Sendable {
    /// Who it is; nil when it did not answer.
    let plan: HostPlan?
    /// The kubeconfig there.
    let kubeconfig: String
    private let reach: Reach

    private enum Reach: Sendable {
        case ssh(SSHConnection)
        case local(LocalHost)
        case none(NodeFailure)
    }

    /// The host that the inventory names; nil when it names none.
    static func open(_ inventory: Inventory, _ connector: Connector, _ nonces: any Nonces) async -> ClusterHost? {
        guard let kubectl = inventory.cluster.kubectl else { return nil }
        do throws(NodeFailure) {
            switch kubectl.host {
            case .local:
                let local = LocalHost()
                return ClusterHost(
                    plan: try local.plan(), kubeconfig: kubectl.kubeconfig, reach: .local(local))
            case .node(let name):
                let connection = try await connector.connect(to: name)
                let machineID = try await machineID(over: connection, nonces)
                let identity = NodeIdentity(
                    address: connection.endpoint.place, hostKey: connection.hostKey.fingerprint, machineID: machineID)
                return ClusterHost(
                    plan: HostPlan(name: name, identity: identity), kubeconfig: kubectl.kubeconfig,
                    reach: .ssh(connection))
            }
        } catch {
            return ClusterHost(plan: nil, kubeconfig: kubectl.kubeconfig, reach: .none(error))
        }
    }

    private static func machineID(
        over connection: SSHConnection, _ nonces: any Nonces
    ) async throws(NodeFailure) -> String {
        let asked = Questions([[Command(["cat", "/etc/machine-id"])]], nonces)
        let parts = try await asked.ask { (script) throws(NodeFailure) in
            try await Connector.run(script, on: connection, seconds: 30)
        }.get()
        let text = parts[0][0].output.text?.split(separator: "\n").first.map(String.init) ?? ""
        guard text.utf8.count == 32 else {
            throw NodeFailure(
                "the execution host has no readable /etc/machine-id", remedy: "Run systemd-machine-id-setup.",
                isPassing: false)
        }
        return text
    }

    /// Runs a script there.
    func run(_ script: String) async throws(NodeFailure) -> [UInt8] {
        switch reach {
        case .ssh(let connection): try await Connector.run(script, on: connection, seconds: 60)
        case .local(let local): try await local.run(script, seconds: 60)
        case .none(let failure): throw failure
        }
    }

    func close() async {
        if case .ssh(let connection) = reach { await connection.close() }
    }
}
