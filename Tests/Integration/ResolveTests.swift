import Foundation
import Testing

/// A node that Belay cannot bring to its end: a person's signed word ends the run, and other plans may run there again.
@Suite("Resolving a node", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct ResolveTests {
    @Test(
        "given up while it is cut off, it is free for the next plan once it answers again; the word is signed in the log"
    )
    func abandoned() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let plan = try await project.approvedPlan("restart-kubelet", node)
            let killed = try await Shell.run(
                "/usr/bin/strace",
                [
                    "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e",
                    "inject=fdatasync:signal=SIGKILL:when=10", Testbed.binary, "-C", project.folder, "apply", plan,
                ], in: project.folder)
            try #require(killed.status == 137, "\(killed.output)\(killed.error)")
            let run = try #require(try await project.entries().last?["run"] as? String)
            try await Testbed.call("cut", node)
            let resolved = try await project.belay(
                "resolve", run, node, "--as", "abandoned", "--reason", "the machine is gone")
            try await Testbed.call("mend", node)
            #expect(resolved.status == 0, "\(resolved.output)\(resolved.error)")
            #expect(resolved.output.contains("ABANDONED"), "\(resolved.output)")
            #expect(try await project.belay("status").status == 0)
            try await signedInLog(project)
            // Its record is still there, and this log knows that nobody waits for it.
            #expect(try await NodeTruth.read(node).record.contains(run))
            let next = try await project.belay("apply", try await project.approvedPlan("restart-kubelet", node))
            #expect(next.status == 0, "\(next.output)\(next.error)")
            #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
            try await project.expectVerifies()
        }
    }

    // As an outsider does it: the statement's bytes, the signature, and ssh-keygen.
    private func signedInLog(_ project: borrowing Project) async throws {
        let entry = try #require(try await project.entries().last { $0["type"] as? String == "resolved" })
        let event = try #require(entry["event"] as? [String: Any])
        let text = String(decoding: try JSONSerialization.data(withJSONObject: event), as: UTF8.self)
        #expect(text.contains("abandoned") && text.contains("the machine is gone"), "\(text)")
        let resolution = try #require(Self.find("resolution", in: event) as? [String: Any])
        try project.write("statement", try #require(resolution["statement"] as? String))
        try project.write("statement.sig", try #require(resolution["signature"] as? String))
        let folder = project.folder
        let checked = try await Shell.run(
            "/bin/sh",
            [
                "-c",
                "ssh-keygen -Y verify -f '\(folder)/allowed_signers' -I alice -n belay-resolution@v1 -s '\(folder)/statement.sig' <'\(folder)/statement'",
            ])
        #expect(checked.status == 0, "\(checked.output)\(checked.error)")
    }

    private static func find(_ key: String, in object: Any) -> Any? {
        guard let object = object as? [String: Any] else { return nil }
        return object[key] ?? object.values.lazy.compactMap { find(key, in: $0) }.first
    }

    @Test("a run that ended as needing a person is closed by hand, and its lease is taken away")
    func needsPerson() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write("runbooks/two.yaml", Self.failing)
            let applied = try await project.belay("apply", try await project.approvedPlan("two", node))
            #expect(applied.status == 7, "\(applied.output)\(applied.error)")
            let run = try #require(try await project.entries().last?["run"] as? String)
            #expect(applied.output.contains("belay resolve \(run) \(node) --as before"), "\(applied.output)")
            let refused = try await project.belay("apply", try await project.approvedPlan("restart-kubelet", node))
            #expect(refused.status == 5 && (refused.output + refused.error).contains("unfinished \(run)"))
            let resolved = try await project.belay(
                "resolve", run, node, "--as", "before", "--reason", "nothing had been touched")
            #expect(resolved.status == 0 && resolved.output.contains("BEFORE"), "\(resolved.output)\(resolved.error)")
            #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
            let again = try await project.belay("resolve", run, "node-none", "--as", "before", "--reason", "x")
            #expect(again.status == 2)
            try await project.expectVerifies()
        }
    }

    // Nothing undoes it, and its check fails.
    static let failing = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: two, title: Undo that fails, layer: node, author: test}
        spec:
          targets: {max: 1}
          steps:
          - name: touch
            action: command
            with:
              observe: [ls, /srv]
              apply: ["true"]
              undo: ["false"]
            verify: [{expression: "facts.uptime < duration('1s')", within: 2s}]

        """
}
