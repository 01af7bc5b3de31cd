/// The clients of container runtimes that `images.prune` knows, in the order in which one is chosen where no kubelet says.
enum ImageClient: String, Sendable, CaseIterable {
    case docker, podman, crictl, ctr

    /// What it asks, removes and pulls with.
    /// - Parameter namespace: containerd's, for `ctr` alone.
    func runtime(namespace: String) -> any ImageRuntime {
        switch self {
        case .docker: DockerImages()
        case .podman: PodmanImages()
        case .crictl: CrictlImages()
        case .ctr: ContainerdImages(namespace: namespace)
        }
    }

    /// How many words of its removal come before the list.
    var removalWords: Int {
        switch self {
        case .docker, .podman: 4
        case .crictl, .ctr: 6
        }
    }
}

/// What `images.prune` needs of one runtime's client: pure, as the action is.
protocol ImageRuntime: Sendable {
    /// Read-only commands. They run only where the client's runtime is there already, and find the CRI's socket in
    /// `$endpoint` (`unix:///…`) and `$socket` (its path).
    var questions: [[String]] { get }

    /// Reads the outputs of ``questions``, in order.
    func read(_ outputs: [CommandOutput], on node: ImageRuntimesFound) throws(ObservationError) -> ImageStore

    /// The words that remove exactly the list put behind them: ``ImageClient/removalWords`` of them.
    func removal(in before: Observation) -> [String]

    /// Brings one image back by its digest, with the names it had; nothing that is there is changed.
    func restore(_ image: PrunedImage, in before: Observation) -> Command
}

/// An image that a prune takes, as the observation before it tells.
struct PrunedImage: Sendable, Hashable {
    /// The runtime's ID of it.
    var id: String
    /// Every reference that names it.
    var names: [String]
    /// What is listed to remove it.
    var listed: [String]
    /// `repository@sha256:…` to pull it by, the best first.
    var sources: [String]

    /// The tags among its names.
    var tags: [String] { names.filter { !$0.contains("@") } }

    /// The images that the observation lists to prune.
    static func all(in before: Observation) -> [PrunedImage] {
        let ids = Dictionary(
            before.fields.compactMap { field, value in
                if let name = name(in: field), case .text(let id) = value { (name, id) } else { nil }
            }, uniquingKeysWith: { first, _ in first })
        let names = Dictionary(grouping: ids.keys) { ids[$0] ?? "" }
        // A source may be a name that the image had once: its digest tells.
        let digests = Dictionary(
            ids.filter { ImageReference.isSource($0.key) }.map { (ImageReference.digest(of: $0.key), $0.value) },
            uniquingKeysWith: min)
        let sources = Dictionary(grouping: before.lines("pulledBy") ?? []) {
            ids[$0] ?? digests[ImageReference.digest(of: $0)] ?? ""
        }
        // crictl lists IDs, the others names.
        let listed = Dictionary(grouping: before.lines("prunable") ?? []) { ids[$0] ?? $0 }
        return listed.keys.sorted().map { id in
            PrunedImage(
                id: id, names: (names[id] ?? []).sorted(), listed: listed[id] ?? [], sources: sources[id] ?? [])
        }
    }

    /// The fields that show names: `image.NAME`, and `tag.NAME` for one that undo cannot give back.
    static func field(_ name: String, comesBack: Bool) -> String { (comesBack ? "image." : "tag.") + name }

    private static func name(in field: String) -> String? {
        for prefix in ["image.", "tag."] where field.hasPrefix(prefix) { return String(field.dropFirst(prefix.count)) }
        return nil
    }
}
