/// `images.prune`: removes images that no container uses, each named, and pulls them again on undo.
///
/// Not `crictl rmi --prune`: that one has no dry run, swallows errors, and deletes the pause image under running pods.
/// Only images with a digest to pull by are taken. Two states are equivalent when the same references name the same
/// digests; that they can be pulled then is up to the registry.
public struct ImagesPrune: Action {
    /// `images.prune`.
    public static let kind = ActionKind(
        name: "images.prune",
        summary: "Removes images that no container uses, but pinned ones, the sandbox image and what cannot be pulled.",
        disrupts: [],
        touches: ["images"],
        parameters: [
            ArgumentKind("runtime", "only 'ctr' (default): containerd through its own client"),
            ArgumentKind("namespace", "containerd's namespace, 'k8s.io' unless given"),
        ])

    private let namespace: String

    /// Reads `runtime` and `namespace`.
    public init(arguments: Arguments) throws(ArgumentError) {
        _ = try arguments.choice("runtime", of: ["ctr"], default: "ctr")
        let text = try arguments.text("namespace") ?? "k8s.io"
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "._-".utf8.contains(byte)
            }
        }
        guard isPlain, (1...76).contains(text.utf8.count), text.first?.isLetter == true || text.first?.isNumber == true
        else {
            throw ArgumentError(
                "namespace",
                "must be letters, digits, '.', '_' and '-', led by one of the former, not \(text.debugDescription)")
        }
        namespace = text
    }

    /// What was pruned is pulled again; the bytes come from the registry.
    public var reversibility: Reversibility { .compensable }
    /// Images do not carry the path to the node.
    public var cutsPath: Bool { false }
    /// Images are on disk.
    public var survivesReboot: Bool { true }
    /// It is what a full disk needs.
    public var freesDisk: Bool { true }

    /// The references, the containers in any state, and the configuration that names the sandbox image.
    public func observe() -> [Command] {
        [
            Command(["ctr", "-n", namespace, "images", "ls"]),
            Command(["ctr", "-n", namespace, "containers", "ls"]),
            Command(["containerd", "config", "dump"]),
        ]
    }

    /// Fields: `image.REF` → digest for every reference (state), `sandbox` (footprint), and the list to prune.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(3, outputs)
        let images = try ContainerdImages(
            images: outputs[0].text(of: "ctr images ls"), containers: outputs[1].text(of: "ctr containers ls"),
            config: outputs[2].text(of: "containerd config dump"))
        var observation = Observation()
        for reference in images.references { observation["image.\(reference.name)"] = .text(reference.digest) }
        observation["sandbox"] = .text(images.sandbox)
        observation["prunable"] = .lines(images.candidates.flatMap(\.names))
        observation["pulledBy"] = .lines(images.candidates.map(\.source))
        observation["bytes"] = .text("\(images.candidates.reduce(0) { $0 + $1.size })")
        observation["heldBack"] = .lines(images.heldBack)
        return observation
    }

    /// The list itself may shrink between plan and run, which ``permits(_:planned:)`` judges.
    public func role(of field: String) -> FieldRole {
        switch field {
        case "sandbox": .footprint
        case "prunable", "pulledBy", "bytes", "heldBack":
            .volatile("containers come and go, and with them what is unused")
        default: .state
        }
    }

    /// The listed references gone, the others as they are.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let names = before.lines("prunable") ?? []
        var after = before
        for name in names { after["image.\(name)"] = nil }
        after["prunable"] = .lines([])
        after["pulledBy"] = .lines([])
        after["bytes"] = .text("0")
        let reason = "a container may start or end meanwhile; the list may only shrink"
        let qualities = Dictionary(
            uniqueKeysWithValues: ["prunable", "pulledBy", "bytes"].map { ($0, Quality.bounded(reason)) })
        return Prediction(after: after, qualities: names.isEmpty ? [:] : qualities, notes: notes(before))
    }

    /// One `ctr images rm` with exactly the listed references.
    public func apply(_ before: Observation) -> [Command] {
        let names = before.lines("prunable") ?? []
        return names.isEmpty ? [] : [Command(removal + names)]
    }

    /// Pulls each image by its digest and names it as before.
    public func undo(_ before: Observation) -> [Command] {
        let names = before.lines("prunable") ?? []
        return (before.lines("pulledBy") ?? []).map { source in
            let digest = before.text("image.\(source)")
            let others = names.filter { $0 != source && before.text("image.\($0)") == digest }
            return .shell(Self.pull, [namespace, source] + others)
        }
    }

    /// The same list, or one that shrank because something is used by now.
    public func permits(_ now: [Command], planned: [Command]) -> Bool {
        guard let list = now.first else { return true }
        guard now.count == 1, planned.count == 1, list.input == nil, list.accepts == planned[0].accepts,
            list.argv.starts(with: removal), planned[0].argv.starts(with: removal)
        else { return false }
        return Set(list.argv.dropFirst(removal.count)).isSubset(of: planned[0].argv.dropFirst(removal.count))
    }

    private var removal: [String] { ["ctr", "-n", namespace, "images", "rm", "--sync"] }

    private func notes(_ before: Observation) -> [String] {
        let images = before.lines("pulledBy") ?? []
        guard !images.isEmpty else { return ["nothing to prune: every image is used, pinned or not pullable"] }
        let size = (Int(before.text("bytes") ?? "") ?? 0) / 1_048_576
        let hosts = Set(images.compactMap { $0.split(separator: "/").first.map(String.init) }).sorted()
        return [
            "\(images.count) images, about \(size) MiB at most: layers shared with images that stay are not freed",
            "undo pulls them again from \(hosts.joined(separator: ", ")), without credentials",
        ]
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
