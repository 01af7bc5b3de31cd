import CEL
import Foundation
import Testing

@testable import Core

/// The runtime, the control plane, etcd and certificates.
@Suite("Facts: Kubernetes on a node", .serialized)
struct KubernetesFactsOfNodeTests {
    private static let fixtures = "\(ModelFixture.fixtures.path)/facts/groups"

    /// A client of the runtime that answers as was recorded.
    private static let crictl = """
        case "$*" in
          *' version') f=crictl-version ;;
          *' info') f=crictl-info ;;
          *' ps -a -o json') f=crictl-ps ;;
          *' images -o json') f=crictl-images ;;
          *) exit 1 ;;
        esac
        exec cat "\(fixtures)/$f.out"
        """

    @Test(
        "containerd by crictl: containers, images, and what a prune would give back", arguments: FactNode.shells)
    func containerd(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file("/etc/crictl.yaml", "runtime-endpoint: unix:///run/containerd/containerd.sock\n")
        try node.socket("/run/containerd/containerd.sock")
        try node.program("crictl", Self.crictl)
        let images = try ModelFixture.bytes("facts/groups/crictl-images.out")
        let total = String(decoding: images, as: UTF8.self).matches(of: /"size": "(\d+)"/).compactMap { Int($0.1) }
        let facts = try await node.ask(.runtime)
        try facts.expect(
            "facts.runtime.name == 'containerd' && facts.runtime.answers && facts.runtime.error == ''",
            "facts.runtime.version == '1.6.20~ds1'", "facts.runtime.sandboxImage == 'registry.k8s.io/pause:3.10'",
            "facts.runtime.containers.exists(c, c.name == 'c' && c.pod == 'crasher' && c.namespace == 'default' "
                + "&& c.state == 'exited' && c.attempt == 12)",
            "facts.runtime.containers.all(c, c.state in ['running', 'exited'])",
            "facts.runtime.images == \(total.count)", "facts.runtime.imageBytes == \(total.reduce(0, +))",
            "facts.runtime.reclaimableBytes > 0 && facts.runtime.reclaimableBytes < facts.runtime.imageBytes")
    }

    @Test(
        "what is reclaimable leaves out what is used by ID or name, pinned or the sandbox's",
        arguments: FactNode.shells)
    func reclaimable(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file("/var/lib/kubelet/config.yaml", "containerRuntimeEndpoint: unix:///run/crio/crio.sock\n")
        try node.file("/etc/crio/crio.conf.d/10.conf", "pause_image = \"pause:1\"\n")
        try node.socket("/run/crio/crio.sock")
        func image(_ id: String, _ tag: String, _ size: Int, pinned: Bool = false) -> String {
            "    {\n      \"id\": \"\(id)\",\n      \"repoTags\": [\n        \"\(tag)\"\n      ],\n      \"repoDigests\": [],\n"
                + "      \"size\": \"\(size)\",\n      \"pinned\": \(pinned)\n    },\n"
        }
        let images =
            image("i1", "a:1", 1) + image("i2", "b:1", 10) + image("i3", "pause:1", 100)
            + image("i4", "d:1", 1000, pinned: true) + image("i5", "e:1", 3_000_000_000)
        try node.file("/images", "{\n  \"images\": [\n\(images)  ]\n}\n")
        try node.program(
            "crictl",
            """
            case "$*" in
              *version) echo 'RuntimeVersion: 1.30' ;;
              *'ps -a -o json') printf '{\\n  "containers": [\\n    {\\n      "podSandboxId": "x",\\n      "image": {\\n        "image": "b:1"\\n      },\\n      "imageRef": "i1"\\n    }\\n  ]\\n}\\n' ;;
              *) cat '\(node.root)/images' ;;
            esac
            """)
        try await node.ask(.runtime).expect(
            "facts.runtime.name == 'crio'", "facts.runtime.images == 5", "facts.runtime.imageBytes == 3000001111",
            "facts.runtime.reclaimableBytes == 3000000000", "facts.runtime.sandboxPresent")
    }

    @Test("more containers than are listed make them unknown, not fewer", arguments: FactNode.shells)
    func many(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.file("/var/lib/kubelet/config.yaml", "containerRuntimeEndpoint: unix:///run/crio/crio.sock\n")
        try node.socket("/run/crio/crio.sock")
        try node.program(
            "crictl",
            """
            case "$*" in
              *version) echo 'RuntimeVersion: 1.30' ;;
              *'ps -a -o json') printf '{\\n  "containers": [\\n'
                awk -v many="$(cat '\(node.root)/many')" 'BEGIN { while (n++ < many) {
                  print "      \\"podSandboxId\\": \\"x\\",\\n        \\"name\\": \\"c\\",\\n        \\"attempt\\": 0"
                  print "      \\"state\\": \\"CONTAINER_RUNNING\\"," } }' ;;
            esac
            """)
        try node.file("/many", "300")
        try await node.ask(.runtime).expect("facts.runtime.containers.size() == 300")
        try node.file("/many", "301")
        try await node.ask(.runtime).expectUnknown("facts.runtime.containers", "there are 301")
    }

    @Test("a runtime that hangs, one without a socket, and none", arguments: FactNode.shells)
    func silent(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try await node.ask(.runtime).expectUnknown("facts.runtime.name", "no container runtime was found")
        try node.program("containerd", "")
        let stopped = try await node.ask(.runtime)
        try stopped.expect(
            "facts.runtime.name == 'containerd' && !facts.runtime.answers", "facts.runtime.error.contains('no socket')")
        try stopped.expectUnknown("facts.runtime.containers", "did not answer")
        try node.socket("/run/containerd/containerd.sock")
        try node.program("crictl", "exec sleep 60")
        let began = ContinuousClock.now
        let hung = try await node.ask(.runtime)
        #expect(ContinuousClock.now - began < .seconds(8))
        try hung.expect("!facts.runtime.answers", "facts.runtime.error.startsWith('no answer in time')")
        try node.program("crictl", "cat '\(Self.fixtures)/crictl-bad-socket.err' >&2; exit 1")
        try await node.ask(.runtime).expect("facts.runtime.error.contains('code = Unavailable')")
    }

    @Test("without crictl containerd answers by ctr, and containers are unknown", arguments: FactNode.shells)
    func ctr(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try node.socket("/run/containerd/containerd.sock")
        try node.program("ctr", prints: "ctr-version.out")
        let facts = try await node.ask(.runtime)
        try facts.expect(
            "facts.runtime.answers && facts.runtime.version == '1.6.20~ds1'",
            "facts.runtime.sandboxImage == '10.77.0.1:5000/pause:3.2'")
        try facts.expectUnknown("facts.runtime.containers", "crictl is not installed")
        try node.program("ctr", "echo Client:; exec sleep 60")
        try await node.ask(.runtime).expect("!facts.runtime.answers && facts.runtime.error == 'no answer in time'")
    }

    private static let docker = """
        case "$*" in
          version*) echo 20.10.24 ;;
          'ps -aq --no-trunc') echo c1; echo c2; echo c3 ;;
          inspect*) printf 'sha256:i1\\t\\t/k8s_web_web-1_default_uid_3\\t\\t\\trunning\\t\\n'
                    printf 'sha256:i2\\t<no value>\\t/alone\\t<no value>\\t<no value>\\texited\\t<no value>\\n'
                    printf 'sha256:i2\\tetcd\\t/etcd\\tetcd-n1\\tkube-system\\trunning\\t0\\n' ;;
          images*) echo sha256:i1; echo sha256:i2; echo sha256:i3 ;;
          'image inspect'*) printf 'sha256:i1\\t10\\t[a:1]\\nsha256:i2\\t20\\t[b:1]\\nsha256:i3\\t30\\t[c:1 d:1]\\n' ;;
          *) exit 1 ;;
        esac
        """

    @Test("docker: its own containers, and those of a kubelet", arguments: FactNode.shells)
    func docker(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.program("docker", Self.docker)
        try node.program("dockerd", "")
        try await node.ask(.runtime).expect("!facts.runtime.answers && facts.runtime.error == 'dockerd does not run'")
        try node.file("/run/docker.pid", "\(getpid())")
        try await node.ask(.runtime).expect(
            "facts.runtime.name == 'docker' && facts.runtime.version == '20.10.24'",
            "facts.runtime.containers[0].name == 'web' && facts.runtime.containers[0].pod == 'web-1'",
            "facts.runtime.containers[0].namespace == 'default' && facts.runtime.containers[0].attempt == 3",
            "facts.runtime.containers[1].name == 'alone' && facts.runtime.containers[1].pod == ''",
            "facts.runtime.containers[2].name == 'etcd' && facts.runtime.containers[2].state == 'running'",
            "facts.runtime.images == 3 && facts.runtime.imageBytes == 60 && facts.runtime.reclaimableBytes == 30")
    }

    private static func container(_ name: String, _ state: String, _ attempt: Int, id: String) -> String {
        """
            {
              "id": "\(id)",
              "podSandboxId": "x",
              "metadata": {
                "name": "\(name)",
                "attempt": \(attempt)
              },
              "state": "CONTAINER_\(state)",
              "labels": {
                "io.kubernetes.pod.name": "\(name)-n1",
                "io.kubernetes.pod.namespace": "kube-system"
              }
            },

        """
    }

    @Test(
        "components: what runs, what ended and how, what is missing, with their logs", arguments: FactNode.shells)
    func controlPlane(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try node.file(
            "/containers",
            "{\n  \"containers\": [\n" + Self.container("etcd", "EXITED", 4, id: "e4")
                + Self.container("etcd", "EXITED", 3, id: "e3")
                + Self.container("kube-apiserver", "RUNNING", 2, id: "a2")
                + Self.container("kube-apiserver", "EXITED", 1, id: "a1")
                + "  ]\n}\n")
        try node.program(
            "crictl",
            """
            case "$*" in
              *'ps -a -o json') cat '\(node.root)/containers' ;;
              *'inspect e4') printf '{\\n  "status": {\\n    "exitCode": 137,\\n' ;;
              *'inspect a1') printf '{\\n  "status": {\\n    "exitCode": 1,\\n' ;;
              *) exit 1 ;;
            esac
            """)
        try node.program(
            "curl", "for url; do :; done; case $url in *10259*) printf 200 ;; *) printf 000; exit 7 ;; esac")
        let error = "2026-11-27T11:47:05.5Z stderr F Error: unknown flag: --x\n"
        let lines = error + (1...20).map { "2026-11-27T11:47:05.5Z stderr F line \($0)\ttab\n" }.joined()
        try node.file("/var/log/pods/kube-system_etcd-n1_uid/etcd/3.log", lines)
        let long = "E1 rejected: " + String(repeating: "x", count: 2000) + " since User is forbidden"
        try node.file("/var/log/pods/kube-system_kube-apiserver-n1_uid/x/0.log", "t stderr F \(long)\n")
        let facts = try await node.ask(.controlPlane)
        let manifest = Digest.sha256(try ModelFixture.bytes("facts/node/etc/kubernetes/manifests/etcd.yaml"))
        try facts.expect(
            "facts.controlPlane.manifests['etcd'].sha256 == '\(manifest)'",
            "facts.controlPlane.manifests['etcd'].modifiedAt > timestamp('2026-01-01T00:00:00Z')",
            "facts.controlPlane.manifests.size() == 2", "facts.controlPlane.components.size() == 4",
            "facts.controlPlane.components['etcd'].state == 'exited' && facts.controlPlane.components['etcd'].attempt == 4",
            "facts.controlPlane.components['etcd'].exitCode == 137",
            "facts.controlPlane.components['etcd'].lines.size() == 7",
            "facts.controlPlane.components['etcd'].lines[0] == 'Error: unknown flag: --x'",
            "facts.controlPlane.components['etcd'].lines[6] == 'line 20\\\\ttab'",
            "facts.controlPlane.components['kube-apiserver'].state == 'running'",
            "facts.controlPlane.components['kube-apiserver'].exitCode == 1",
            "facts.controlPlane.components['kube-apiserver'].lines[0].startsWith('E1 rejected: x')",
            "facts.controlPlane.components['kube-apiserver'].lines[0].endsWith('x since User is forbidden')",
            "facts.controlPlane.components['kube-scheduler'].state == 'missing'",
            "facts.controlPlane.schedulerHealthz == 200 && facts.controlPlane.controllerManagerHealthz == 0")
        try facts.expectUnknown("facts.controlPlane.components['kube-scheduler'].attempt", "no container")
    }

    @Test(
        "a worker has no control plane; of one whose runtime is silent logs are still known",
        arguments: FactNode.shells)
    func noControlPlane(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        let worker = try await node.ask(.controlPlane)
        try worker.expect("facts.controlPlane.manifests == {} && facts.controlPlane.components == {}")
        try worker.expectUnknown("facts.controlPlane.schedulerHealthz", "no node of the control plane")
        try node.file("/etc/kubernetes/admin.conf", "")
        try node.file("/var/log/pods/kube-system_kube-scheduler-n1_uid/kube-scheduler/0.log", "t stderr F panic: x\n")
        try node.file("/etc/crictl.yaml", "runtime-endpoint: unix:///run/containerd/containerd.sock\n")
        try node.program("crictl", "exit 1")
        let silent = try await node.ask(.controlPlane)
        try silent.expect(
            "facts.controlPlane.components.size() == 4",
            "facts.controlPlane.components['kube-scheduler'].lines == ['panic: x']")
        try silent.expectUnknown("facts.controlPlane.components['kube-scheduler'].state", "did not answer")
        try silent.expectUnknown("facts.controlPlane.components['kube-scheduler'].attempt", "did not answer")
    }

    @Test("etcd: a member whose data was moved is one where its manifest leads", arguments: FactNode.shells)
    func movedEtcd(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        let manifest = String(
            decoding: try ModelFixture.bytes("facts/node/etc/kubernetes/manifests/etcd.yaml"), as: UTF8.self)
        try node.file(
            "/etc/kubernetes/manifests/etcd.yaml",
            manifest.replacing("path: /var/lib/etcd", with: "path: /mnt/fast/etcd"))
        try await node.ask(.etcd).expect("!facts.etcd.member")
        try node.file("/mnt/fast/etcd/member/snap/db", "1234567")
        try await node.ask(.etcd).expect("facts.etcd.member", "facts.etcd.dbBytes == 7")
    }

    @Test(
        "etcd: a healthy member, one that says why it is not, one that is silent, none",
        arguments: FactNode.shells)
    func etcd(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        let none = try await node.ask(.etcd)
        try none.expect("!facts.etcd.member")
        try none.expectUnknown("facts.etcd.healthy", "no member")
        try node.file("/var/lib/etcd/member/snap/db", "12345")
        let blind = try await node.ask(.etcd)
        try blind.expectUnknown("facts.etcd.healthy", "curl is not installed")
        try blind.expect("facts.etcd.dbBytes == 5")
        try node.program(
            "curl",
            "for url; do :; done; case $url in */health) cat '\(Self.fixtures)/etcd-health.out' ;; *) cat '\(Self.fixtures)/etcd-metrics.out' ;; esac"
        )
        try await node.ask(.etcd).expect(
            "facts.etcd.member && facts.etcd.healthy && facts.etcd.reason == '' && facts.etcd.hasLeader",
            "facts.etcd.dbBytes > 1000000 && facts.etcd.dbInUseBytes <= facts.etcd.dbBytes",
            "facts.etcd.quotaBytes == 2147483648")
        try node.program("curl", "echo '{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}'")
        try await node.ask(.etcd).expect("!facts.etcd.healthy && facts.etcd.reason == 'ALARM NOSPACE'")
        try node.program("curl", "cat '\(Self.fixtures)/etcd-refused.out'; exit 7")
        let silent = try await node.ask(.etcd)
        try silent.expect("!facts.etcd.healthy && facts.etcd.reason.startsWith('curl: (7)')", "facts.etcd.dbBytes == 5")
        try silent.expectUnknown("facts.etcd.hasLeader", "did not answer")
    }

    @Test(
        "certificates: of files and inside of kubeconfigs, expired ones, and what is none",
        arguments: FactNode.shells)
    func certificates(shell: [String]) async throws {
        let node = try FactNode(shell: shell)
        try node.files(of: "node")
        try await node.ask(.certificates).expectUnknown("facts.certificates", "openssl is not installed")
        try node.take("openssl")
        let pem = try ModelFixture.bytes("facts/node/etc/kubernetes/pki/apiserver.crt")
        try node.file(
            "/etc/kubernetes/admin.conf", "users:\n- user:\n    client-certificate-data: \(Base64.encode(pem))\n")
        try node.file("/etc/kubernetes/pki/broken.crt", "nothing\n")
        try node.program("date", "echo 1900000000")
        let said = try await LocalNode().shell(
            "date -u -d \"$(openssl x509 -noout -enddate -in '\(node.root)/etc/kubernetes/pki/apiserver.crt' | cut -d = -f 2)\" +%s"
        )
        let end = try #require(Int(said.dropLast()))
        let path = "facts.certificates['/etc/kubernetes/pki/apiserver.crt']"
        let facts = try await node.ask(.certificates)
        try facts.expect(
            "facts.certificates.size() == 4", "\(path).subject == 'CN=kube-apiserver'",
            "int(\(path).notAfter) == \(end)",
            "\(path).remaining == duration('\(end - 1_900_000_000)s') && \(path).remaining < duration('0s')",
            "facts.certificates['/etc/kubernetes/admin.conf'].notAfter == \(path).notAfter")
        try facts.expectUnknown("facts.certificates['/etc/kubernetes/pki/broken.crt'].notAfter", "no certificate")
        try facts.expectUnknown("facts.certificates['/etc/kubernetes/pki/broken.crt'].subject", "no certificate")
    }
}
