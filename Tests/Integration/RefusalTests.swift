import Foundation
import Testing

/// What must fail does so before anything ran, and says what, where, why and what to do.
@Suite("Refusals on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct RefusalTests {
    static let metacharacters = [
        "; touch /tmp/pwned", "$(touch /tmp/pwned)", "`touch /tmp/pwned`", "x\ntouch /tmp/pwned\n",
        "'; touch /tmp/pwned; '",
        "\"; touch /tmp/pwned; \"", "| touch /tmp/pwned", "&& touch /tmp/pwned", "x' $(touch /tmp/pwned) '",
    ]

    @Test("Shell metacharacters in every parameter of every shipped runbook do nothing", arguments: metacharacters)
    func metacharactersInParameters(text: String) async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            for (runbook, parameter) in [
                ("restart-kubelet", "service"), ("snapshot-iptables", "name"), ("restore-iptables", "snapshot"),
                ("flush-iptables", "policy"), ("prune-images", "runtime"), ("prune-images", "namespace"),
                ("snapshot-routes", "name"), ("restore-routes", "snapshot"), ("restore-routes", "added"),
                ("restore-iptables", "added"), ("flush-iptables-full", "policy"), ("flush-iptables-full", "service"),
            ] {
                let planned = try await project.belay(
                    "plan", runbook, "--node", node, "--param", "\(parameter)=\(text)", "--out",
                    "\(project.folder)/p.plan")
                #expect(planned.status == 2, "\(runbook) took \(parameter)=\(text): \(planned.output)\(planned.error)")
            }
            // Where a parameter is free text it is carried as text, through plan, apply and undo.
            let plan = try await project.approvedPlan("restore-kubelet-config", node, "--param", "content=\(text)")
            #expect(try await project.belay("apply", plan).status == 6)
            for place in [node] {
                #expect(try await Testbed.exec(place, "ls /tmp/pwned 2>/dev/null || echo none") == "none\n")
            }
            #expect(!FileManager.default.fileExists(atPath: "/tmp/pwned"))
            #expect(try await NodeTruth.read(node).healthz == "200")
        }
    }

    @Test("Metacharacters in the argv of an organisation's own command stay one argument")
    func metacharactersInCommand() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write(
                "runbooks/mark.yaml",
                """
                apiVersion: belay/v1
                kind: Runbook
                metadata: {name: mark, title: Make a folder, layer: node, author: test}
                spec:
                  parameters:
                    name: {type: string, required: true, description: "the folder's name"}
                  targets: {max: 1}
                  steps:
                  - name: make
                    action: command
                    with:
                      observe: [ls, -1, -b, /srv/marks]
                      apply: [mkdir, "/srv/marks/{{ parameters.name }}"]
                      undo: [rmdir, "/srv/marks/{{ parameters.name }}"]
                    verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

                """)
            try await Testbed.exec(node, "mkdir -p /srv/marks")
            for text in Self.metacharacters.map({ $0.replacingOccurrences(of: "/", with: "-") }) {
                let plan = try await project.approvedPlan("mark", node, "--param", "name=\(text)")
                let applied = try await project.belay("apply", plan)
                #expect(applied.status == 0, "\(text): \(applied.output)\(applied.error)")
            }
            let made = try await Testbed.exec(
                node, "find /srv/marks -mindepth 1 -maxdepth 1 -printf '%f\\0' | base64 -w0")
            let names = try #require(Data(base64Encoded: made)).split(separator: 0).map {
                String(decoding: $0, as: UTF8.self)
            }
            #expect(Set(names) == Set(Self.metacharacters.map { $0.replacingOccurrences(of: "/", with: "-") }))
            try await Testbed.exec(node, "rm -rf /srv/marks")
        }
    }

    @Test("A malformed runbook is refused with file, line and column")
    func malformedRunbook() async throws {
        let project = try await Project()
        try project.write(
            "runbooks/bad.yaml",
            """
            apiVersion: belay/v1
            kind: Runbook
            metadata: {name: bad, title: Bad, layer: node, author: test}
            spec:
              targets: {max: 1}
              steps:
              - name: one
                action: service.restrat
                with: {service: kubelet}

            """)
        let planned = try await project.belay("plan", "bad", "--node", "node-1")
        #expect(planned.status == 2)
        #expect(planned.error.contains("runbooks/bad.yaml:8:13"), "\(planned.error)")
        #expect(planned.error.contains("service.restart"), "\(planned.error)")
    }

    @Test("A wrong host key is refused with both fingerprints, before anything ran")
    func wrongHostKey() async throws {
        try await NodePool.shared.with { node in
            let other = try await Project()
            let address = "10.77.0.1\(node.suffix(1))"
            let key = try String(contentsOfFile: "\(other.folder)/keys/bob.pub", encoding: .utf8)
            try other.write("wrong_hosts", "\(address) \(key)")
            let project = try await Project(knownHosts: "\(other.folder)/wrong_hosts")
            let planned = try await project.belay("plan", "restart-kubelet", "--node", node)
            #expect(planned.status == 10, "\(planned.output)\(planned.error)")
            #expect(planned.error.components(separatedBy: "SHA256:").count >= 3, "\(planned.error)")
            #expect(try await Testbed.exec(node, "ls -A /var/lib/belay 2>/dev/null || true") == "")
        }
    }

    @Test("An unreachable node is said so, with the phase, and nothing is written")
    func unreachable() async throws {
        let project = try await Project(
            inventoryNodes: ["- {name: gone, address: 10.77.0.250, roles: [worker], pool: workers}"])
        try "10.77.0.250 \(String(contentsOfFile: "\(project.folder)/keys/bob.pub", encoding: .utf8))"
            .write(toFile: project.folder + "/hosts", atomically: true, encoding: .utf8)
        let inventory = try String(contentsOfFile: project.folder + "/inventory.yaml", encoding: .utf8)
        try project.write(
            "inventory.yaml",
            inventory.replacingOccurrences(of: try Testbed.value("BELAY_TESTBED_KNOWN_HOSTS"), with: "hosts"))
        let planned = try await project.belay("plan", "restart-kubelet", "--node", "gone")
        #expect(planned.status == 10, "\(planned.output)\(planned.error)")
        #expect(planned.error.contains("connection"), "\(planned.error)")
    }

    @Test("A user whose sudo asks for a password is told so; one whose sudo does not, runs")
    func sudo() async throws {
        try await NodePool.shared.with { node in
            let asks = try await Project(user: "asks")
            let refused = try await asks.belay("plan", "restart-kubelet", "--node", node)
            #expect(refused.status == 10, "\(refused.output)\(refused.error)")
            #expect(refused.error.contains("sudo"), "\(refused.error)")
            let ops = try await Project(user: "ops")
            let before = try await NodeTruth.read(node)
            let applied = try await ops.belay("apply", try await ops.approvedPlan("restart-kubelet", node))
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read(node).kubeletPID != before.kubeletPID)
        }
    }

    @Test("With no room for the journal nothing starts")
    func fullDisk() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let plan = try await project.approvedPlan("restart-kubelet", node)
            let before = try await NodeTruth.read(node)
            // The log moves to a filesystem of its own that has no room left, in a mount namespace only this test sees.
            let script = """
                set -e; cd "$1"; mkdir small; mount -t tmpfs -o size=9m none small; cp -a log/. small/
                dd if=/dev/zero of=small/filler bs=64k 2>/dev/null || true
                mount --bind small log; exec "$2" -C "$1" apply "$3"
                """
            let applied = try await Shell.run(
                "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, "sh", project.folder, Testbed.binary, plan])
            #expect(applied.status == 10, "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read(node) == before)
        }
    }

    @Test("A plan changed by one byte, a state changed since, a machine held by another run: nothing is run")
    func stale() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let plan = try await project.approvedPlan("restart-kubelet", node)
            let text = try String(contentsOfFile: plan, encoding: .utf8)
            try text.replacingOccurrences(of: "\"timeoutSeconds\" : 90", with: "\"timeoutSeconds\" : 91")
                .write(toFile: plan, atomically: true, encoding: .utf8)
            let edited = try await project.belay("apply", plan)
            #expect(edited.status != 0 && edited.error.contains("digest"), "\(edited.output)\(edited.error)")
            try text.write(toFile: plan, atomically: true, encoding: .utf8)
            try await Testbed.exec(
                node,
                "mkdir -p /run/systemd/system/kubelet.service.d && printf '[Service]\\nNice=1\\n' > /run/systemd/system/kubelet.service.d/x.conf && systemctl daemon-reload"
            )
            let before = try await NodeTruth.read(node)
            let applied = try await project.belay("apply", plan)
            try await Testbed.exec(
                node, "rm -r /run/systemd/system/kubelet.service.d/x.conf && systemctl daemon-reload")
            #expect(applied.status == 5, "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read(node) == before)
        }
    }
}
