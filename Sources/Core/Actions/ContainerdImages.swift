/// The image references of a containerd namespace, grouped by the image they name, and what holds each back.
struct ContainerdImages: Sendable, Hashable {
    /// One line of `ctr images ls`.
    struct Reference: Sendable, Hashable {
        var name: String
        var digest: String
        /// Bytes, as far as the rounded size tells.
        var size: Int
        var isPinned: Bool
    }

    var references: [Reference]
    /// Image names of all containers, in any state.
    var used: Set<String>
    /// The image of the pod sandboxes, which no container shows.
    var sandbox: String

    /// Reads `ctr images ls`, `ctr containers ls` and `containerd config dump`.
    init(images: String, containers: String, config: String) throws(ObservationError) {
        references = try Self.rows(images, header: "REF").map { (words) throws(ObservationError) in
            try Self.reference(words)
        }
        used = Set(
            try Self.rows(containers, header: "CONTAINER").map { (words) throws(ObservationError) in
                // A container without an image shows '-'; the task's runtime is the last column.
                guard words.count == 3 else { throw Self.misread(words) }
                return words[1]
            })
        guard let image = Self.sandbox(in: config) else {
            throw ObservationError(
                "containerd's configuration does not tell the sandbox (pause) image",
                remedy:
                    "Look for 'sandbox' in 'containerd config dump'; without it nothing is pruned, lest no pod can start"
            )
        }
        sandbox = image
    }

    /// The references of one image that may go, with the name to pull it by.
    struct Candidate: Sendable, Hashable {
        var digest: String
        var names: [String]
        /// `name@sha256:…`.
        var source: String
        var size: Int
    }

    /// All images that nothing holds back, by digest.
    var candidates: [Candidate] {
        Dictionary(grouping: references, by: \.digest).sorted { $0.key < $1.key }.compactMap { digest, group in
            guard held(group) == nil, let source = group.map(\.name).filter(Self.isPullable).min() else { return nil }
            return Candidate(
                digest: digest, names: group.map(\.name).sorted(), source: source, size: group.map(\.size).max() ?? 0)
        }
    }

    /// `NAME: why it stays`, a line for each image that is held back.
    var heldBack: [String] {
        Dictionary(grouping: references, by: \.digest).sorted { $0.key < $1.key }.compactMap { _, group in
            held(group).map { "\(group.map(\.name).min() ?? ""): \($0)" }
        }
    }

    private func held(_ group: [Reference]) -> String? {
        let names = Set(group.map(\.name))
        if names.contains(sandbox) { return "the sandbox image, without which no pod starts" }
        if group.contains(where: \.isPinned) { return "pinned" }
        if !names.isDisjoint(with: used) { return "used by a container" }
        if !names.contains(where: Self.isPullable) {
            return "no reference with a digest, so it could not be pulled again"
        }
        return nil
    }

    private static func isPullable(_ name: String) -> Bool {
        // `sha256:…` alone is the CRI's name for a configuration, not a place to pull from.
        guard let at = name.firstIndex(of: "@"), name[..<at].contains("/") else { return false }
        return isDigest(name[name.index(after: at)...])
    }

    private static func isDigest(_ text: some StringProtocol) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71 && text.dropFirst(7).allSatisfy(\.isHexDigit)
    }

    // REF TYPE DIGEST SIZE PLATFORMS LABELS, where SIZE is a number and its unit.
    private static func reference(_ words: [String]) throws(ObservationError) -> Reference {
        guard words.count >= 7, isDigest(words[2]), !words[0].hasPrefix("-"), let size = bytes(words[3], words[4])
        else {
            throw misread(words)
        }
        let labels = words[6...].joined(separator: " ")
        return Reference(
            name: words[0], digest: words[2], size: size, isPinned: labels.contains("io.cri-containerd.pinned="))
    }

    private static func bytes(_ number: String, _ unit: String) -> Int? {
        let factors = ["B": 1.0, "KiB": 1024, "MiB": 1_048_576, "GiB": 1_073_741_824, "TiB": 1_099_511_627_776]
        guard let value = Double(number), value.isFinite, value >= 0, value < 1e6, let factor = factors[unit] else {
            return nil
        }
        return Int(value * factor)
    }

    private static func rows(_ text: String, header: String) throws(ObservationError) -> [[String]] {
        let lines = text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
        guard lines.first?.first == header else { throw misread(lines.first ?? []) }
        return lines.dropFirst().filter { !$0.isEmpty }
    }

    private static func misread(_ words: [String]) -> ObservationError {
        ObservationError(
            "ctr printed a line that is not understood: \(words.joined(separator: " ").prefix(160).debugDescription)",
            remedy:
                "Run 'ctr -n k8s.io images ls' and 'containers ls' on the node; an image is never guessed to be unused")
    }

    // `sandbox_image = "…"` (containerd 1), `sandbox = '…'` under `pinned_images` (containerd 2).
    private static func sandbox(in config: String) -> String? {
        for line in config.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map { part in
                part.drop(while: \.isWhitespace)
            }
            guard parts.count == 2 else { continue }
            let key = parts[0].prefix { !$0.isWhitespace }
            let value = parts[1].filter { !"\"' ".contains($0) }
            if key == "sandbox_image" || (key == "sandbox" && value.contains("/")), !value.isEmpty { return value }
        }
        return nil
    }
}
