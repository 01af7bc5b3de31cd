@testable import Core
import Testing

/// What a node answers to `images.prune`, each part to be replaced by a test.
struct ImagesNode {
    var runtime: ImageClient
    var probe = "kubelet=no\ndocker=yes\npodman=yes\ncrictl=yes\nctr=yes\n\(Self.endpoint)"
    var registries = "registry.lab\n"
    /// Answers to the runtime's questions, in order.
    var answers: [String]

    static let endpoint = "endpoint=unix:///run/containerd/containerd.sock\n"
    static let config = "[plugins]\n    sandbox_image = \"registry.lab/pause:3.9\"\n"
    static let noContainers = "CONTAINER IMAGE RUNTIME\n"

    static func ctr() throws -> ImagesNode {
        ImagesNode(
            runtime: .ctr,
            answers: [try Fixture.text("ctr-images.txt"), try Fixture.text("ctr-containers.txt"), config])
    }

    static func docker() throws -> ImagesNode {
        ImagesNode(
            runtime: .docker,
            answers: [
                #"[["Backing Filesystem","extfs"],["Supports d_type","true"]]"#,
                try Fixture.text("docker-images.txt"), try Fixture.text("docker-containers.txt"),
            ])
    }

    static func podman() throws -> ImagesNode {
        ImagesNode(
            runtime: .podman,
            answers: try ["podman-images.json", "podman-single.txt", "podman-containers.json", "podman-pulled.txt"]
                .map { try Fixture.text($0) })
    }

    /// containerd's CRI where one container was made past the kubelet.
    static func crictl() throws -> ImagesNode {
        ImagesNode(
            runtime: .crictl,
            answers: [
                "Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  1.6.20~ds1\nRuntimeApiVersion:  v1\n",
                try Fixture.text("crictl-images.json"), #"{"containers": []}"#,
                #"{"config": {"sandboxImage": "registry.lab/pause:3.9"}}"#, config,
                try Fixture.text("ctr-containers.txt"),
            ])
    }

    /// The same with another answer in the place of one.
    func answering(_ index: Int, _ text: String) -> ImagesNode {
        var copy = self
        copy.answers[index] = text
        return copy
    }

    /// The same with something else in the place of part of an answer, which must be there.
    func replacing(_ index: Int, _ old: String, with new: String) throws -> ImagesNode {
        try #require(answers[index].contains(old), "\(old) is not in the answer")
        return answering(index, answers[index].replacing(old, with: new))
    }

    /// The action that asks this runtime, by name.
    func action() throws -> ImagesPrune { try ImagesPrune(arguments: Arguments(["runtime": .text(runtime.rawValue)])) }

    func observe() throws -> Observation {
        try action().parse(([probe, registries] + answers).map { Fixture.output($0) })
    }

    /// What would be removed.
    func prunable() throws -> [String] { try #require(try observe().lines("prunable")) }

    /// Why an image stays, nil when it does not.
    func kept(_ name: String) throws -> String? {
        try #require(try observe().lines("heldBack")).first { $0.hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    /// The positional values of the commands that bring images back.
    func undone() throws -> [[String]] {
        try action().undo(observe()).map { Array($0.argv.dropFirst(4)) }
    }
}

/// Digests of the images in the recorded outputs.
enum ImageID {
    static let unusedA = "f06ea1504908eb13009d0bf98ab23a4c2932dd85765b7a78912e21c6c2a0045c"
    static let unusedB = "065ee0decda57e8423ba23a883ea3a11cc4e9121ed6e708e36d0f1da859ef7d0"
    static let unusedC = "2a13d1634ca67c9039434bd4e8b67bd9d7a43d93963ddf0b1d219cbb091047c1"
    static let multi = "850c4ff81e3326dad8d6db7b6ba5aa83671f998da2589a4dc7b3f2006f5f8d52"
    static let sourceB =
        "registry.lab/unused-b@sha256:f6f7a4d1c428f6ea42327ce6f66ff8b7dbf592225ea7353d75c95b0d52c1737f"
    static let sourceC =
        "registry.lab/unused-c@sha256:50473c0033014b079fe1dddfacecb13c7f322f71b932b45fb21e03cfbf4cb1e2"
    static let sourceMulti =
        "registry.lab/multi@sha256:2a62739e5e8e4deff6c4440f5a8bb9bd68d4c30322e0fac12b4db3accc85648d"
    static let mirrorB = "mirror.example/b@sha256:f6f7a4d1c428f6ea42327ce6f66ff8b7dbf592225ea7353d75c95b0d52c1737f"
    static let tagsB = ["mirror.example/b:2", "registry.lab/unused-b:2", "registry.lab/unused-b:latest"]
}

extension LocalNode {
    /// Puts a program under several names into a folder. A child writes it: a file that this process had open for writing
    /// while another test started a program could not be run.
    static func install(_ program: String, as names: [String], in folder: String) async throws {
        for name in names {
            try await LocalNode().shell("cat >'\(folder)/\(name)' && chmod 755 '\(folder)/\(name)'", input: program)
        }
    }
}
