import Foundation
import Testing

/// One run at a time in a pool, between executors that know nothing of each other: each project has a log of its own, as on
/// another machine.
@Suite("Runs that see each other on real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct InflightTests {
    private static let policy = """
        apiVersion: belay/v1
        kind: Policy
        metadata: {name: pool-one-at-a-time}
        spec:
          enforcement: hard
          validations:
          - expression: "!inflight.exists(r, r.pool == node.pool)"
            messageExpression: >-
              'under way in pool ' + node.pool + ': '
              + inflight.filter(r, r.pool == node.pool).map(r, r.id + ' on ' + r.node).join(', ')
            remedy: "Wait until it has ended, or recover it, and plan again."

        """

    // The span in which the node is changed is written down by the node itself; all nodes have the same clock.
    static let runbook = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {name: span, title: Take a while, layer: node, author: test}
        spec:
          targets: {max: 3}
          steps:
          - name: span
            action: command
            with:
              observe: ["true"]
              apply: [sh, /root/take-a-while]
              undo: ["true"]
            timeout: 60s
            verify: [{expression: "facts.uptime > duration('1s')", within: 5s}]
          strategy: {canary: 0, maxUnavailable: 1}

        """

    // A pool of the lent nodes alone: what other tests do on theirs must not count.
    static func inventory(_ nodes: [String]) throws -> [String] {
        try Project.testbedNodes().filter { line in nodes.contains { line.hasPrefix("- {name: \($0),") } }
    }

    private func project(_ nodes: [String]) async throws -> Project {
        let project = try await Project(inventoryNodes: Self.inventory(nodes))
        try project.write("runbooks/span.yaml", Self.runbook)
        try project.write("policies/pool-one-at-a-time.yaml", Self.policy)
        return project
    }

    static func install(on nodes: [String]) async throws {
        let script = "date +%s%N >>/root/span; sleep 3; date +%s%N >>/root/span"
        for node in nodes { try await Testbed.exec(node, "echo '\(script)' >/root/take-a-while") }
    }

    static func spans(_ nodes: [String]) async throws -> [ClosedRange<Int>] {
        var spans: [ClosedRange<Int>] = []
        for node in nodes {
            let text = try await Testbed.exec(node, "cat /root/span 2>/dev/null; rm -f /root/span")
            let times = text.split(separator: "\n").compactMap { Int($0) }
            for index in stride(from: 0, to: times.count - 1, by: 2) { spans.append(times[index]...times[index + 1]) }
        }
        return spans
    }

    static func leases(_ nodes: [String]) async throws -> String {
        var left = ""
        let list = "ls -d /var/lib/belay/2* /var/lib/belay/lease 2>/dev/null; true"
        for node in nodes { left += try await Testbed.exec(node, list) }
        return left
    }

    @Test("Two that start at once never both go on; who backs off ran and left nothing; one alone goes through")
    func together() async throws {
        try await NodePool.shared.with(count: 2) { nodes in
            try await Self.install(on: nodes)
            let one = try await project(nodes)
            let two = try await project(nodes)
            var ends: [[Int]] = []
            for _ in 0..<4 {
                let plans = [
                    try await one.approvedPlan("span", nodes[0]), try await two.approvedPlan("span", nodes[1]),
                ]
                let folders = [one.folder, two.folder]
                async let first = Shell.run(Testbed.binary, ["-C", folders[0], "apply", plans[0]], in: folders[0])
                async let second = Shell.run(Testbed.binary, ["-C", folders[1], "apply", plans[1]], in: folders[1])
                let results = [try await first, try await second]
                ends.append(results.map(\.status))
                for result in results where result.status != 0 {
                    #expect(result.status == 3, "\(result.output)\(result.error)")
                    #expect((result.output + result.error).contains("pool-one-at-a-time"), "\(result.output)")
                    #expect((result.output + result.error).contains("under way in pool workers"), "\(result.output)")
                }
                let spans = try await Self.spans(nodes)
                #expect(spans.count == results.count { $0.status == 0 }, "what was denied ran: \(ends)")
                if spans.count == 2 { #expect(!spans[0].overlaps(spans[1]), "both were at work at once") }
                #expect(try await Self.leases(nodes) == "")
            }
            print("two runs at once ended with \(ends)")
            let alone = try await one.belay("apply", try await one.approvedPlan("span", nodes[0]))
            #expect(alone.status == 0, "\(alone.output)\(alone.error)")
            #expect(try await Self.spans(nodes).count == 1)
            try await one.expectVerifies()
            try await two.expectVerifies()
        }
    }

    @Test("A run that comes between two waves of another denies it its next node, and what is in place stays")
    func betweenWaves() async throws {
        try await NodePool.shared.with(count: 3) { nodes in
            try await Self.install(on: nodes)
            let mine = try await project(nodes)
            let plan = try await mine.approvedPlan("span", nodes[0], "--node", nodes[1])
            let (first, other) = (nodes[0], nodes[2])
            // The first node is at work until the test has seen another's lease lie where it was not when this run began.
            try await Testbed.exec(
                first,
                "echo 'date +%s%N >>/root/span; until [ -e /root/go ]; do sleep 0.1; done; date +%s%N >>/root/span' >/root/take-a-while"
            )
            async let signal: Void = Self.lease(on: other, while: first)
            let applied = try await mine.belay("apply", plan)
            try await signal
            #expect(applied.status == 8, "\(applied.output)\(applied.error)")
            let expected = [
                "\(nodes[0]) in its state AFTER", "\(nodes[1]) in its state BEFORE: denied",
                "20990101-000000-dead on \(other)",
            ]
            for words in expected {
                #expect(applied.output.contains(words), "\(words) is not in\n\(applied.output)")
            }
            let judged = try await mine.entries().filter { $0["type"] as? String == "judged" }
            #expect(judged.compactMap { $0["node"] as? String } == [nodes[0], nodes[1]])
            #expect(try await Self.spans(nodes).count == 1)
            // A lease without a record counts until it expires; a new plan is denied as it is made.
            let again = try await mine.belay("plan", "span", "--node", nodes[0], "--out", mine.folder + "/again.plan")
            #expect(again.status == 3 && again.output.contains("20990101-000000-dead on \(other)"), "\(again.output)")
            try await Testbed.exec(other, "rm -f /var/lib/belay/lease")
            #expect(try await Self.leases(nodes) == "")
        }
    }

    private static func lease(on other: String, while first: String) async throws {
        try await Testbed.exec(first, "until [ -e /root/span ]; do sleep 0.1; done")
        try await Testbed.exec(
            other,
            """
            mkdir -p /var/lib/belay
            echo "20990101-000000-dead 1 eve@elsewhere:1 $(cat /proc/sys/kernel/random/boot_id) 999999999 t" \
              >/var/lib/belay/lease
            """)
        try await Testbed.exec(first, "touch /root/go")
    }

    @Test("A pool node that cannot be read denies who asks what is under way there, and nobody else")
    func unreadable() async throws {
        try await NodePool.shared.with(count: 1) { nodes in
            let gone = "- {name: gone, address: 10.77.0.250, roles: [worker], pool: workers}"
            let asks = try await Project(inventoryNodes: try Self.inventory(nodes) + [gone])
            try asks.write("runbooks/span.yaml", Self.runbook)
            let other = try await asks.belay("plan", "span", "--node", nodes[0], "--out", asks.folder + "/a.plan")
            #expect(other.status == 0, "\(other.output)\(other.error)")
            try asks.write("policies/pool-one-at-a-time.yaml", Self.policy)
            let denied = try await asks.belay("plan", "span", "--node", nodes[0], "--out", asks.folder + "/b.plan")
            #expect(denied.status == 3, "\(denied.output)\(denied.error)")
            #expect(denied.output.contains("leases could not be read on gone"), "\(denied.output)")
        }
    }

    @Test("A lease for a cluster step on the execution host counts for its target's pool; one in another pool does not")
    func executionHost() async throws {
        try await NodePool.shared.with(count: 3) { nodes in
            let (target, other, host) = (nodes[0], nodes[1], nodes[2])
            let mine = try await project(nodes)
            let inventory = try String(contentsOfFile: mine.folder + "/inventory.yaml", encoding: .utf8)
                .replacingOccurrences(
                    of: "environment: production}",
                    with: "environment: production, kubectl: {host: \(host), kubeconfig: /etc/kubernetes/admin.conf}}")
            let lines = inventory.split(separator: "\n").map { line in
                line.hasPrefix("- {name: \(host),")
                    ? line.replacingOccurrences(of: "pool: workers", with: "pool: control") : String(line)
            }
            try mine.write("inventory.yaml", lines.joined(separator: "\n") + "\n")
            for (place, about, status) in [("", host, 0), ("/for/\(other)", other, 3), ("/for/unheard-of", "", 3)] {
                let lease = "20990101-000000-dead 1 eve@elsewhere:1 $(cat /proc/sys/kernel/random/boot_id) 999999999 t"
                try await Testbed.exec(
                    host, "mkdir -p /var/lib/belay\(place); echo \"\(lease)\" >/var/lib/belay\(place)/lease")
                let planned = try await mine.belay("plan", "span", "--node", target, "--out", mine.folder + "/x.plan")
                #expect(planned.status == status, "\(place): \(planned.output)\(planned.error)")
                let says = about.isEmpty ? "unheard-of, where run" : "dead on \(about)"
                #expect(status == 0 || planned.output.contains(says), "\(place): \(planned.output)")
                try await Testbed.exec(host, "rm -rf /var/lib/belay/lease /var/lib/belay/for")
            }
        }
    }
}
