import Core

/// What nodes show to actions in a simulation, and the steps of generated runbooks.
enum Samples {
    /// The kinds that generated plans are made of.
    enum Kind: Int, CaseIterable {
        case restart, file, command, flush, cordon, prune, label, irreversible, cuttingCommand
    }

    static let kubeconfig = "/etc/kubernetes/admin.conf"

    /// A step of a kind, about the thing with a number on a node.
    static func step(_ kind: Kind, _ number: Int, on node: String, run: String) throws -> Planner.Step {
        let (name, arguments) = parts(kind, number)
        let given = arguments.injecting(
            Injection(node: node, kubeconfig: kubeconfig, run: run), for: try ActionRegistry.kind(name).orThrow(name))
        let checks = kind == .cordon || kind == .label ? [] : [CheckPlan(expression: check, withinSeconds: 5)]
        return Planner.Step(
            name: "\(name.split(separator: ".").last ?? "")-\(number)", kind: name, arguments: given,
            action: try ActionRegistry.make(name, arguments: given), timeoutSeconds: 10, verify: checks)
    }

    /// What a runbook is given where it has no value of its own.
    static func parameters(of runbook: Runbook) -> [String: String] {
        var values: [String: String] = [:]
        for parameter in runbook.parameters where parameter.fallback == nil {
            switch parameter.type {
            case .string: values[parameter.name] = parameter.allowed.first ?? "sample"
            case .integer: values[parameter.name] = "1"
            case .boolean: values[parameter.name] = "true"
            }
        }
        // Whose images are on the sample node.
        if runbook.parameters.contains(where: { $0.name == "runtime" }) { values["runtime"] = "ctr" }
        return values
    }

    /// What the checks of simulated plans ask of a node: one that is ill does not say how long it is up.
    static let check = "facts.uptime > duration('0s')"
    /// The same, asked of the cluster.
    static let clusterCheck = "facts.kubernetes.node.ready"

    private static func parts(_ kind: Kind, _ number: Int) -> (String, Arguments) {
        func argv(_ words: String...) -> ArgumentValue { .list(words.map { .text($0) }) }
        switch kind {
        case .restart: return ("service.restart", Arguments(["service": .text("demo\(number).service")]))
        case .file:
            return (
                "file.replace",
                Arguments(["path": .text("/etc/demo\(number).conf"), "content": .text("new \(number)\n")])
            )
        case .flush: return ("iptables.flush", Arguments())
        case .cordon: return ("node.cordon", Arguments())
        case .label: return ("node.label", Arguments(["key": .text("example.org/l\(number)"), "value": .text("v")]))
        case .prune: return ("images.prune", Arguments(["runtime": .text("ctr")]))
        case .command, .irreversible, .cuttingCommand:
            let path = "/tmp/\(kind)\(number)"
            var values: [String: ArgumentValue] = ["apply": argv("touch", path), "observe": argv("ls", path)]
            if kind != .irreversible { values["undo"] = argv("rm", "-f", path) }
            if kind == .cuttingCommand { values["cutsPath"] = .flag(true) }
            return ("command", Arguments(values))
        }
    }

    /// What a node shows to an action, so that it has something to do; in a few variants.
    static func observation(of kind: String, _ arguments: Arguments, variant: Int) throws -> Observation {
        switch kind {
        case "service.restart", "service.start", "service.stop": service(try arguments.text("service"), variant)
        case "images.prune": images(variant)
        case "file.replace": try file(arguments, variant)
        case "node.cordon": scheduling(variant % 4 == 0 ? "yes" : "no", run: .absent)
        case "node.uncordon": scheduling("yes", run: .text("r0"))
        case "node.label":
            Observation(["uid": .text("u"), "label": variant % 2 == 0 ? .absent : .text("old")])
        case "node.taint":
            Observation(["uid": .text("u"), "taint": .absent, "since": .absent])
        case "iptables.flush", "iptables.snapshot", "iptables.restore": firewall(kind, variant)
        case "command":
            Observation(["observe.1.status": .text("2"), "observe.1.output": .content(Payload(""))])
        default: throw SimFailure("there is no sample observation for \(kind)")
        }
    }

    private static func service(_ name: String?, _ variant: Int) -> Observation {
        let unit = name.map { $0.contains(".") ? $0 : "\($0).service" } ?? "demo.service"
        return Observation([
            "unit": .text(unit), "names": .lines([unit]), "load": .text("loaded"), "stopsToo": .lines([]),
            "startedBy": .lines([]),
            "started": .text(variant % 2 == 0 ? "no" : "yes"),
            "active": .text(variant % 2 == 0 ? "stopped" : "running"), "enabled": .text("disabled"),
            "unitDigest": .text("d"), "daemonReload": .text("not needed"), "result": .text("success"),
            "mainPid": .text(variant % 2 == 0 ? "0" : "42"), "restarts": .text("0"),
            "startedAt": variant % 2 == 0 ? .absent : .text("1"),
        ])
    }

    private static func images(_ variant: Int) -> Observation {
        let images = (0...(variant % 3)).map { "a/i\($0)" }
        var seen = Observation(["sandbox": .text("pause"), "bytes": .text("1"), "heldBack": .lines([])])
        for image in images { seen["image.\(image)"] = .text("sha256:\(image)") }
        (seen["prunable"], seen["pulledBy"]) = (.lines(images), .lines(images))
        return seen
    }

    private static func file(_ arguments: Arguments, _ variant: Int) throws -> Observation {
        var seen = Observation([
            "type": .text("regular"), "directory": .text("real"), "mode": .text(variant % 2 == 0 ? "644" : "600"),
            "owner": .text("0:0"), "links": .text("1"), "xattrs": .lines([]),
            "content": .content(Payload("old \(variant % 3)\n")),
        ])
        if try arguments.text("service") != nil {
            (seen["service.load"], seen["service.started"]) = (.text("loaded"), .text("yes"))
        }
        return seen
    }

    private static func scheduling(_ unschedulable: String, run: FieldValue) -> Observation {
        let writer: FieldValue =
            unschedulable == "no" ? .absent : run == .absent ? .text("kubectl") : .text("belay")
        return Observation(["uid": .text("u"), "unschedulable": .text(unschedulable), "run": run, "writer": writer])
    }

    private static func firewall(_ kind: String, _ variant: Int) -> Observation {
        let rules = (0...(variant % 3)).map { "-A INPUT -s 192.0.2.\($0)/32 -j ACCEPT" }
        let save =
            "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
            + rules.map { "\($0)\n" }.joined() + "COMMIT\n"
        var seen = Observation([
            "version": .text("iptables v1.8.9 (nf_tables)"), "backend": .text("nf_tables"), "nft": .text("visible"),
        ])
        for (family, digit) in [("ipv4", "4"), ("ipv6", "6")] {
            let lines = rules.map { "-t filter \($0)" }
            let policies = [
                "-t filter -P INPUT DROP", "-t filter -P FORWARD ACCEPT", "-t filter -P OUTPUT ACCEPT",
            ]
            seen["\(family).rules"] = .lines(lines)
            seen["\(family).policies"] = .lines(policies)
            seen["\(family).save"] = .content(Payload(save))
            guard kind != "iptables.flush" else { continue }
            seen["snapshot.v\(digit)"] = kind == "iptables.snapshot" ? .absent : .content(Payload(snapshot))
            seen["\(family).ruleset"] = .lines(policies + lines)
        }
        return seen
    }

    private static let snapshot =
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p icmp -j ACCEPT\nCOMMIT\n"
}

extension Optional {
    fileprivate func orThrow(_ name: String) throws -> Wrapped {
        guard let self else { throw SimFailure("there is no action \(name)") }
        return self
    }
}
