import Core
import Foundation
import RandomStates
import Testing

/// The law of undo on real kernels' rules, each case in a network namespace of its own that is removed afterwards.
@Suite(
    "The firewall's laws on a real kernel",
    .enabled(
        if: RealSystem.isCI || (RealSystem.isRoot && RealSystem.has("iptables", "ip6tables", "ip")),
        "LEFT OUT: needs root, iptables and ip (iproute2); on CI it is never left out"),
    .serialized)
struct IptablesLawTests {
    @Test("flush does what it predicts and undo brings everything back, while kube-proxy goes on", arguments: 1...12)
    func flush(seed: UInt64) async throws {
        let isLegacy = seed % 3 == 0
        try await withNamespace(isLegacy: isLegacy) { node in
            try await load(seed, on: node)
            let arguments = seed % 2 == 0 ? Arguments() : Arguments(["policy": .text("keep")])
            let action = try IptablesFlush(arguments: arguments)
            let before = try await node.observe(action)
            #expect(before.text("backend") == (isLegacy ? "legacy" : "nf_tables"))
            let prediction = try action.predict(before)
            let kept = try await keptLines(on: node)

            try await node.write(action.apply(before))
            let flushed = try await node.observe(action)
            #expect(flushed.compared(with: prediction.after, by: action).isEmpty, "seed \(seed)")
            #expect(try await keptLines(on: node) == kept, "seed \(seed): a rule of kube-proxy or the CNI was touched")

            try await node.write(action.undo(before))
            let undone = try await node.observe(action)
            #expect(undone.compared(with: before, by: action).isEmpty, "seed \(seed)")
            #expect(sorted(undone, "ipv4.save") == sorted(before, "ipv4.save"), "seed \(seed): counters or order")
            #expect(sorted(undone, "ipv6.save") == sorted(before, "ipv6.save"), "seed \(seed): counters or order")
        }
    }

    @Test("undo is idempotent, works from half an apply, and leaves what kube-proxy added since", arguments: 21...26)
    func undoFromAnywhere(seed: UInt64) async throws {
        try await withNamespace(isLegacy: seed % 2 == 0) { node in
            try await load(seed, on: node)
            let action = try IptablesFlush(arguments: Arguments())
            let before = try await node.observe(action)

            try await node.write(Array(action.apply(before).prefix(1)))
            try await node.shell(
                """
                iptables -t nat -N KUBE-NEW && iptables -t nat -I PREROUTING -j KUBE-NEW &&
                iptables -t nat -A POSTROUTING -m comment --comment 'name: "lab"' -j KUBE-NEW
                """)
            try await node.shell("iptables -N ADDED && iptables -I INPUT -j ADDED")
            for _ in 1...2 {
                try await node.write(action.undo(before))
                let now = try await node.observe(action)
                #expect(now.compared(with: before, by: action).isEmpty, "seed \(seed)")
            }
            let nat = try await node.shell("iptables-save -t nat")
            #expect(nat.split(separator: "\n").count { $0.hasSuffix("-j KUBE-NEW") } == 2)

            // What `before` is may also be the flushed state: undo then takes the rules away again.
            let flushed = try action.predict(before).after
            var target = flushed
            target["ipv4.save"] = .content(Payload(""))
            target["ipv6.save"] = .content(Payload(""))
            try await node.write(action.undo(target))
            #expect(try await node.observe(action).compared(with: flushed, by: action).isEmpty, "seed \(seed)")
        }
    }

    @Test(
        "a full flush leaves the CNI's alone, and undo brings kube-proxy's back unless it has done so",
        arguments: 51...58)
    func fullFlush(seed: UInt64) async throws {
        try await withNamespace(isLegacy: seed % 3 == 0) { node in
            try await load(seed, on: node)
            let full = try IptablesFlush(arguments: Arguments(["full": .flag(true)]))
            let plain = try IptablesFlush(arguments: Arguments())
            let before = try await node.observe(plain)
            // Without what is told of kube-proxy, which this machine may have one of, only the flush itself.
            try await node.write(full.apply(before))
            let flushed = try await node.observe(plain)
            #expect(flushed.lines("ipv4.rules") == [] && flushed.lines("ipv6.rules") == [])
            // A rule that is marked as the CNI's stays, wherever it leads.
            let left = try await node.shell("iptables-save; ip6tables-save").split(separator: "\n").filter { line in
                line.contains(/^-A (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) .*-j KUBE-[A-Z]+$/)
                    && !line.contains(/--comment "?(cali:|flanneld )/)
            }
            #expect(left == [], "seed \(seed)")
            let isBack = seed % 2 == 0
            if isBack {
                try await node.shell(
                    "iptables -t nat -N KUBE-BACK && iptables -t nat -I OUTPUT -j KUBE-BACK && iptables -t nat -A KUBE-BACK -j RETURN"
                )
            }
            for _ in 1...2 { try await node.write(full.undo(before)) }
            let undone = try await node.observe(plain)
            #expect(undone.compared(with: before, by: plain) == [], "seed \(seed)")
            let isThere = try await node.shell("iptables-save -t nat").contains("-A OUTPUT -j KUBE-BACK")
            #expect(isThere == isBack)
            if !isBack {
                #expect(sorted(undone, "ipv4.save") == sorted(before, "ipv4.save"), "seed \(seed): counters or order")
            }
        }
    }

    @Test(
        "a snapshot is merged as predicted, counters included, and undo brings the other ruleset back",
        arguments: 31...42)
    func restore(seed: UInt64) async throws {
        try await withNamespace(isLegacy: seed % 3 == 0) { node in
            let name = "belay-test-\(UUID().uuidString.lowercased())"
            let keepsAdded = seed % 2 == 0
            let snapshot = try IptablesSnapshot(arguments: Arguments(["name": .text(name)]))
            let restore = try IptablesRestore(
                arguments: Arguments(["snapshot": .text(name), "added": .text(keepsAdded ? "keep" : "remove")]))
            try await load(seed, on: node)
            await #expect(throws: ObservationError.self) { try await node.observe(restore) }

            let nothing = try await node.observe(snapshot)
            try await node.write(snapshot.apply(nothing))
            let taken = try await node.observe(snapshot)
            #expect(taken["snapshot.v4"] != nothing["snapshot.v4"])
            try await node.shell(
                "iptables -t nat -F; iptables -t nat -X; ip6tables -F; iptables -t security -A INPUT -j ACCEPT")
            try await node.shell("iptables -N LATER; iptables -A INPUT -j LATER")

            let before = try await node.observe(restore)
            let prediction = try restore.predict(before)
            #expect(prediction.notes.contains { $0.contains("added since the snapshot: -t filter -A INPUT -j LATER") })
            try await node.write(restore.apply(before))
            let restored = try await node.observe(restore)
            #expect(restored.compared(with: prediction.after, by: restore) == [], "seed \(seed)")
            #expect(restore.apply(restored).isEmpty, "seed \(seed): it is not done")
            let lines = restored.lines("ipv4.rules") ?? []
            #expect(lines.contains("-t filter -N LATER") == keepsAdded)
            #expect(Set(taken.lines("ipv4.rules") ?? []).isSubset(of: lines), "seed \(seed)")
            #expect(counted(taken).isSubset(of: counted(restored)), "seed \(seed): counters")

            try await node.write(restore.undo(before))
            let undone = try await node.observe(restore)
            #expect(undone.compared(with: before, by: restore) == [], "seed \(seed)")
            #expect(sorted(undone, "ipv4.save") == sorted(before, "ipv4.save"), "seed \(seed): counters or order")
            #expect(sorted(undone, "ipv6.save").count == sorted(before, "ipv6.save").count, "seed \(seed)")
            try await node.write(snapshot.undo(nothing))
            #expect(try await node.observe(snapshot).compared(with: nothing, by: snapshot) == [])
        }
    }

    @Test("undo of a restore leaves what others added since, and a chain it brought that they have written into")
    func restoreAmongOthers() async throws {
        try await withNamespace(isLegacy: false) { node in
            let name = "belay-test-\(UUID().uuidString.lowercased())"
            let snapshot = try IptablesSnapshot(arguments: Arguments(["name": .text(name)]))
            let restore = try IptablesRestore(arguments: Arguments(["snapshot": .text(name)]))
            try await node.shell(
                """
                iptables -t nat -N KUBE-SERVICES && iptables -t nat -N KUBE-SVC-A && iptables -N OURS &&
                iptables -t nat -A OUTPUT -j KUBE-SERVICES && iptables -t nat -A KUBE-SERVICES -d 10.96.0.1 -j KUBE-SVC-A &&
                iptables -t nat -A KUBE-SVC-A -j ACCEPT && iptables -A INPUT -j OURS && iptables -A OURS -s 10.0.0.1 -j DROP
                """)
            let nothing = try await node.observe(snapshot)
            try await node.write(snapshot.apply(nothing))
            try await node.shell("iptables -t nat -F; iptables -t nat -X; iptables -F; iptables -X")
            let before = try await node.observe(restore)
            for kubeProxyWrote in [false, true] {
                try await node.write(restore.apply(before))
                try await node.shell("iptables -I INPUT -s 10.6.6.6 -j DROP")
                if kubeProxyWrote { try await node.shell("iptables -t nat -A KUBE-SERVICES -d 10.96.0.2 -j RETURN") }
                try await node.write(restore.undo(before))
                let left = try await node.shell("iptables -S; iptables -t nat -S")
                #expect(left.contains("-A INPUT -s 10.6.6.6/32 -j DROP") && !left.contains("OURS"))
                #expect(left.contains("-A OUTPUT -j KUBE-SERVICES") == kubeProxyWrote)
                #expect(left.contains("-A KUBE-SVC-A -j ACCEPT") == kubeProxyWrote)
                try await node.shell("iptables -D INPUT -s 10.6.6.6 -j DROP")
                let undone = try await node.observe(restore)
                let wrong = undone.compared(with: before, by: restore).filter {
                    !restore.isEquivalent($0.field, before: $0.expected, now: $0.found)
                }
                #expect(wrong == [])
            }
            try await node.write(snapshot.undo(nothing))
        }
    }

    @Test("what kube-proxy has brought back itself by the time of a restore is not overwritten with what it had")
    func kubeProxyWasFaster() async throws {
        try await withNamespace(isLegacy: false) { node in
            let name = "belay-test-\(UUID().uuidString.lowercased())"
            let snapshot = try IptablesSnapshot(arguments: Arguments(["name": .text(name)]))
            let restore = try IptablesRestore(arguments: Arguments(["snapshot": .text(name)]))
            func kubeProxy(_ address: String) async throws {
                try await node.shell(
                    """
                    iptables -t nat -N KUBE-SERVICES && iptables -t nat -A KUBE-SERVICES -d \(address) -j ACCEPT &&
                    iptables -t nat -I OUTPUT -j KUBE-SERVICES
                    """)
            }
            try await kubeProxy("10.96.0.1")
            try await node.shell("iptables -A INPUT -s 10.0.0.1 -j DROP")
            let nothing = try await node.observe(snapshot)
            try await node.write(snapshot.apply(nothing))
            try await node.shell("iptables -t nat -F; iptables -t nat -X; iptables -F")
            let before = try await node.observe(restore)
            #expect(before.lines("ipv4.missing")?.count == 3)
            try await kubeProxy("10.96.0.2")
            try await node.write(restore.apply(before))
            let rules = try await node.shell("iptables -S; iptables -t nat -S")
            #expect(rules.contains("-d 10.96.0.2/32") && !rules.contains("-d 10.96.0.1/32"))
            #expect(rules.contains("-A INPUT -s 10.0.0.1/32 -j DROP"))
            #expect(rules.split(separator: "\n").count { $0 == "-A OUTPUT -j KUBE-SERVICES" } == 1)
            try await node.write(snapshot.undo(nothing))
        }
    }

    @Test("a plan says that counters will be lost where this machine's ip6tables loses them", arguments: [false, true])
    func countersNote(isLegacy: Bool) async throws {
        try await withNamespace(isLegacy: isLegacy) { node in
            try await load(41, on: node)
            let action = try IptablesFlush(arguments: Arguments())
            let before = try await node.observe(action)
            let counts = before.content("ipv6.save")?.text?.split(separator: "\n").filter { $0.hasPrefix("[") } ?? []
            #expect(!counts.isEmpty)
            let isTold = try action.predict(before).notes.contains { $0.hasPrefix("ipv6: what is put back counts") }
            #expect(isTold == counts.allSatisfy { $0.hasPrefix("[0:0]") })
        }
    }

    @Test("a rule that changed since the plan makes the flush fail as a whole")
    func changedMeanwhile() async throws {
        try await withNamespace(isLegacy: false) { node in
            try await node.shell("iptables -A INPUT -s 10.0.0.1 -j DROP; iptables -A INPUT -s 10.0.0.2 -j DROP")
            let action = try IptablesFlush(arguments: Arguments())
            let before = try await node.observe(action)
            try await node.shell("iptables -D INPUT 2")
            let changed = try await node.observe(action)
            await #expect(throws: WriteFailure.self) { try await node.write(action.apply(before)) }
            #expect(try await node.observe(action).compared(with: changed, by: action).isEmpty)
        }
    }

    @Test("rules in the backend that is not in use are refused")
    func twoBackends() async throws {
        try await withNamespace(isLegacy: false) { node in
            try await node.shell("iptables-legacy -A INPUT -s 10.0.0.1 -j DROP")
            let action = try IptablesFlush(arguments: Arguments())
            await #expect(throws: ObservationError.self) { try await node.observe(action) }
        }
    }

    func load(_ seed: UInt64, on node: LocalNode) async throws {
        var v4 = RandomFirewall(seed: seed, isV6: false)
        var v6 = RandomFirewall(seed: seed &+ 1000, isV6: true)
        try await node.shell("iptables-restore -c", input: v4.text())
        try await node.shell("ip6tables-restore -c", input: v6.text())
    }

    // In chains that are theirs by name, or leading there from a built-in chain.
    private func keptLines(on node: LocalNode) async throws -> [String] {
        let theirs = "(KUBE-|CNI-|cali-|FLANNEL|CILIUM_)"
        let pattern = try Regex("^-A \(theirs)|^-A (PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) .*-j \(theirs)[^ ]*$")
        return try await node.shell("iptables-save; ip6tables-save").split(separator: "\n").map(String.init)
            .filter { $0.contains(pattern) }.sorted()
    }

    // IPv4's rules that are nobody else's, as they were counted.
    private func counted(_ observation: Observation) -> Set<Substring> {
        let ours = Set((observation.lines("ipv4.rules") ?? []).map { $0.split(separator: " ", maxSplits: 2).last })
        return Set(
            (observation.content("ipv4.save")?.text ?? "").split(separator: "\n").filter { line in
                line.hasPrefix("[") && ours.contains(line.split(separator: " ", maxSplits: 1).last)
            })
    }

    // Tables and chains come in the order of their making; the rules of a chain in theirs.
    private func sorted(_ observation: Observation, _ field: String) -> [String] {
        let text = observation.content(field)?.text ?? ""
        return text.split(separator: "COMMIT").map { table in
            table.split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.hasPrefix(":") }
                .joined(separator: "\n")
        }.sorted()
    }

    func withNamespace(isLegacy: Bool, _ body: (LocalNode) async throws -> Void) async throws {
        let name = "belay-act-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
        let host = LocalNode()
        try await host.shell("ip netns add \(name)")
        let shims = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: name)
        do {
            var node = LocalNode(prefix: ["ip", "netns", "exec", name])
            if isLegacy {
                try FileManager.default.createDirectory(at: shims, withIntermediateDirectories: true)
                for program in ["iptables", "ip6tables"] {
                    for verb in ["", "-save", "-restore"] {
                        let path = try await host.shell("command -v \(program)-legacy\(verb)")
                        try FileManager.default.createSymbolicLink(
                            atPath: shims.appending(path: program + verb).path(),
                            withDestinationPath: path.trimmingCharacters(in: .whitespacesAndNewlines))
                    }
                }
                node.environment["PATH"] = shims.path() + ":" + (node.environment["PATH"] ?? "")
            }
            try await body(node)
        } catch {
            try await clean(name, shims)
            throw error
        }
        try await clean(name, shims)
    }

    private func clean(_ name: String, _ shims: URL) async throws {
        try? FileManager.default.removeItem(at: shims)
        try await LocalNode().shell("ip netns del \(name)")
    }
}
