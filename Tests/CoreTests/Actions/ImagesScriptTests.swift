@testable import Core
import Foundation
import Testing

/// The scripts that bring images back, run for real against clients that keep their images as files.
@Suite("Scripts that bring images back", .timeLimit(.minutes(5)))
struct ImagesScriptTests {
    static let clients: [ImageClient] = [.docker, .podman, .crictl, .ctr]

    @Test("from nothing everything is back under its names, and again it changes nothing", arguments: clients)
    func fromNothing(client: ImageClient) async throws {
        try await Store.with(client) { store in
            try await store.restore()
            #expect(try store.local == store.complete)
            try store.clearLog()
            try await store.restore()
            #expect(try store.local == store.complete)
            #expect(try !store.log.contains("pull"))
        }
    }

    @Test("half a removal is completed without what is there being touched", arguments: clients)
    func fromHalf(client: ImageClient) async throws {
        try await Store.with(client) { store in
            for (name, id) in store.complete where name != "r.lab/a:2" { try store.put(name, id) }
            try await store.restore()
            #expect(try store.local == store.complete)
            #expect(try !store.log.contains("pull"))
        }
    }

    @Test("a tag that was given to another image meanwhile stays theirs", arguments: clients)
    func theirs(client: ImageClient) async throws {
        try await Store.with(client) { store in
            try store.put("r.lab/a:2", Store.other)
            try await store.restore()
            #expect(try store.local["r.lab/a:2"] == Store.other)
            #expect(try store.local["r.lab/a:1"] == store.id)
        }
    }

    @Test("a registry that has the image no more makes undo fail, and no tag is made up", arguments: clients)
    func unreachable(client: ImageClient) async throws {
        try await Store.with(client) { store in
            try store.serve([:])
            await #expect(throws: WriteFailure.self) { try await store.restore() }
            #expect(try store.local.isEmpty)
        }
    }

    // ctr compares digests itself; the others are asked for an ID that the digest stands for on this machine.
    @Test(
        "an image of another ID is not taken for the one that was there",
        arguments: [ImageClient.docker, .podman, .crictl])
    func anotherImage(client: ImageClient) async throws {
        try await Store.with(client) { store in
            try store.serve([Store.source: Store.other])
            await #expect(throws: WriteFailure.self) { try await store.restore() }
            #expect(try store.local["r.lab/a:1"] == nil)
        }
    }

    @Test("podman: one of several repositories is enough, and the name that the pull left goes again")
    func podmanSources() async throws {
        try await Store.with(.podman) { store in
            try store.serve([Store.source: store.id])
            let gone = "gone.example/a@" + Store.source.dropFirst("r.lab/a@".count)
            try await store.restore(sources: [gone, Store.source], listed: ["gone.example/a:1", "r.lab/a:1"])
            #expect(try store.local == ["gone.example/a:1": store.id, "r.lab/a:1": store.id])
        }
    }
}

/// A client whose images are files in a folder: `local/NAME` and `registry/NAME` hold an ID.
struct Store {
    static let source = "r.lab/a@sha256:\(ImageID.unusedA)"
    static let other = "sha256:" + ImageID.unusedC
    let folder: URL
    let client: ImageClient
    var id: String { (client == .podman ? "" : "sha256:") + ImageID.multi }
    /// What is there in the end; podman keeps the digest without a name for it.
    var complete: [String: String] {
        let tags = ["r.lab/a:1": id, "r.lab/a:2": id]
        return client == .podman ? tags : tags.merging([Self.source: id]) { $1 }
    }

    static func with(_ client: ImageClient, _ body: (Store) async throws -> Void) async throws {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-images-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = Store(folder: folder, client: client)
        for name in ["local", "registry", "bin"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        let bin = folder.appending(path: "bin").path()
        try await LocalNode.install(program, as: ["docker", "podman", "crictl", "ctr"], in: bin)
        try store.serve([source: store.id])
        try store.clearLog()
        try await body(store)
    }

    private static func file(_ name: String) -> String { name.replacing("/", with: "%") }

    func put(_ name: String, _ id: String) throws {
        try (id + "\n").write(
            to: folder.appending(path: "local").appending(path: Self.file(name)), atomically: true, encoding: .utf8)
    }

    func serve(_ images: [String: String]) throws {
        let place = folder.appending(path: "registry")
        for name in try FileManager.default.contentsOfDirectory(atPath: place.path()) {
            try FileManager.default.removeItem(at: place.appending(path: name))
        }
        for (name, id) in images {
            try (id + "\n").write(to: place.appending(path: Self.file(name)), atomically: true, encoding: .utf8)
        }
    }

    var local: [String: String] {
        get throws {
            let place = folder.appending(path: "local")
            return Dictionary(
                uniqueKeysWithValues: try FileManager.default.contentsOfDirectory(atPath: place.path()).map { name in
                    let id = try String(contentsOf: place.appending(path: name), encoding: .utf8)
                    return (name.replacing("%", with: "/"), id.trimmingCharacters(in: .newlines))
                })
        }
    }

    var log: String { get throws { try String(contentsOf: folder.appending(path: "log"), encoding: .utf8) } }

    func clearLog() throws { try "".write(to: folder.appending(path: "log"), atomically: true, encoding: .utf8) }

    /// Runs the undo of an image with the tags r.lab/a:1 and r.lab/a:2.
    func restore(sources: [String] = [source], listed: [String] = ["r.lab/a:1", "r.lab/a:2"]) async throws {
        let image = PrunedImage(
            id: id, names: ["r.lab/a:1", "r.lab/a:2"] + sources, listed: listed, sources: sources)
        let before = Observation(["endpoint": .text("unix:///run/x.sock"), "tagger": .text("ctr")])
        let command = client.runtime(namespace: "k8s.io").restore(image, in: before)
        let path = folder.appending(path: "bin").path() + ":/usr/bin:/bin"
        try await LocalNode(environment: ["PATH": path, "STORE": folder.path(), "DIGEST": ImageID.unusedA]).write([
            command
        ])
    }

    /// All four clients: what the scripts ask of them, and nothing else.
    private static let program = #"""
        #!/bin/sh
        set -eu
        me=${0##*/}
        echo "$me $*" >>"$STORE/log"
        file() { printf '%s/%s/%s' "$STORE" "$1" "$(printf %s "$2" | tr / %)"; }
        ids() { cat "$STORE"/local/* 2>/dev/null || true; }
        knows() { [ -f "$(file local "$1")" ] || ids | grep -Fxq -e "$1"; }
        pull() { cp "$(file registry "$1")" "$(file local "$1")"; }
        tag() { knows "$1" || exit 1; cat "$(file local "$1")" 2>/dev/null >"$STORE/new" || echo "$1" >"$STORE/new"; mv "$STORE/new" "$(file local "$2")"; }
        show() { knows "$1" || exit 1; cat "$(file local "$1")" 2>/dev/null || echo "$1"; }
        # podman: in every repository of a tag there is the image's digest.
        names() {
            knows "$1" || exit 1
            cd "$STORE/local"
            grep -lFx -e "$1" -- * | tr % / | sed "p;s/:[^:@]*\$/@sha256:$DIGEST/" | sort -u
        }
        while [ "$me" != docker ] && [ "$me" != podman ]; do
            case ${1:-} in
                -r | -i | -a | -n) shift 2 ;;
                *) break ;;
            esac
        done
        case "$me $1 ${2:-}" in
            'docker image inspect') shift 2; if [ "$1" = --format ]; then shift 2; fi; show "$1" ;;
            'podman image inspect') names "$5" ;;
            'podman image exists') knows "$3" ;;
            'docker image pull' | 'podman image pull') pull "$4" ;;
            'docker image tag' | 'podman image tag') tag "$3" "$4" ;;
            'podman image untag') rm "$(file local "$4")" ;;
            'crictl inspecti -o') show "$4" ;;
            'crictl pull '*) pull "$2" ;;
            'ctr images ls') ls "$STORE/local" | tr % / ;;
            'ctr images tag') tag "$3" "$4" ;;
            'ctr images pull') shift 2; if [ "$1" = --hosts-dir ]; then shift 2; fi; pull "$1" ;;
            *) echo "not understood: $me $*" >&2; exit 64 ;;
        esac
        """#
}
