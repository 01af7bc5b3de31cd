/// containerd through its own client, `ctr`.
struct ContainerdImages: ImageRuntime {
    /// containerd's namespace, in which the images are.
    var namespace: String

    var questions: [[String]] {
        [
            ["ctr", "-n", namespace, "images", "ls"], ["ctr", "-n", namespace, "containers", "ls"],
            ["containerd", "config", "dump"],
        ]
    }

    func read(_ outputs: [CommandOutput], on node: ImageRuntimesFound) throws(ObservationError) -> ImageStore {
        let references = try Self.references(outputs[0].text(of: "ctr images ls"))
        let config = try outputs[2].text(of: "containerd config dump")
        guard let sandbox = Self.sandbox(in: config) else { throw Self.noSandbox }
        return ImageStore(
            images: Dictionary(grouping: references, by: \.digest).map { Self.image($0, $1) },
            used: try Self.used(outputs[1].text(of: "ctr containers ls")),
            sandboxes: node.sandboxes.union([sandbox]))
    }

    func removal(in before: Observation) -> [String] { ["ctr", "-n", namespace, "images", "rm", "--sync"] }

    func restore(_ image: PrunedImage, in before: Observation) -> Command {
        let source = image.sources.first ?? ""
        return .shell(Self.pull, [namespace, source] + image.names.filter { $0 != source })
    }

    /// In namespace `$1` pulls `$2` unless it is there and gives it the names behind that are missing.
    ///
    /// A name that someone has meanwhile given to another image stays theirs.
    private static let pull: StaticString = #"""
        namespace=$1 source=$2
        shift 2
        have() { ctr -n "$namespace" images ls -q | grep -Fxq -e "$1"; }
        if ! have "$source"; then
            if [ -d /etc/containerd/certs.d ]; then
                ctr -n "$namespace" images pull --hosts-dir /etc/containerd/certs.d "$source" >/dev/null || exit
            else
                ctr -n "$namespace" images pull "$source" >/dev/null || exit
            fi
        fi
        for name do
            # The CRI plugin names what is pulled too, so a name may appear between the look and the tag.
            have "$name" || ctr -n "$namespace" images tag "$source" "$name" >/dev/null || have "$name" || exit
        done
        """#
}

extension ContainerdImages {
    /// Image names of all containers of `ctr containers ls`, in any state.
    static func used(_ text: String) throws(ObservationError) -> Set<String> {
        Set(
            try rows(text, header: "CONTAINER").map { (words) throws(ObservationError) in
                // A container without an image shows '-'; the task's runtime is the last column.
                guard words.count == 3 else { throw misread(words) }
                return words[1]
            })
    }

    /// The image of the pod sandboxes: `sandbox_image = "…"` (containerd 1), `sandbox = '…'` under `pinned_images` (2).
    static func sandbox(in config: String) -> String? {
        for line in config.lines {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.drop(while: \.isWhitespace) }
            guard parts.count == 2 else { continue }
            let key = parts[0].prefix { !$0.isWhitespace }
            let value = parts[1].filter { !"\"' ".contains($0) }
            if key == "sandbox_image" || (key == "sandbox" && value.contains("/")), !value.isEmpty { return value }
        }
        return nil
    }

    /// Refused without one: nothing else tells which image a pod needs to start.
    static let noSandbox = ObservationError(
        "containerd's configuration does not tell the sandbox (pause) image",
        remedy: "Look for 'sandbox' in 'containerd config dump'; without it nothing is pruned, lest no pod can start")

    /// One line of `ctr images ls`.
    private struct Reference {
        var name: String
        var digest: String
        /// Bytes, as far as the rounded size tells.
        var size: Int
        var isPinned: Bool
    }

    // Names of one digest go together or not at all; `sha256:…` alone is the CRI's name for a configuration, not a
    // place to pull from.
    private static func image(_ digest: String, _ group: [Reference]) -> ImageStore.Image {
        let names = group.map(\.name).sorted()
        return ImageStore.Image(
            id: digest, names: names, removedBy: names,
            sources: names.filter { ImageReference.isSource($0) && $0.contains("/") },
            size: group.map(\.size).max() ?? 0, hold: group.contains(where: \.isPinned) ? "pinned" : nil)
    }

    // REF TYPE DIGEST SIZE PLATFORMS LABELS, where SIZE is a number and its unit.
    private static func references(_ text: String) throws(ObservationError) -> [Reference] {
        try rows(text, header: "REF").map { (words) throws(ObservationError) in
            guard words.count >= 7, ImageReference.isPlain(words[0]), ImageReference.isDigest(words[2]),
                let size = bytes(words[3], words[4])
            else { throw misread(words) }
            let labels = words[6...].joined(separator: " ")
            return Reference(
                name: words[0], digest: words[2], size: size, isPinned: labels.contains("io.cri-containerd.pinned="))
        }
    }

    private static func bytes(_ number: String, _ unit: String) -> Int? {
        let factors = ["B": 1.0, "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824, "TiB": 1_099_511_627_776]
        guard let value = Double(number), value.isFinite, value >= 0, value < 1024, let factor = factors[unit] else {
            return nil
        }
        return Int(value * factor)
    }

    private static func rows(_ text: String, header: String) throws(ObservationError) -> [[String]] {
        let lines = text.lines.map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
        guard lines.first?.first == header else { throw misread(lines.first ?? []) }
        return lines.dropFirst().filter { !$0.isEmpty }
    }

    private static func misread(_ words: [String]) -> ObservationError {
        ImageStore.misread("ctr", words.joined(separator: " "))
    }
}
