import Testing

@testable import Core

@Suite("Inventories")
struct InventoryTests {
    static let text = """
        apiVersion: belay/v1
        kind: Inventory
        cluster: {name: prod-eu, environment: production}
        defaults: {user: ops, identityFiles: [keys/id, /etc/id, ~/.ssh/id], knownHosts: [known_hosts]}
        nodes:
        - {name: cp1, address: 10.0.0.1, user: root, roles: [control-plane, etcd]}
        - {name: w1, address: "2001:db8::1", port: 2222, roles: [worker], pool: blue, labels: {zone: a}, hostKeyAlias: w1.x}
        - {name: w2, address: w2.example.com, sudo: never}
        """

    static func parse(_ text: String) throws -> Inventory {
        try Inventory.parse(Array(text.utf8), file: "conf/inventory.yaml")
    }

    @Test("a node has its own values, else the defaults")
    func values() throws {
        let inventory = try Self.parse(Self.text)
        #expect(inventory.cluster == .init(name: "prod-eu", environment: "production"))
        #expect(inventory.defaults.identityFiles == ["conf/keys/id", "/etc/id", "~/.ssh/id"])
        #expect(inventory.defaults.knownHosts == ["conf/known_hosts"])
        let (cp1, w1) = (inventory.nodes[0], inventory.nodes[1])
        #expect(cp1.port == nil && cp1.pool == "default" && cp1.roles == ["control-plane", "etcd"])
        #expect(w1.port == 2222 && w1.user == "ops" && w1.labels == ["zone": "a"] && w1.hostKeyAlias == "w1.x")
    }

    @Test("sudo is used unless the user is root or it is switched off")
    func sudo() throws {
        #expect(try Self.parse(Self.text).nodes.map { $0.usesSudo(as: $0.user ?? "") } == [false, true, false])
    }

    @Test("nodes are selected by name, each once; unknown names are all reported")
    func selection() throws {
        let inventory = try Self.parse(Self.text)
        #expect(try inventory.nodes(named: ["w2", "cp1", "w2"]).map(\.name) == ["w2", "cp1"])
        let error = #expect(throws: Diagnostics.self) { try inventory.nodes(named: ["w3", "w1", "zzz"]) }
        #expect(
            error?.all.map(\.description) == [
                "conf/inventory.yaml: nodes: there is no node 'w3'; did you mean 'w1'?",
                "conf/inventory.yaml: nodes: there is no node 'zzz'; known are cp1, w1, w2",
            ])
    }

    @Test("faults are at their places")
    func faults() {
        let error = #expect(throws: Diagnostics.self) {
            try Self.parse(
                """
                apiVersion: belay/v1
                kind: Inventory
                cluster: {name: prod}
                nodes:
                - {name: w1, address: -oProxyCommand=x}
                - {name: w1, address: 10.0.0.2, port: 70000, rols: [worker]}
                - {name: W 3, address: "10.0.0.3 x", user: "a;b"}
                """)
        }
        #expect(
            error?.all.map(\.description) == [
                "conf/inventory.yaml:3:10: cluster.environment: is missing: a text is required",
                "conf/inventory.yaml:5:23: nodes[0].address: must be a host name or an IP address (without brackets or a port)",
                "conf/inventory.yaml:6:3: nodes: the name 'w1' is taken by an earlier item",
                "conf/inventory.yaml:6:39: nodes[1].port: must be 1 to 65535, not 70000",
                "conf/inventory.yaml:6:46: nodes[1].rols: there is no such field; did you mean 'roles'?",
                "conf/inventory.yaml:7:10: nodes[2].name: must be a name (\(Name.form))",
                "conf/inventory.yaml:7:24: nodes[2].address: must be a host name or an IP address (without brackets or a port)",
                "conf/inventory.yaml:7:44: nodes[2].user: must be a user name",
            ])
    }

    static func withKubectl(_ kubectl: String, names: String = "") -> String {
        """
        apiVersion: belay/v1
        kind: Inventory
        cluster:
          name: prod
          environment: production
          kubectl: \(kubectl)
        nodes:
        - {name: cp1, address: 10.0.0.1}
        - {name: w1, address: 10.0.0.2\(names)}
        """
    }

    @Test(
        "kubectl runs on a node or here, with a kubeconfig of that place",
        arguments: [
            ("{host: cp1}", Inventory.Kubectl.Host.node("cp1"), "/etc/kubernetes/admin.conf"),
            ("{host: cp1, kubeconfig: /root/k}", .node("cp1"), "/root/k"), ("{host: local}", .local, "~/.kube/config"),
            ("{host: local, kubeconfig: keys/k}", .local, "conf/keys/k"),
        ])
    func kubectl(text: String, host: Inventory.Kubectl.Host, kubeconfig: String) throws {
        let inventory = try Self.parse(Self.withKubectl(text))
        #expect(inventory.cluster.kubectl == .init(host: host, kubeconfig: kubeconfig))
        #expect(try Self.parse(Self.text).cluster.kubectl == nil)
    }

    @Test("a node's name in Kubernetes is its own unless the inventory says otherwise")
    func kubernetesName() throws {
        let text = Self.withKubectl("{host: cp1}", names: ", kubernetesName: ip-10-0-0-2.ec2.internal")
        #expect(try Self.parse(text).nodes.map(\.nameInKubernetes) == ["cp1", "ip-10-0-0-2.ec2.internal"])
    }

    @Test(
        "faults of kubectl are at their places",
        arguments: [
            (
                "{host: cp2}",
                "6:19: cluster.kubectl.host: must be 'local' or a node of this inventory, and there is "
                    + "no 'cp2'; did you mean 'cp1'?"
            ),
            ("{host: cp1, kubeconfig: k}", "6:36: cluster.kubectl.kubeconfig: must be an absolute path on the node"),
            (
                "{host: cp1, kubeconfig: \"/a\\nb\"}",
                "6:36: cluster.kubectl.kubeconfig: must be an absolute path on the node"
            ),
            ("{kubeconfig: /k}", "6:12: cluster.kubectl.host: is missing: a text is required"),
            (
                "{host: cp1, kubconfig: /k}",
                "6:24: cluster.kubectl.kubconfig: there is no such field; did you mean 'kubeconfig'?"
            ),
            ("cp1", "6:12: cluster.kubectl: must be a mapping, not text"),
        ])
    func kubectlFaults(text: String, expected: String) {
        let error = #expect(throws: Diagnostics.self) { try Self.parse(Self.withKubectl(text)) }
        #expect(
            error?.all.first?.description.hasPrefix("conf/inventory.yaml:\(expected)") == true, "\(error?.all ?? [])")
    }

    @Test("a node named local cannot be told from this machine; a name that is none in Kubernetes is refused")
    func localNode() {
        let text = Self.withKubectl("{host: local}").replacing("name: w1", with: "name: local")
        let error = #expect(throws: Diagnostics.self) { try Self.parse(text) }
        #expect(error?.all.first?.field == "cluster.kubectl.host")
        for name in ["W1", "a..b", "-a", "w_1"] {
            let named = Self.withKubectl("{host: cp1}", names: ", kubernetesName: \(name)")
            let error = #expect(throws: Diagnostics.self) { try Self.parse(named) }
            #expect(error?.all.first?.field == "nodes[1].kubernetesName")
        }
    }
}
