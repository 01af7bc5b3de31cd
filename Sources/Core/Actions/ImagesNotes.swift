/// What a reader of the plan must know beside the list.
enum ImagesNotes {
    /// Who is asked and why, what it costs, what undo needs, and what stays.
    static func all(_ before: Observation, _ images: [PrunedImage]) -> [String] {
        var notes = [choice(before)]
        notes +=
            images.isEmpty ? ["nothing to prune: every image is used, pinned or not pullable"] : costs(before, images)
        return notes + kept(before)
    }

    private static func choice(_ before: Observation) -> String {
        let others = before.lines("alsoHere") ?? []
        let left = others.isEmpty ? "" : "; images of \(others.joined(separator: ", ")) are not looked at"
        return "by \(before.text("runtime") ?? ""): \(before.text("because") ?? "")\(left)"
    }

    private static func costs(_ before: Observation, _ images: [PrunedImage]) -> [String] {
        let size = (Int(before.text("bytes") ?? "") ?? 0) / 1_048_576
        let hosts = Set(images.flatMap(\.sources).map(ImageReference.registry)).sorted()
        var notes = [
            "\(images.count) images, about \(size) MiB at most: layers shared with images that stay are not freed",
            "undo pulls them again from \(hosts.joined(separator: ", ")), \(credentials(before))",
        ]
        let silent = before.lines("silent") ?? []
        if !silent.isEmpty {
            notes.append(
                "not proven to answer: \(silent.joined(separator: ", ")); if it does not, undo fails and needs a person"
            )
        }
        if before.text("tagger") == "none" {
            notes.append("undo does not give tags back, as ctr is not on the node: images are there by digest alone")
        }
        return notes
    }

    private static func credentials(_ before: Observation) -> String {
        switch before.text("runtime") {
        case "docker", "podman": "with root's own login there"
        case "crictl": "as containerd is configured for the kubelet"
        default: "without credentials"
        }
    }

    // Each line is `NAME: why`.
    private static func kept(_ before: Observation) -> [String] {
        let reasons = (before.lines("heldBack") ?? []).map { line in
            line.split(separator: " ", maxSplits: 1).last.map(String.init) ?? line
        }
        let counts = Dictionary(grouping: reasons) { $0 }.mapValues(\.count).sorted { $0.key < $1.key }
        return counts.map { reason, count in "\(count) kept: \(reason)" }
    }
}
