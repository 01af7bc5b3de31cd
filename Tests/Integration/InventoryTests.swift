import Foundation
import Testing

/// `belay inventory check` and `trust`, and what people already have in ssh's configuration, on real nodes.
@Suite("Inventory: check, trust, and ssh's configuration", .enabled(if: Testbed.isUp), .timeLimit(.minutes(40)))
struct InventoryTests {
    private func check(_ project: borrowing Project, _ arguments: [String]) async throws -> [[String: Any]] {
        let result = try await Shell.run(
            Testbed.binary, ["-C", project.folder, "inventory", "check", "-o", "json"] + arguments, in: project.folder)
        let json = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        return try #require(json as? [[String: Any]], "\(result.output)\(result.error)")
    }

    private func problem(_ check: [String: Any]) -> [String: Any] { check["problem"] as? [String: Any] ?? [:] }

    @Test("a check says how nodes are reached, in the order of the inventory, and writes no log")
    func check() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let found = try await check(project, [node])
            let one = try #require(found.first)
            #expect(one["node"] as? String == node)
            #expect(one["transport"] as? String == "libssh2")
            #expect((one["server"] as? String)?.hasPrefix("OpenSSH_9.2") == true)
            #expect((one["hostKey"] as? String)?.hasPrefix("ssh-ed25519 SHA256:") == true)
            #expect((one["authentication"] as? String)?.hasPrefix("publickey ssh-ed25519 SHA256:") == true)
            #expect(one["root"] as? String == "login")
            #expect(one["systemd"] as? Bool == true)
            #expect(abs(try #require(one["clockSkewMilliseconds"] as? Int)) < 2000)
            #expect((one["warnings"] as? [String])?.isEmpty == true)
            #expect(one["problem"] == nil)
            #expect(!FileManager.default.fileExists(atPath: project.log))
            let text = try await project.belay("inventory", "check", node)
            #expect(text.status == 0, "\(text.error)")
            #expect(text.output.contains("libssh2") && text.output.contains("OpenSSH_9.2"))
        }
    }

    @Test("OpenSSH carries a node by hand, and the main job works over it, verified over connections of their own")
    func byHand() async throws {
        try await NodePool.shared.with { node in
            let project = try await Project()
            let one = try #require(try await check(project, [node, "--transport", "openssh"]).first)
            #expect(one["transport"] as? String == "openssh")
            #expect(one["transportReason"] as? String == "asked for")
            #expect((one["hostKey"] as? String)?.hasPrefix("ssh-ed25519 SHA256:") == true)
            let inventory = try String(contentsOfFile: project.folder + "/inventory.yaml", encoding: .utf8)
            try project.write(
                "inventory.yaml",
                inventory.replacingOccurrences(of: "defaults:\n", with: "defaults:\n  transport: openssh\n"))
            let before = try await NodeTruth.read(node)
            let plan = try await project.approvedPlan("restart-kubelet", node)
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            let after = try await NodeTruth.read(node)
            #expect(after.kubeletPID != before.kubeletPID)
            #expect(after.record.trimmingCharacters(in: .whitespaces) == "")
            // The private folders of connections.
            #expect(try project.leftTemporaries() == [])
        }
    }

    @Test("trust records prepared fingerprints, in the log first; nothing else is trusted, and nobody is asked")
    func trust() async throws {
        try await NodePool.shared.with { node in
            let folder = NSTemporaryDirectory() + "belay-hosts-" + UUID().uuidString.prefix(8)
            let known = folder + "/known_hosts"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let project = try await Project(knownHosts: known)
            let unknown = problem(try #require(try await check(project, [node]).first))
            #expect(unknown["code"] as? String == "hostUnknown")
            #expect((unknown["remedy"] as? String)?.contains("belay inventory trust") == true)

            let nobody = try await project.belay("inventory", "trust", node)
            #expect(nobody.status == 2)
            try project.write("wrong", "\(node) SHA256:\(String(repeating: "A", count: 43))\n")
            let wrong = try await project.belay("inventory", "trust", node, "--from-file", "\(project.folder)/wrong")
            #expect(wrong.status == 3, "\(wrong.output)\(wrong.error)")
            #expect(!FileManager.default.fileExists(atPath: known))

            let key = try await Testbed.exec(node, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
            let fingerprint = String(key.split(separator: " ")[1])
            try project.write("right", "\(node) \(fingerprint)\n")
            let right = try await project.belay("inventory", "trust", node, "--from-file", "\(project.folder)/right")
            #expect(right.status == 0, "\(right.output)\(right.error)")
            #expect(right.output.contains(fingerprint))
            #expect(try await check(project, [node]).first?["problem"] == nil)
            let entries = try await project.entries().filter { $0["type"] as? String == "trusted" }
            #expect(entries.count == 1)
            #expect("\(entries)".contains(fingerprint) && "\(entries)".contains(node))
            try await project.expectVerifies()
        }
    }

    @Test("a changed key is refused with both fingerprints, and takes the old one's place only when told to")
    func changed() async throws {
        try await NodePool.shared.with { node in
            let folder = NSTemporaryDirectory() + "belay-hosts-" + UUID().uuidString.prefix(8)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let project = try await Project(knownHosts: folder + "/known_hosts")
            let address = try #require(try await check(project, [node]).first?["address"] as? String)
            let host = address.split(separator: "@")[1].split(separator: ":")[0]
            let old = try String(contentsOfFile: project.folder + "/keys/bob.pub", encoding: .utf8)
                .split(separator: " ")[1]
            try "\(host) ssh-ed25519 \(old)\n".write(
                toFile: folder + "/known_hosts", atomically: true, encoding: .utf8)
            let mismatch = problem(try #require(try await check(project, [node]).first))
            #expect(mismatch["code"] as? String == "hostKeyMismatch")
            let words = mismatch["message"] as? String ?? ""
            #expect(words.components(separatedBy: "SHA256:").count == 3, "\(words)")

            let key = try await Testbed.exec(node, "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
            try project.write("right", "\(node) \(key.split(separator: " ")[1])\n")
            let prepared = ["inventory", "trust", node, "--from-file", "\(project.folder)/right"]
            let refused = try await Shell.run(Testbed.binary, ["-C", project.folder] + prepared, in: project.folder)
            #expect(refused.status == 3 && refused.error.contains("--replace"), "\(refused.output)\(refused.error)")
            let replaced = try await Shell.run(
                Testbed.binary, ["-C", project.folder] + prepared + ["--replace"], in: project.folder)
            #expect(replaced.status == 0, "\(replaced.output)\(replaced.error)")
            #expect(try await check(project, [node]).first?["problem"] == nil)
            #expect(try String(contentsOfFile: folder + "/known_hosts.old", encoding: .utf8).contains(old))
        }
    }

    @Test("nodes behind a chain of two jump hosts of ssh's configuration: a plan is applied through it")
    func jumps() async throws {
        try await NodePool.shared.with(count: 3) { nodes in
            let project = try await Project()
            let addresses = try await check(project, nodes).map { check in
                (check["address"] as? String ?? "").split(separator: "@").last.map { String($0.dropLast(3)) } ?? ""
            }
            try project.write(
                "ssh_config",
                """
                Host \(addresses[0])
                  ProxyJump root@\(addresses[1]),root@\(addresses[2])
                Host *
                  IdentityFile \(try Testbed.value("BELAY_TESTBED_KEY"))
                  UserKnownHostsFile \(try Testbed.value("BELAY_TESTBED_KNOWN_HOSTS"))

                """)
            let inventory = try String(contentsOfFile: project.folder + "/inventory.yaml", encoding: .utf8)
            try project.write(
                "inventory.yaml",
                inventory.replacingOccurrences(of: "defaults:\n", with: "defaults:\n  sshConfig: ssh_config\n"))
            let one = try #require(try await check(project, [nodes[0]]).first)
            #expect(one["transport"] as? String == "libssh2", "\(one)")
            #expect((one["jumps"] as? [String])?.count == 2)
            let before = try await NodeTruth.read(nodes[0])
            let plan = try await project.approvedPlan("restart-kubelet", nodes[0])
            let applied = try await project.belay("apply", plan)
            #expect(applied.status == 0, "\(applied.output)\(applied.error)")
            #expect(try await NodeTruth.read(nodes[0]).kubeletPID != before.kubeletPID)
        }
    }

    @Test("each way to fail has its phase, a sentence and a remedy")
    func failures() async throws {
        try await NodePool.shared.with { node in
            let line = try #require(try Project.testbedNodes(named: node).first)
            let refused = line.replacingOccurrences(of: "address:", with: "port: 9, address:")
            let stranger = line.replacingOccurrences(of: "address:", with: "user: stranger, address:")
            for (entry, code, phase, words) in [
                (refused, "unreachable", "connection", "refused"),
                (stranger, "authenticationFailed", "authentication", "it takes: publickey"),
            ] {
                let project = try await Project(inventoryNodes: [entry])
                let found = problem(try #require(try await check(project, [node]).first))
                #expect(found["code"] as? String == code, "\(found)")
                #expect(found["phase"] as? String == phase)
                #expect((found["message"] as? String)?.contains(words) == true, "\(found)")
                #expect((found["remedy"] as? String)?.isEmpty == false)
                let text = try await project.belay("inventory", "check", node)
                #expect(text.status == 10)
                #expect(text.output.contains("→ "))
            }
        }
    }

    @Test("a password is asked for once on the terminal, for nodes that take no key (keyboard-interactive, PAM)")
    func password() async throws {
        try await NodePool.shared.with { node in
            try await Testbed.exec(
                node,
                """
                useradd -m -s /bin/sh walker; echo walker:correct-horse | chpasswd
                printf 'Port 2200\\nUsePAM yes\\nKbdInteractiveAuthentication yes\\nPasswordAuthentication no\\n\
                HostKey /etc/ssh/ssh_host_ed25519_key\\nPidFile none\\nAuthenticationMethods keyboard-interactive\\n' >/tmp/kbd
                systemd-run -q --unit kbd-sshd /usr/sbin/sshd -D -f /tmp/kbd
                for i in $(seq 100); do ss -ltn | grep -q :2200 && break; sleep 0.1; done
                """)
            let line = try #require(try Project.testbedNodes(named: node).first)
            let entry = line.replacingOccurrences(
                of: "address:", with: "user: walker, port: 2200, sudo: never, address:")
            let address = try #require(entry.split(separator: " ").first { $0.hasPrefix("10.") }).dropLast()
            let known = try String(contentsOfFile: Testbed.value("BELAY_TESTBED_KNOWN_HOSTS"), encoding: .utf8)
            let key = try #require(known.split(separator: "\n").first { $0.hasPrefix("\(address) ") })
            let project = try await Project(knownHosts: "known", inventoryNodes: [entry])
            try project.write("known", "[\(address)]:2200 \(key.split(separator: " ", maxSplits: 1)[1])\n")
            let command =
                "\(Testbed.binary) -C \(project.folder) --color never inventory check \(node) --ask-password"
            // Typed when it is asked, since what was typed before a question is thrown away.
            let typed = """
                seen() { until [ "$(grep -c "$1" log)" -ge "$2" ]; do sleep 0.1; done; }
                touch log; { seen Password 1; echo wrong; seen Password 2; echo correct-horse; seen 'logged in\\|FAILED' 1; } |
                    script -qefc '\(command)' log
                """
            let result = try await Shell.run("/bin/sh", ["-c", typed], in: project.folder)
            #expect(result.output.contains("logged in by keyboard-interactive"), "\(result.output)")
            #expect(result.output.components(separatedBy: "Password for walker@").count == 3)
            #expect(!result.output.contains("correct-horse"))
            try await Testbed.exec(node, "systemctl stop kbd-sshd; userdel -rf walker 2>/dev/null; rm -f /tmp/kbd")
        }
    }
}

@Suite(
    "Inventory: nodes that differ", .enabled(if: Variants.areUp("trixie", "plain", "sudo")), .timeLimit(.minutes(20)))
struct InventoryVariantTests {
    @Test(
        "a check tells an sshd of another version, an init without systemd, sudo, and noisy start-up files",
        arguments: [
            ("trixie", "OpenSSH_10.0", true, "login"), ("plain", "OpenSSH_9.2", false, "login"),
            ("sudo", "OpenSSH_9.2", true, "sudo"),
        ])
    func differ(_ node: String, _ server: String, _ systemd: Bool, _ root: String) async throws {
        try await Variants.shared.with(node) { project in
            let result = try await project.belay("inventory", "check", "-o", "json")
            let found = try #require(
                try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
            let one = try #require(found.first)
            #expect((one["server"] as? String)?.hasPrefix(server) == true, "\(one)")
            #expect(one["systemd"] as? Bool == systemd)
            #expect(one["root"] as? String == root)
            let noisy = "\(one["warnings"] ?? "")".contains("start-up files")
            #expect(noisy == (node == "sudo"), "\(one)")
        }
    }
}
