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

    /// Whether a node gives back by itself what a step of a kind does.
    static func isReturnedAlone(_ kind: Kind, _ number: Int, run: String) throws -> Bool {
        let step = try step(kind, number, on: "n1", run: run)
        guard step.action.place == .node, step.action.reversibility != .irreversible else { return false }
        return step.action.canReturnAlone(from: try observation(of: step.kind, step.arguments, variant: 1))
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
        // One of its ways to a manifest, all of which have a default.
        if runbook.parameters.contains(where: { $0.name == "unset" }) { values["unset"] = "--v" }
        // Where etcd's data comes from, and where it goes; other snapshots have a name.
        if runbook.parameters.contains(where: { $0.name == "alone" }) { values["snapshot"] = "/root/good.db" }
        if runbook.parameters.contains(where: { $0.name == "to" }) { values["to"] = "/mnt/fast/etcd" }
        // Without one nothing brings the files back.
        if runbook.parameters.contains(where: { $0.name == "archive" }) { values["archive"] = "/mnt/archive" }
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
        case "file.replace", "file.line": try file(arguments, variant)
        case "file.restore":
            try file(arguments, variant).with(backup: Payload("kept\n"))
        case "manifest.edit": try manifest(arguments, variant)
        case "staticpod.restart":
            Observation([
                "manifest": .text("d"), "kubelet": .text("active"), "running": .text("yes"),
                "health": .text(variant % 2 == 0 ? "healthy" : "unasked"), "process": .text("42.1"),
            ])
        case "process.restart": process(variant)
        case "logs.vacuum", "logs.rotate", "disk.reclaim": oldFiles(kind, try arguments.text("archive") ?? "", variant)
        case "node.cordon": scheduling(variant % 4 == 0 ? "yes" : "no", run: .absent)
        case "node.uncordon": scheduling("yes", run: .text("r0"))
        case "node.drain": drained(scheduling(variant % 4 == 0 ? "yes" : "no", run: .absent), pods: variant % 3)
        case "node.label":
            Observation(["uid": .text("u"), "label": variant % 2 == 0 ? .absent : .text("old")])
        case "node.taint":
            Observation(["uid": .text("u"), "taint": .absent, "since": .absent])
        case "workload.restart": workload(["restartedBy": variant % 2 == 0 ? .absent : .text("r0")])
        case "workload.rollback": workload(revisions)
        case "workload.scale":
            Observation([
                "uid": .text("u"), "replicas": .text("\(20 + variant)"), "updates": .text(""),
                "autoscalers": .lines([]),
            ])
        case "configmap.restore":
            Observation([
                "uid": .text("u"), "immutable": .text("no"), "binary": .text("no"),
                "content": variant % 2 == 0 ? .absent : .content(Payload("old \(variant)\n")),
            ])
        case "iptables.flush", "iptables.snapshot", "iptables.restore":
            try firewall(kind, variant, isFull: arguments.flag("full", default: false))
        case "routes.snapshot", "routes.restore": routes(kind, variant)
        case "sysctl.set": try parameter(arguments, variant)
        case "kernel.modules.load": try modules(arguments, variant)
        case "etcd.snapshot", "etcd.defrag", "etcd.alarm.disarm": etcd(kind, variant)
        case "etcd.restore", "etcd.move": etcdData(kind, variant)
        case "certs.renew": try certificates(arguments, variant)
        case "command":
            Observation(["observe.1.status": .text("2"), "observe.1.output": .content(Payload(""))])
        default: throw SimFailure("there is no sample observation for \(kind)")
        }
    }

    private static func workload(_ more: [String: FieldValue]) -> Observation {
        let common: [String: FieldValue] = [
            "uid": .text("u"), "paused": .text("no"), "strategy": .text("RollingUpdate"), "partition": .text("0"),
        ]
        return Observation(common.merging(more) { $1 })
    }

    /// Two revisions, of which the newer one is in place.
    private static let revisions: [String: FieldValue] = {
        var fields: [String: FieldValue] = [
            "historyLimit": .text("10"), "template": .lines(["image = app:2"]), "templateSHA256": .text("b2"),
            "target.template": .lines(["image = app:1"]),
        ]
        for (name, number, sum) in [("revision", "2", "b2"), ("target", "1", "a1")] {
            fields[name] = .text(number)
            fields["\(name).name"] = .text("app-\(number)")
            fields["\(name).uid"] = .text("u\(number)")
            fields["\(name).sha256"] = .text(sum)
        }
        return fields
    }()

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

    private static func process(_ variant: Int) -> Observation {
        Observation([
            "running": .text("yes"), "keeper": .text("nobody"), "program": .text("/usr/local/bin/demo"),
            "folder": .text("/"), "user": .text("0"), "way": .text(String(repeating: "\(variant % 2)", count: 64)),
            "words": .text("2"), "input": .text("/dev/null"), "output": .text("pipe"), "errors": .text("/dev/null"),
            "pid": .text("42"), "started": .text("1"), "parent": .text("1"), "boot": .text("b"),
        ])
    }

    private static func oldFiles(_ kind: String, _ archive: String, _ variant: Int) -> Observation {
        var seen = Observation([
            "count": .text("\(variant % 3 + 1)"), "bytes": .text("\(variant % 3 + 1)"), "held": .text("0"),
            "heldBytes": .text("0"), "odd": .text("0"), "left": .text("0"),
        ])
        for number in 0...(variant % 3) {
            seen["file./var/log/demo.\(number + 1)"] = .text("1 2026-11-20T12:00:00.0000000000Z 640 0:4")
        }
        if kind == "disk.reclaim" { seen["deletedOpen"] = .lines([]) }
        guard !archive.isEmpty else { return seen }
        (seen["archive"], seen["archiveDisk"]) = (.text("folder"), .text("another"))
        (seen["archiveKind"], seen["archiveFree"]) = (.text("ext2/ext3"), .text("1000000"))
        return seen
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

    private static func manifest(_ arguments: Arguments, _ variant: Int) throws -> Observation {
        let name = try arguments.text("component") ?? "sample"
        var text = """
            apiVersion: v1
            kind: Pod
            metadata: {name: \(name), namespace: kube-system}
            spec:
              containers:
              - name: \(name)
                command:
                - \(name)

            """
        let backup = Payload(text)
        text += "    - --v=\(variant % 3)\n"
        var seen = try file(arguments, variant).with(backup: backup)
        seen["content"] = .content(Payload(text))
        return seen
    }

    private static func etcd(_ kind: String, _ variant: Int) -> Observation {
        var seen = Observation([
            "cluster": .text("c"), "member": .text("m"), "data": .text("/var/lib/etcd"), "version": .text("3.5.16"),
            "revision": .text("317"), "dbSize": .text("2000000"), "dbInUse": .text("\(1_000_000 + variant % 3)"),
            "room": .text("1000000000"),
        ])
        guard kind == "etcd.snapshot" else {
            seen["members"] = .lines(["cp1 (m)"])
            seen["unhealthy"] = .lines([])
            seen["alarms"] = .lines(["NOSPACE cp1 (m)"])
            (seen["quota"], seen["largestOther"], seen["leader"]) = (.text("2147483648"), .text("0"), .text("m"))
            return seen
        }
        seen["folderRoom"] = .text("1000000000")
        for field in ["", ".bytes", ".sha256", ".hash", ".revision", ".keys"] { seen["snapshot\(field)"] = .absent }
        return seen
    }

    private static func etcdData(_ kind: String, _ variant: Int) -> Observation {
        let manifest = """
            apiVersion: v1
            kind: Pod
            metadata: {name: etcd, namespace: kube-system}
            spec:
              containers:
              - command: [etcd, --name=cp1, --data-dir=/var/lib/etcd, "--initial-advertise-peer-urls=https://10.88.0.11:2380"]
                volumeMounts: [{mountPath: /var/lib/etcd, name: etcd-data}]
              volumes:
              - hostPath:
                  path: /var/lib/etcd
                name: etcd-data

            """
        var seen = Observation([
            "type": .text("regular"), "directory": .text("real"), "mode": .text("600"), "owner": .text("0:0"),
            "links": .text("1"), "xattrs": .lines([]), "content": .content(Payload(manifest)),
            "kubelet": .text("active"), "aside": .lines([]), "reader": .text("etcdutl"), "revision": .text("317"),
            "api.manifest": .text("0a"), "etcd.running": .text("yes"), "api.running": .text("yes"),
            "etcd.health": .text("healthy"), "api.health": .text("healthy"), "cluster": .text("c"),
            "member": .text("m"), "members": .lines(["cp1 (m)"]), "unhealthy": .lines([]),
            "data": .text("/var/lib/etcd"), "data.member": .text("yes"), "data.kept": .lines([]),
            "data.bytes": .text("\(2_000_000 + variant % 3)"), "data.room": .text("1000000000"),
        ])
        guard kind == "etcd.restore" else {
            (seen["to"], seen["to.attributes"]) = (.text("holds nothing"), .text("mode 700, owner 0:0"))
            (seen["to.mount"], seen["to.boot"]) = (.text("/mnt/fast"), .text("mounted at boot"))
            (seen["to.filesystem"], seen["to.room"]) = (.text("xfs"), .text("1000000000"))
            return seen
        }
        let digest = String(repeating: "0a", count: 32)
        (seen["snapshot"], seen["snapshot.bytes"]) = (.text("mode 600, owner 0:0"), .text("2000032"))
        (seen["snapshot.sha256"], seen["snapshot.noted"]) = (.text(digest), .text(digest))
        return seen
    }

    private static func certificates(_ arguments: Arguments, _ variant: Int) throws -> Observation {
        var seen = Observation(["kubeadm": .text("/usr/bin/kubeadm"), "platforms": .lines([])])
        for authority in ["ca", "etcd/ca", "front-proxy-ca"] { seen["authority.\(authority)"] = .text("here") }
        let name = try arguments.text("certificate") ?? "all"
        let files = name.hasSuffix(".conf") ? [name] : ["pki/apiserver.crt", "pki/apiserver.key"]
        for file in files {
            seen["file.\(file)"] = .text("regular 600 0:0 \(variant % 3)")
            if !file.hasSuffix(".key") { seen["expires.\(file)"] = .text("2026-12-01T00:00:00Z") }
        }
        return seen
    }

    private static func scheduling(_ unschedulable: String, run: FieldValue) -> Observation {
        let writer: FieldValue =
            unschedulable == "no" ? .absent : run == .absent ? .text("kubectl") : .text("belay")
        return Observation(["uid": .text("u"), "unschedulable": .text(unschedulable), "run": run, "writer": writer])
    }

    private static func drained(_ scheduling: Observation, pods: Int) -> Observation {
        var seen = scheduling
        seen["eviction"] = .text("policy/v1")
        seen["pods"] = .lines((0..<pods).map { "default/ReplicaSet/web web-\($0)" })
        for field in ["going", "heldBack", "budgets", "heldByBudget", "blocks"] { seen[field] = .lines([]) }
        return seen
    }

    private static func firewall(_ kind: String, _ variant: Int, isFull: Bool) -> Observation {
        let rules = (0...(variant % 3)).map { "-A INPUT -s 192.0.2.\($0)/32 -j ACCEPT" }
        let save =
            "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n"
            + rules.map { "\($0)\n" }.joined() + "COMMIT\n"
        var seen = Observation([
            "version": .text("iptables v1.8.9 (nf_tables)"), "backend": .text("nf_tables"), "nft": .text("visible"),
        ])
        if isFull {
            (seen["kubeProxy"], seen["kubelet"]) = (.text("pod"), .text("active"))
            (seen["service"], seen["serviceAnswers"]) = (.text("10.96.0.1:443"), .text(variant % 2 == 0 ? "no" : "yes"))
        }
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
            seen["\(family).missing"] = .lines([])
        }
        return seen
    }

    private static func routes(_ kind: String, _ variant: Int) -> Observation {
        let kept = (0...(variant % 3)).map { "10.\($0).0.0/16 via 192.0.2.\($0 + 1) dev eth0" }
        var seen = Observation(["ipv6": .text("yes"), "linksUp": .lines(["eth0"])])
        for family in ["ipv4", "ipv6"] {
            seen["\(family).routes"] = .lines(family == "ipv4" ? ["default via 192.0.2.1 dev eth0"] : [])
            seen["\(family).rules"] = .lines(["0: from all lookup local", "32766: from all lookup main"])
            (seen["\(family).routesLeft"], seen["\(family).rulesLeft"]) = (.lines([]), .lines([]))
        }
        let lines =
            ["# routes and rules kept by belay, format 1", "[ipv4 routes]"] + kept + [
                "[ipv4 rules]", "[ipv6 routes]", "[ipv6 rules]",
            ]
        seen["snapshot.routes"] =
            kind == "routes.snapshot" ? .absent : .content(Payload(lines.joined(separator: "\n") + "\n"))
        return seen
    }

    private static func parameter(_ arguments: Arguments, _ variant: Int) throws -> Observation {
        let wanted = try arguments.text("value") ?? ""
        let old =
            variant % 4 == 0
            ? wanted : wanted.split(separator: " ").map { _ in "\(variant % 3)" }.joined(separator: " ")
        var seen = Observation(["value": .text(old)])
        if try arguments.text("key")?.hasSuffix("forward") == true {
            seen["links"] = .lines(variant % 2 == 0 ? [] : ["net/ipv4/conf/eth0/forwarding 1"])
        }
        return seen
    }

    private static func modules(_ arguments: Arguments, _ variant: Int) throws -> Observation {
        var seen = Observation([
            "release": .text("6.1.0-26-amd64"), "directory": .text("present"), "loader": .text("ready"),
        ])
        let names = try arguments.commands("modules").first ?? [arguments.text("modules") ?? ""]
        for (number, name) in names.enumerated() {
            let states = ["not loaded", "loaded", "built in"]
            seen["module.\(name)"] = .text(states[(number + variant) % 3])
        }
        return seen
    }

    private static let snapshot =
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p icmp -j ACCEPT\nCOMMIT\n"
}

extension Observation {
    /// With a backup beside it.
    fileprivate func with(backup: Payload) -> Observation {
        var seen = self
        (seen["backup"], seen["backup.mode"], seen["backup.owner"]) = (.content(backup), .text("600"), .text("0:0"))
        return seen
    }
}

extension Optional {
    fileprivate func orThrow(_ name: String) throws -> Wrapped {
        guard let self else { throw SimFailure("there is no action \(name)") }
        return self
    }
}
