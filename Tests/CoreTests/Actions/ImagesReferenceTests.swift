@testable import Core
import Testing

struct ImagesReferenceTests {
    @Test("only what a registry's grammar allows is a name, and never an option", arguments: hostileValues)
    func hostile(name: String) { #expect(!ImageReference.isPlain(name)) }

    @Test(
        "names that images have are names",
        arguments: [
            "busybox:1", "10.77.0.1:5000/team/app:v1_2-x", "registry.lab/a@sha256:\(ImageID.multi)", ImageID.sourceB,
            "localhost/x:1", "Registry.Example/a:B",
        ])
    func plain(name: String) { #expect(ImageReference.isPlain(name)) }

    @Test("a name of more than 512 bytes is none")
    func long() { #expect(!ImageReference.isPlain(String(repeating: "a", count: 513))) }

    @Test(
        "the repository, its registry and the long form of a name",
        arguments: [
            ("busybox", "busybox", "docker.io", "docker.io/library/busybox:latest"),
            ("busybox:1", "busybox", "docker.io", "docker.io/library/busybox:1"),
            ("team/app:1", "team/app", "docker.io", "docker.io/team/app:1"),
            ("docker.io/app:1", "docker.io/app", "docker.io", "docker.io/library/app:1"),
            ("localhost/app:1", "localhost/app", "localhost", "localhost/app:1"),
            ("r:5000/app", "r:5000/app", "r:5000", "r:5000/app:latest"),
            ("r.lab/a/b:1@sha256:0", "r.lab/a/b", "r.lab", "r.lab/a/b@sha256:0"),
        ])
    func parts(name: String, repository: String, registry: String, canonical: String) {
        #expect(ImageReference.repository(of: name) == repository)
        #expect(ImageReference.registry(of: name) == registry)
        #expect(ImageReference.canonical(name) == canonical)
    }

    @Test("a source is a repository with a whole digest")
    func sources() {
        #expect(ImageReference.isSource(ImageID.sourceB))
        #expect(ImageReference.isSource("busybox@sha256:\(ImageID.multi)"))
        for name in [
            "busybox:1", "@sha256:\(ImageID.multi)", "a@sha256:12", "a@md5:\(ImageID.multi)", "sha256:\(ImageID.multi)",
        ] {
            #expect(!ImageReference.isSource(name))
        }
        #expect(!ImageReference.isDigest("sha256:" + ImageID.multi.uppercased()))
    }

    @Test("pause images of any runtime are known by their name")
    func pause() {
        for name in [
            "registry.k8s.io/pause:3.9", "k8s.gcr.io/pause-amd64:3.1", "rancher/mirrored-pause:3.6",
            "localhost/podman-pause:4.3.1-0", "pause", "r.lab/pause@sha256:\(ImageID.multi)",
        ] { #expect(ImageReference.isPause(name), "\(name)") }
        for name in ["r.lab/pauses:1", "pause/app:1", "r.lab/app:pause"] {
            #expect(!ImageReference.isPause(name), "\(name)")
        }
    }
}
