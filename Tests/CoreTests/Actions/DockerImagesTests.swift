@testable import Core
import Testing

struct DockerImagesTests {
    private let b = "sha256:" + ImageID.unusedB

    @Test("unused images that were pulled go: by their tags, or by their digest where they have none")
    func candidates() throws {
        let node = try ImagesNode.docker()
        let before = try node.observe()
        let list = ["registry.lab/unused-b:2", "registry.lab/unused-b:latest", "mirror.example/b:2"].sorted()
        #expect(try node.prunable() == list + [ImageID.sourceC])
        #expect(
            try node.action().apply(before)
                == [Command(["docker", "image", "rm", "--no-prune"] + list + [ImageID.sourceC])])
        let after = try node.action().predict(before).after
        #expect(after["image.\(ImageID.sourceB)"] == nil)
        #expect(after["image.registry.lab/app:1"] == before["image.registry.lab/app:1"])
    }

    @Test("undo pulls by digest, holds the registry to the image's ID, and gives the tags back")
    func undo() throws {
        #expect(
            try ImagesNode.docker().undone() == [
                [b, ImageID.sourceB, "--"] + ImageID.tagsB,
                ["sha256:" + ImageID.unusedC, ImageID.sourceC, "--"],
            ])
    }

    @Test("a digest of a repository that has no tag is removed as well, before the tags")
    func digestElsewhere() throws {
        let node = try ImagesNode.docker().replacing(
            1, "\"digests\":[\"\(ImageID.sourceB)\"]",
            with: "\"digests\":[\"\(ImageID.sourceB)\",\"x.example/b@sha256:\(ImageID.multi)\"]")
        #expect(try node.prunable().first == "x.example/b@sha256:\(ImageID.multi)")
        #expect(try node.undone().first?.prefix(3) == [b, ImageID.sourceB, "x.example/b@sha256:\(ImageID.multi)"])
    }

    @Test("images of running and of stopped containers stay, with every tag")
    func used() throws {
        let node = try ImagesNode.docker()
        #expect(try node.kept("registry.lab/app:1") == "used by a container")
        #expect(try node.kept("registry.lab/unused-a:1") == "used by a container")
        #expect(try !node.prunable().contains { $0.contains("app") || $0.contains("unused-a") })
        let unused = node.answering(2, "")
        #expect(try unused.prunable().contains("registry.lab/app:stable"))
    }

    @Test("the parent of another image stays, also when it was pulled")
    func parent() throws {
        let node = try ImagesNode.docker()
        #expect(try node.kept("registry.lab/multi:1") == "the parent of another image")
        let alone = try node.replacing(1, "\"parent\":\"sha256:\(ImageID.multi)\"", with: "\"parent\":\"\"")
        #expect(try alone.prunable().contains("registry.lab/multi:1"))
    }

    @Test("what was built or imported here stays: no registry has it")
    func built() throws {
        let node = try ImagesNode.docker()
        for name in ["local/child:1", "localhost/imported-only:1"] {
            #expect(try node.kept(name)?.hasPrefix("no reference with a digest") == true)
        }
    }

    @Test("a pause image stays: by its name, and by the kubelet's or cri-dockerd's word")
    func pause() throws {
        var node = try ImagesNode.docker()
        #expect(try node.kept("registry.lab/pause:3.9")?.hasPrefix("named like a sandbox image") == true)
        node.probe += "dockerd.sandbox=mirror.example/b:2\n"
        #expect(try node.kept("mirror.example/b:2") == "the sandbox image, without which no pod starts")
        #expect(try node.prunable() == [ImageID.sourceC])
    }

    @Test("with containerd's image store nothing is pruned, as digests prove nothing there")
    func containerdStore() throws {
        let status = #"[["driver-type","io.containerd.snapshotter.v1"]]"#
        let error = #expect(throws: ObservationError.self) { try ImagesNode.docker().answering(0, status).observe() }
        #expect(error?.message.contains("containerd's store") == true)
    }

    @Test(
        "an answer that is not understood is refused",
        arguments: [
            (1, "<html>"), (1, "{}"), (1, #"{"id":"sha256:1","size":1}"#), (2, #"{"name":"x"}"#),
            (2, #"{"image":"latest"}"#), (0, ""), (0, "{"),
            (1, #"{"id":"sha256:\#(ImageID.multi)","tags":["--all"],"size":1}"#),
            (1, #"{"id":"sha256:\#(ImageID.multi)","tags":["a b"],"size":1}"#),
            (1, #"{"id":"sha256:\#(ImageID.multi)","tags":["a\n"],"size":1}"#),
            (1, #"{"id":"sha256:\#(ImageID.multi)","tags":[],"size":-1}"#),
            (1, #"{"id":"sha256:\#(ImageID.multi)","tags":[],"size":9223372036854775807}"#),
        ])
    func misread(index: Int, text: String) throws {
        let node = try ImagesNode.docker().answering(index, text)
        #expect(throws: ObservationError.self) { try node.observe() }
    }
}
