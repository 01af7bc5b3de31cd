import Core
import RandomStates

/// Images pulled and tagged, with and without a digest to pull by, pinned, and in use by containers in any state.
enum ImageStates {
    private static let registry = "10.77.0.1:5000"
    private static let pulled = ["app:1", "unused-a:1", "unused-b:2", "unused-c:3"].map { "\(registry)/\($0)" }
    private static let names = [
        "mirror.example/b:2", "mirror.example:8443/a/b/c:v1.2-3_x", "\(registry)/unused-b:latest", "localhost/x:Y",
        "docker.io/library/busybox:1", "\(registry)/other:\(String(repeating: "t", count: 128))",
    ]

    /// What there is by containerd's own client.
    static let containerd: StateGenerator = { random in
        var lines = random.some(of: names).map { name in "k tag --force \(random.pick(pulled)) \(name)" }
        lines += random.some(of: pulled).map { "k rm --sync \(random.chance(50) ? $0 : "$(by_digest \($0))")" }
        for (index, name) in random.some(of: pulled).enumerated() where random.chance(40) {
            // Gone by that name, it may still be there by its digest.
            lines.append("ctr -n k8s.io containers create \(name) law-\(index)")
        }
        if random.chance(30) { lines.append("k label \(random.pick(pulled)) io.cri-containerd.pinned=pinned") }
        if random.chance(30) { lines.append("k rm --sync localhost/imported-only:1") }
        let list = "ctr -n k8s.io images ls | awk 'NR > 1 { print $1, $3 }' | sort"
        return RandomState(
            arguments: random.chance(70) ? ["runtime": .text("ctr")] : [:],
            prepare: """
                k() { ctr -n k8s.io images "$@" >/dev/null 2>&1; }
                by_digest() { echo "${1%:*}@$(ctr -n k8s.io images ls | awk -v n="$1" '$1 == n { print $3 }')"; }
                \(lines.joined(separator: "\n"))
                \(settle(list))
                """,
            truth: list + "; ctr -n k8s.io containers ls -q | sort", clean: asFresh, also: listIsGone)
    }

    private static let asFresh = """
        for c in $(ctr -n k8s.io containers ls -q | grep '^law-'); do ctr -n k8s.io containers rm "$c"; done
        for i in $(ctr -n k8s.io images ls | awk '/cri-containerd.pinned/ { print $1 }'); do
          ctr -n k8s.io images label "$i" io.cri-containerd.pinned= >/dev/null
        done
        testbed-images reset >/dev/null
        """

    /// The same by an engine with a registry of its own names: docker, podman.
    static func engine(_ engine: String) -> StateGenerator {
        { random in
            var lines = random.some(of: names).map { name in "\(engine) tag \(random.pick(pulled)) \(name)" }
            lines += random.some(of: pulled).filter { _ in random.chance(50) }.map { name in
                // Without its tag, known by its digest alone.
                """
                d=$(\(engine) image inspect --format '{{index .RepoDigests 0}}' \(name)) &&
                \(engine) image rm \(name) >/dev/null && \(engine) pull --quiet "$d" >/dev/null
                """
            }
            for (index, name) in random.some(of: pulled).enumerated() where random.chance(40) {
                lines.append("\(engine) create --name law-\(index) \(name) >/dev/null")
            }
            if random.chance(30) { lines.append("\(engine) image rm localhost/imported-only:1 >/dev/null") }
            let list =
                "\(engine) image ls --no-trunc --digests --format '{{.Repository}}:{{.Tag}}@{{.Digest}} {{.ID}}' | sort"
            return RandomState(
                arguments: ["runtime": .text(engine)],
                prepare: """
                    { \(lines.joined(separator: "\n"))
                    } 2>/dev/null
                    true
                    """,
                truth: list + "; \(engine) ps --all --format '{{.Names}} {{.Image}}' | sort",
                clean: """
                    # Without its tag it would be taken away, which cannot be while its container runs.
                    \(engine) tag "$(\(engine) inspect --format '{{.Image}}' app)" \(registry)/app:1
                    testbed-images reset >/dev/null
                    """, also: listIsGone)
        }
    }

    // The CRI plugin names what it hears of a moment later.
    private static func settle(_ list: String) -> String {
        """
        was=
        for i in $(seq 30); do
          now=$(\(list)); if [ "$now" = "$was" ]; then break; fi
          was=$now; sleep 0.3
        done
        """
    }

    // Bounded is what is foreseen of images, since containers come and go. Here none does.
    @Sendable private static func listIsGone(_ course: RandomState.Course) -> [String] {
        let (predicted, after) = (course.predicted, course.after)
        return Set(predicted.fields.keys).union(after.fields.keys).sorted()
            .filter { $0.hasPrefix("image.") || $0.hasPrefix("tag.") || $0 == "prunable" || $0 == "bytes" }
            .filter { predicted[$0] != after[$0] }
            .map { "\($0): foreseen \(String(describing: predicted[$0])), found \(String(describing: after[$0]))" }
    }
}
