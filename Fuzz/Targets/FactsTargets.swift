import CEL
import Core

private let probe = FactsProbe(services: ["etcd"])

/// Facts of a node that said nothing.
let knownFacts = probe.parse([])

private let programs: [Program] = [
    "facts.services['etcd'].active && facts.services['etcd'].stableFor > duration('1m')",
    "facts.disks['/'].usedPercent > 90.0 || facts.disks.exists(d, facts.disks[d].freeBytes < 1)",
    "facts.firewall.inputPolicy == 'ACCEPT' && facts.firewall.rules > 3 && facts.uptime > duration('1h')",
    "facts.kubelet.healthz == 200 && facts.machine.hostname.startsWith('n')",
    "facts.kubernetes.node.ready && facts.kubernetes.node.leaseAge < duration('40s')",
    "facts.kubernetes.node.cordonedBy == '' && !facts.kubernetes.node.unschedulable",
    "facts.kubernetes.node.conditions['Ready'].status == 'True' || facts.kubernetes.api.reachable",
].compactMap { try? Program.compile($0, declarations: Runbook.declarations) }

private func check(_ facts: Facts) {
    expect(programs.count == 7, "the questions are ones that a runbook may ask")
    expectSame(facts)
    let bindings: [String: Value] = ["facts": facts.value(naming: ["etcd"]), "parameters": .map([:])]
    for program in programs {
        let first = program.evaluate(bindings)
        expect(first.result == program.evaluate(bindings).result, "a question has one answer")
    }
    for disk in (facts.disks.value ?? [:]).values {
        expect((0...100).contains(disk.usedPercent) && disk.freeBytes >= 0, "a disk is used in part")
    }
    let times = [facts.uptime.value] + facts.services.values.map { $0.value?.stableFor }
    expect(times.allSatisfy { ($0 ?? .zero) >= .zero }, "no time is before its beginning")
}

/// The answers, in parts.
func facts(_ bytes: [UInt8]) {
    check(probe.parse(outputs(bytes, probe.commands().count)))
}

private let inventory: Inventory? = {
    let text = """
        apiVersion: belay/v1
        kind: Inventory
        cluster: {name: c, environment: e, kubectl: {host: cp1, kubeconfig: /etc/kubernetes/admin.conf}}
        nodes:
        - {name: cp1, address: 192.0.2.1, roles: [control-plane]}
        - {name: n1, address: 192.0.2.2, roles: [worker], kubernetesName: worker-1}
        """
    return try? Inventory.parse(Array(text.utf8), file: "inventory.yaml")
}()

/// A Node, a Lease and a clock, then the list of nodes and the pods of etcd, in parts.
func kubernetesFacts(_ bytes: [UInt8]) {
    let answers = outputs(bytes, 5)
    let kubernetes = KubernetesProbe(node: "n1", kubeconfig: "/k").parse(Array(answers[..<3]))
    check(knownFacts.with(kubernetes: kubernetes))
    guard let inventory else { return expect(false, "the inventory is one") }
    let now = Timestamp(milliseconds: 1_795_000_000_000)
    let cluster = ClusterProbe(kubeconfig: "/k").parse(Array(answers[3...]), of: inventory, at: now)
    expectSame(cluster)
    let (members, away) = (cluster.controlPlane.members.value ?? [], cluster.controlPlane.notReady.value ?? [])
    expect(Set(away).isSubset(of: members), "what is away of the control plane is of it")
    expect(
        Set(cluster.etcd.healthy.value ?? []).isSubset(of: cluster.etcd.members.value ?? []), "what is healthy is there"
    )
}

private let nodeProbe = NodeProbe()
private let nodeFactsDeclarations: Declarations = {
    var declarations = Declarations()
    NodeFacts.declare(in: &declarations)
    return declarations
}()
private let nodePrograms: [Program] = [
    "facts.memory.availablePercent < 5.0 || facts.cpu.pressure > 80.0",
    "facts.controlPlane.components.exists(c, facts.controlPlane.components[c].state != 'running')",
    "facts.logs.exists(u, facts.logs[u].exists(l, l.contains('failed')))",
    "facts.certificates.exists(p, facts.certificates[p].remaining < duration('24h'))",
    "facts.runtime.containers.exists(c, c.attempt > 5) && facts.cni.missing.size() > 0",
].compactMap { try? Program.compile($0, declarations: nodeFactsDeclarations) }

/// The answers to all questions of a node, in parts.
func nodeFacts(_ bytes: [UInt8]) {
    expect(nodePrograms.count == 5, "the questions are ones that triage may ask")
    let answers = outputs(bytes, nodeProbe.commands().count)
    let now = Timestamp(milliseconds: 1_795_000_000_000)
    let value = nodeProbe.parse(answers, at: now).value
    expect(FactSchema.node.faults(of: value).isEmpty, "every fact is there, of its type or an error")
    expect(value == nodeProbe.parse(answers, at: now).value, "what is read twice is the same")
    for program in nodePrograms { _ = program.evaluate(["facts": value]) }
    guard let json = try? JSON.encode(FactsJSON(value)) else { return expect(false, "facts are JSON") }
    expect(json.count < 8 << 20, "what is shown of a node is bounded")
}
