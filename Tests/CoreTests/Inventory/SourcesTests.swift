import Testing

@testable import Core

/// Inventories with sources: which nodes there are, who says what of them, and what is refused.
@Suite("Inventories with sources")
struct SourcesTests {
    static func bytes(_ text: String, beside: [String: String] = [:]) -> InventoryFile.SourceBytes {
        InventoryFile.SourceBytes(main: Array(text.utf8), beside: beside.mapValues { Array($0.utf8) })
    }

    static func inventory(
        _ sources: [String], nodes: String = "", defaults: String = "{}", kubectl: String = "",
        _ bytes: [InventoryFile.SourceBytes]
    ) throws -> Inventory {
        let text = """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: prod, environment: production\(kubectl)}
            defaults: \(defaults)
            sources:
            \(sources.map { "- \($0)" }.joined(separator: "\n"))
            \(nodes)
            """
        return try InventoryFile.parse(Array(text.utf8), file: "conf/inventory.yaml").inventory(sources: bytes)
    }

    static func faults(_ body: () throws -> Inventory) -> [String] {
        (#expect(throws: Diagnostics.self) { try body() })?.all.map(\.description) ?? []
    }

    static let hosts = """
        [kube_node]
        w[1:2] ansible_user=ops
        w3 ansible_host=10.0.0.3 ansible_port=2222 ansible_become=true
        [kube_control_plane]
        cp1 ansible_host=10.0.0.9 ansible_ssh_private_key_file=~/.ssh/cp
        [gpu]
        w2
        [k8s:children]
        kube_node
        kube_control_plane
        [other]
        db_1
        """
    static let ansible =
        "{ansible: hosts.ini, select: group=k8s, roles: {kube_node: worker, kube_control_plane: control-plane}, pools: {gpu: gpu}}"

    @Test("an Ansible inventory adds nodes: groups become roles and pools only as the own file maps them")
    func ansibleNodes() throws {
        let inventory = try Self.inventory(
            [Self.ansible], defaults: "{user: root, sudo: never}", kubectl: ", kubectl: {host: cp1}",
            [Self.bytes(Self.hosts)])
        #expect(inventory.nodes.map(\.name) == ["w1", "w2", "w3", "cp1"])
        #expect(inventory.nodes.map(\.address) == ["w1", "w2", "10.0.0.3", "10.0.0.9"])
        #expect(inventory.nodes.map(\.user) == ["ops", "ops", "root", "root"])
        #expect(inventory.nodes.map(\.port) == [nil, nil, 2222, nil])
        #expect(inventory.nodes.map(\.pool) == ["default", "gpu", "default", "default"])
        #expect(inventory.nodes.map(\.roles) == [["worker"], ["worker"], ["worker"], ["control-plane"]])
        #expect(inventory.nodes.map(\.sudo) == [.never, .never, .auto, .never])
        #expect(inventory.nodes[1].groups == ["kube_node", "gpu", "k8s"])
        #expect(inventory.nodes[3].identityFiles == ["~/.ssh/cp"] && inventory.nodes[0].identityFiles == nil)
        #expect(inventory.nodes[3].origins == [SourceLocation(file: "conf/hosts.ini", line: 5)])
        #expect(try inventory.nodes(matching: Selector.parse("group=gpu")).map(\.name) == ["w2"])
    }

    @Test("of a node in both the own file's fields hold, one by one; a template that it overrides is no fault")
    func overlay() throws {
        let hosts = "w1 ansible_host={{x}} ansible_user=ops ansible_port=2222\nw2 ansible_host=10.0.0.2"
        let inventory = try Self.inventory(
            ["{ansible: hosts.ini}"],
            nodes:
                "nodes:\n- {name: w1, address: 10.0.0.1, roles: [worker], labels: {a: b}}\n- {name: x, address: 10.0.0.7}",
            [Self.bytes(hosts)])
        #expect(inventory.nodes.map(\.name) == ["w1", "x", "w2"])
        let w1 = inventory.nodes[0]
        #expect(w1.address == "10.0.0.1" && w1.user == "ops" && w1.port == 2222 && w1.roles == ["worker"])
        #expect(w1.origins.map(\.description) == ["conf/inventory.yaml:8:10", "conf/hosts.ini:1"])
        #expect(
            Self.faults { try Self.inventory(["{ansible: hosts.ini}"], [Self.bytes(hosts)]) } == [
                "conf/hosts.ini:1: address: ansible_host of 'w1' is a template, which Belay does not evaluate. "
                    + "Say it under 'nodes' in the inventory's own file, or write it out there"
            ])
    }

    static let kubernetes = """
        {"kind": "List", "items": [
          {"kind": "Node", "metadata": {"name": "w1", "labels": {"node-role.kubernetes.io/worker": "", "pool": "blue"}},
           "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}},
          {"kind": "Node", "metadata": {"name": "ip-10-0-0-2.internal", "labels": {"pool": "Odd_One"}},
           "status": {"addresses": [{"type": "Hostname", "address": "n2"}, {"type": "InternalIP", "address": "10.0.0.2"}]}}]}
        """

    @Test("two sources add up as long as they do not contradict one another; the own file ends a contradiction")
    func twoSources() throws {
        let sources = [
            "{ansible: h.ini}",
            "{kubernetes: n.json, poolLabels: [pool], pools: {Odd_One: odd}, defaultRoles: [worker]}",
        ]
        let bytes = [
            Self.bytes("w1 ansible_user=ops ansible_host=10.9.9.9\nw2 ansible_user=ops"), Self.bytes(Self.kubernetes),
        ]
        #expect(
            Self.faults {
                try Self.inventory(sources, nodes: "nodes: [{name: w2, kubernetesName: ip-10-0-0-2.internal}]", bytes)
            }
                == [
                    "conf/h.ini:1: address: of node 'w1' is '10.9.9.9' here and '10.0.0.1' in conf/n.json. "
                        + "Say which holds under 'nodes' in conf/inventory.yaml"
                ])
        let inventory = try Self.inventory(
            sources, nodes: "nodes: [{name: w2, kubernetesName: ip-10-0-0-2.internal}, {name: w1, address: 10.0.0.1}]",
            bytes)
        #expect(inventory.nodes.map(\.name) == ["w2", "w1"])
        #expect(inventory.nodes.map(\.address) == ["10.0.0.2", "10.0.0.1"])
        #expect(inventory.nodes.map(\.user) == ["ops", "ops"])
        #expect(
            inventory.nodes.map(\.pool) == ["odd", "blue"] && inventory.nodes.map(\.roles) == [["worker"], ["worker"]])
        #expect(inventory.nodes.map(\.nameInKubernetes) == ["ip-10-0-0-2.internal", "w1"])
        #expect(inventory.nodes[0].origins.count == 3)
    }

    @Test("one machine under two names is refused, with how to say that it is one")
    func sharedAddress() {
        let faults = Self.faults {
            try Self.inventory(
                ["{ansible: h.ini}", "{kubernetes: n.json, poolLabels: []}"],
                [Self.bytes("w2 ansible_host=10.0.0.2"), Self.bytes(Self.kubernetes)])
        }
        #expect(
            faults == [
                "conf/n.json: address: node 'ip-10-0-0-2.internal' has the address of node 'w2', 10.0.0.2. "
                    + "If they are one machine, say so under 'nodes': {name: w2, kubernetesName: ip-10-0-0-2.internal}"
            ])
    }

    @Test("the digest is that of the file, and with sources changes with every byte of each of their files")
    func digest() throws {
        func digest(_ hosts: String, _ beside: [String: String]) throws -> String {
            try Self.inventory(["{ansible: h.ini}"], [Self.bytes(hosts, beside: beside)]).digest
        }
        let digests = try [
            digest("w1", [:]), digest("w1 ", [:]), digest("w1", ["group_vars/x": ""]),
            digest("w1", ["group_vars/x": "#"]),
            digest("w1", ["group_vars/y": ""]),
        ]
        #expect(Set(digests).count == digests.count)
        #expect(try digest("w1", [:]) == digests[0])
        let alone = Array(InventoryTests.text.utf8)
        #expect(try Inventory.parse(alone, file: "f").digest == Digest.sha256(alone))
    }

    @Test(
        "what cannot be a node of this inventory is refused with its place and what to do",
        arguments: [
            (
                "db_1", "{ansible: h.ini}",
                "conf/h.ini:1: the host's name 'db_1' must be a name (\(Name.form)). Rename it there, or leave it out with 'select'"
            ),
            (
                "[all]\nlocalhost ansible_connection=local", "{ansible: h.ini}",
                "conf/h.ini:2: Ansible reaches 'localhost' by 'local', and Belay reaches nodes by SSH alone. "
                    + "Leave it out with 'select'"
            ),
            (
                "w1", "{ansible: h.ini, select: name=x*}",
                "conf/inventory.yaml:6:13: sources: 'select' matches none of the 1 nodes in conf/h.ini"
            ),
            ("# none", "{ansible: h.ini}", "conf/inventory.yaml:6:13: sources: conf/h.ini has no node"),
            (
                "[web]\nw1", "{ansible: h.ini, roles: {wev: worker}}",
                "conf/inventory.yaml:6:13: sources: roles: conf/h.ini has no group 'wev'; did you mean 'web'?"
            ),
            (
                "w1 ansible_port=022", "{ansible: h.ini}",
                "conf/h.ini:1: port: ansible_port of 'w1' must be a port, 1 to 65535. "
                    + "Say it under 'nodes' in the inventory's own file, or write it out there"
            ),
            (
                "w1 ansible_host=-oProxyCommand=x", "{ansible: h.ini}",
                "conf/h.ini:1: address: ansible_host of 'w1' must be a host name or an IP address (without brackets or a port). "
                    + "Say it under 'nodes' in the inventory's own file, or write it out there"
            ),
            (
                "w1 ansible_private_key_file=keys/id", "{ansible: h.ini}",
                "conf/h.ini:1: identityFiles: ansible_private_key_file of 'w1' must be an absolute path, or one below ~/. "
                    + "Say it under 'nodes' in the inventory's own file, or write it out there"
            ),
            (
                "[a]\nw1\n[b]\nw1", "{ansible: h.ini, pools: {a: one, b: two}}",
                "conf/h.ini:2: pool: 'w1' is in groups of several pools: one, two"
            ),
            (
                "#!/usr/bin/env python3\nprint(1)", "{ansible: h.ini}",
                "conf/h.ini: is a program, and Belay runs none. Write out what it says and name that file: "
                    + "ansible-inventory -i conf/h.ini --list --yaml --output hosts.yaml"
            ),
            (
                "$ANSIBLE_VAULT;1.1;AES256\n61", "{ansible: h.ini}",
                "conf/h.ini: is encrypted by Ansible Vault. Name a file that is not, with the hosts alone"
            ),
            (
                "plugin: amazon.aws.aws_ec2", "{ansible: h.yml}",
                "conf/h.yml:1:1: configures an inventory plugin, and Belay runs none. Write out what it says and name that file: "
                    + "ansible-inventory -i conf/h.yml --list --yaml --output hosts.yaml"
            ),
            (
                "all: {hots: {w1: }}", "{ansible: h.yml}",
                "conf/h.yml:1:7: a group has 'hosts', 'children' and 'vars' alone; did you mean 'hosts'?"
            ),
            (
                "{}", "{kubernetes: n.json}",
                "conf/n.json: has no list of nodes but ''. Write it with: kubectl get nodes -o json"
            ),
            (
                "NAME STATUS", "{kubernetes: n.json}",
                "conf/n.json: is not what kubectl prints of nodes: it is not JSON. Write it with: kubectl get nodes -o json"
            ),
            (
                #"{"kind":"NodeList","items":[{"metadata":{}}]}"#, "{kubernetes: n.json}",
                "conf/n.json: is not what kubectl prints of nodes: 'items.[0].metadata' is not as it must be. Write it with: kubectl get nodes -o json"
            ),
            (
                #"{"kind":"List","items":[{"kind":"Pod","metadata":{"name":"x"}}]}"#, "{kubernetes: n.json}",
                "conf/n.json: has no list of nodes but 'List'. Write it with: kubectl get nodes -o json"
            ),
            (
                #"{"kind":"Node","metadata":{"name":"w1;rm"},"status":{"addresses":[{"type":"InternalIP","address":"1.1.1.1"}]}}"#,
                "{kubernetes: n.json}",
                "conf/n.json: items[0].metadata.name: node 'w1;rm' must be a node's name in Kubernetes: lower-case letters, digits, '-' "
                    + "and '.', at most 253, beginning and ending with a letter or digit. Leave it out with 'select'"
            ),
            (
                #"{"kind":"Node","metadata":{"name":"w1"},"status":{"addresses":[{"type":"InternalIP","address":"1.1.1.1"}]}}"#,
                "{kubernetes: n.json, address: ExternalIP}",
                "conf/n.json: items[0].status.addresses: node 'w1' has no ExternalIP, only InternalIP. "
                    + "Choose another by 'address' of the source, or say it under 'nodes'"
            ),
            (
                #"{"kind":"Node","metadata":{"name":"w1","labels":{"a b":""}},"status":{"addresses":[{"type":"InternalIP","address":"1.1.1.1"}]}}"#,
                "{kubernetes: n.json}",
                "conf/n.json: items[0].metadata.labels: node 'w1' has labels that Kubernetes would not accept"
            ),
        ])
    func refused(content: String, source: String, expected: String) {
        #expect(Self.faults { try Self.inventory([source], [Self.bytes(content)]) } == [expected])
    }

    @Test(
        "a source is one file with the fields of its kind",
        arguments: [
            ("{ansible: a, kubernetes: b}", "sources[0]: must name one file: 'ansible' or 'kubernetes'"),
            ("{}", "sources[0]: must name one file: 'ansible' or 'kubernetes'"),
            (
                "{ansible: a, defaultRoles: [x]}",
                "sources[0].defaultRoles: is for a 'kubernetes' source: an Ansible inventory says this by its groups and variables"
            ),
            ("{ansible: a, select: role=}", "sources[0].select: a role must stand here"),
            ("{ansible: a, pools: {x: A_B}}", "sources[0].pools: 'A_B', for 'x', must be a name (\(Name.form))"),
            (
                "{kubernetes: a, address: IP}",
                "sources[0].address: must be one of InternalIP, ExternalIP, Hostname, not 'IP'"
            ),
        ])
    func sourceFields(source: String, expected: String) {
        let faults = Self.faults { try Self.inventory([source], [Self.bytes("")]) }
        #expect(faults.count == 1 && faults.first?.hasSuffix(": " + expected) == true, "\(faults)")
    }

    @Test("a node that only the own file has needs an address; a source that was not read is an error")
    func missing() {
        #expect(
            Self.faults { try Self.inventory(["{ansible: h}"], nodes: "nodes: [{name: w2}]", [Self.bytes("w1")]) } == [
                "conf/inventory.yaml:7:16: nodes: address: is missing: no source has a node 'w2'"
            ])
        #expect(
            Self.faults { try Self.inventory(["{ansible: h}"], []) } == [
                "conf/inventory.yaml:6:13: sources: a source was not read"
            ])
    }

    @Test("what Ansible would do and Belay does not is noted once, with what to do, and without secrets")
    func notes() throws {
        let hosts = """
            w[1:5] ansible_ssh_common_args='-o ProxyCommand="sshpass -p s3cret ssh -W %h:%p j" -J bastion' ansible_password=s3cret
            x_1 ansible_become_password=s3cret
            """
        let inventory = try Self.inventory(
            ["{ansible: h, select: name=w*}"],
            [
                Self.bytes(
                    hosts,
                    beside: ["group_vars/all/vault": "$ANSIBLE_VAULT;1.1;AES256\n61", "group_vars/all/x": "a: *b"])
            ])
        #expect(
            inventory.notes.map(\.description) == [
                "conf/h:1: warning: ansible_password is not taken over: Belay logs in by key alone, for w1, w2, w3 and 2 more. "
                    + "Give the node a key: identityFiles, or ssh-agent",
                "conf/h:1: warning: ProxyCommand, ProxyJump bastion is not taken over: Belay asks ssh's configuration instead, "
                    + "for w1, w2, w3 and 2 more. Write it into ~/.ssh/config below 'Host' and the node's address, "
                    + "or name a file by 'defaults.sshConfig'",
                "conf/group_vars/all/vault: warning: the file is encrypted and was not read. If it sets a node's address, user, "
                    + "port or key, say so under 'nodes' in the inventory's own file",
            ])
        #expect(!"\(inventory.notes)".contains("s3cret"))
    }

    @Test("user, port, keys, transport and ssh's configuration are what is said, else left to ssh's configuration")
    func connection() throws {
        let inventory = try Self.inventory(
            ["{ansible: h}"], nodes: "nodes: [{name: w1, identityFiles: [k], transport: openssh}]",
            defaults: "{transport: libssh2, sshConfig: ssh.conf}", [Self.bytes("w1\nw2")])
        #expect(inventory.nodes.map(\.user) == [nil, nil] && inventory.nodes.map(\.port) == [nil, nil])
        #expect(inventory.nodes.map(\.transport) == [.openssh, .libssh2])
        #expect(inventory.nodes.map(\.identityFiles) == [["conf/k"], nil])
        #expect(inventory.defaults.sshConfig == .file("conf/ssh.conf"))
        #expect(inventory.nodes[0].endpointText == "w1" && inventory.nodes[0].destinationText == "w1")
        let none = try Self.inventory(["{ansible: h}"], defaults: "{sshConfig: none}", [Self.bytes("w1")])
        #expect(none.defaults.sshConfig == .disabled)
        #expect(try Self.inventory(["{ansible: h}"], [Self.bytes("w1")]).defaults.sshConfig == nil)
    }

    @Test("what kubectl printed of real nodes is an inventory, whether or not they are cordoned")
    func recorded() throws {
        for file in ["nodes.json", "nodes-cordoned.json"] {
            let bytes = InventoryFile.SourceBytes(main: try ModelFixture.bytes("kubernetes/\(file)"))
            let inventory = try Self.inventory(["{kubernetes: n.json, defaultRoles: [worker]}"], [bytes])
            #expect(inventory.nodes.map(\.name) == ["cp1", "w1", "w2"])
            #expect(inventory.nodes.map(\.address) == ["10.88.0.11", "10.88.0.12", "10.88.0.13"])
            #expect(inventory.nodes.map(\.roles) == [["control-plane"], ["worker"], ["worker"]])
            #expect(
                inventory.nodes[1].labels["kubernetes.io/hostname"] == "w1" && inventory.nodes[1].kubernetesName == nil)
            #expect(try inventory.nodes(matching: Selector.parse("kubernetes.io/hostname=w*")).count == 2)
        }
    }
}
