@testable import Core
import Testing

struct ContainerdImagesTests {
    @Test("unused images with a digest go under all their names; pause, used and imported ones stay")
    func candidates() throws {
        let node = try ImagesNode.ctr()
        let action = try node.action()
        let before = try node.observe()
        let names = try node.prunable()
        #expect(names.count == 9)
        #expect(names.filter { $0.hasPrefix("registry.lab/unused-") }.count == 6)
        #expect(!names.contains { $0.contains("pause") || $0.contains("app") || $0.contains("imported") })
        #expect(action.apply(before) == [Command(["ctr", "-n", "k8s.io", "images", "rm", "--sync"] + names)])
        let prediction = try action.predict(before)
        #expect(prediction.after.fields.keys.count { $0.hasPrefix("image.") } == 7)
        #expect(prediction.notes.contains { $0.hasPrefix("3 images, about 3 MiB") })
        #expect(action.apply(prediction.after).isEmpty)
    }

    @Test("undo pulls each by its digest and gives it all its names")
    func undo() throws {
        let undone = try ImagesNode.ctr().undone()
        #expect(undone.count == 3)
        for values in undone {
            #expect(values[0] == "k8s.io")
            #expect(values[1].contains("@sha256:"))
            #expect(values.count == 4)
        }
    }

    @Test("the sandbox image stays, which containerd 1 and 2 tell in their own ways; without one nothing is pruned")
    func sandbox() throws {
        // Not named like one, and pullable, so that the configuration alone keeps it.
        let node = try ImagesNode.ctr()
        for config in [
            "[plugins]\n  sandbox_image = \"registry.lab/unused-a:1\"\n",
            "[plugins.'io.containerd.cri.v1.images'.pinned_images]\n  sandbox = 'registry.lab/unused-a:1'\n",
        ] {
            let other = node.answering(2, config)
            #expect(try !other.prunable().contains { $0.contains("unused-a") })
            #expect(try other.kept("registry.lab/unused-a:1") == "the sandbox image, without which no pod starts")
            #expect(try other.observe().text("sandbox") == "registry.lab/unused-a:1")
        }
        #expect(throws: ObservationError.self) { try node.answering(2, "version = 2\n").observe() }
    }

    @Test("the sandbox image that the kubelet's arguments name stays too")
    func kubeletsSandbox() throws {
        var node = try ImagesNode.ctr()
        node.probe += "kubelet.sandbox=registry.lab/unused-b:2\n"
        #expect(try !node.prunable().contains { $0.contains("unused-b") })
    }

    @Test("an image named pause stays, whatever is configured")
    func named() throws {
        let node = try ImagesNode.ctr().replacing(0, "registry.lab/unused-b", with: "registry.lab/mirrored-pause")
        #expect(try node.kept("registry.lab/mirrored-pause:2")?.hasPrefix("named like a sandbox image") == true)
    }

    @Test("a pinned image stays")
    func pinned() throws {
        let node = try ImagesNode.ctr().answering(1, ImagesNode.noContainers).replacing(
            0, "io.cri-containerd.image=managed",
            with: "io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned")
        #expect(try node.prunable() == [])
        #expect(try node.kept("registry.lab/app:1") == "pinned")
    }

    @Test("a container that uses an image by another of its names holds it with all of them")
    func usedByDigest() throws {
        let id = "sha256:" + ImageID.unusedB
        let node = try ImagesNode.ctr().answering(1, "CONTAINER IMAGE RUNTIME\nx \(id) r\n")
        #expect(try !node.prunable().contains { $0.contains("unused-b") || $0 == id })
        #expect(try node.kept("registry.lab/unused-b:2") == "used by a container")
    }

    @Test("an image without a digest of a registry stays")
    func imported() throws {
        #expect(try ImagesNode.ctr().kept("localhost/imported-only:1")?.hasPrefix("no reference with a digest") == true)
    }

    @Test(
        "an answer that is not understood is refused",
        arguments: ["", "rubbish", "REF TYPE\nx y\n", "REF\n--all t sha256:0 1 B p l\n"])
    func misread(text: String) throws {
        let node = try ImagesNode.ctr()
        #expect(throws: ObservationError.self) { try node.answering(0, text).observe() }
        #expect(throws: ObservationError.self) {
            try node.replacing(0, "registry.lab/unused-a:1", with: "-unused-a:1").observe()
        }
    }
}
