@testable import Core
import Testing

/// What holds for every runtime.
struct ImagesPruneTests {
    private static let runtimes = ImageClient.allCases

    private static func node(_ client: ImageClient) throws -> ImagesNode {
        switch client {
        case .ctr: try ImagesNode.ctr()
        case .docker: try ImagesNode.docker()
        case .podman: try ImagesNode.podman()
        case .crictl: try ImagesNode.crictl()
        }
    }

    @Test("the list may shrink between plan and run, and only shrink", arguments: runtimes)
    func shrinks(client: ImageClient) throws {
        let node = try Self.node(client)
        let action = try node.action()
        let planned = action.apply(try node.observe())
        var fewer = planned
        fewer[0].argv.removeLast()
        #expect(action.permits(planned, planned: planned))
        #expect(action.permits(fewer, planned: planned))
        #expect(action.permits([], planned: planned))
        #expect(!action.permits(planned, planned: fewer))
        #expect(!action.permits([Command(["rm", "-rf", "/"])], planned: planned))
        #expect(!action.permits(planned + planned, planned: planned))
        var other = planned
        other[0].argv[other[0].argv.count - 1] = "registry.lab/other:1"
        #expect(!action.permits(other, planned: planned))
        for index in 0..<client.removalWords {
            var changed = planned
            changed[0].argv[index] += "x"
            #expect(!action.permits(changed, planned: planned), "word \(index)")
        }
        #expect(planned[0].argv.count > client.removalWords)
        #expect(planned[0].argv[client.removalWords - 1].hasPrefix(client == .crictl ? "rmi" : "-"))
    }

    @Test(
        "what is removed is what undo brings back, and no name is an option or a shell's business", arguments: runtimes)
    func inverse(client: ImageClient) throws {
        let node = try Self.node(client)
        let before = try node.observe()
        let removed = PrunedImage.all(in: before)
        #expect(!removed.isEmpty)
        #expect(removed.flatMap(\.listed).sorted() == (before.lines("prunable") ?? []).sorted())
        for image in removed {
            #expect(!image.sources.isEmpty)
            #expect(image.sources.allSatisfy(ImageReference.isSource))
            #expect(image.names.allSatisfy { before["image.\($0)"] == .text(image.id) })
        }
        let after = try node.action().predict(before).after
        let gone = before.fields.keys.filter { $0.hasPrefix("image.") && after[$0] == nil }
        #expect(gone.map { String($0.dropFirst(6)) }.sorted() == removed.flatMap(\.names).sorted())
        let undo = try node.action().undo(before)
        #expect(undo.count == removed.count)
        #expect(undo.allSatisfy { $0.argv.prefix(2) == ["/bin/sh", "-c"] && $0.argv[3] == "belay" })
        for name in removed.flatMap(\.names) { #expect(undo.contains { $0.argv[4...].contains(name) }, "\(name)") }
    }

    @Test("what will be gone is bounded, what stays is exact", arguments: runtimes)
    func prediction(client: ImageClient) throws {
        let node = try Self.node(client)
        let before = try node.observe()
        let prediction = try node.action().predict(before)
        for field in before.fields.keys where field.hasPrefix("image.") {
            #expect((prediction.quality(of: field) == .exact) == (prediction.after[field] != nil), "\(field)")
        }
        #expect(prediction.quality(of: "bytes") != .exact)
        #expect(try node.action().apply(prediction.after).isEmpty)
    }

    @Test("runtime, endpoint and sandbox must be as planned; the list and the bytes are judged otherwise")
    func roles() throws {
        let action = try ImagesPrune(arguments: Arguments())
        for field in ["runtime", "endpoint", "sandbox", "tagger"] { #expect(action.role(of: field) == .footprint) }
        for field in ["prunable", "bytes", "heldBack"] { #expect(action.role(of: field).isVolatile) }
        #expect(action.role(of: "image.registry.lab/app:1") == .state)
        #expect(action.reversibility == .compensable)
    }

    @Test("an image that came meanwhile does not spoil an undo, one that is missing or another does")
    func equivalence() throws {
        let action = try ImagesPrune(arguments: Arguments())
        #expect(action.isEquivalent("image.x", before: nil, now: .text("1")))
        #expect(!action.isEquivalent("image.x", before: .text("1"), now: nil))
        #expect(!action.isEquivalent("image.x", before: .text("1"), now: .text("2")))
        #expect(!action.isEquivalent("sandbox", before: nil, now: .text("1")))
    }

    @Test("a rollback plan leaves the images that came meanwhile where they are")
    func rollback() throws {
        let node = try ImagesNode.docker()
        let restore = Restore(base: try node.action(), target: try node.observe())
        var now = try node.action().predict(node.observe()).after
        now["image.registry.lab/new:1"] = .text("sha256:" + ImageID.multi)
        let prediction = try restore.predict(now)
        #expect(prediction.after["image.registry.lab/new:1"] == now["image.registry.lab/new:1"])
        #expect(prediction.after["image.registry.lab/unused-b:2"] == .text("sha256:" + ImageID.unusedB))
        #expect(restore.apply(now) == (try node.action().undo(node.observe())))
    }

    @Test("registries that did not answer are named, as undo needs them", arguments: runtimes)
    func silentRegistries(client: ImageClient) throws {
        var node = try Self.node(client)
        let sure = try node.action().predict(node.observe()).notes
        #expect(!sure.contains { $0.contains("not proven") })
        node.registries = ""
        let unsure = try node.action().predict(node.observe()).notes
        #expect(unsure.contains { $0.contains("not proven to answer:") && $0.contains("registry.lab") })
    }

    @Test("namespaces that could be misread are refused", arguments: hostileValues + ["k8s/io", "a:b"])
    func hostile(value: String) {
        #expect(throws: ArgumentError.self) {
            try ImagesPrune(arguments: Arguments(["runtime": .text("ctr"), "namespace": .text(value)]))
        }
    }

    @Test("a namespace is for ctr alone, and a runtime is one of those that are known")
    func arguments() throws {
        for runtime in ["docker", "podman", "crictl", "detect"] {
            #expect(throws: ArgumentError.self) {
                try ImagesPrune(arguments: Arguments(["runtime": .text(runtime), "namespace": .text("default")]))
            }
            _ = try ImagesPrune(arguments: Arguments(["runtime": .text(runtime), "namespace": .text("k8s.io")]))
        }
        #expect(throws: ArgumentError.self) { try ImagesPrune(arguments: Arguments(["runtime": .text("nerdctl")])) }
    }
}
