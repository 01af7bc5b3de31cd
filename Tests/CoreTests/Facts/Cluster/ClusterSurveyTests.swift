import CEL
import Testing

@testable import Core

/// Answers of kubectl 1.20.2 on a cluster of three nodes (Fixtures/cluster/README.md).
@Suite("Survey of a cluster")
struct ClusterSurveyTests {
    typealias Question = ClusterSurvey.Question

    @Test("a healthy cluster: all nodes Ready, nothing troubled")
    func healthy() throws {
        let facts = try ClusterFixture.facts("healthy")
        let expected = [
            ("kubernetes.api.reachable && kubernetes.api.error == ''", "true"), ("kubernetes.version", "'v1.20.2'"),
            ("kubernetes.nodes.size() == 3 && kubernetes.nodes.all(n, kubernetes.nodes[n].ready == 'True')", "true"),
            ("kubernetes.nodes.all(n, kubernetes.nodes[n].leaseAge < duration('20s'))", "true"),
            ("kubernetes.nodes['kube-1'].kubelet + ' ' + kubernetes.nodes['kube-1'].taints[0]", nil),
            ("kubernetes.pods.size() + kubernetes.troubledPodCount + kubernetes.services.size()", "0"),
            ("kubernetes.workloads", "[]"), ("kubernetes.podCount > 5 && kubernetes.serviceCount >= 1", "true"),
            ("kubernetes.leases['kube-scheduler'].age < duration('10s')", "true"),
            ("kubernetes.leases['kube-controller-manager'].holder.startsWith('kube-1_')", "true"),
            ("kubernetes.systemPods['kube-proxy'].desired == kubernetes.systemPods['kube-proxy'].ready", "true"),
        ]
        for (source, value) in expected {
            let found = try ClusterFixture.evaluate(source, facts)
            #expect(found == value ?? "'v1.20.2 node-role.kubernetes.io/master:NoSchedule'", "\(source)")
        }
        let usage = try ClusterFixture.evaluate("kubernetes.usage", facts)
        #expect(usage.hasPrefix("error: kubernetes.usage") && usage.contains("could not find the requested resource"))
    }

    @Test("every declared field is there and has its type, or is an error", arguments: ClusterFixture.folders)
    func shapes(folder: String) throws {
        let whole = try ClusterFixture.outputs(folder)
        for question in [nil] + Question.allCases.map(Optional.init) {
            for answer in [CommandOutput.succeeded(""), ClusterFixture.failed("error: no"), .succeeded("{}\n")] {
                var outputs = whole
                if let question { outputs[question.rawValue] = answer }
                let facts = ClusterSurvey(kubeconfig: "/k").parse(outputs, at: ClusterFixture.now)
                #expect(FactShape.faults(facts.value, .message("ClusterState")) == [])
            }
        }
        for facts in [ClusterSurvey(kubeconfig: "/k").parse([], at: ClusterFixture.now), .unknown("no")] {
            #expect(FactShape.faults(facts.value, .message("ClusterState")) == [])
        }
    }

    @Test("so it is whatever bytes of the answers are others, or missing", arguments: ClusterFixture.folders)
    func mutated(folder: String) throws {
        let whole = try ClusterFixture.outputs(folder)
        var random = Mutations(state: 1)
        for _ in 0..<50 {
            let outputs = whole.map { output in
                var changed = output
                changed.output = Payload(bytes: random.mutate(output.output.bytes))
                return changed
            }
            let facts = ClusterSurvey(kubeconfig: "/k").parse(outputs, at: ClusterFixture.now)
            #expect(FactShape.faults(facts.value, .message("ClusterState")) == [])
        }
    }

    /// The same bytes changed in the same way in every run.
    private struct Mutations {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(1, bound)
        }

        mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
            var changed = bytes
            for _ in 0..<below(4) where !changed.isEmpty {
                let place = below(changed.count)
                switch below(4) {
                case 0: changed[place] = UInt8(below(256))
                case 1: changed[place] = UInt8(ascii: "9")
                case 2: changed.remove(at: place)
                default: changed.removeSubrange(place..<min(changed.count, place + below(100)))
                }
            }
            return changed
        }
    }

    @Test("messages have names of their own, all that they use are declared, and each field says what it is")
    func declared() {
        var others = Declarations()
        Facts.declare(in: &others)
        #expect(ClusterFixture.declarations.undeclaredMessages.isEmpty)
        for (name, fields) in ClusterSurvey.messages {
            var alone = Declarations()
            alone.declare(variable: "x", .message(name))
            #expect(alone.undeclaredMessages == [name])
            #expect(fields.allSatisfy { $0.about.hasSuffix(".") && !$0.name.isEmpty })
            #expect(Set(fields.map(\.name)).count == fields.count)
        }
    }

    @Test(
        "an API that does not answer is known not to, and everything else says why",
        arguments: [
            "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?",
            "Unable to connect to the server: context deadline exceeded",
            "Unable to connect to the server: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            "Unable to connect to the server: no answer in 4 s", "Error from server: etcdserver: request timed out",
        ])
    func down(said: String) throws {
        let outputs = Question.allCases.map { $0 == .clock ? .succeeded("1795781045\n") : ClusterFixture.failed(said) }
        let facts = ClusterSurvey(kubeconfig: "/k").parse(outputs, at: ClusterFixture.now)
        #expect(facts.api.reachable == .known(false) && facts.api.error == .known(said))
        for field in ClusterSurvey.messages["ClusterState", default: []] where field.name != "api" {
            let found = try ClusterFixture.evaluate("kubernetes.\(field.name)", facts)
            #expect(found.hasPrefix("error: kubernetes.\(field.name)") && found.contains("does not answer: \(said)"))
        }
        #expect(facts.kubernetes(of: "kube-1").api.reachable == .known(false))
    }

    @Test("a refusal of one question leaves the others answered")
    func refused() throws {
        let said = "Error from server (Forbidden): leases.coordination.k8s.io is forbidden"
        let facts = try ClusterFixture.facts("healthy", [.leases: ClusterFixture.failed(said)])
        #expect(try ClusterFixture.evaluate("kubernetes.leases", facts).contains(said))
        #expect(try ClusterFixture.evaluate("kubernetes.nodes['kube-1'].leaseAge", facts).contains(said))
        #expect(try ClusterFixture.evaluate("kubernetes.nodes['kube-1'].ready", facts) == "'True'")
    }

    @Test("an answer that is longer than is read, or no text, is unknown")
    func unread() throws {
        var long = CommandOutput.succeeded("node \"a\"")
        long.truncated = true
        let binary = CommandOutput(status: 0, output: Payload(bytes: [0xFF, 0x00]))
        let facts = try ClusterFixture.facts("healthy", [.nodes: long, .events: binary])
        #expect(try ClusterFixture.evaluate("kubernetes.nodes", facts).contains("longer than is read"))
        #expect(try ClusterFixture.evaluate("kubernetes.events", facts).contains("not text"))
    }

    @Test("a node is told as to runs and policies; one that Kubernetes does not have is unknown")
    func ofNode() throws {
        let facts = try ClusterFixture.facts("node-down")
        let down = facts.kubernetes(of: "kube-3")
        #expect(down.api == .init(reachable: .known(true), error: .known("")))
        #expect(down.node.ready == .known(false) && down.node.unschedulable == .known(false))
        #expect(down.node.conditions.value?["Ready"]?.reason == "KubeletNotReady")
        #expect(down.node.conditions.value?["DiskPressure"]?.status == "False")
        #expect(down.node.conditions.value?["Ready"]?.since.value != nil && down.node.leaseAge.value != nil)
        #expect(down.node.cordonedBy == .known("") && down.node.labels.value == nil)
        #expect(facts.kubernetes(of: "kube-1").node.ready == .known(true))
        #expect(facts.kubernetes(of: "w9").node.ready == .unknown("Kubernetes has no node 'w9'"))
    }

    @Test(
        "what is wrong with a cluster is found in what was recorded there",
        arguments: [
            ("node-down", "kubernetes.nodes.filter(n, kubernetes.nodes[n].ready != 'True')", "['kube-3']"),
            ("node-down", "kubernetes.nodes['kube-3'].message.contains('cni plugin not initialized')", "true"),
            (
                "disk-pressure", "kubernetes.nodes.filter(n, kubernetes.nodes[n].pressures == ['DiskPressure'])",
                "['kube-2']"
            ),
            ("disk-pressure", "kubernetes.nodes['kube-2'].taints", "['node.kubernetes.io/disk-pressure:NoSchedule']"),
            ("disk-pressure", "kubernetes.pods.map(p, p.reason + p.node + p.container)", "['Unschedulable']"),
            (
                "disk-pressure", "kubernetes.pods[0].owner.startsWith('ReplicaSet/web-') && kubernetes.pods[0].unready",
                "true"
            ),
            (
                "disk-pressure", "kubernetes.workloads.map(w, [w.kind, w.name, string(w.desired - w.ready)])",
                "[['Deployment', 'web', '1']]"
            ),
            (
                "disk-pressure", "kubernetes.events.exists(e, e.reason == 'Evicted' && e.object.startsWith('Pod/'))",
                "true"
            ),
            (
                "scheduler",
                "kubernetes.leases['kube-scheduler'].age > kubernetes.leases['kube-controller-manager'].age", "true"
            ),
            (
                "scheduler", "kubernetes.pods.map(p, [p.owner, p.container, p.reason, string(p.exitCode)])",
                "[['Node/kube-1', 'kube-scheduler', 'Error', '1']]"
            ),
            (
                "kubelet-stopped", "kubernetes.nodes['kube-3'].ready + ' ' + kubernetes.nodes['kube-3'].reason",
                "'Unknown NodeStatusUnknown'"
            ),
            (
                "kubelet-stopped", "kubernetes.nodes['kube-3'].taints.filter(t, t.endsWith(':NoExecute'))",
                "['node.kubernetes.io/unreachable:NoExecute']"
            ),
            (
                "kubelet-stopped",
                "kubernetes.pods.filter(p, p.namespace == 'default').map(p, [p.node, p.container, p.reason])",
                "[['kube-3', 'web', 'Running']]"
            ),
            (
                "kubelet-stopped", "kubernetes.pods.filter(p, !p.unready).map(p, p.container + string(p.exitCode))",
                "['kube-apiserver137', 'kube-controller-manager255', 'kube-scheduler255']"
            ),
            ("api-down", "!kubernetes.api.reachable && kubernetes.api.error.contains('was refused')", "true"),
            (
                "api-slow", "!kubernetes.api.reachable && kubernetes.api.error.contains('Client.Timeout exceeded')",
                "true"
            ),
        ])
    func recorded(folder: String, source: String, value: String) throws {
        #expect(try ClusterFixture.evaluate(source, ClusterFixture.facts(folder)) == value)
    }

    @Test("containers of all kinds of trouble, each with its reason and the last lines of those that crash")
    func faults() throws {
        let facts = try ClusterFixture.facts("faults")
        let own = "kubernetes.pods.filter(p, p.namespace == 'playbook')"
        let reasons = [
            "crash-application": "CrashLoopBackOff", "crash-command": "CrashLoopBackOff",
            "crash-config": "CreateContainerConfigError", "crash-create": "CreateContainerError",
            "crash-liveness": "CrashLoopBackOff", "crash-memory": "OOMKilled", "crash-release": "Error",
            "image-not-pullable": "ErrImagePull", "pods-too-large": "Unschedulable",
            "volume-not-mountable": "ContainerCreating",
        ]
        for (name, reason) in reasons {
            let found = "\(own).filter(p, p.name.startsWith('\(name)-')).map(p, p.reason)"
            #expect(try ClusterFixture.evaluate(found, facts) == "['\(reason)']")
        }
        let others = [
            ("\(own).size()", "\(reasons.count)"),
            ("\(own).filter(p, p.lines.size() > 0).map(p, p.lines[0])", "['cannot open /data/ledger: no such table']"),
            ("\(own).filter(p, p.reason == 'OOMKilled').map(p, [p.exitCode, p.restarts])", "[[137, 2]]"),
            ("\(own).filter(p, p.lastReason == 'StartError').map(p, p.exitCode)", "[128]"),
            ("\(own).filter(p, p.reason == 'ErrImagePull').all(p, p.message.contains('web:9: not found'))", "true"),
            ("kubernetes.services.map(s, [s.selector, string(s.matching)])", "[['app=web-of-the-next-release', '0']]"),
            ("kubernetes.workloads.size()", "9"), ("kubernetes.events.exists(e, e.reason == 'FailedMount')", "true"),
        ]
        for (source, value) in others { #expect(try ClusterFixture.evaluate(source, facts) == value, "\(source)") }
    }

    @Test(
        "what people wrote into their objects forges no line, and is shown so that a terminal does nothing with it",
        arguments: [
            ("kubernetes.nodes.size() == 3 && !('forged' in kubernetes.nodes)", "true"),
            ("kubernetes.nodes['w1'].message.contains('a\"\\\\nnode \"forged\" 1')", "true"),
            ("kubernetes.nodes['w1'].kubelet.startsWith('a\"\\\\nnode')", "true"),
            ("kubernetes.nodes['w1'].networkUnavailable", "true"),
            ("kubernetes.nodes['w2'].leaseAge", "error: kubernetes.nodes['w2'].leaseAge"),
            ("kubernetes.nodes['w3'].leaseAge", "error: kubernetes.nodes['w3'].leaseAge"),
            ("kubernetes.nodes['w3'].ready + kubernetes.nodes['w3'].kubelet", "'Unknown'"),
            ("kubernetes.leases['kube-scheduler'].age", "duration('96"),
            ("kubernetes.leases['kube-controller-manager'].age", "error: "),
            ("kubernetes.leases.size()", "2"), ("kubernetes.events.size()", "60"),
            ("kubernetes.events[1].reason + string(kubernetes.events[1].count)", "'Newer7'"),
            ("kubernetes.events.all(e, e.reason != 'Old' && e.reason != 'Normal')", "true"),
            ("kubernetes.usage['w1'].cpuPercent == 25.0 && kubernetes.usage['w1'].memoryPercent == 25.0", "true"),
            ("kubernetes.usage['w2'].cpuPercent", "error: "), ("kubernetes.serviceCount", "4"),
            ("kubernetes.services.map(s, s.name)", "['web', 'slow', 'evil']"),
            ("kubernetes.services.filter(s, s.name != 'evil').map(s, [s.notReady, s.matching])", "[[0, 2], [3, 0]]"),
            ("kubernetes.services[2].matching", "error: "),
            ("kubernetes.workloads.map(w, w.name)", "['crash', 'unseen', 'coredns', 'db']"),
            ("kubernetes.workloads[0].generation", "1234567"),
            (
                "kubernetes.systemPods.filter(n, kubernetes.systemPods[n].ready < kubernetes.systemPods[n].desired)",
                "['coredns']"
            ),
            ("[kubernetes.podCount, kubernetes.troubledPodCount]", "[57, 14]"),
            ("kubernetes.pods.filter(p, p.lines.size() > 0).size()", "3"),
            (
                "kubernetes.pods.filter(p, p.lines.size() > 0).all(p, p.lines[0] == 'line 1' && p.lines.size() == 3)",
                "true"
            ),
            ("kubernetes.pods.filter(p, p.name == 'init').map(p, p.container)", "['setup']"),
            ("kubernetes.pods.filter(p, p.name in ['again', 'going']).map(p, p.reason)", "['Running', 'Terminating']"),
            (
                "kubernetes.pods.filter(p, p.name in ['nothing', 'empty', 'bare']).map(p, p.reason)",
                "['Pending', 'Running', 'Running']"
            ),
            ("kubernetes.pods[kubernetes.pods.size() - 1].reason", "'Evicted'"),
        ])
    func hostile(source: String, value: String) throws {
        let found = try ClusterFixture.evaluate(source, ClusterFixture.facts("hostile"))
        #expect(
            found == value || (value.hasPrefix("error: ") || value.hasSuffix("96")) && found.hasPrefix(value),
            "\(found)")
    }

    @Test("who cordoned a node is told, by the annotation and the field's manager")
    func cordoned() throws {
        let node = #"node "w1" 1 "" "v1" "c" "k" "o" "2" "1Ki""#
        for (cordon, owner) in [
            (#"cordon "r-1" "belay""#, "r-1"), (#"cordon "r-1" "kubectl-cordon""#, "a person"),
            (#"cordon "" "belay""#, "a person"),
        ] {
            let facts = try ClusterFixture.facts("healthy", [.nodes: .succeeded("\(node)\n\(cordon)\n")])
            let found = facts.kubernetes(of: "w1").node
            #expect(found.cordonedBy == .known(owner) && found.unschedulable == .known(true))
            #expect(found.ready == .unknown("the node has no condition Ready yet"))
            #expect(try ClusterFixture.evaluate("kubernetes.nodes['w1'].ready", facts) == "'Unknown'")
        }
    }

    @Test("a node with an impossible name is not believed, nor anything beside it; nor that there are no nodes")
    func impossible() throws {
        #expect(try ClusterFixture.facts("healthy", [.nodes: .succeeded("\n")]).nodes.value == nil)
        let node = #"node "../w1" 1 "" "v1" "c" "k" "o" "2" "1Ki""#
        #expect(try ClusterFixture.facts("healthy", [.nodes: .succeeded(node)]).nodes.value == nil)
    }

    @Test("what nodes use is in percent of what they have for pods")
    func usage() throws {
        let node = #"node "w1" 0 "" "v1" "c" "k" "o" "2" "1000Ki""#
        let used = "usage \"w1\" \"500m\" \"250Ki\"\nusage \"w2\" \"1\" \"1\"\n"
        let facts = try ClusterFixture.facts("healthy", [.nodes: .succeeded(node), .usage: .succeeded(used)])
        #expect(try ClusterFixture.evaluate("kubernetes.usage['w1'].cpuPercent", facts) == "25.0")
        #expect(try ClusterFixture.evaluate("kubernetes.usage['w1'].memoryPercent", facts) == "25.0")
        #expect(try ClusterFixture.evaluate("kubernetes.usage['w2'].cpuPercent", facts).hasPrefix("error"))
    }

    @Test("a host that does not say its time is taken to have ours")
    func clocks() throws {
        let outputs = try ClusterFixture.outputs("healthy", [.clock: ClusterFixture.failed("date: no")])
        let host = try #require(ClusterFixture.outputs("healthy")[0].output.text.flatMap { Int64($0.dropLast()) })
        let now = Core.Timestamp(milliseconds: host * 1000)
        let facts = ClusterSurvey(kubeconfig: "/k").parse(outputs, at: now)
        let ages = try #require(facts.nodes.value?.values.map(\.facts.leaseAge.value))
        #expect(ages.allSatisfy { ($0 ?? .seconds(99)) < .seconds(20) })
    }

    @Test("the questions are bounded, are asked at once, and name the kubeconfig as a value")
    func commands() {
        let survey = ClusterSurvey(kubeconfig: "/etc/k; reboot")
        let (commands, bounds) = (survey.commands(), survey.bounds())
        #expect(commands.count == Question.allCases.count && commands[0].argv == ["date", "+%s"])
        #expect(commands.dropFirst().allSatisfy { $0.argv[4] == "/etc/k; reboot" && !$0.argv[2].contains("reboot") })
        #expect(bounds.outputs.count == commands.count && bounds.outputs.reduce(0, +) <= ClusterSurvey.byteLimit)
        #expect(bounds.lanes == commands.count - 1)
    }
}
