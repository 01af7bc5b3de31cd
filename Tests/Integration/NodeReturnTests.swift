import Core
import Foundation
import Testing

/// A temporary run's way back that the node enforces by itself, with its real timer. The shortest time is five minutes: a test
/// moves the clock file and the timer on the node past Belay, as if that time had gone by.
@Suite("Temporary runs that nodes give back by themselves", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct NodeReturnTests {
    static let file = "/etc/belay-temporary.conf"

    static let runbook = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: loosen, title: A setting for an hour, layer: node, author: test}
        spec:
          targets: {max: 1}
          temporary: {after: 1h, onNode: true}
          steps:
          - name: loosen
            action: file.replace
            with: {path: \(file), content: "loose\\n"}
            verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]

        """

    /// Has a run put `loose` in the place of `strict` on a node.
    func applied(_ node: String, _ project: borrowing Project) async throws -> String {
        try project.write("runbooks/loosen.yaml", Self.runbook)
        try await Testbed.exec(node, "echo strict >\(Self.file)")
        let run = try await apply("loosen", node, project)
        #expect(try await Testbed.exec(node, "cat \(Self.file)") == "loose\n")
        return run
    }

    func apply(_ runbook: String, _ node: String, _ project: borrowing Project, _ more: String...) async throws
        -> String
    {
        let plan = try await Project.approvedPlan(in: project.folder, runbook, node, more)
        let applied = try await project.belay("apply", plan)
        try #require(applied.status == 0, "\(applied.output)\(applied.error)")
        return try Plan(bytes: Array(Data(contentsOf: URL(fileURLWithPath: plan)))).id
    }

    /// Has the time of a run come, and waits for the timer to have it given back.
    func letTimeCome(_ run: String, _ node: String) async throws {
        try await Testbed.exec(
            node,
            """
            d=/var/lib/belay/due/\(run) t=belay-\(run)-return.timer
            systemctl is-active --quiet $t || exit 1
            read -r b m w <$d/clock && echo "$b 0 0" >$d/clock || exit 1
            sed -i 's/^OnActiveSec=[0-9].*/OnActiveSec=1/' /run/systemd/system/$t.d/due.conf
            systemctl daemon-reload && systemctl restart $t || exit 1
            for i in $(seq 300); do [ -e $d/result ] && exit 0; sleep 0.1; done
            systemctl status $t >&2; exit 1
            """)
    }

    func expectNothingLeft(_ run: String, _ node: String) async throws {
        let left =
            "ls -d /var/lib/belay/due/\(run) /etc/systemd/system/*\(run)* /run/systemd/system/*\(run)* 2>/dev/null; true"
        #expect(try await Testbed.exec(node, left) == "")
        #expect(try await NodeTruth.read(node).record.trimmingCharacters(in: .whitespaces) == "")
    }

    @Test("Its time comes, nobody is there, and the node gives it back; belay return finds it, and the log has it")
    func returned() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let run = try await applied(node, project)
            let status = try await project.belay("status")
            #expect(status.status == 0 && status.output.contains("also by the node itself"), "\(status.output)")
            let seen = try await project.belay("recover", "--node", node)
            #expect(
                seen.status == 0 && seen.output.contains("\(node) gives back run \(run) by itself: in 59 min"),
                "\(seen)")
            try await letTimeCome(run, node)
            #expect(try await Testbed.exec(node, "cat \(Self.file)") == "strict\n")

            let told = try await project.belay("return", run)
            #expect(told.status == 0 && told.output.contains("GIVEN BACK"), "\(told.output)\(told.error)")
            #expect(told.output.contains("\(node): the node has given it back"), "\(told.output)")
            let returns = try await project.records().compactMap { record -> NodeReturnRecord? in
                if case .nodeReturn(let found)? = record.event, record.run == run, record.node == node {
                    found
                } else {
                    nil
                }
            }
            #expect(returns.count == 1 && returns.first?.standing.name == "returned", "\(returns)")
            let after = try await project.belay("status")
            #expect(after.status == 0 && !after.output.contains("TEMPORARY"), "\(after.output)")
            #expect(try await project.belay("return", run).status == 2)
            try await expectNothingLeft(run, node)
            try await project.expectVerifies()
        }
    }

    @Test("Somebody changed it meanwhile: the node leaves it, and says so until a person decides")
    func conflict() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let run = try await applied(node, project)
            try await Testbed.exec(node, "echo mine >\(Self.file)")
            try await letTimeCome(run, node)
            #expect(try await Testbed.exec(node, "cat \(Self.file)") == "mine\n")
            let told = try await project.belay("return", run)
            #expect(told.status == 7 && told.output.contains("would overwrite"), "\(told.output)\(told.error)")
            let status = try await project.belay("status")
            #expect(status.status == 7, "\(status.output)")
            #expect(
                status.output.contains("stopped before step 'loosen', which somebody had changed"), "\(status.output)")
            #expect(try await Testbed.exec(node, "cat \(Self.file)") == "mine\n")
            let kept = try await project.belay("keep", run, "--reason", "mine is right")
            #expect(kept.status == 0, "\(kept.output)\(kept.error)")
            #expect(try await project.belay("status").status == 0)
            try await expectNothingLeft(run, node)
            try await project.expectVerifies()
        }
    }

    @Test("Kept, nothing happens when its time would come")
    func kept() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let run = try await applied(node, project)
            let kept = try await project.belay("keep", run, "--reason", "strict was wrong")
            #expect(
                kept.status == 0 && kept.output.contains("it was taken from the node"), "\(kept.output)\(kept.error)")
            try await expectNothingLeft(run, node)
            #expect(try await Testbed.exec(node, "cat \(Self.file)") == "loose\n")
            #expect(try await project.belay("keep", run, "--reason", "once more").status == 2)
            try await project.expectVerifies()
        }
    }

    @Test("A node out of reach gives it back though it is kept, which is said until it was asked")
    func keptOutOfReach() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let run = try await applied(node, project)
            try await Testbed.call("cut", node)
            let kept = try await project.belay("keep", run, "--reason", "strict was wrong")
            try await Testbed.call("mend", node)
            #expect(kept.status == 7 && kept.output.contains("NOT TAKEN from \(node)"), "\(kept.output)\(kept.error)")
            #expect(try await project.belay("status").output.contains("KEPT, BUT \(node)"))
            let again = try await project.belay("keep", run, "--reason", "once more")
            #expect(again.status == 0 && again.output.contains("KEPT ALREADY"), "\(again.output)\(again.error)")
            #expect(try await project.belay("status").status == 0)
            try await expectNothingLeft(run, node)
        }
    }

    @Test("Given back by a plan before its time: the run of it takes the node's own way back first")
    func returnedEarlier() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let run = try await applied(node, project)
            let plans = project.folder + "/back"
            try FileManager.default.createDirectory(atPath: plans, withIntermediateDirectories: true)
            let waits = try await project.belay("return", run, "--plans", plans)
            #expect(waits.status == 4 && waits.output.contains("WAITS"), "\(waits.output)\(waits.error)")
            // A plan that nobody has approved takes nothing.
            #expect(try await Testbed.exec(node, "ls /var/lib/belay/due/\(run)/due.token").contains("due.token"))
            let file = try #require(
                try FileManager.default.contentsOfDirectory(atPath: plans).first { $0.hasSuffix(".plan") })
            let approved = try await project.belay(
                "approve", "\(plans)/\(file)", "--comment", "go on", "--key", "keys/bob")
            #expect(approved.status == 0, "\(approved.output)\(approved.error)")
            let done = try await project.belay("return", run, "--plans", plans)
            #expect(done.status == 0, "\(done.output)\(done.error)")
            #expect(try await Testbed.exec(node, "cat \(Self.file)") == "strict\n")
            let writes = try await project.records().compactMap { record -> Write? in
                if case .run(.intent(let intent))? = record.event, record.run != run { intent.write } else { nil }
            }
            let taken = try #require(writes.firstIndex(of: .takeReturn), "\(writes)")
            #expect(taken < writes.firstIndex(of: .apply(step: 0)) ?? 0, "\(writes)")
            #expect(try await project.belay("status").status == 0)
            try await expectNothingLeft(run, node)
            try await project.expectVerifies()
        }
    }

    @Test("A firewall that was flushed for an hour is back by itself, rule for rule")
    func flushed() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            // A documentation address (RFC 5737), which nobody here has.
            try await Testbed.exec(node, "iptables -A INPUT -s 192.0.2.7 -j DROP")
            let before = try await NodeTruth.read(node).rules
            let run = try await apply("flush-iptables", node, project, "--temporary", "1h", "--on-node")
            #expect(try await NodeTruth.read(node).rules != before)
            try await letTimeCome(run, node)
            #expect(try await NodeTruth.read(node).rules == before)
            let told = try await project.belay("return", run)
            #expect(told.status == 0 && told.output.contains("GIVEN BACK"), "\(told.output)\(told.error)")
            try await expectNothingLeft(run, node)
            try await Testbed.exec(node, "iptables -D INPUT -s 192.0.2.7 -j DROP")
        }
    }
}
