/// dockerd through docker, with the image store of its own graph drivers.
///
/// With containerd's store docker shows a digest for what was built on the node too, so that one is refused.
struct DockerImages: ImageRuntime {
    var questions: [[String]] {
        [
            ["docker", "info", "--format", "{{json .DriverStatus}}"],
            Self.each(
                "docker image ls --all --quiet --no-trunc | sort -u", "docker image inspect --format",
                #"{"id":{{json .Id}},"tags":{{json .RepoTags}},"digests":{{json .RepoDigests}},"parent":{{json .Parent}},"size":{{json .Size}}}"#
            ),
            Self.each(
                "docker container ls --all --quiet --no-trunc", "docker container inspect --format",
                #"{"image":{{json .Image}},"name":{{json .Config.Image}}}"#),
        ]
    }

    // What ends between the list and the look makes the look fail, so that is tried again.
    private static func each(_ list: String, _ inspect: String, _ template: String) -> [String] {
        let text =
            #"look() { \#(list) | xargs -r \#(inspect) "$1"; }; out=$(look "$1") || out=$(look "$1") || exit; printf '%s\n' "$out""#
        return ["/bin/sh", "-c", text, "docker", template]
    }

    func read(_ outputs: [CommandOutput], on node: ImageRuntimesFound) throws(ObservationError) -> ImageStore {
        try Self.checkStore(outputs[0].json([[String]]?.self, of: "docker info") ?? [])
        let listed = try outputs[1].jsonLines(Listed.self, of: "docker image inspect")
        let parents = Set(listed.compactMap(\.parent).filter { !$0.isEmpty })
        let containers = try outputs[2].jsonLines(Container.self, of: "docker container inspect")
        if let odd = containers.first(where: { !ImageReference.isDigest($0.image) }) {
            throw ImageStore.misread("docker container inspect", "a container of \(odd.image.debugDescription)")
        }
        return ImageStore(
            images: try listed.map { (image) throws(ObservationError) in try Self.image(image, parents) },
            used: Set(containers.flatMap { [$0.image, $0.name ?? ""] }), sandboxes: node.sandboxes)
    }

    func removal(in before: Observation) -> [String] { ["docker", "image", "rm", "--no-prune"] }

    func restore(_ image: PrunedImage, in before: Observation) -> Command {
        .shell(Self.pull, [image.id] + image.sources + ["--"] + image.tags)
    }

    /// Pulls what is missing of the references before `--`, which must all name the image `$1`, and gives it the tags
    /// behind that are missing.
    private static let pull: StaticString = #"""
        id=$1
        shift
        names() { [ "$(docker image inspect --format '{{.Id}}' "$1" 2>/dev/null)" = "$id" ]; }
        while [ "$1" != -- ]; do
            names "$1" || docker image pull --quiet "$1" >/dev/null || exit
            names "$1" || { echo "the registry gave another image for $1 than $id" >&2; exit 1; }
            shift
        done
        shift
        for tag do
            docker image inspect "$tag" >/dev/null 2>&1 || docker image tag "$id" "$tag" || exit
        done
        """#
}

extension DockerImages {
    private struct Listed: Decodable {
        var id: String
        var tags: [String]?
        var digests: [String]?
        var parent: String?
        var size: Int
    }

    private struct Container: Decodable {
        var image: String
        var name: String?
    }

    private static func checkStore(_ status: [[String]]) throws(ObservationError) {
        guard !status.contains(where: { $0.last?.hasPrefix("io.containerd.snapshotter") == true }) else {
            throw ObservationError(
                "docker keeps its images in containerd's store, where a digest does not tell a pulled image from a built one",
                remedy: "Nothing is pruned that might not be pulled again; do it by hand")
        }
    }

    // The digests of a repository go with its last tag, and one that is listed behind it would not be found.
    private static func image(_ listed: Listed, _ parents: Set<String>) throws(ObservationError) -> ImageStore.Image {
        let (tags, digests) = (listed.tags ?? [], listed.digests ?? [])
        try ImageStore.check(id: listed.id, names: tags + digests, size: listed.size, of: "docker image inspect")
        let tagged = Set(tags.map(ImageReference.repository))
        return ImageStore.Image(
            id: listed.id, names: (tags + digests).sorted(),
            removedBy: digests.filter { !tagged.contains(ImageReference.repository(of: $0)) }.sorted() + tags.sorted(),
            sources: digests.filter(ImageReference.isSource).sorted(), size: listed.size,
            hold: parents.contains(listed.id) ? "the parent of another image" : nil)
    }
}
