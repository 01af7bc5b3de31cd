@testable import Core
import Testing

struct ImagesDetectionTests {
    private static let containerd = "unix:///run/containerd/containerd.sock"

    /// What is on a node, and what is chosen there; nil where it is left open.
    struct Case: Sendable {
        var clients: Set<ImageClient>
        var kubelet: String?
        var dockershim = false
        var crictl = ImagesDetectionTests.containerd
        var chosen: ImageClient?
    }

    @Test(
        "the kubelet's runtime is chosen, else the first there is; what is left open is refused",
        arguments: [
            Case(clients: [.crictl, .ctr], kubelet: containerd, chosen: .crictl),
            Case(clients: [.docker, .podman, .crictl, .ctr], kubelet: containerd, chosen: .crictl),
            Case(clients: [.ctr], kubelet: containerd, chosen: .ctr),
            Case(clients: [.crictl, .ctr], kubelet: "", chosen: .crictl),
            Case(clients: [.ctr], kubelet: "", chosen: .ctr),
            // Before 1.24 a kubelet that is told nothing uses docker, since then containerd.
            Case(clients: [.docker, .ctr], kubelet: "", chosen: nil),
            Case(clients: [.docker, .ctr], kubelet: "", dockershim: true, chosen: .docker),
            Case(clients: [.docker, .crictl, .ctr], kubelet: "unix:///run/cri-dockerd.sock", chosen: .docker),
            Case(clients: [.crictl, .ctr], kubelet: "unix:///run/cri-dockerd.sock", chosen: nil),
            Case(
                clients: [.crictl], kubelet: "unix:///run/crio/crio.sock", crictl: "unix:///run/crio/crio.sock",
                chosen: .crictl),
            // crictl that asks elsewhere than the kubelet does not know its images; nor does ctr.
            Case(clients: [.crictl, .ctr], kubelet: "unix:///run/k3s/containerd/containerd.sock", chosen: nil),
            Case(clients: [.podman], kubelet: containerd, chosen: nil),
            Case(clients: [], kubelet: containerd, chosen: nil),
            Case(clients: [.docker, .ctr], chosen: .docker),
            Case(clients: [.docker, .podman], chosen: .docker),
            Case(clients: [.podman, .ctr], chosen: .podman),
            Case(clients: [.crictl, .ctr], chosen: .crictl),
            Case(clients: [.ctr], chosen: .ctr),
            Case(clients: [], chosen: nil),
        ])
    func choice(case each: Case) throws {
        let found = ImageRuntimesFound(
            clients: each.clients, hasKubelet: each.kubelet != nil, kubeletEndpoint: each.kubelet ?? "",
            usesDockershim: each.dockershim, endpoint: each.crictl)
        guard let chosen = each.chosen else {
            let error = #expect(throws: ObservationError.self) { try found.choose(nil) }
            #expect(error?.remedy.contains("runtime") == true)
            return
        }
        let choice = try found.choose(nil)
        #expect(choice.client == chosen)
        #expect(!choice.because.isEmpty)
        #expect(!choice.others.contains(chosen.rawValue))
    }

    @Test("a runtime that is asked for and not there is refused, with what it needs", arguments: ImageClient.allCases)
    func wanted(client: ImageClient) throws {
        #expect(try ImageRuntimesFound(clients: [client]).choose(client).client == client)
        let others = Set(ImageClient.allCases).subtracting([client])
        let error = #expect(throws: ObservationError.self) { try ImageRuntimesFound(clients: others).choose(client) }
        #expect(error?.message.hasPrefix(client.rawValue) == true)
    }

    @Test("detecting reads only the answers of the runtime that is chosen, and tells which it was")
    func detected() throws {
        let action = try ImagesPrune(arguments: Arguments())
        let nodes = [try ImagesNode.docker(), try ImagesNode.podman(), try ImagesNode.crictl(), try ImagesNode.ctr()]
        for (index, node) in nodes.enumerated() {
            let alive = ImageClient.allCases.map { "\($0.rawValue)=\($0 == node.runtime ? "yes" : "no")\n" }
            let probe = alive.joined() + ImagesNode.endpoint
            let answers = nodes.enumerated().flatMap { $0 == index ? $1.answers : $1.answers.map { _ in "" } }
            let outputs = ([probe, "registry.lab\n"] + answers).map { Fixture.output($0) }
            let seen = try action.parse(outputs)
            #expect(action.observe().count == outputs.count)
            #expect(seen.text("runtime") == node.runtime.rawValue)
            #expect(seen.lines("prunable") == (try node.prunable()))
            #expect(action.apply(seen) == (try node.action().apply(node.observe())))
            #expect(action.undo(seen) == (try node.action().undo(node.observe())))
            #expect(try action.predict(seen).notes.first?.hasPrefix("by \(node.runtime.rawValue): ") == true)
        }
    }

    @Test(
        "what a node says of itself and cannot be is refused",
        arguments: [
            "endpoint=tcp://1.2.3.4\n", "endpoint=unix://run\n", "endpoint=unix:///run/a b\n",
            "kubelet.endpoint=unix:///--help;\n", "kubelet.sandbox=-x\n", "dockerd.sandbox=a b\n",
        ])
    func hostile(line: String) throws {
        var node = try ImagesNode.crictl()
        // The first of a key counts.
        node.probe = line + node.probe
        #expect(throws: ObservationError.self) { try node.observe() }
    }
}
