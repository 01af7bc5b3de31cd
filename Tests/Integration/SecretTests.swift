import Core
import Foundation
import Testing

@Suite("Secrets in runs", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct SecretTests {
    // No word of it looks like a secret: only the declaration says so.
    private static let secret = "correct horse battery staple"

    private static let runbook = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: place, title: Place a credential, layer: node, author: test}
        spec:
          targets: {max: 1}
          parameters:
            credential: {type: string, secret: true, required: true, description: what is placed}
          steps:
          - name: place
            action: file.replace
            with: {path: /etc/belay-credential, content: "{{ parameters.credential }}"}
            verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]
          - name: tell
            action: command
            with:
              observe: [ls, /etc/belay-told]
              apply: [sh, /root/belay-tell, "{{ parameters.credential }}"]
              undo: [rm, -f, /etc/belay-told]
            verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

        """

    @Test(
        "a declared secret reaches the node, and neither the log, its index, the screen nor the page; undo brings back what was"
    )
    func declared() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write("runbooks/place.yaml", Self.runbook)
            try project.write("credential", Self.secret)
            try await Testbed.exec(
                node,
                """
                rm -f /etc/belay-told; echo before >/etc/belay-credential
                echo 'echo "got $1"; touch /etc/belay-told; exit 3' >/root/belay-tell
                """)
            var screens: [String] = []
            func belay(_ arguments: String..., status: Int) async throws {
                let result = try await Shell.run(
                    Testbed.binary, ["-C", project.folder, "--color", "never"] + arguments, in: project.folder)
                #expect(result.status == status, "\(arguments): \(result.output)\(result.error)")
                screens.append(result.output + result.error)
            }
            let file = "credential=\(project.folder)/credential"
            try await belay(
                "plan", "place", "--node", node, "--param-file", file, "--reason", "rotation, CHG-1", "--verbose",
                "--out", "p.plan", status: 0)
            try await belay("approve", "p.plan", "--comment", "go on", "--key", "keys/bob", status: 0)
            try await belay("apply", "p.plan", status: 6)
            let run = try #require(try await project.entries().last?["run"] as? String)
            try await belay("runs", "show", run, "--verbose", status: 0)
            try await belay("audit", "show", run, status: 0)
            try await belay("audit", "report", run, "--html", "run.html", status: 0)
            try await belay("audit", "export", "--format", "jsonl", status: 0)
            try await belay("audit", "export", "--format", "csv", "--node", node, status: 0)
            #expect(screens[2].contains("got [redacted]") || screens[4].contains("got [redacted]"), "\(screens)")
            #expect(screens[4].contains("rotation, CHG-1"))
            screens.append(try String(contentsOfFile: project.folder + "/run.html", encoding: .utf8))
            for screen in screens { #expect(!screen.contains(Self.secret), "\(screen)") }
            // The plan, the blobs and nothing else have it, byte by byte; the index only in threes.
            let found = try await Shell.run(
                "/bin/grep", ["-rlF", "battery", project.folder], in: project.folder)
            let places = Set(
                found.output.split(separator: "\n").map {
                    String($0.dropFirst(project.folder.count + 1).prefix(9))
                })
            #expect(places == ["credentia", "p.plan", "log/blobs"], "\(places)")
            #expect(try await Testbed.exec(node, "cat /etc/belay-credential") == "before\n")
            try await project.expectVerifies()
            try await Testbed.exec(node, "rm -f /etc/belay-credential /etc/belay-told /root/belay-tell")
        }
    }

    @Test("a secret that is too short to be told from other text is refused, and not shown")
    func short() async throws {
        let project = try await Project()
        try project.write("runbooks/place.yaml", Self.runbook)
        try project.write("credential", "qzx")
        let result = try await project.belay(
            "plan", "place", "--node", "node-1", "--param-file", "credential=\(project.folder)/credential")
        #expect(result.status == 2 && result.error.contains("at least 4 bytes"), "\(result.output)\(result.error)")
        #expect(!result.error.contains("qzx"))
    }
}
