import Core
import Testing

struct ImagesPruneTests {
    private let action = try? ImagesPrune(arguments: Arguments())
    private static let config = "[plugins]\n    sandbox_image = \"registry.lab/pause:3.9\"\n"

    private func observation(config: String = config, containers: String? = nil) throws -> Observation {
        try #require(action).parse([
            Fixture.output(Fixture.text("ctr-images.txt")),
            Fixture.output(containers ?? Fixture.text("ctr-containers.txt")), Fixture.output(config),
        ])
    }

    @Test("unused images with a digest go under all their names; pause, used and imported ones stay")
    func candidates() throws {
        let action = try #require(action)
        let before = try observation()
        let names = before.lines("prunable") ?? []
        #expect(names.count == 9)
        #expect(names.filter { $0.hasPrefix("registry.lab/unused-") }.count == 6)
        #expect(!names.contains { $0.contains("pause") || $0.contains("app") || $0.contains("imported") })
        #expect(action.apply(before) == [Command(["ctr", "-n", "k8s.io", "images", "rm", "--sync"] + names)])
        let prediction = try action.predict(before)
        #expect(prediction.after.fields.keys.count { $0.hasPrefix("image.") } == 7)
        #expect(prediction.notes.first?.hasPrefix("3 images, about 3 MiB") == true)
        #expect(action.apply(prediction.after).isEmpty)
    }

    @Test("undo pulls each by its digest and gives it all its names")
    func undo() throws {
        let commands = try #require(action).undo(observation())
        #expect(commands.count == 3)
        for command in commands {
            let values = Array(command.argv.dropFirst(4))
            #expect(values[0] == "k8s.io")
            #expect(values[1].contains("@sha256:"))
            #expect(values.count == 4)
        }
    }

    @Test("the list may shrink between plan and run, and only shrink")
    func shrinks() throws {
        let action = try #require(action)
        let planned = action.apply(try observation())
        let used = "CONTAINER IMAGE RUNTIME\nx registry.lab/app:1 r\ny registry.lab/unused-a:1 r\n"
        let fewer = action.apply(try observation(containers: used))
        #expect(fewer != planned)
        #expect(action.permits(fewer, planned: planned))
        #expect(action.permits([], planned: planned))
        #expect(!action.permits(planned, planned: fewer))
        #expect(!action.permits([Command(["rm", "-rf", "/"])], planned: planned))
        #expect(!action.permits(planned + planned, planned: planned))
    }

    @Test("a container that uses an image by another of its names holds it")
    func usedByDigest() throws {
        let before = try observation()
        let id = try #require(before.lines("prunable")?.first { $0.hasPrefix("sha256:") })
        let held = try observation(containers: "CONTAINER IMAGE RUNTIME\nx \(id) r\n")
        let digest = before.text("image.\(id)")
        #expect(held.lines("prunable")?.contains { before.text("image.\($0)") == digest } == false)
    }

    @Test("the sandbox image of containerd 2 is found, and without one nothing is pruned")
    func sandbox() throws {
        let second = "[plugins.'io.containerd.cri.v1.images'.pinned_images]\n  sandbox = 'registry.lab/pause:3.9'\n"
        #expect(try observation(config: second).text("sandbox") == "registry.lab/pause:3.9")
        #expect(throws: ObservationError.self) { try observation(config: "version = 2\n") }
    }

    @Test("a pinned image stays")
    func pinned() throws {
        let text = try Fixture.text("ctr-images.txt").replacing(
            "io.cri-containerd.image=managed", with: "io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned")
        let seen = try #require(action).parse([
            Fixture.output(text), Fixture.output("CONTAINER IMAGE RUNTIME\n"), Fixture.output(Self.config),
        ])
        #expect(seen.lines("prunable") == [])
    }

    @Test(
        "an answer that is not understood is refused",
        arguments: ["", "rubbish", "REF TYPE\nx y\n", "REF\n--all t sha256:0 1 B p l\n"])
    func misread(text: String) {
        #expect(throws: ObservationError.self) {
            try action?.parse([
                Fixture.output(text), Fixture.output("CONTAINER IMAGE RUNTIME\n"), Fixture.output(Self.config),
            ])
        }
    }

    @Test("namespaces that could be misread are refused", arguments: hostileValues)
    func hostile(value: String) {
        #expect(throws: ArgumentError.self) { try ImagesPrune(arguments: Arguments(["namespace": .text(value)])) }
    }
}
