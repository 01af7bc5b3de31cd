import CEL
import Foundation
import Testing

@testable import Core

/// The network, names, the API server, proxies and rules.
@Suite("Facts: network", .serialized)
struct NetworkFactsTests {
    private func recorded(_ shell: [String]) throws -> FactNode {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        let fixtures = "\(ModelFixture.fixtures.path)/facts/groups"
        try node.program(
            "ip",
            "case \"$*\" in '-o addr show') f=ip-o-addr ;; 'route show') f=ip-route ;; *) f=ip-6-route ;; esac\n"
                + "exec cat \"\(fixtures)/$f.out\"")
        return node
    }

    @Test("addresses, routes, ports, links and sockets of a recorded node", arguments: FactNode.shells)
    func network(shell: [String]) async throws {
        let node = try recorded(shell)
        for (name, state) in [("lo", "unknown"), ("eth0", "up")] {
            try node.file("/sys/class/net/\(name)/operstate", state + "\n")
            try node.file("/sys/class/net/\(name)/flags", "0x1003\n")
            try node.file("/sys/class/net/\(name)/mtu", "1400\n")
        }
        try await node.ask(.network).expect(
            "facts.network.addresses == ['10.77.0.241/24 eth0']", "facts.network.defaultGateway == '10.77.0.1'",
            "'default via 10.77.0.1 dev eth0' in facts.network.routes",
            "22 in facts.network.listening && 6443 in facts.network.listening && 10250 in facts.network.listening",
            "facts.network.links['eth0'].up && facts.network.links['lo'].up && facts.network.links['eth0'].mtu == 1400",
            "facts.network.links['eth0'].errors == 0", "facts.network.sockets.tcpInUse > 50",
            "facts.network.sockets.timeWait > 0 && facts.network.sockets.orphaned == 0")
    }

    @Test("links of pods only count with errors, a link without carrier is down", arguments: FactNode.shells)
    func links(shell: [String]) async throws {
        let node = try recorded(shell)
        let zero = "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"
        try node.file(
            "/proc/net/dev",
            "Inter-|\n face |\n  eth0:123 1 2 3 0 0 0 0 5 1 4 5 0 0 0 0\n veth1: \(zero)\ncali2: 1 1 7 0 0 0 0 0 0 0 0 0 0 0 0 0\n tun0: \(zero)\n"
        )
        for (name, state, flags) in [("eth0", "down", "0x1002"), ("cali2", "up", "0x1"), ("tun0", "unknown", "0x10d1")]
        {
            try node.file("/sys/class/net/\(name)/operstate", state + "\n")
            try node.file("/sys/class/net/\(name)/flags", flags + "\n")
            try node.file("/sys/class/net/\(name)/mtu", "1500\n")
        }
        try await node.ask(.network).expect(
            "facts.network.links.size() == 3", "!facts.network.links['eth0'].up && facts.network.links['tun0'].up",
            "facts.network.links['eth0'].errors == 6 && facts.network.links['eth0'].drops == 8",
            "facts.network.links['cali2'].errors == 7")
    }

    @Test("without ip(8) and without a default route", arguments: FactNode.shells)
    func withoutIP(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        let facts = try await node.ask(.network)
        try facts.expectUnknown("facts.network.routes", "iproute2")
        try facts.expect("22 in facts.network.listening")
        try node.program("ip", "case $1 in route) echo '10.0.0.0/8 dev eth0' ;; -6) exit 2 ;; esac")
        try await node.ask(.network).expect(
            "facts.network.defaultGateway == ''", "facts.network.routes == ['10.0.0.0/8 dev eth0']")
    }

    @Test("name servers that answer, that do not, and options that are none", arguments: FactNode.shells)
    func dns(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file(
            "/etc/resolv.conf",
            "# x\nnameserver 127.0.0.1\nnameserver 127.0.0.1\nnameserver $(touch /x)\nsearch a.test b.test\nsearch c.test\noptions ndots:5\n"
        )
        let blind = try await node.ask(.dns)
        try blind.expect("facts.dns.servers == ['127.0.0.1']", "facts.dns.search == ['c.test']")
        try blind.expectUnknown("facts.dns.answers", "bash")
        try node.take("bash")
        try await node.ask(.dns).expect("facts.dns.answers == {'127.0.0.1': false}")
        try FileManager.default.removeItem(atPath: node.root + "/etc/resolv.conf")
        try await node.ask(.dns).expectUnknown("facts.dns.servers", "/etc/resolv.conf is not there")
    }

    private static let curl = """
        for url; do :; done
        case $url in
          */readyz*) printf '[+]ping ok\\n[-]etcd failed: reason withheld\\nreadyz check failed\\n\\n500\\n' ;;
          */livez) printf 'ok\\n200\\n' ;;
          *) echo "curl: (28) Operation timed out after 1500 ms"; printf '\\n000\\n' ;;
        esac
        """

    @Test("the API server: what it says, what failed, who did not answer", arguments: FactNode.shells)
    func api(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file(
            "/etc/kubernetes/kubelet.conf", "clusters:\n- cluster:\n    server: \"https://user:pw@10.0.0.1:6443/\"\n")
        try await node.ask(.api).expectUnknown("facts.api.healthz", "curl is not installed")
        try node.program("curl", Self.curl)
        let facts = try await node.ask(.api)
        try facts.expect(
            "facts.api.server == 'https://10.0.0.1:6443'", "facts.api.livez == 200",
            "facts.api.readyz == 500", "facts.api.failing == ['[-]etcd failed: reason withheld']",
            "facts.api.error == 'curl: (28) Operation timed out after 1500 ms'")
        // Who is slow is not gone.
        try facts.expectUnknown("facts.api.healthz", "no answer came in 1.5 s")
        try node.program("curl", "echo 'curl: (7) Failed to connect'; printf '\\n000\\n'")
        try await node.ask(.api).expect(
            "facts.api.healthz == 0 && facts.api.livez == 0", "facts.api.error == 'curl: (7) Failed to connect'")
        try node.program(
            "curl", "cat '\(ModelFixture.fixtures.path)/facts/groups/readyz-etcd-down.out'; echo; echo 200")
        try await node.ask(.api).expect(
            "facts.api.readyz == 200", "facts.api.failing == []", "facts.api.error == ''")
    }

    @Test(
        "an API server is found by its manifest, and nothing is asked where none is named",
        arguments: FactNode.shells)
    func apiByManifest(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.program("curl", Self.curl)
        try await node.ask(.api).expectUnknown("facts.api.server", "nothing in /etc/kubernetes names an API server")
        try node.file("/etc/kubernetes/manifests/kube-apiserver.yaml", "    - --secure-port=7443\n")
        try await node.ask(.api).expect("facts.api.server == 'https://127.0.0.1:7443'")
        try node.file("/etc/kubernetes/admin.conf", "    server: file:///etc/passwd\n")
        try await node.ask(.api).expectUnknown("facts.api.server", "no URL")
    }

    @Test("proxies of units come without credentials", arguments: FactNode.shells)
    func proxies(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.take("bash")
        try node.file("/run/systemd/system/x", "")
        try node.file("/etc/default/docker", "export HTTPS_PROXY=\"http://u:p/w@127.0.0.1:9\"\n")
        try node.program(
            "systemctl",
            """
            cat <<'END'
            Environment=A=b "HTTPS_PROXY=http://bob:s3cr@t/x@127.0.0.1:9/" "NO_PROXY=10.0.0.0/8, .svc" HTTP_PROXY=http://other:1
            Id=containerd.service
            LoadState=loaded

            EnvironmentFiles=\(node.root.isEmpty ? "" : "/etc/default/docker") (ignore_errors=yes)
            Id=docker.service
            LoadState=loaded

            Environment=HTTPS_PROXY=http://gone:1
            Id=crio.service
            LoadState=not-found
            END
            """)
        let facts = try await node.ask(.proxies)
        try facts.expect(
            "facts.proxies.size() == 2", "facts.proxies['containerd'].url == 'http://127.0.0.1:9'",
            "facts.proxies['containerd'].noProxy == '10.0.0.0/8, .svc'", "!facts.proxies['containerd'].answers",
            "facts.proxies['docker'].url == 'http://127.0.0.1:9'", "facts.proxies['docker'].noProxy == ''")
    }

    @Test("proxies of the recorded node, and of one without systemd", arguments: FactNode.shells)
    func otherProxies(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file("/run/systemd/system/x", "")
        try node.program("systemctl", prints: "show-environment.out")
        try await node.ask(.proxies).expect("facts.proxies == {}")
        try node.program("systemctl", "exit 1")
        try await node.ask(.proxies).expectUnknown("facts.proxies", "systemctl did not answer")
        try FileManager.default.removeItem(atPath: node.root + "/run")
        try node.file("/etc/environment", "http_proxy=http://[::1]:9\nno_proxy='a,b'\n")
        try node.file("/etc/sysconfig/docker", "HTTPS_PROXY=https://proxy.test\n")
        let facts = try await node.ask(.proxies)
        try facts.expect(
            "facts.proxies['/etc/environment'].url == 'http://[::1]:9'",
            "facts.proxies['/etc/environment'].noProxy == 'a,b'",
            "facts.proxies['docker'].url == 'https://proxy.test'")
        try facts.expectUnknown("facts.proxies['docker'].answers", "bash")
    }

    @Test("rules of kube-proxy are counted, and the nat table's flush shows", arguments: FactNode.shells)
    func serviceRules(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try await node.ask(.serviceRules).expectUnknown("facts.serviceRules.jumps", "iptables-save is not installed")
        try node.program("iptables-save", prints: "iptables-save-kube.out")
        try await node.ask(.serviceRules).expect(
            "facts.serviceRules.mode == 'iptables'", "facts.serviceRules.jumps == 2",
            "facts.serviceRules.services == 2",
            "facts.serviceRules.endpoints == 3", "facts.serviceRules.kubeMasquerade == 1",
            "facts.serviceRules.drops == []", "facts.serviceRules.input == []")
        try node.program("iptables-save", prints: "iptables-save-nat-flushed.out")
        try await node.ask(.serviceRules).expect(
            "facts.serviceRules.jumps == 0", "facts.serviceRules.kubeMasquerade == 0",
            "facts.serviceRules.cniMasquerade == 0")
        try node.program("iptables-save", "echo '*nat'; exit 4")
        try await node.ask(.serviceRules).expectUnknown("facts.serviceRules.mode", "exit status 1")
    }

    @Test("masquerading by CNIs, drops of people, and ipvs", arguments: FactNode.shells)
    func otherRules(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file(
            "/proc/net/ip_vs",
            "IP Virtual Server\nProt LocalAddress:Port\n  -> RemoteAddress:Port\nTCP  0A600001:01BB rr\n")
        try node.program(
            "iptables-save",
            """
            cat <<'END'
            *nat
            :KUBE-SERVICES - [0:0]
            -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
            -A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE
            -A CNI-1234 ! -d 224.0.0.0/4 -j MASQUERADE
            -A KUBE-POSTROUTING -j MASQUERADE --random-fully
            COMMIT
            *filter
            :INPUT ACCEPT [0:0]
            -A INPUT -p tcp -m tcp --dport 10250 -j ACCEPT
            -A INPUT -p tcp -m tcp --dport 6443 -j DROP
            -A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP
            -A FORWARD -j REJECT --reject-with icmp-host-prohibited
            COMMIT
            END
            """)
        try await node.ask(.serviceRules).expect(
            "facts.serviceRules.mode == 'ipvs'", "facts.serviceRules.jumps == 1",
            "facts.serviceRules.cniMasquerade == 2",
            "facts.serviceRules.input == ['-A INPUT -p tcp -m tcp --dport 10250 -j ACCEPT']",
            "facts.serviceRules.drops == ['-A INPUT -p tcp -m tcp --dport 6443 -j DROP', "
                + "'-A FORWARD -j REJECT --reject-with icmp-host-prohibited']")
    }

    @Test("the configuration of the pods' network: read, broken, of another folder", arguments: FactNode.shells)
    func cni(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        for program in ["bridge", "host-local"] { try node.file("/usr/lib/cni/\(program)", "") }
        try await node.ask(.cni).expect(
            "facts.cni.file == '/etc/cni/net.d/10-testbed.conflist'", "facts.cni.name == 'testbed'",
            "facts.cni.plugins == ['bridge', 'portmap']", "facts.cni.missing == ['portmap']", "facts.cni.error == ''")
        try node.file("/etc/cni/net.d/00-broken.conf", "{\"name\": \n")
        try await node.ask(.cni).expect(
            "facts.cni.file == '/etc/cni/net.d/10-testbed.conflist'",
            "facts.cni.error == '/etc/cni/net.d/00-broken.conf: it is not JSON'")
        try node.file("/etc/cni/net.d/10-testbed.conflist", "{\"name\": \"x\", \"plugins\": []}")
        let none = try await node.ask(.cni)
        try none.expect("facts.cni.file == ''", "facts.cni.error.contains('not JSON')")
        try none.expectUnknown("facts.cni.plugins", "no configuration")
        try node.file("/etc/containerd/config.toml", "")
        try node.file("/etc/cni/net.d/00-broken.conf", "{\"name\": \"one\", \"type\": \"flannel\"}")
        try node.file("/opt/cni/bin/flannel", "")
        try await node.ask(.cni).expect("facts.cni.plugins == ['flannel']", "facts.cni.missing == []")
    }
}
