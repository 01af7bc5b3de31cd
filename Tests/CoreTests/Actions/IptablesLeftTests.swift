import Core
import Foundation
import Testing

/// Whether a node alone tells what somebody did to the rules from what a flush or a restore left, on real kernels' rules.
extension IptablesLawTests {
    @Test(
        "a flush is as it was left, whatever kube-proxy and the CNI do and packets count; what somebody does is told",
        arguments: 61...66)
    func leftByFlush(seed: UInt64) async throws {
        try await withNamespace(isLegacy: seed % 3 == 0) { node in
            try await load(seed, on: node)
            let action = try IptablesFlush(arguments: Arguments())
            let before = try await node.observe(action)
            try await node.write(action.apply(before))
            let left = try await node.observe(action)
            let look = try #require(action.stillAsLeft(left, before: before))
            #expect(try await node.run(look).status == 0, "seed \(seed)")

            try await node.shell(
                """
                iptables -N KUBE-NEW && iptables -A KUBE-NEW -j DROP && iptables -I FORWARD -j KUBE-NEW &&
                iptables -I OUTPUT -m comment --comment 'cali:fresh' -j ACCEPT && iptables -Z && ip6tables -Z
                """)
            #expect(try await node.run(look).status == 0, "seed \(seed): what is theirs counts")

            for (change, way) in [
                ("iptables -A INPUT -s 192.0.2.7 -j DROP", "iptables -D INPUT -s 192.0.2.7 -j DROP"),
                ("ip6tables -I OUTPUT -d 2001:db8::7 -j DROP", "ip6tables -D OUTPUT -d 2001:db8::7 -j DROP"),
                ("iptables -N somebodys", "iptables -X somebodys"),
                ("iptables -P FORWARD DROP", "iptables -P FORWARD ACCEPT"),
            ] {
                try await node.shell(change)
                let told = try await node.run(look)
                #expect(told.status == 10, "seed \(seed): \(change)")
                #expect(told.output.text?.contains(" since: -t filter ") == true)
                try await node.shell(way)
                #expect(try await node.run(look).status == 0, "seed \(seed): \(way)")
            }

            try await node.write(action.undo(before))
            #expect(try await node.run(look).status == 0, "seed \(seed): as it was before is no conflict")
        }
    }

    @Test("the order of rules counts")
    func leftByRestore() async throws {
        try await withNamespace(isLegacy: false) { node in
            try await node.shell("iptables -A INPUT -s 192.0.2.1 -j DROP; iptables -A INPUT -s 192.0.2.2 -j ACCEPT")
            let flush = try IptablesFlush(arguments: Arguments())
            let full = try await node.observe(flush)
            try await node.shell("iptables -F")
            let empty = try await node.observe(flush)
            // As a restore leaves it: the rules are there, and were not before.
            let look = try #require(flush.stillAsLeft(full, before: empty))
            #expect(try await node.run(look).status == 0)
            try await node.shell("iptables -A INPUT -s 192.0.2.1 -j DROP; iptables -A INPUT -s 192.0.2.2 -j ACCEPT")
            #expect(try await node.run(look).status == 0)
            try await node.shell("iptables -D INPUT 1; iptables -A INPUT -s 192.0.2.1 -j DROP")
            let told = try await node.run(look)
            #expect(told.status == 10 && told.output.text == "v4: rules are in another order\n")
            try await node.shell("iptables -D INPUT 1")
            #expect(try await node.run(look).status == 10)
        }
    }

    @Test("rules of another backend, or ones that cannot be read, are never taken for those that were left")
    func leftElsewhere() async throws {
        try await withNamespace(isLegacy: false) { node in
            let flush = try IptablesFlush(arguments: Arguments())
            let before = try await node.observe(flush)
            var other = before
            other["backend"] = .text("legacy")
            let moved = try #require(flush.stillAsLeft(other, before: other))
            #expect(try await node.run(moved).status == 10)
            let look = try #require(flush.stillAsLeft(before, before: before))
            #expect(try await node.run(look).status == 0)
            try await node.shell("iptables-legacy -A INPUT -s 192.0.2.1 -j DROP")
            #expect(try await node.run(look).status == 10)
            var broken = node
            broken.environment["PATH"] = "/usr/bin:/bin"
            #expect(![0, 10].contains(try await broken.run(look).status))
        }
    }
}
