import Foundation
import Testing

/// `images.prune` on real docker and podman, with a real registry to pull from. What containerd does is in `LinkTests`.
@Suite("Images of docker and podman", .enabled(if: Variants.areUp("docker", "podman")), .timeLimit(.minutes(40)))
struct ImagesTests {
    static let engines = ["docker", "podman"]
    static let registry = "10.77.0.1:5000"

    /// A stopped container, an image of three tags, and one of a digest alone.
    private func prepare(_ engine: String) async throws {
        try await Testbed.exec(
            engine,
            """
            set -e
            r=\(Self.registry)
            \(engine) create --name stopped $r/unused-a:1 >/dev/null
            \(engine) tag $r/unused-b:2 $r/unused-b:latest
            \(engine) tag $r/unused-b:2 mirror.example/b:2
            digest=$(\(engine) image inspect --format '{{index .RepoDigests 0}}' $r/unused-c:3)
            \(engine) image rm $r/unused-c:3 >/dev/null
            \(engine) pull --quiet "$digest" >/dev/null
            """)
    }

    /// Every reference and the image it names.
    private func images(_ engine: String) async throws -> String {
        try await Testbed.exec(
            engine,
            "\(engine) image ls --no-trunc --digests --format '{{.Repository}}:{{.Tag}}@{{.Digest}} {{.ID}}' | sort")
    }

    private func plan(_ project: borrowing Project, _ engine: String, _ runbook: String = "prune-images") async throws
        -> String
    {
        try await project.approvedPlan(runbook, engine, "--param", "runtime=\(engine)")
    }

    /// The plan that takes the last run back, approved.
    private func rollbackPlan(_ project: borrowing Project) async throws -> String {
        let run = try #require(try await project.entries().last { $0["run"] != nil }?["run"] as? String)
        let back = "\(project.folder)/back.plan"
        let planned = try await project.belay("rollback", run, "--out", back)
        try #require(planned.status == 0, "\(planned.output)\(planned.error)")
        try #require(try await project.belay("approve", back, "--comment", "back", "--key", "keys/bob").status == 0)
        return back
    }

    /// A prune that is never found good, so that it is undone in its own run.
    private func writeFailingRunbook(_ project: borrowing Project) throws {
        try project.write(
            "runbooks/prune-and-fail.yaml",
            """
            apiVersion: belay/v1
            kind: Runbook
            metadata: {name: prune-and-fail, title: Never good, layer: node, author: test}
            spec:
              parameters:
                runtime: {type: string, required: true, description: "whose images"}
              targets: {max: 1}
              steps:
              - name: prune
                action: images.prune
                with: {runtime: "{{ parameters.runtime }}"}
                verify: [{expression: "facts.uptime < duration('0s')", within: 1s}]

            """)
    }

    private func cutRegistry(_ engine: String) async throws {
        try await Testbed.exec(engine, "iptables -I OUTPUT -p tcp --dport 5000 -j REJECT --reject-with tcp-reset")
    }

    @Test("What nothing uses is gone, the rest stays, and rolling back brings every reference back", arguments: engines)
    func pruneAndRollBack(engine: String) async throws {
        try await Variants.shared.with(engine) { project in
            try await prepare(engine)
            let before = try await images(engine)
            let applied = try await project.belay("apply", try await plan(project, engine))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let pruned = try await images(engine)
            for gone in ["unused-b", "mirror.example", "unused-c"] { #expect(!pruned.contains(gone), "\(pruned)") }
            for kept in ["pause:3.9", "app:1", "unused-a:1", "imported-only:1"] {
                #expect(pruned.contains(kept), "\(pruned)")
            }
            let rolledBack = try await project.belay("apply", try await rollbackPlan(project))
            #expect(rolledBack.status == 0, "\(rolledBack.output)\(rolledBack.error)")
            #expect(try await images(engine) == before)
            try await project.expectVerifies()
        }
    }

    @Test("A prune that is not found good is undone in its run: images and tags are as they were", arguments: engines)
    func undoneInRun(engine: String) async throws {
        try await Variants.shared.with(engine) { project in
            try await prepare(engine)
            try writeFailingRunbook(project)
            let before = try await images(engine)
            let applied = try await project.belay("apply", try await plan(project, engine, "prune-and-fail"))
            #expect(applied.status == 6, "\(applied.output)\(applied.error)")
            #expect(try await images(engine) == before)
            try await project.expectVerifies()
        }
    }

    @Test("Without the registry undo fails, a person is needed, and gets the commands", arguments: engines)
    func registryGone(engine: String) async throws {
        try await Variants.shared.with(engine) { project in
            try writeFailingRunbook(project)
            try await cutRegistry(engine)
            let file = "\(project.folder)/p.plan"
            let planned = try await project.belay(
                "plan", "prune-and-fail", "--node", engine, "--param", "runtime=\(engine)", "--out", file)
            #expect(planned.output.contains("not proven to answer: \(Self.registry)"), "\(planned.output)")
            try #require(
                try await project.belay("approve", file, "--comment", "go on", "--key", "keys/bob").status == 0)
            let applied = try await project.belay("apply", file)
            #expect(applied.status == 7, "\(applied.output)\(applied.error)")
            let said = applied.output + applied.error
            #expect(said.contains("undoing step 'prune' failed"), "\(said)")
            #expect(said.contains("\(Self.registry)/unused-a@sha256:"), "\(said)")
            try await project.expectVerifies()
        }
    }

    @Test("An image that a container began to use after the plan stays, and the run is sound", arguments: engines)
    func shrinks(engine: String) async throws {
        try await Variants.shared.with(engine) { project in
            let plan = try await plan(project, engine)
            try await Testbed.exec(engine, "\(engine) create --name late \(Self.registry)/unused-b:2 >/dev/null")
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let pruned = try await images(engine)
            #expect(pruned.contains("unused-b:2") && !pruned.contains("unused-c"), "\(pruned)")
        }
    }

    @Test("An image that was pulled after the prune does not spoil the way back", arguments: engines)
    func pulledMeanwhile(engine: String) async throws {
        try await Variants.shared.with(engine) { project in
            let before = try await images(engine)
            let applied = try await project.belay("apply", try await plan(project, engine))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            try await Testbed.exec(engine, "\(engine) tag \(Self.registry)/app:1 \(Self.registry)/app:stable")
            let rolledBack = try await project.belay("apply", try await rollbackPlan(project))
            #expect(rolledBack.status == 0, "\(rolledBack.output)\(rolledBack.error)")
            let after = try await images(engine).split(separator: "\n").filter { !$0.contains("app:stable") }
            #expect(after == before.split(separator: "\n"))
        }
    }

    @Test("docker is found by what the kubelet is told, and a node that says otherwise by then is stale")
    func detectsDocker() async throws {
        try await Variants.shared.with("docker") { project in
            let path = "/var/lib/kubelet/config.yaml"
            try await Testbed.exec(
                "docker", "sed -i 's#unix:///run/containerd/containerd.sock#unix:///run/cri-dockerd.sock#' \(path)")
            let file = "\(project.folder)/p.plan"
            let planned = try await project.belay("plan", "prune-images", "--node", "docker", "--out", file)
            #expect(planned.output.contains("by docker: the kubelet uses docker"), "\(planned.output)\(planned.error)")
            try #require(
                try await project.belay("approve", file, "--comment", "go on", "--key", "keys/bob").status == 0)
            try await Testbed.exec(
                "docker", "sed -i 's#unix:///run/cri-dockerd.sock#unix:///run/containerd/containerd.sock#' \(path)")
            let before = try await images("docker")
            let applied = try await project.belay("apply", file)
            #expect(applied.status == 5, "\(applied.output)\(applied.error)")
            #expect(try await images("docker") == before)
        }
    }

    @Test("podman is found where there is no kubelet; a kubelet whose runtime is not there leaves it open")
    func detectsPodman() async throws {
        try await Variants.shared.with("podman") { project in
            let open = try await project.belay("plan", "prune-images", "--node", "podman")
            #expect(open.status != 0)
            #expect(open.error.contains("runtime=docker, podman, crictl or ctr"), "\(open.output)\(open.error)")
            try await Testbed.exec("podman", "rm /var/lib/kubelet/config.yaml")
            let planned = try await project.belay("plan", "prune-images", "--node", "podman")
            #expect(planned.output.contains("by podman: there is no kubelet"), "\(planned.output)\(planned.error)")
        }
    }

    @Test("Planning asks podman and docker nothing that changes them")
    func planIsARead() async throws {
        try await Variants.shared.with("docker") { project in
            // A daemon that sleeps behind its socket would be started by its client.
            try await Testbed.exec("docker", "systemctl stop docker.service")
            let planned = try await project.belay(
                "plan", "prune-images", "--node", "docker", "--param", "runtime=docker")
            #expect(planned.status == 10, "\(planned.output)\(planned.error)")
            #expect(planned.error.contains("docker cannot be asked on this node"), "\(planned.error)")
            let state = try await Testbed.exec(
                "docker", "systemctl is-active docker.service || true; systemctl is-active docker.socket")
            #expect(state == "inactive\nactive\n")
            try await Testbed.exec("docker", "systemctl start docker.service testbed-app")
        }
    }
}
