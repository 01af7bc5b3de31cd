@testable import Core
import Testing

struct PodmanImagesTests {
    @Test("unused images that were pulled go, by the names they are stored under")
    func candidates() throws {
        let node = try ImagesNode.podman()
        let list = ImageID.tagsB + [ImageID.sourceC]
        #expect(try node.prunable() == list)
        #expect(
            try node.action().apply(node.observe()) == [Command(["podman", "image", "rm", "--no-prune"] + list)])
    }

    @Test("undo tries every repository with the digest, the oldest first, and gives back the stored names")
    func undo() throws {
        #expect(
            try ImagesNode.podman().undone() == [
                [ImageID.unusedB, ImageID.sourceB, ImageID.mirrorB, "--"] + ImageID.tagsB,
                [ImageID.unusedC, ImageID.sourceC, "--", ImageID.sourceC],
            ])
    }

    @Test("the name that an image was pulled by may be gone: undo asks there all the same")
    func pulledByNameThatIsGone() throws {
        let node = try ImagesNode.podman().replacing(0, "\"\(ImageID.sourceB)\",\n", with: "")
        let undone = try #require(try node.undone().first { $0[0] == ImageID.unusedB })
        #expect(undone[1...2] == [ImageID.sourceB, ImageID.mirrorB])
    }

    @Test("an image without a history of its names stays: those of now may all have been given here")
    func noHistory() throws {
        let word = "podman does not tell what it was called"
        let old = try ImagesNode.podman().replacing(0, "\"History\"", with: "\"Past\"")
        #expect(try old.prunable() == [])
        #expect(try old.kept(ImageID.sourceC)?.hasPrefix(word) == true)
        let history = "\"History\": [\n            \"\(ImageID.sourceC)\"\n        ]"
        let empty = try ImagesNode.podman().replacing(0, history, with: "\"History\": []")
        #expect(try empty.prunable() == ImageID.tagsB)
    }

    @Test("an image that came by an index is pulled by the index's digest first, so that it has both again")
    func indexFirst() throws {
        let node = try ImagesNode.podman().replacing(
            0, "\"ParentId\": \"\(ImageID.multi)\"", with: "\"ParentId\": \"\"")
        let undone = try #require(try node.undone().first { $0[0] == ImageID.multi })
        #expect(undone[1] == ImageID.sourceMulti)
        #expect(
            undone[2] == "registry.lab/multi@sha256:94bdc4465b4957979e6dc902c62c1af41589308e312ab0766d27d6b83b36bf18")
    }

    @Test("images of containers in any state stay, podman's own or not")
    func used() throws {
        let node = try ImagesNode.podman()
        #expect(try node.kept("registry.lab/app:1") == "used by a container")
        #expect(try node.kept("registry.lab/unused-a:1") == "used by a container")
        // Either of the two lists is enough.
        let counted = node.answering(2, "[]")
        #expect(try counted.kept("registry.lab/unused-a:1") == "used by a container")
        let listed = try node.replacing(0, "\"Containers\": 1", with: "\"Containers\": 0")
        #expect(try listed.kept("registry.lab/unused-a:1") == "used by a container")
        #expect(try listed.answering(2, "[]").prunable().contains("registry.lab/unused-a:1"))
    }

    @Test("what was built, imported or only tagged here stays, though podman shows a digest for it")
    func built() throws {
        let node = try ImagesNode.podman()
        #expect(try node.kept("localhost/imported-only:1")?.hasPrefix("no reference with a digest") == true)
        let renamed = try node.replacing(0, "localhost/imported-only", with: "registry.lab/imported-only")
        #expect(try renamed.kept("registry.lab/imported-only:1")?.hasPrefix("no reference with a digest") == true)
        let none = node.answering(3, "")
        #expect(try none.prunable() == [])
    }

    @Test("an image index stays: a pull would bring back only this machine's image of it")
    func index() throws {
        let node = try ImagesNode.podman()
        #expect(try node.kept("localhost/mylist:1")?.hasPrefix("an image index") == true)
        let told = try node.replacing(
            0, "\"Id\": \"\(ImageID.unusedC)\"", with: "\"IsManifestList\": true, \"Id\": \"\(ImageID.unusedC)\"")
        #expect(try told.kept(ImageID.sourceC)?.hasPrefix("an image index") == true)
        let untold = try node.replacing(1, ImageID.unusedC, with: ImageID.multi)
        #expect(try untold.kept(ImageID.sourceC)?.hasPrefix("an image index") == true)
    }

    @Test("images that share a name stay, and which of them it names does not change from look to look")
    func sharedName() throws {
        let node = try ImagesNode.podman().replacing(0, ImageID.sourceC, with: ImageID.sourceB)
        #expect(try node.kept(ImageID.sourceB)?.hasPrefix("another image has one of its names") == true)
        #expect(try node.prunable() == [])
        let seen = try node.observe()
        for _ in 0..<20 { #expect(try node.observe() == seen) }
    }

    @Test("the parent of another image and an image of a read-only store stay")
    func parentAndStore() throws {
        let node = try ImagesNode.podman()
        #expect(try node.kept("registry.lab/multi:1") == "the parent of another image")
        let shared = try node.replacing(
            0, "\"Id\": \"\(ImageID.unusedC)\"", with: "\"ReadOnly\": true, \"Id\": \"\(ImageID.unusedC)\"")
        #expect(try shared.kept(ImageID.sourceC) == "in a read-only store")
    }

    @Test("a pause image stays")
    func pause() throws {
        #expect(try ImagesNode.podman().kept("registry.lab/pause:3.9")?.hasPrefix("named like a sandbox image") == true)
    }

    @Test("a registry is missed only where none of an image's repositories answers")
    func silent() throws {
        var node = try ImagesNode.podman()
        #expect(try node.observe().lines("silent") == [])
        node.registries = ""
        #expect(try node.observe().lines("silent") == ["mirror.example", "registry.lab"])
    }

    @Test(
        "an answer that is not understood is refused",
        arguments: [
            (0, "{}"), (0, "Error:"), (0, #"[{"Id":"x","Size":1}]"#), (0, #"[{"Id":"\#(ImageID.multi)"}]"#),
            (0, #"[{"Id":"\#(ImageID.multi)","Size":1,"Names":["-f"]}]"#), (2, "x"),
            (2, #"[{"Image":"registry.lab/x:1"}]"#),
        ])
    func misread(index: Int, text: String) throws {
        let node = try ImagesNode.podman().answering(index, text)
        #expect(throws: ObservationError.self) { try node.observe() }
    }
}
