import Foundation
import Testing

/// `belay facts` on real nodes: within its bounds, and as the node says past Belay.
@Suite("Facts of real nodes", .enabled(if: Testbed.isUp), .timeLimit(.minutes(20)))
struct FactsTests {
    /// What belongs to one node in the JSON.
    private struct Found {
        let row: [String: Any]

        /// The value at a path such as `memory.totalBytes`; `{"unknown": …}` where it is not known.
        func at(_ path: String...) -> Any? {
            path.reduce(row["facts"]) { value, key in (value as? [String: Any])?[key] }
        }

        func cause(_ path: String...) -> String? {
            let value = path.reduce(row["facts"]) { value, key in (value as? [String: Any])?[key] }
            return (value as? [String: Any])?["unknown"] as? String
        }
    }

    private func ask(_ project: borrowing Project, _ node: String) async throws -> Found {
        let began = ContinuousClock.now
        let result = try await Shell.run(
            Testbed.binary, ["-C", project.folder, "facts", node, "-o", "json"], in: project.folder)
        let took = ContinuousClock.now - began
        try #require(result.status == 0, "\(result.error)")
        let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let row = try #require((json as? [[String: Any]])?.first)
        let bytes = try #require(row["bytes"] as? Int)
        print("facts of \(node): \(bytes) bytes in \(took), with the connection")
        #expect(bytes > 1000 && bytes <= 256 << 10)
        // They are two seconds and the connection, on a machine that has nothing else to do.
        #expect(took < .seconds(15))
        #expect(!FileManager.default.fileExists(atPath: project.log), "facts open no log")
        return Found(row: row)
    }

    /// What each node says of itself past Belay.
    private func expectSame(_ facts: Found, _ node: String) async throws {
        func said(_ script: String) async throws -> String {
            try await Testbed.exec(node, script).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        #expect(
            facts.at("machine", "hostname") as? String
                == (try await said("cat /proc/sys/kernel/hostname")))
        #expect(facts.at("machine", "id") as? String == (try await said("cat /etc/machine-id")))
        #expect(
            facts.at("cpu", "count") as? Int == Int(try await said("grep -c '^cpu[0-9]' /proc/stat")))
        let total = try await said("awk '/^MemTotal:/ { printf \"%.0f\", $2 * 1024 }' /proc/meminfo")
        #expect(facts.at("memory", "totalBytes") as? Int == Int(total))
        #expect(
            facts.at("dns", "servers") as? [String]
                == Self.words(try await said("awk '$1 == \"nameserver\" { print $2 }' /etc/resolv.conf")))
        let panic = try await said("cat /proc/sys/kernel/panic")
        #expect(facts.at("kernel", "sysctls", "kernel.panic") as? String == panic)
        let rules = try await said("iptables-save | grep -c '^-A' || :")
        #expect(facts.at("firewall", "rules") as? Int == Int(rules))
        let members = try await said("[ -d /var/lib/etcd/member ] && echo yes || echo no")
        #expect(facts.at("etcd", "member") as? Bool == (members == "yes"))
        let manifests = try await said("ls /etc/kubernetes/manifests 2>/dev/null | sed 's/\\.yaml$//'")
        #expect(
            (facts.at("controlPlane", "manifests") as? [String: Any])?.keys.sorted()
                == Self.words(manifests).sorted())
        #expect(abs(Self.seconds(facts.at("time", "skew")) ?? 99) < 5)
        #expect((facts.at("busiest") as? [Any])?.isEmpty == false)
    }

    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func seconds(_ value: Any?) -> Double? {
        (value as? String).flatMap { Double($0.dropLast()) }
    }

    @Test("an ordinary node: every group answers, as the node says past Belay")
    func ordinary() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let facts = try await ask(project, node)
            try await expectSame(facts, node)
            let address = try await Testbed.exec(
                node, "ip -o -4 addr show scope global | awk '{ print $4 \" \" $2; exit }'")
            #expect(
                (facts.at("network", "addresses") as? [String])?.contains(
                    address.trimmingCharacters(in: .newlines)) == true)
            let gateway = try await Testbed.exec(
                node, "ip route show default | sed -n 's/.* via \\([^ ]*\\).*/\\1/p'")
            #expect(
                facts.at("network", "defaultGateway") as? String
                    == gateway.trimmingCharacters(in: .newlines))
            #expect((facts.at("network", "listening") as? [Int])?.contains(22) == true)
            #expect(facts.at("services", "kubelet", "active") as? Bool == true)
            #expect(
                facts.at("runtime", "name") as? String == "containerd"
                    && facts.at("runtime", "answers") as? Bool == true)
            #expect(facts.cause("runtime", "containers") == "crictl is not installed")
            let version = try await Testbed.exec(
                node, "ctr version | awk '/^Server/ { s = 1 } s && $1 == \"Version:\" { print $2 }'")
            #expect(facts.at("runtime", "version") as? String == version.trimmingCharacters(in: .newlines))
            #expect((facts.at("units", "failed") as? [String]) != nil)
            #expect((facts.at("logs", "kubelet") as? [String]) != nil)
        }
    }

    @Test(
        "errors of a kubelet that does not come up are among the facts, with the file that was changed")
    func brokenKubelet() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.call("kubelet", node, "crash-loop")
            try await Task.sleep(for: .seconds(4))
            let facts = try await ask(project, node)
            #expect(facts.at("kubelet", "healthz") as? Int == 0)
            let lines = facts.at("logs", "kubelet") as? [String] ?? []
            #expect(
                lines.contains { $0.contains("kubelet.service") || $0.lowercased().contains("error") },
                "\(lines)")
            try await Testbed.call("kubelet", node, "healthy")
        }
    }

    @Test("a runtime and a kubelet that hang cost no more than their time")
    func hanging() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try await Testbed.exec(node, "kill -STOP $(pidof containerd)")
            let facts = try await ask(project, node)
            try await Testbed.exec(node, "kill -CONT $(pidof containerd)")
            #expect(facts.at("runtime", "answers") as? Bool == false)
            #expect((facts.at("runtime", "error") as? String)?.contains("no answer in time") == true)
            #expect(facts.cause("runtime", "containers") != nil)
            try await expectSame(facts, node)
        }
    }

    @Test(
        "a node that is not there is reported with its remedy, and the others are asked all the same")
    func unreachable() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            try project.write(
                "inventory.yaml",
                try String(contentsOfFile: project.folder + "/inventory.yaml", encoding: .utf8)
                    + "- {name: nowhere, address: 127.0.0.1, port: 1, roles: [worker], pool: x}\n")
            let result = try await Shell.run(
                Testbed.binary, ["-C", project.folder, "facts", "nowhere", node, "-o", "json"],
                in: project.folder)
            #expect(result.status == 10, "\(result.output)\(result.error)")
            let rows = try #require(
                JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
            #expect(rows.count == 2 && rows[0]["facts"] == nil && rows[1]["facts"] != nil)
            let problem = try #require(rows[0]["problem"] as? [String: String])
            #expect(
                problem["message"]?.contains("127.0.0.1") == true && problem["remedy"]?.isEmpty == false)
            let text = try await project.belay("facts", "nowhere")
            #expect(text.status == 10 && text.output.contains("not asked:") && text.output.contains("→ "))
        }
    }

    @Test(
        "nodes that differ",
        .enabled(if: Variants.areUp("plain", "sudo", "docker", "podman", "trixie")),
        arguments: ["plain", "sudo", "docker", "podman", "trixie"])
    func variants(node: String) async throws {
        try await Variants.shared.with(node) { project in
            // With a kubelet it is the kubelet's runtime that counts.
            if ["docker", "podman"].contains(node) { try await Testbed.exec(node, "rm /var/lib/kubelet/config.yaml") }
            var facts = try await ask(project, node)
            if ["docker", "podman"].contains(node) {
                // A client that has no turn within the probe's 1.5 seconds did not answer, and that is what is said.
                let answers = try await eventually {
                    if facts.at("runtime", "answers") as? Bool == true { return true }
                    facts = try await ask(project, node)
                    return false
                }
                #expect(answers)
            }
            try await expectSame(facts, node)
            switch node {
            case "plain":
                #expect(facts.cause("units", "failed")?.contains("systemd does not run") == true)
            case "docker", "podman":
                let ids = try await Testbed.exec(node, "\(node) ps -aq | wc -l")
                #expect(facts.at("runtime", "name") as? String == node)
                let containers = facts.at("runtime", "containers") as? [Any]
                #expect(containers?.count == Int(ids.trimmingCharacters(in: .whitespacesAndNewlines)))
                let images = try await Testbed.exec(node, "\(node) images -aq --no-trunc | sort -u | wc -l")
                #expect(
                    facts.at("runtime", "images") as? Int
                        == Int(images.trimmingCharacters(in: .whitespacesAndNewlines)))
            default:
                #expect((facts.at("units", "failed") as? [String]) != nil)
            }
        }
    }
}
