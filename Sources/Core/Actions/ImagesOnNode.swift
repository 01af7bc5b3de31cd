/// Which container runtimes are on a node, and which one is pruned.
struct ImageRuntimesFound: Sendable, Hashable {
    /// Clients whose runtime is there and can be asked without starting anything.
    var clients: Set<ImageClient> = []
    /// True when there is a kubelet, running or configured.
    var hasKubelet = false
    /// The CRI endpoint that the kubelet is told to use; empty when nothing says.
    var kubeletEndpoint = ""
    /// True when the kubelet is told to use docker itself (`--container-runtime=docker`, before 1.24).
    var usesDockershim = false
    /// The CRI endpoint that crictl is asked for: the kubelet's, else crictl.yaml's, else the first socket there is.
    var endpoint = ""
    /// Sandbox images named by the arguments of the kubelet and of cri-dockerd.
    var sandboxes: Set<String> = []
    /// Registries that answered the node.
    var registries: Set<String> = []

    /// Which client, and why that one.
    struct Choice: Sendable, Hashable {
        var client: ImageClient
        var because: String
        var others: [String] = []
    }

    /// The client that is wanted, or the one that the node's own configuration points to: never two.
    /// - Throws: ``ObservationError`` when that one is not there, or the node leaves it open.
    func choose(_ wanted: ImageClient?) throws(ObservationError) -> Choice {
        var choice: Choice
        if let wanted { choice = try asWanted(wanted) } else { choice = try detected() }
        // containerd is docker's own too, and has two clients.
        let others = ImageClient.allCases.filter { clients.contains($0) && $0 != choice.client && $0 != .ctr }
        choice.others = others.filter { $0 != .crictl || choice.client != .ctr }.map(\.rawValue)
        return choice
    }

    private func asWanted(_ client: ImageClient) throws(ObservationError) -> Choice {
        guard clients.contains(client) else { throw Self.missing(client) }
        return Choice(client: client, because: "the runbook says so")
    }

    private func detected() throws(ObservationError) -> Choice {
        if hasKubelet { return try ofKubelet() }
        guard let first = ImageClient.allCases.first(where: clients.contains) else {
            throw Self.unclear("no container runtime was found: neither docker, podman, crictl nor ctr can be asked")
        }
        return Choice(client: first, because: "there is no kubelet, and it is the first of those that are there")
    }

    private func ofKubelet() throws(ObservationError) -> Choice {
        let isDocker = usesDockershim || Self.dockerSockets.contains { kubeletEndpoint.hasSuffix($0) }
        if isDocker {
            guard clients.contains(.docker) else { throw Self.missing(.docker) }
            return Choice(client: .docker, because: "the kubelet uses docker")
        }
        guard !kubeletEndpoint.isEmpty || !clients.contains(.docker) else {
            throw Self.unclear(
                "docker and containerd are both here, and nothing says which of them the kubelet uses")
        }
        let asked = kubeletEndpoint.isEmpty ? Self.containerd : kubeletEndpoint
        if clients.contains(.crictl), endpoint == asked {
            return Choice(client: .crictl, because: "the kubelet uses \(asked)")
        }
        guard asked == Self.containerd, clients.contains(.ctr) else {
            throw Self.unclear("the kubelet uses \(asked), which neither crictl nor ctr can ask on this node")
        }
        return Choice(client: .ctr, because: "the kubelet uses \(asked), and crictl is not on the node")
    }

    private static let containerd = "unix:///run/containerd/containerd.sock"
    private static let dockerSockets = ["/cri-dockerd.sock", "/dockershim.sock"]

    private static func missing(_ client: ImageClient) -> ObservationError {
        let needs =
            switch client {
            case .docker: "a dockerd that runs (/run/docker.pid)"
            case .podman: "podman's store in /var/lib/containers/storage"
            case .crictl: "the CRI's socket"
            case .ctr: "/run/containerd/containerd.sock"
            }
        return ObservationError(
            "\(client.rawValue) cannot be asked on this node",
            remedy: "It needs the program itself and \(needs); or choose another 'runtime'")
    }

    private static func unclear(_ why: String) -> ObservationError {
        ObservationError(why, remedy: "Name the one to prune: runtime=docker, podman, crictl or ctr")
    }
}

extension ImageRuntimesFound {
    /// Reads what the probe of ``look`` and its question for registries printed.
    init(_ probe: CommandOutput, registries: CommandOutput) throws(ObservationError) {
        let what = "the look for container runtimes"
        let found = try probe.properties(of: what)
        clients = Set(ImageClient.allCases.filter { found[$0.rawValue] == "yes" })
        hasKubelet = found["kubelet"] == "yes"
        usesDockershim = found["kubelet.runtime"] == "docker"
        kubeletEndpoint = try Self.endpoint(found["kubelet.endpoint"], what)
        endpoint = try Self.endpoint(found["endpoint"], what)
        sandboxes = Set(["kubelet.sandbox", "dockerd.sandbox"].compactMap { found[$0] }.filter { !$0.isEmpty })
        if let odd = sandboxes.first(where: { !ImageReference.isPlain($0) }) {
            throw ImageStore.misread(what, "\(odd.debugDescription) is not the name of an image")
        }
        self.registries = Set(try registries.text(of: what).lines.map(String.init))
    }

    private static func endpoint(_ text: String?, _ what: String) throws(ObservationError) -> String {
        guard let text, !text.isEmpty else { return "" }
        let path = text.dropFirst("unix://".count)
        let isPath = path.first == "/" && path.utf8.count < 108 && ImageReference.isPlain(String(path.dropFirst()))
        guard text.hasPrefix("unix://"), isPath else {
            throw ImageStore.misread(what, "\(text.debugDescription) is not the path of a CRI socket")
        }
        return text
    }
}
