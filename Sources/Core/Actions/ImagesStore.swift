/// What a runtime has stored, in the terms that decide what may go: the same for every runtime.
struct ImageStore: Sendable, Hashable {
    /// One image, whatever it is called.
    struct Image: Sendable, Hashable {
        /// What tells it from others: docker's, podman's and the CRI's ID, containerd's target digest.
        var id: String
        /// Every reference that names it, tags and digests.
        var names: [String]
        /// What its client is given to remove it, in order.
        var removedBy: [String]
        /// `repository@sha256:…` to pull it by, the best first.
        var sources: [String]
        /// Bytes, shared layers included.
        var size: Int
        /// Why the runtime itself holds it; nil when it does not.
        var hold: String?
    }

    var images: [Image]
    /// IDs and names that containers in any state show as their image.
    var used: Set<String>
    /// What pods start their sandboxes from, which no container shows.
    var sandboxes: Set<String>
    /// The program that gives an image its tags back after a pull by digest; nil when that is the runtime's own client.
    var tagger: String?

    /// True where one of an image's sources is enough, as not all of them need to be places it was pulled from.
    var anySourceWill = false

    /// Registries without which undo fails, of those that did not answer.
    func silent(but answered: Set<String>) -> [String] {
        let needed = candidates.flatMap { image in
            let registries = Set(image.sources.map(ImageReference.registry))
            let isEnough = anySourceWill && !registries.isDisjoint(with: answered)
            return isEnough ? [] : registries.subtracting(answered)
        }
        return Set(needed).sorted()
    }

    /// The images that nothing holds back, in the order of their IDs.
    var candidates: [Image] {
        let shared = shared
        return sorted.filter { reason($0, shared) == nil }
    }

    /// `NAME: why it stays`, a line for each image that is held back.
    var heldBack: [String] {
        let shared = shared
        return sorted.compactMap { image in reason(image, shared).map { "\(image.names.min() ?? image.id): \($0)" } }
    }

    /// The images, in the order of their IDs: what is made of them is the same whatever order they came in.
    var sorted: [Image] { images.sorted { $0.id < $1.id } }

    /// The names that several images have.
    private var shared: Set<String> {
        let named = images.flatMap { image in image.names.map { (name: $0, id: image.id) } }
        return Set(Dictionary(grouping: named, by: \.name).filter { Set($0.value.map(\.id)).count > 1 }.keys)
    }

    private func reason(_ image: Image, _ shared: Set<String>) -> String? {
        if isSandbox(image) { return "the sandbox image, without which no pod starts" }
        if image.names.contains(where: ImageReference.isPause) {
            return "named like a sandbox image: it is small, and without it no pod may start"
        }
        if let hold = image.hold { return hold }
        if used.contains(image.id) || !used.isDisjoint(with: image.names) { return "used by a container" }
        if !shared.isDisjoint(with: image.names) {
            return "another image has one of its names, and undo could not tell them apart"
        }
        if image.sources.isEmpty { return "no reference with a digest, so it could not be pulled again" }
        return nil
    }

    private func isSandbox(_ image: Image) -> Bool {
        let names = Set(image.names.map(ImageReference.canonical))
        return sandboxes.contains(image.id) || !names.isDisjoint(with: sandboxes.map(ImageReference.canonical))
    }
}

extension ImageStore {
    /// Refuses what could not be an image's: a name that is no reference, an ID of another form, a size beyond belief.
    static func check(
        id: String, names: [String], size: Int, of client: String, isID: (String) -> Bool = ImageReference.isDigest
    ) throws(ObservationError) {
        let odd = names.first { !ImageReference.isPlain($0) } ?? (isID(id) ? nil : id)
        if let odd { throw misread(client, "\(odd.prefix(160).debugDescription) is not the name or ID of an image") }
        // 16 TiB: sums of these cannot overflow.
        guard (0..<(1 << 44)).contains(size) else { throw misread(client, "an image of \(size) bytes") }
    }

    /// An answer that is not understood: nothing is pruned on a guess.
    static func misread(_ client: String, _ what: String) -> ObservationError {
        ObservationError(
            "\(client) answered what is not understood: \(Printable.escape(what, limit: 300))",
            remedy: "Run it on the node and look; an image is never guessed to be unused")
    }
}
