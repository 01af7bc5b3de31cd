/// podman's images, those of root.
///
/// podman shows a digest in every repository an image has a tag of, pulled from there or not. So only an image whose
/// stored manifest has compressed layers is taken: registries hold those, while a build's layers are plain. And undo asks
/// the repositories of all names that the image ever had: the one it was pulled by may have been taken from it since. Where
/// podman keeps no such history, the image stays.
struct PodmanImages: ImageRuntime {
    var questions: [[String]] {
        [
            ["podman", "images", "--all", "--no-trunc", "--format", "json"],
            // An image index answers with the image it stands for on this machine, or not at all.
            [
                "/bin/sh", "-c",
                "podman images --all --quiet --no-trunc | sort -u | xargs -r podman image inspect --format '{{.ID}}' || :",
            ],
            ["podman", "ps", "--all", "--external", "--format", "json"],
            ["/bin/sh", "-c", "\(Self.compressed)"],
        ]
    }

    // containers/storage keeps an image's manifests as `manifest` and as `=` and the base64 of `manifest-DIGEST`.
    private static let compressed: StaticString = #"""
        root=$(podman info --format '{{.Store.GraphRoot}}/{{.Store.GraphDriverName}}-images') && cd "$root" || exit
        grep -lE '"mediaType": ?"[^"]*[.+](gzip|zstd)"' */manifest */=bWFuaWZlc3Qt* 2>/dev/null |
            xargs -r grep -LE '"mediaType": ?"[^"]*[.]tar"' | cut -d/ -f1 | sort -u
        """#

    func read(_ outputs: [CommandOutput], on node: ImageRuntimesFound) throws(ObservationError) -> ImageStore {
        let listed = try outputs[0].json([Listed]?.self, of: "podman images") ?? []
        let single = try Self.ids(outputs[1], of: "podman image inspect")
        let containers = try outputs[2].json([Container]?.self, of: "podman ps") ?? []
        let pulled = try Self.ids(outputs[3], of: "podman's stored manifests")
        let parents = Set(listed.compactMap(\.parent))
        var images: [String: ImageStore.Image] = [:]
        for image in listed {  // once for each name
            let isIndex = image.isManifestList == true || !single.contains(image.id)
            images[image.id] = try Self.image(image, isIndex, pulled.contains(image.id), parents)
        }
        return ImageStore(
            images: Array(images.values), used: try Self.used(containers), sandboxes: node.sandboxes,
            anySourceWill: true)
    }

    func removal(in before: Observation) -> [String] { ["podman", "image", "rm", "--no-prune"] }

    func restore(_ image: PrunedImage, in before: Observation) -> Command {
        .shell(Self.pull, [image.id] + image.sources + ["--"] + image.listed)
    }

    /// Pulls the image `$1` by the first reference before `--` that answers, gives it the names behind that are missing,
    /// and takes those away that only the pull has left.
    private static let pull: StaticString = #"""
        set -f
        id=$1 sources= pulled=
        shift
        while [ "$1" != -- ]; do sources="$sources $1"; shift; done
        shift
        names() { podman image inspect --format '{{range .RepoTags}}{{println .}}{{end}}{{range .RepoDigests}}{{println .}}{{end}}' "$id"; }
        has() { names 2>/dev/null | grep -Fxq -e "$1"; }
        held() { names 2>/dev/null | grep -q -e "@${1#*@}\$"; }
        pull() { podman image pull --quiet "$1" >/dev/null && pulled="$pulled $1"; }
        for source in $sources; do podman image exists "$id" || pull "$source"; done
        podman image exists "$id" || { echo "no registry gave the image $id" >&2; exit 1; }
        for name do
            case $name in
                *@*) has "$name" || pull "$name" || exit ;;
                *) podman image exists "$name" || podman image tag "$id" "$name" || exit ;;
            esac
        done
        for source in $sources; do held "$source" || pull "$source"; done
        for source in $sources; do
            held "$source" || { echo "no registry gave ${source#*@} of the image $id" >&2; exit 1; }
        done
        for source in $pulled; do
            case " $* " in
                *" $source "*) ;;
                *) podman image untag "$id" "$source" || exit ;;
            esac
        done
        """#
}

extension PodmanImages {
    private struct Listed: Decodable {
        var id: String
        var parent: String?
        var names: [String]?
        var digests: [String]?
        var digest: String?
        var history: [String]?
        var size: Int
        var containers: Int?
        var readOnly: Bool?
        var isManifestList: Bool?

        private enum CodingKeys: String, CodingKey {
            case id = "Id"
            case parent = "ParentId"
            case names = "Names"
            case digests = "RepoDigests"
            case digest = "Digest"
            case history = "History"
            case size = "Size"
            case containers = "Containers"
            case readOnly = "ReadOnly"
            case isManifestList = "IsManifestList"
        }
    }

    private struct Container: Decodable {
        var id: String?
        var name: String?
        private enum CodingKeys: String, CodingKey {
            case id = "ImageID"
            case name = "Image"
        }
    }

    private static func image(
        _ listed: Listed, _ isIndex: Bool, _ isPulled: Bool, _ parents: Set<String>
    ) throws(ObservationError) -> ImageStore.Image {
        let (names, digests) = (listed.names ?? [], listed.digests ?? [])
        try ImageStore.check(
            id: listed.id, names: names + digests, size: listed.size, of: "podman images", isID: ImageReference.isHex)
        return ImageStore.Image(
            id: listed.id, names: Set(names + digests).sorted(), removedBy: names.sorted(),
            sources: isPulled ? sources(of: listed) : [], size: listed.size, hold: hold(listed, isIndex, parents))
    }

    /// By the digest that the image was asked for first, which may be an index's: its own digest then comes along. Of the
    /// repositories the oldest first, as it is the one that the image came from.
    private static func sources(of listed: Listed) -> [String] {
        let shown = (listed.digests ?? []).filter(ImageReference.isSource)
        let digests = Set(shown.map(ImageReference.digest)).sorted { first, second in
            (first == listed.digest ? 0 : 1, first) < (second == listed.digest ? 0 : 1, second)
        }
        var repositories: [String] = []
        let names = (listed.history ?? []).filter(ImageReference.isPlain).reversed() + shown.sorted()
        for repository in names.map(ImageReference.repository)
        where !repository.hasPrefix("localhost/") && !repositories.contains(repository) {
            repositories.append(repository)
        }
        return digests.flatMap { digest in repositories.map { "\($0)@\(digest)" } }
    }

    private static func hold(_ listed: Listed, _ isIndex: Bool, _ parents: Set<String>) -> String? {
        if isIndex { return "an image index, which a pull would not bring back" }
        if listed.readOnly == true { return "in a read-only store" }
        if parents.contains(listed.id) { return "the parent of another image" }
        if listed.containers ?? 0 > 0 { return "used by a container" }
        // The names of now may all have been given here.
        let isTold = listed.history?.isEmpty == false
        return isTold ? nil : "podman does not tell what it was called, so not where it came from"
    }

    private static func used(_ containers: [Container]) throws(ObservationError) -> Set<String> {
        for container in containers where container.id?.isEmpty != false && container.name?.isEmpty == false {
            throw ImageStore.misread("podman ps", "a container of \(container.name.debugDescription)")
        }
        return Set(containers.flatMap { [$0.id ?? "", $0.name ?? ""] })
    }

    private static func ids(_ output: CommandOutput, of what: String) throws(ObservationError) -> Set<String> {
        Set(try output.text(of: what).lines.map(String.init))
    }
}
