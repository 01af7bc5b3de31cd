@testable import Core
import Testing

struct CrictlImagesTests {
    private let endpoint = "unix:///run/containerd/containerd.sock"

    @Test("unused images with a digest go, by their ID, which no moved tag can make another")
    func candidates() throws {
        let node = try ImagesNode.crictl()
        let list = [ImageID.unusedB, ImageID.unusedC, ImageID.multi, ImageID.unusedA].map { "sha256:" + $0 }
        #expect(try node.prunable() == list)
        #expect(
            try node.action().apply(node.observe())
                == [Command(["crictl", "-r", endpoint, "-i", endpoint, "rmi"] + list)])
        let prediction = try node.action().predict(node.observe())
        #expect(
            prediction.after.fields.keys.filter { $0.hasPrefix("image.") }.sorted() == [
                "image.localhost/imported-only:1", "image.registry.lab/app:1",
                "image.registry.lab/app@sha256:2c46581e2da2cfd03c0605787a3b0249fd06b9230e23306454d828467a3132c1",
                "image.registry.lab/pause:3.9",
            ])
    }

    @Test("undo pulls by digest through the same endpoint, and ctr gives the tags back")
    func undo() throws {
        let undone = try ImagesNode.crictl().undone()
        #expect(undone.count == 4)
        #expect(
            undone[2] == [
                endpoint, "sha256:" + ImageID.multi, ImageID.sourceMulti, "--", "registry.lab/multi:1",
                ImageID.sourceMulti, "registry.lab/multi:other", ImageID.sourceMulti,
            ])
    }

    @Test("without ctr the tags are not given back: said in the plan, and equivalent by its name only then")
    func noTagger() throws {
        let node = try ImagesNode.crictl().answering(5, "")
        let action = try node.action()
        let before = try node.observe()
        let field = "tag.registry.lab/multi:1"
        #expect(before[field] == .text("sha256:" + ImageID.multi))
        #expect(before["image.registry.lab/multi:1"] == nil)
        #expect(action.isEquivalent(field, before: before[field], now: nil))
        #expect(!action.isEquivalent(field, before: before[field], now: .text("sha256:" + ImageID.unusedA)))
        #expect(!action.isEquivalent("image.x", before: .text("1"), now: nil))
        #expect(try node.undone()[2] == [endpoint, "sha256:" + ImageID.multi, ImageID.sourceMulti, "--"])
        let prediction = try action.predict(before)
        #expect(prediction.notes.contains { $0.contains("does not give tags back") })
        #expect(prediction.after[field] == nil)
    }

    /// A Kubernetes node as recorded, with a digest given to each image, as all of them had been imported.
    private func kubernetes() throws -> ImagesNode {
        let parts = try Fixture.text("crictl-imported.json").split(
            separator: "\"repoDigests\": []", omittingEmptySubsequences: false)
        var images = String(parts[0])
        for (index, part) in parts.dropFirst().enumerated() {
            let digest = String(repeating: "\(index)", count: 64)
            images += "\"repoDigests\": [\"registry.lab/x@sha256:\(digest)\"]\(part)"
        }
        return try ImagesNode.crictl().answering(1, images).answering(2, Fixture.text("crictl-ps.json"))
            .answering(3, Fixture.text("crictl-info.json")).answering(4, "").answering(5, ImagesNode.noContainers)
    }

    @Test("on a Kubernetes node the images of all its containers and the pause image stay")
    func used() throws {
        let node = try kubernetes()
        #expect(
            try node.prunable() == [
                "sha256:0dd64ac97464f780eaf36bc097b2ae8f0fad299922042997317995938cdcf299",
                "sha256:13e1852844ada63f8216194f242a12a9abe79baac50d08f416b96fc0543a612d",
                "sha256:4fba75c63dae20a647f81ca8b33fc07dfed5600a6c9e530e3f8b79f1fce92a33",
            ])
        for name in ["registry.k8s.io/kube-proxy:v1.33.13", "registry.lab/busybox:1.35", "registry.lab/team/app:v2"] {
            #expect(try node.kept(name) == "used by a container")
        }
        #expect(try node.kept("registry.k8s.io/pause:3.10") == "the sandbox image, without which no pod starts")
        // The exited container alone holds its image as well.
        let exited = try node.replacing(2, "CONTAINER_RUNNING", with: "CONTAINER_EXITED")
        #expect(try exited.kept("registry.lab/busybox:1.35") == "used by a container")
        #expect(try node.answering(2, #"{"containers": []}"#).prunable().count == 6)
    }

    @Test("imported images have no digest, and stay")
    func imported() throws {
        let node = try kubernetes().answering(1, Fixture.text("crictl-imported.json"))
        #expect(try node.prunable() == [])
    }

    @Test("a container that only ctr shows holds its image")
    func pastTheKubelet() throws {
        let node = try ImagesNode.crictl()
        #expect(try node.kept("registry.lab/app:1") == "used by a container")
        #expect(try node.answering(5, ImagesNode.noContainers).kept("registry.lab/app:1") == nil)
    }

    @Test("a pinned image stays")
    func pinned() throws {
        let node = try ImagesNode.crictl().replacing(1, "\"pinned\": false", with: "\"pinned\": true")
        #expect(try node.prunable() == [])
        #expect(try node.kept("registry.lab/unused-b:2") == "pinned")
    }

    @Test("the sandbox image is told by the CRI or by containerd's configuration; without either nothing is pruned")
    func sandbox() throws {
        let node = try ImagesNode.crictl()
        let cri = node.answering(3, #"{"config": {"sandboxImage": "registry.lab/unused-b:2"}}"#).answering(4, "")
        #expect(try cri.kept("registry.lab/unused-b:2") == "the sandbox image, without which no pod starts")
        let configured = node.answering(3, "{}").answering(4, "sandbox = 'registry.lab/unused-b:2'\n")
        #expect(try configured.kept("registry.lab/unused-b:2") == "the sandbox image, without which no pod starts")
        #expect(throws: ObservationError.self) { try node.answering(3, "{}").answering(4, "").observe() }
    }

    @Test("another runtime behind the CRI is refused", arguments: ["cri-o", "docker", ""])
    func otherRuntime(name: String) throws {
        let node = try ImagesNode.crictl().answering(0, "Version:  0.1.0\nRuntimeName:  \(name)\n")
        #expect(throws: ObservationError.self) { try node.observe() }
    }

    @Test(
        "an answer that is not understood is refused",
        arguments: [
            (1, ""), (1, "[]"), (1, #"{"images":[{"id":"busybox"}]}"#),
            (1, #"{"images":[{"id":"sha256:\#(ImageID.multi)","size":"12MB"}]}"#),
            (1, #"{"images":[{"id":"sha256:\#(ImageID.multi)","size":"1","repoTags":["-r"]}]}"#),
            (2, ""), (2, #"{"containers":[{"image":{"image":"busybox"}}]}"#), (3, "not json"), (5, "rubbish"),
        ])
    func misread(index: Int, text: String) throws {
        let node = try ImagesNode.crictl().answering(index, text)
        #expect(throws: ObservationError.self) { try node.observe() }
    }
}
