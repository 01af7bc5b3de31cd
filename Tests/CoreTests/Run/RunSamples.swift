@testable import Core
import Foundation

/// Small plans over real actions, as the planner makes them.
enum RunSamples {
    struct Sample {
        var kind: String
        var arguments: Arguments
        var before: Observation
        var verify: [CheckPlan] = [CheckPlan(expression: "facts.uptime > duration('0s')", withinSeconds: 5)]
        var name: String?
    }

    /// A stopped service, so that start and stop differ.
    static func restart(_ unit: String = "demo.service") -> Sample {
        Sample(
            kind: "service.restart", arguments: Arguments(["service": .text(unit)]),
            before: Observation([
                "unit": .text(unit), "names": .lines([unit]), "load": .text("loaded"), "started": .text("no"),
                "active": .text("stopped"), "enabled": .text("disabled"), "unitDigest": .text("d"),
                "daemonReload": .text("not needed"), "result": .text("success"), "mainPid": .text("0"),
                "restarts": .text("0"), "startedAt": .absent,
            ]))
    }

    /// A firewall with one rule and a DROP policy: its flush cuts the path.
    static func flush() -> Sample {
        let save =
            "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
        var before = Observation([
            "version": .text("iptables v1.8.9 (nf_tables)"), "backend": .text("nf_tables"), "nft": .text("visible"),
        ])
        for family in ["ipv4", "ipv6"] {
            before["\(family).rules"] = .lines(["-t filter -A INPUT -i lo -j ACCEPT"])
            before["\(family).policies"] = .lines([
                "-t filter -P INPUT DROP", "-t filter -P FORWARD ACCEPT", "-t filter -P OUTPUT ACCEPT",
            ])
            before["\(family).save"] = .content(Payload(save))
        }
        return Sample(kind: "iptables.flush", arguments: Arguments(), before: before)
    }

    static func file(_ path: String = "/etc/demo.conf") -> Sample {
        Sample(
            kind: "file.replace", arguments: Arguments(["path": .text(path), "content": .text("new\n")]),
            before: Observation([
                "type": .text("regular"), "directory": .text("real"), "mode": .text("644"), "owner": .text("0:0"),
                "links": .text("1"), "xattrs": .lines([]), "content": .content(Payload("old\n")),
            ]))
    }

    static func command(undo: Bool = true, observed: Bool = true) -> Sample {
        func argv(_ words: String...) -> ArgumentValue { .list(words.map { .text($0) }) }
        var arguments = Arguments(["apply": argv("touch", "/tmp/demo")])
        if undo { arguments.values["undo"] = argv("rm", "-f", "/tmp/demo") }
        if observed { arguments.values["observe"] = argv("ls", "/tmp/demo") }
        let before = Observation(["observe.1.status": .text("2"), "observe.1.output": .content(Payload(""))])
        return Sample(kind: "command", arguments: arguments, before: observed ? before : Observation())
    }

    static func prune(_ images: [String]) -> Sample {
        var before = Observation(["sandbox": .text("pause"), "bytes": .text("1"), "heldBack": .lines([])])
        for image in images { before["image.\(image)"] = .text("sha256:\(image)") }
        before["prunable"] = .lines(images)
        before["pulledBy"] = .lines(images)
        return Sample(kind: "images.prune", arguments: Arguments(["runtime": .text("ctr")]), before: before)
    }

    static func node(_ name: String = "n1", _ samples: [Sample]) throws -> NodePlan {
        let steps = try samples.enumerated().map { index, sample in
            Planner.Step(
                name: sample.name ?? "s\(index)", kind: sample.kind, arguments: sample.arguments,
                action: try ActionRegistry.make(sample.kind, arguments: sample.arguments), timeoutSeconds: 10,
                verify: sample.verify)
        }
        return try Planner.plan(
            steps, Planner.Frame(),
            for: Planner.Subject(
                node: inventoryNode(name),
                identity: NodeIdentity(address: "192.0.2.1:22", hostKey: "SHA256:x", machineID: "m"),
                facts: .unknown("not asked"), observations: samples.map { .success($0.before) }))
    }

    static func inventoryNode(_ name: String) throws -> Inventory.Node {
        let text = """
            apiVersion: belay/v1
            kind: Inventory
            cluster: { name: demo, environment: staging }
            nodes:
              - { name: \(name), address: 192.0.2.1, user: root, roles: [worker] }
            """
        guard let node = try Inventory.parse(Array(text.utf8), file: "inventory.yaml").node(name) else {
            throw WriteFailure(message: "no node \(name)")
        }
        return node
    }

    static func plan(_ nodes: [NodePlan], onFailure: OnFailure = .rollback) -> Plan {
        Plan(
            id: "r1", createdAt: Timestamp(milliseconds: 0), expiresAt: Timestamp(milliseconds: 3_600_000),
            requester: "alice@example.org",
            runbook: RunbookReference(name: "demo", title: "Demo", author: "sre", digest: "d"), parameters: [:],
            cluster: ClusterReference(name: "demo", environment: "staging"),
            log: LogReference(origin: "example.org/log", key: "k"), policySet: "p", onFailure: onFailure, nodes: nodes)
    }
}
