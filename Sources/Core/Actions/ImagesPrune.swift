/// `images.prune`: removes images that no container uses, each named, and pulls them again on undo.
///
/// Not `crictl rmi --prune` and its like: that one has no dry run, swallows errors, and deletes the pause image under
/// running pods. Only images with a digest to pull by are taken.
///
/// **Equivalence.** Two states are equivalent when every reference of the one names the same image in the other; images
/// that came meanwhile do not count. With crictl on a node without ctr the tags are not given back (`tag.NAME`): the
/// image is there by its digest, and the kubelet asks the registry the next time a pod names the tag. That images can be
/// pulled is up to the registry: where it does not answer, undo fails and needs a person.
public struct ImagesPrune: Action {
    /// `images.prune`.
    public static let kind = ActionKind(
        name: "images.prune",
        summary: "Removes images that no container uses, but pinned ones, the sandbox image and what cannot be pulled.",
        disrupts: [],
        touches: ["images"],
        parameters: [
            ArgumentKind("runtime", "'docker', 'podman', 'crictl', 'ctr' or 'detect' (default): what the node uses"),
            ArgumentKind("namespace", "containerd's namespace for ctr, 'k8s.io' unless given"),
        ])

    /// The client that is asked for; nil when the node decides.
    private let wanted: ImageClient?
    private let namespace: String

    /// Reads `runtime` and `namespace`.
    public init(arguments: Arguments) throws(ArgumentError) {
        let runtimes = ["detect"] + ImageClient.allCases.map(\.rawValue)
        wanted = ImageClient(rawValue: try arguments.choice("runtime", of: runtimes, default: "detect"))
        namespace = try arguments.text("namespace") ?? Self.kubelet
        guard ImageReference.isPlain(namespace), namespace.utf8.count <= 76,
            namespace.utf8.allSatisfy({ !"/:@+".utf8.contains($0) })
        else {
            throw ArgumentError(
                "namespace",
                "must be letters, digits, '.', '_' and '-', led by one of the former, not \(namespace.debugDescription)"
            )
        }
        guard namespace == Self.kubelet || wanted == .ctr else {
            throw ArgumentError("namespace", "is containerd's, and only 'runtime: ctr' can choose one")
        }
    }

    /// What was pruned is pulled again; the bytes come from the registry.
    public var reversibility: Reversibility { .compensable }
    /// Images do not carry the path to the node.
    public var cutsPath: Bool { false }
    /// Images are on disk.
    public var survivesReboot: Bool { true }
    /// It is what a full disk needs.
    public var freesDisk: Bool { true }

    /// What runtimes there are, which registries answer, and each runtime's images, containers and configuration.
    public func observe() -> [Command] {
        let questions = clients.flatMap { client in
            runtime(client).questions.map { ImageRuntimesFound.ask(client, $0) }
        }
        return [ImageRuntimesFound.probe, ImageRuntimesFound.registries(of: clients, namespace: namespace)] + questions
    }

    /// Fields: `runtime`, `endpoint`, `tagger` and `sandbox` (footprint), `image.NAME` → ID for every reference (state;
    /// `tag.NAME` for one that undo cannot give back), the list to prune, and what is said of it.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        let counts = clients.map { runtime($0).questions.count }
        try expect(2 + counts.reduce(0, +), outputs)
        let node = try ImageRuntimesFound(outputs[0], registries: outputs[1])
        let choice = try node.choose(wanted)
        let earlier = zip(clients, counts).prefix { $0.0 != choice.client }.reduce(2) { $0 + $1.1 }
        let asked = runtime(choice.client)
        let store = try asked.read(Array(outputs[earlier...].prefix(asked.questions.count)), on: node)
        var observation = Self.observation(of: store)
        observation["runtime"] = .text(choice.client.rawValue)
        if choice.client == .crictl { observation["endpoint"] = .text(node.endpoint) }
        observation["because"] = .text(choice.because)
        observation["alsoHere"] = .lines(choice.others)
        observation["silent"] = .lines(store.silent(but: node.registries))
        return observation
    }

    private static func observation(of store: ImageStore) -> Observation {
        var observation = Observation()
        for image in store.sorted {
            for name in image.names {
                let comesBack = store.tagger != "none" || name.contains("@")
                observation[PrunedImage.field(name, comesBack: comesBack)] = .text(image.id)
            }
        }
        let candidates = store.candidates
        observation["sandbox"] =
            store.sandboxes.isEmpty ? .absent : .text(store.sandboxes.sorted().joined(separator: " "))
        if let tagger = store.tagger { observation["tagger"] = .text(tagger) }
        observation["prunable"] = .lines(candidates.flatMap(\.removedBy))
        observation["pulledBy"] = .lines(candidates.flatMap(\.sources))
        observation["bytes"] = .text("\(candidates.reduce(0) { $0 + $1.size })")
        observation["heldBack"] = .lines(store.heldBack)
        return observation
    }

    /// The list itself may shrink between plan and run, which ``permits(_:planned:)`` judges.
    public func role(of field: String) -> FieldRole {
        switch field {
        case "runtime", "endpoint", "tagger", "sandbox": .footprint
        case "prunable", "pulledBy", "bytes", "heldBack":
            .volatile("containers come and go, and with them what is unused")
        case "because", "alsoHere", "silent": .volatile("said for the reader")
        default: .state
        }
    }

    /// An image that appeared is not ours to judge; a tag that nothing on the node can give back may be missing.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        if before == now { return true }
        if field.hasPrefix("tag.") { return before == nil || now == nil }
        return field.hasPrefix("image.") && before == nil
    }

    /// The listed images gone, the others as they are.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let images = PrunedImage.all(in: before)
        guard !images.isEmpty else { return Prediction(after: before, notes: ImagesNotes.all(before, images)) }
        var after = before
        let reason = "a container may start or end meanwhile; the list may only shrink"
        var qualities = Dictionary(
            uniqueKeysWithValues: ["prunable", "pulledBy", "bytes"].map { ($0, Quality.bounded(reason)) })
        for name in images.flatMap(\.names) {
            for field in [true, false].map({ PrunedImage.field(name, comesBack: $0) }) where before[field] != nil {
                after[field] = nil
                qualities[field] = .bounded("stays if a container uses it by then")
            }
        }
        after["prunable"] = .lines([])
        after["pulledBy"] = .lines([])
        after["bytes"] = .text("0")
        return Prediction(after: after, qualities: qualities, notes: ImagesNotes.all(before, images))
    }

    /// One removal with exactly the list, never a prune.
    public func apply(_ before: Observation) -> [Command] {
        let list = before.lines("prunable") ?? []
        guard let runtime = runtime(of: before), !list.isEmpty else { return [] }
        return [Command(runtime.removal(in: before) + list)]
    }

    /// Pulls each image by its digest and names it as before.
    public func undo(_ before: Observation) -> [Command] {
        guard let runtime = runtime(of: before) else { return [] }
        return PrunedImage.all(in: before).map { runtime.restore($0, in: before) }
    }

    /// The same list, or one that shrank because something is used by now.
    public func permits(_ now: [Command], planned: [Command]) -> Bool {
        guard let list = now.first else { return true }
        guard now.count == 1, planned.count == 1, list.input == nil, list.accepts == planned[0].accepts,
            let words = list.argv.first.flatMap(ImageClient.init(rawValue:))?.removalWords,
            list.argv.prefix(words) == planned[0].argv.prefix(words)
        else { return false }
        return Set(list.argv.dropFirst(words)).isSubset(of: planned[0].argv.dropFirst(words))
    }

    private static let kubelet = "k8s.io"

    private var clients: [ImageClient] { wanted.map { [$0] } ?? ImageClient.allCases }

    private func runtime(_ client: ImageClient) -> any ImageRuntime { client.runtime(namespace: namespace) }

    private func runtime(of before: Observation) -> (any ImageRuntime)? {
        (before.text("runtime").flatMap(ImageClient.init(rawValue:)) ?? wanted).map(runtime)
    }
}
