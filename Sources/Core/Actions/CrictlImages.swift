/// The Container Runtime Interface through crictl, for containerd.
///
/// Another runtime behind the CRI is refused: CRI-O shows a digest for what was built on the node too, and cri-dockerd
/// hides the containers that the kubelet did not make.
struct CrictlImages: ImageRuntime {
    // `-r` alone is not enough: crictl.yaml may name another endpoint for images.
    private static let cri = ["/bin/sh", "-c", #"exec crictl -r "$endpoint" -i "$endpoint" "$@""#, "crictl"]

    var questions: [[String]] {
        [
            Self.cri + ["version"], Self.cri + ["images", "-o", "json"], Self.cri + ["ps", "-a", "-o", "json"],
            Self.cri + ["info"],
            ["/bin/sh", "-c", "! command -v containerd >/dev/null || exec containerd config dump"],
            // The CRI shows only the kubelet's containers; others may be in its namespace.
            ["/bin/sh", "-c", #"! command -v ctr >/dev/null || exec ctr -a "$socket" -n k8s.io containers ls"#],
        ]
    }

    func read(_ outputs: [CommandOutput], on node: ImageRuntimesFound) throws(ObservationError) -> ImageStore {
        try Self.checkRuntime(outputs[0].text(of: "crictl version"))
        let listed = try outputs[1].json(ListedImages.self, of: "crictl images").images
        let images = try (listed ?? []).map { (image) throws(ObservationError) in try Self.image(image) }
        let containers = try outputs[2].json(ListedContainers.self, of: "crictl ps").containers ?? []
        var used = try Self.used(containers, images)
        let others = try outputs[5].text(of: "ctr containers ls")
        if !others.isEmpty { used.formUnion(try ContainerdImages.used(others)) }
        let told = try outputs[3].json(Info.self, of: "crictl info").config?.sandboxImage
        let configured = ContainerdImages.sandbox(in: try outputs[4].text(of: "containerd config dump"))
        let sandboxes = [told, configured].compactMap(\.self).filter { !$0.isEmpty }
        guard !sandboxes.isEmpty else { throw ContainerdImages.noSandbox }
        return ImageStore(
            images: images, used: used, sandboxes: node.sandboxes.union(sandboxes),
            tagger: others.isEmpty ? "none" : "ctr")
    }

    func removal(in before: Observation) -> [String] {
        let endpoint = before.text("endpoint") ?? ""
        return ["crictl", "-r", endpoint, "-i", endpoint, "rmi"]
    }

    func restore(_ image: PrunedImage, in before: Observation) -> Command {
        let tags = before.text("tagger") == "ctr" ? image.tags : []
        let pairs = tags.flatMap { tag in
            let repository = ImageReference.repository(of: tag)
            return [tag, image.sources.first { $0.hasPrefix(repository + "@") } ?? image.sources.first ?? ""]
        }
        return .shell(Self.pull, [before.text("endpoint") ?? "", image.id] + image.sources + ["--"] + pairs)
    }

    /// From the endpoint `$1` pulls what is missing of the references before `--`, which must all name the image `$2`;
    /// behind come pairs of a tag that is missing and the reference to give it to.
    private static let pull: StaticString = #"""
        endpoint=$1 id=$2
        shift 2
        cri() { crictl -r "$endpoint" -i "$endpoint" "$@"; }
        names() { cri inspecti -o json "$1" 2>/dev/null | grep -Fq -e "$id"; }
        containerd() { ctr -a "${endpoint#unix://}" -n k8s.io images "$@"; }
        have() { containerd ls -q | grep -Fxq -e "$1"; }
        while [ "$1" != -- ]; do
            names "$1" || cri pull "$1" >/dev/null || exit
            names "$1" || { echo "the registry gave another image for $1 than $id" >&2; exit 1; }
            shift
        done
        shift
        while [ $# -gt 1 ]; do
            have "$1" || containerd tag "$2" "$1" >/dev/null || have "$1" || exit
            # The CRI plugin learns of a new name from an event.
            for try in 1 2 3 4 5 6 7 8 9 10; do if cri inspecti -o json "$1" >/dev/null 2>&1; then break; fi; sleep 1; done
            shift 2
        done
        """#
}

extension CrictlImages {
    private struct ListedImages: Decodable { var images: [Listed]? }

    private struct Listed: Decodable {
        var id: String
        var repoTags: [String]?
        var repoDigests: [String]?
        // The CRI's 64-bit numbers are texts in JSON.
        var size: String?
        var pinned: Bool?
    }

    private struct ListedContainers: Decodable { var containers: [Container]? }

    private struct Container: Decodable {
        struct Spec: Decodable { var image: String? }
        var image: Spec?
        var imageRef: String?
        var imageId: String?
    }

    private struct Info: Decodable {
        struct Config: Decodable { var sandboxImage: String? }
        var config: Config?
    }

    private static func checkRuntime(_ version: String) throws(ObservationError) {
        let line = version.lines.first { $0.hasPrefix("RuntimeName:") } ?? ""
        let name = String(line.dropFirst("RuntimeName:".count).drop(while: \.isWhitespace))
        guard name == "containerd" else {
            throw ObservationError(
                "crictl speaks to '\(Printable.escape(name, limit: 60))', whose images are not pruned through it",
                remedy: "It is done for containerd; where docker is behind the CRI, use runtime=docker")
        }
    }

    private static func image(_ listed: Listed) throws(ObservationError) -> ImageStore.Image {
        let (tags, digests) = (listed.repoTags ?? [], listed.repoDigests ?? [])
        guard let size = Int(listed.size ?? "0") else { throw ImageStore.misread("crictl images", listed.size ?? "") }
        try ImageStore.check(id: listed.id, names: tags + digests, size: size, of: "crictl images")
        // The CRI takes an image with all its names whichever is given; the ID names it even if a tag has moved.
        return ImageStore.Image(
            id: listed.id, names: (tags + digests).sorted(), removedBy: [listed.id],
            sources: digests.filter(ImageReference.isSource).sorted(), size: size,
            hold: listed.pinned == true ? "pinned" : nil)
    }

    // A container whose image cannot be told from what it shows might use any of them.
    private static func used(
        _ containers: [Container], _ images: [ImageStore.Image]
    ) throws(ObservationError) -> Set<String> {
        let known = Set(images.flatMap { $0.names + [$0.id] })
        var used: Set<String> = []
        for container in containers {
            let shown = [container.image?.image, container.imageRef, container.imageId].compactMap(\.self)
            guard shown.contains(where: { known.contains($0) || ImageReference.isDigest($0) }) else {
                throw ImageStore.misread("crictl ps", "a container of \(shown.joined(separator: " ").debugDescription)")
            }
            used.formUnion(shown)
        }
        return used
    }
}
