@testable import Core
import Foundation
import Testing

/// The look for runtimes, run for real where /run, /var/lib and /etc are a test's own.
@Suite(
    "The look for container runtimes",
    .enabled(
        if: RealSystem.isCI || (RealSystem.isRoot && RealSystem.has("unshare", "perl")),
        "LEFT OUT: needs root, unshare (util-linux) and perl; on CI it is never left out"),
    .timeLimit(.minutes(5)))
struct ImagesLookTests {
    /// Runs a command where `setup` has made what there is; `clients` are programs that say what they were asked.
    private func run(
        _ command: Command, clients: [String] = [], _ setup: String = ""
    ) async throws -> (output: CommandOutput, asked: String) {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-look-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await LocalNode.install(Self.client, as: clients, in: folder.path())
        let world = """
            set -eu
            for place in /run /var/lib /etc; do mount -t tmpfs none $place; done
            mkdir -p /var/lib/kubelet /etc/default
            socket() { mkdir -p "${1%/*}"; perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => shift, Listen => 1) or die' "$1"; }
            process() { printf '#!/bin/sh\\nsleep 60\\n' >"/run/$1"; chmod +x "/run/$1"; "/run/$@" >/dev/null 2>&1 & }
            \(setup)
            sleep 0.3
            "$@"
            """
        let node = LocalNode(
            prefix: [
                "unshare", "-m", "-p", "-f", "--mount-proc", "--kill-child", "/bin/sh", "-c", world, "sh",
            ],
            environment: ["PATH": folder.path() + ":/usr/bin:/bin:/usr/sbin:/sbin", "ASKED": folder.path() + "/asked"])
        let output = try await node.run(command)
        let asked = try? String(contentsOf: folder.appending(path: "asked"), encoding: .utf8)
        return (output, asked ?? "")
    }

    private static let client = """
        #!/bin/sh
        printf '%s %s\\n' "${0##*/}" "$*" >>"$ASKED"
        case "${0##*/} $*" in
            'docker image ls '*) printf '%s\\n' r.lab/a '<none>' busybox 'x.example:5000/b' '$(touch pwned).io/c' '-o.io/d' ;;
            curl*/r.lab/*) printf 401 ;;
            curl*http://x.example:5000/*) printf 200 ;;
            curl*) printf 000 ;;
        esac
        """

    private func found(_ clients: [String], _ setup: String) async throws -> ImageRuntimesFound {
        let (output, asked) = try await run(ImageRuntimesFound.probe, clients: clients, setup)
        #expect(output.status == 0, "\(output.errorTail.text ?? "")")
        #expect(asked == "", "looking for runtimes asks none of them")
        return try ImageRuntimesFound(output, registries: Fixture.output(""))
    }

    private let containerd = "socket /run/containerd/containerd.sock"

    @Test("nothing is found where nothing is")
    func nothing() async throws {
        #expect(try await found([], "") == ImageRuntimesFound())
        #expect(try await found(["docker", "podman", "crictl", "ctr"], "") == ImageRuntimesFound())
    }

    @Test("the kubelet's configuration file names the endpoint")
    func configuration() async throws {
        let seen = try await found(
            ["crictl", "ctr"],
            """
            \(containerd)
            printf 'kind: KubeletConfiguration\\ncontainerRuntimeEndpoint: "unix:///run/containerd/containerd.sock"\\n' \
                >/var/lib/kubelet/config.yaml
            """)
        #expect(seen.hasKubelet)
        #expect(seen.kubeletEndpoint == "unix:///run/containerd/containerd.sock")
        #expect(seen.clients == [.crictl, .ctr])
        #expect(try seen.choose(nil).client == .crictl)
    }

    @Test("kubeadm's flags name endpoint, sandbox image and runtime, with the paths of old")
    func kubeadm() async throws {
        let seen = try await found(
            ["crictl"],
            """
            echo 'KUBELET_KUBEADM_ARGS="--container-runtime=remote --container-runtime-endpoint=/var/run/crio/crio.sock --pod-infra-container-image=r.lab/infra:3"' \
                >/var/lib/kubelet/kubeadm-flags.env
            socket /run/crio/crio.sock
            """)
        #expect(seen.kubeletEndpoint == "unix:///run/crio/crio.sock")
        #expect(seen.endpoint == seen.kubeletEndpoint)
        #expect(seen.sandboxes == ["r.lab/infra:3"])
        #expect(seen.clients == [.crictl])
        #expect(!seen.usesDockershim)
    }

    @Test("a kubelet that runs is asked before its files are, however it spells its arguments")
    func process() async throws {
        let seen = try await found(
            ["docker"],
            """
            echo 'containerRuntimeEndpoint: unix:///run/containerd/containerd.sock' >/var/lib/kubelet/config.yaml
            process kubelet --config /etc/kubelet.yaml --container-runtime docker
            process dockerd; echo $! >/run/docker.pid
            process cri-dockerd --pod-infra-container-image=r.lab/infra:4
            """)
        #expect(seen.hasKubelet)
        #expect(seen.kubeletEndpoint == "")
        #expect(seen.usesDockershim)
        #expect(seen.sandboxes == ["r.lab/infra:4"])
        #expect(seen.clients == [.docker])
    }

    @Test("without a kubelet crictl asks where its own file says, else the first socket there is")
    func endpoints() async throws {
        let sockets = "\(containerd)\nsocket /run/other.sock\n"
        let own = try await found(
            ["crictl"], sockets + "echo 'runtime-endpoint: unix:///run/other.sock' >/etc/crictl.yaml")
        #expect(own.endpoint == "unix:///run/other.sock")
        #expect(!own.hasKubelet)
        #expect(try await found(["crictl"], sockets).endpoint == "unix:///run/containerd/containerd.sock")
    }

    @Test("a docker whose daemon does not run, and a podman without a store, are not there")
    func asleep() async throws {
        #expect(
            try await found(["docker", "podman"], "echo 1 >/run/docker.pid; socket /run/docker.sock").clients == [])
        #expect(try await found(["docker"], "process dockerd; echo $! >/run/docker.pid").clients == [.docker])
        #expect(try await found(["podman"], "mkdir -p /var/lib/containers/storage").clients == [.podman])
    }

    @Test("what is not there is not asked, as asking would start it")
    func notAsked() async throws {
        let question = ImageRuntimesFound.ask(.docker, ["docker", "image", "ls"])
        let asleep = try await run(question, clients: ["docker"], "socket /run/docker.sock")
        #expect(asleep.asked == "")
        #expect(asleep.output.status == 0)
        #expect(asleep.output.output.text == "")
        let awake = try await run(question, clients: ["docker"], "process dockerd; echo $! >/run/docker.pid")
        #expect(awake.asked == "docker image ls\n")
    }

    @Test("a question to the CRI goes to the kubelet's endpoint, for images too")
    func endpointOfQuestion() async throws {
        for question in CrictlImages().questions {
            let (output, asked) = try await run(
                ImageRuntimesFound.ask(.crictl, question), clients: ["crictl", "ctr", "containerd"], containerd)
            #expect(output.status == 0)
            let endpoint = "unix:///run/containerd/containerd.sock"
            #expect(
                asked.hasPrefix("crictl -r \(endpoint) -i \(endpoint) ")
                    || asked == "ctr -a /run/containerd/containerd.sock -n k8s.io containers ls\n"
                    || asked == "containerd config dump\n", "\(asked)")
        }
    }

    @Test("registries are asked by the names of hosts alone, and those that answer are told")
    func registries() async throws {
        let (output, asked) = try await run(
            ImageRuntimesFound.registries(of: [.docker, .podman], namespace: "k8s.io"),
            clients: ["docker", "podman", "curl"],
            "process dockerd; echo $! >/run/docker.pid")
        #expect(output.output.text?.split(separator: "\n").sorted() == ["r.lab", "x.example:5000"])
        let urls = asked.split(separator: "\n").filter { $0.hasPrefix("curl") }.compactMap {
            $0.split(separator: " ").last
        }
        #expect(
            Set(urls) == [
                "https://r.lab/v2/", "https://x.example:5000/v2/", "http://x.example:5000/v2/",
                "https://registry-1.docker.io/v2/", "http://registry-1.docker.io/v2/",
                "https://-o.io/v2/", "http://-o.io/v2/",
            ])
        #expect(!asked.contains("podman"))
    }
}
