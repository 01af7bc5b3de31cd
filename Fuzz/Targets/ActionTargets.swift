import Core

/// One of the registry's, with arguments that it takes.
func action(_ name: String, _ arguments: [String: ArgumentValue] = [:]) -> any Action {
    do {
        return try ActionRegistry.make(name, arguments: Arguments(arguments))
    } catch {
        fatalError("the arguments of \(name) are its own: \(error)")
    }
}

/// What an action promises of every state that it can read.
func hold(_ action: any Action, to outputs: [CommandOutput]) {
    guard let before = try? action.parse(outputs) else { return }
    expect((try? action.parse(outputs)) == before, "the same answers are the same state")
    for (field, value) in before.fields {
        switch value {
        case .text(let text): expect(!text.unicodeScalars.contains("\n"), "\(field) is one line")
        case .lines(let lines):
            expect(!lines.contains { $0.unicodeScalars.contains("\n") }, "each of the lines of \(field) is one")
        case .content, .absent: break
        }
    }
    hold(action, from: before)
}

/// What it promises of every state, whoever says that it was observed.
func hold(_ action: any Action, from before: Observation) {
    expectSame(before)
    let (apply, undo) = (action.apply(before), action.undo(before))
    expect(action.apply(before) == apply && action.undo(before) == undo, "commands follow from the state")
    expect(action.permits(apply, planned: apply), "what was planned may be run")
    for command in apply + undo {
        expect(command.argv.first?.isEmpty == false, "a command is a program")
        expectSame(command)
    }
    for (field, value) in before.fields {
        expect(action.isEquivalent(field, before: value, now: value), "a state is restored when it is the same")
    }
    guard let prediction = try? action.predict(before) else { return }
    expectSame(prediction)
    for field in prediction.after.fields.keys { _ = action.role(of: field) }
    expect(prediction.notes.allSatisfy { !$0.isEmpty }, "a note says something")
}

private let firewall = [
    action("iptables.flush"), action("iptables.flush", ["policy": .text("keep")]),
    action("iptables.flush", ["full": .flag(true), "policy": .text("keep")]),
    action("iptables.snapshot", ["name": .text("a")]), action("iptables.restore", ["snapshot": .text("a")]),
    action("iptables.restore", ["snapshot": .text("a"), "added": .text("remove")]),
]

/// What else filters, IPv4's rules, IPv6's, those of the other backend, and a snapshot of both or kube-proxy, in parts.
func iptables(_ bytes: [UInt8]) {
    let all = outputs(bytes, 6)
    for action in firewall {
        let answers = Array(all.prefix(action.observe().count))
        hold(action, to: answers)
        // What cannot be predicted is never applied.
        guard action.cutsPath, let before = try? action.parse(answers), (try? action.predict(before)) != nil else {
            continue
        }
        let isOrdered = before["snapshot.v4"] != nil || before["kubeProxy"] != nil
        for input in action.apply(before).compactMap(\.input?.text) {
            expect(isOrdered ? isOrder(input) : isTransaction(input), "what is sent is of its form: \(input)")
        }
    }
}

/// What the script on the node is given: a letter and what it is about on each line.
private func isOrder(_ text: String) -> Bool {
    text.unicodeScalars.split(separator: "\n").allSatisfy { line in
        line.first.map { "STPGCABKcab".unicodeScalars.contains($0) } == true && line.dropFirst().first == " "
    }
}

/// What `iptables-restore` is given by a flush.
private func isTransaction(_ text: String) -> Bool {
    text.unicodeScalars.split(separator: "\n").allSatisfy { line in
        guard let first = line.first else { return true }
        return ["*", ":", "-", "#", "["].contains(first) || String(line) == "COMMIT"
    }
}

private let services = ["service.restart", "service.start", "service.stop"].map { name in
    action(name, ["service": .text("kubelet")])
}

func systemctl(_ bytes: [UInt8]) {
    for action in services { hold(action, to: outputs(bytes, action.observe().count)) }
}

private let prunes = ["detect", "docker", "podman", "crictl", "ctr"].map { runtime in
    action("images.prune", ["runtime": .text(runtime)])
}

/// The first byte says which client is asked for. What is there, which registries answer, and the clients' answers, in parts.
func images(_ bytes: [UInt8]) {
    let action = prunes[Int(bytes.first ?? 0) % prunes.count]
    let answers = outputs(Array(bytes.dropFirst()), action.observe().count)
    hold(action, to: answers)
    guard let before = try? action.parse(answers) else { return }
    let list = before.lines("prunable") ?? []
    expect(list.allSatisfy { !$0.hasPrefix("-") && !$0.contains(" ") }, "no image could be an option or two")
    for removal in action.apply(before) {
        expect(removal.argv.suffix(list.count) == list[...], "what is removed is the list")
        let shorter = Command(removal.argv.dropLast(), input: removal.input)
        expect(action.permits([shorter], planned: [removal]), "the list may shrink")
        expect(
            !action.permits([removal], planned: [shorter]) || Set(list).count < list.count, "the list may not grow")
    }
}

private let clusterActions: [any Action] = {
    let host: [String: ArgumentValue] = ["node": .text("n1"), "kubeconfig": .text("/k"), "run": .text("r-1")]
    let key: [String: ArgumentValue] = ["key": .text("example.com/a"), "value": .text("v")]
    let workload: [String: ArgumentValue] = [
        "kubeconfig": .text("/k"), "run": .text("r-1"), "kind": .text("Deployment"), "namespace": .text("a"),
        "name": .text("b"),
    ]
    return [
        action("node.cordon", host), action("node.uncordon", host),
        action("node.label", host.merging(key) { $1 }),
        action("node.taint", host.merging(key) { $1 }.merging(["effect": .text("NoExecute")]) { $1 }),
        action("workload.restart", workload), action("workload.rollback", workload),
        action("workload.scale", workload.merging(["replicas": .text("2")]) { $1 }),
        action(
            "configmap.restore",
            ["kubeconfig": .text("/k"), "run": .text("r-1"), "namespace": .text("a"), "name": .text("b")].merging([
                "key": .text("c"), "content": .text("new\n"),
            ]) { $1 }),
    ]
}()

func kubectl(_ bytes: [UInt8]) {
    for action in clusterActions { hold(action, to: outputs(bytes, action.observe().count)) }
}

private let replacements = [
    action("file.replace", ["path": .text("/etc/a"), "content": .text("new\n")]),
    action(
        "file.replace",
        [
            "path": .text("/etc/a"), "content": .text("new\n"), "mode": .text("0600"), "owner": .text("root"),
            "service": .text("a"),
        ]),
    action("file.restore", ["path": .text("/etc/a"), "from": .text("/root/a")]),
    action("file.line", ["path": .text("/etc/a"), "line": .text("a=1"), "match": .text("a=")]),
    action("file.line", ["path": .text("/etc/a"), "match": .text("a"), "remove": .flag(true)]),
    action("manifest.edit", ["component": .text("etcd"), "set": .text("--v=2")]),
    action("manifest.edit", ["path": .text("/m/a.yaml"), "from": .text("/root/a")]),
    action("staticpod.restart", ["component": .text("etcd")]),
]

func file(_ bytes: [UInt8]) {
    for action in replacements { hold(action, to: outputs(bytes, action.observe().count)) }
}
