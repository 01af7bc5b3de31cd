import Core
import Foundation
import Testing

/// A class of actions, as the kill matrix runs it: one step, its truth read past Belay, and a check that holds or never does.
/// `KillClassTests` has every use of every action belong to one.
struct KillClass: Sendable, CustomTestStringConvertible {
    enum Path: String, Codable, CaseIterable { case success, checkFails = "check fails" }

    var name: String
    /// The step: an action and its arguments.
    var action: String
    var with: [String: ArgumentValue] = [:]
    /// Seconds the step may take.
    var timeout = 60
    /// Holds once the step is done; the other path's check never holds.
    var holds = "facts.uptime > duration('0s')"
    /// What makes the node worth an action, run on it before it is planned.
    var prepare = "true"
    /// Prints the state that the step is about; nil = the cluster's Node object.
    var truth: String?
    /// Where `./test` kills it; nil = everywhere. Positions that are of one kind for all classes are killed in one of them.
    var places: Set<String>?

    var testDescription: String { name }
    var isInCluster: Bool { truth == nil }

    /// The action as the planner makes it.
    func made() throws -> any Action { try ActionRegistry.make(action, given: Arguments(with)) }

    func runbook(_ path: Path) throws -> String {
        // JSON is YAML on one line.
        let with = String(decoding: try JSONEncoder().encode(with), as: UTF8.self)
        return """
            apiVersion: belay/v1
            kind: Runbook
            metadata: {name: kill, title: One step of the kill matrix, layer: node, author: test}
            spec:
              targets: {max: 1}
              steps:
              - name: step
                action: \(action)
                with: \(with)
                timeout: \(timeout)s
                verify: [{expression: "\(path == .success ? holds : "!(\(holds))")", within: 4s}]
            \(try made().cutsPath ? "  deadMan: {delay: \(Self.deadMan)s}" : "")
              onFailure: rollback

            """
    }

    /// Seconds that a node waits before it reverts.
    static let deadMan = 30

    /// The state as it is, read past Belay.
    func state(of node: String) async throws -> String {
        if let truth { return try await Testbed.exec(node, truth) }
        let text = try await Cluster.kubectl("get", "node", node, "-o", "json")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let metadata = object["metadata"] as? [String: Any]
        let ours = (metadata?["annotations"] as? [String: Any] ?? [:]).keys.filter { $0.hasPrefix("belay") }
        let isCordoned = (object["spec"] as? [String: Any])?["unschedulable"] as? Bool ?? false
        return "unschedulable: \(isCordoned), annotations: \(ours.sorted())"
    }

    /// What Belay left anywhere: records, leases, timers, units of a boot. Empty when it went as it came.
    func remains(of node: String) async throws -> String {
        let left = """
            ls -d "$0"/[0-9]* "$0"/lease "$1"/[0-9]* "$1"/lease 2>/dev/null
            """
        let onNode = try await Testbed.exec(
            node,
            """
            set -- /run/belay
            \(left.replacingOccurrences(of: "$0", with: "/var/lib/belay"))
            ls -d /etc/systemd/system/belay-* /etc/systemd/system/*.wants/belay-* 2>/dev/null
            systemctl list-units --plain --no-legend 'belay-*.timer' 'belay-*-step-*'
            """)
        guard isInCluster else { return onNode }
        let host = try Testbed.value("BELAY_TESTBED_CONTROL_PLANE")
        return onNode
            + (try await Testbed.exec(
                host,
                """
                set -- /run/belay/for/\(node)
                \(left.replacingOccurrences(of: "$0", with: "/var/lib/belay/for/\(node)"))
                true
                """))
    }

    static let all = [reversible, compensable, cutting, outliving, cluster, service]

    static let reversible = KillClass(
        name: "reversible (file.replace)", action: "file.replace",
        with: ["path": .text("/etc/belay-kill.conf"), "content": .text("after\n")], timeout: 10,
        prepare: "echo before >/etc/belay-kill.conf; chmod 640 /etc/belay-kill.conf",
        truth: "stat -c '%a %u:%g' /etc/belay-kill.conf; cat /etc/belay-kill.conf")

    static let compensable = KillClass(
        name: "compensable (images.prune)", action: "images.prune", with: ["runtime": .text("ctr")],
        truth: "ctr -n k8s.io images ls | awk 'NR > 1 { print $1, $3 }' | sort",
        places: [
            "intent apply", "outcome apply", "node succeeded", "intent undo", "outcome undo", "observed afterUndo",
        ])

    static let cutting = KillClass(
        name: "path-cutting (iptables.flush)", action: "iptables.flush", with: ["policy": .text("accept")], timeout: 5,
        holds: "facts.firewall.inputPolicy == 'ACCEPT'",
        prepare: Firewall.dropWithSSH,
        truth: "for i in iptables ip6tables; do for t in filter nat mangle raw; do $i -t $t -S; done; done",
        places: [
            "intent arm", "outcome arm", "intent apply", "outcome apply", "verified step", "intent disarm",
            "outcome disarm", "node succeeded", "node rollingBack", "intent fire", "outcome fire",
        ])

    // Path-cutting by its name, and harmless.
    static let outliving = KillClass(
        name: "path-cutting, outliving a boot (file.replace)", action: "file.replace",
        with: ["path": .text("/etc/belay-kill/.ssh/config"), "content": .text("after\n")], timeout: 10,
        prepare: "mkdir -p /etc/belay-kill/.ssh; echo before >/etc/belay-kill/.ssh/config",
        truth: "cat /etc/belay-kill/.ssh/config",
        // What is its own, a dead-man that is a unit of the next boot too, `RebootTests` have.
        places: [])

    static let cluster = KillClass(
        name: "cluster (node.cordon)", action: "node.cordon", timeout: 30,
        holds: "facts.kubernetes.node.unschedulable",
        places: [
            "intent lease of cluster", "outcome lease of cluster", "intent apply", "outcome apply", "intent undo",
            "outcome undo", "intent release of cluster", "outcome release of cluster", "node succeeded",
        ])

    static let service = KillClass(
        name: "reversible (service.restart)", action: "service.restart", with: ["service": .text("kubelet")],
        holds: "facts.services['kubelet'].active",
        prepare: "systemctl stop kubelet",
        truth: "systemctl is-active kubelet || true",
        // All of them elsewhere in `./test`.
        places: [])
}

extension KillClass {
    /// Where in the driver's course an entry of the log stands.
    static func position(of record: LogRecord) -> String {
        guard case .run(let event)? = record.event else { return record.type }
        return switch event {
        case .intent(let intent): "intent \(name(of: intent.write))"
        case .outcome(let write, _): "outcome \(name(of: write))"
        case .observed(_, let moment, _): "observed \(moment.rawValue)"
        case .verified(let step, _): step == nil ? "verified node" : "verified step"
        case .nodeState(let state, _): "node \(state.rawValue)"
        default: event.name
        }
    }

    private static func name(of write: Write) -> String {
        switch write {
        case .acquireLease(let place, _): "lease of \(place.rawValue)"
        case .armDeadMan: "arm"
        case .apply: "apply"
        case .disarmDeadMan: "disarm"
        case .fireDeadMan: "fire"
        case .armReturn: "return armed"
        case .takeReturn: "return taken"
        case .undo: "undo"
        case .releaseLease(let place): "release of \(place.rawValue)"
        }
    }
}
