import Core
import Foundation
import Testing

/// The law of undo on a real kernel's routes, in a network namespace of the test's own.
@Suite(
    "The routes' laws on a real kernel",
    .enabled(
        if: RealSystem.isCI || (RealSystem.isRoot && RealSystem.has("ip")),
        "LEFT OUT: needs root and ip (iproute2); on CI it is never left out"),
    .serialized)
struct RoutesLawTests {
    static let routes = """
        ip link set lo up
        ip link add law0 type veth peer name law1; ip link add law2 type bridge
        for link in law0 law1 law2; do ip link set "$link" addrgenmode none; ip link set "$link" up; done
        ip addr add 192.0.2.1/24 dev law0; ip addr add 198.51.100.1/24 dev law2
        ip -6 addr add 2001:db8:1::1/64 dev law0 nodad; ip -6 addr add 2001:db8:2::1/64 dev law2 nodad
        ip route add default via 192.0.2.254
        ip route add 10.1.0.0/16 via 192.0.2.9; ip route append 10.1.0.0/16 via 192.0.2.11
        ip route add 10.1.0.0/16 via 192.0.2.10 metric 50
        ip route add 10.2.0.0/16 via 192.0.2.9 proto static src 192.0.2.1 mtu lock 1400 advmss 1300
        ip route add 10.3.0.0/16 nexthop via 192.0.2.9 weight 2 nexthop via 198.51.100.9
        ip route add 10.4.0.0/16 via 203.0.113.1 dev law0 onlink
        ip route add blackhole 10.5.0.0/16; ip route add unreachable 10.6.0.0/16 metric 4000
        ip route add 10.10.0.0/16 dev law0 scope link; ip route add 10.20.0.0/16 via 10.10.0.1
        ip route add 10.11.0.0/16 via 192.0.2.9 tos 0x10; ip route add default via 192.0.2.9 table 100
        ip route add local 10.13.0.0/16 dev lo table 100
        ip -6 route add 2001:db8:aa::/48 via 2001:db8:1::9; ip -6 route append 2001:db8:aa::/48 via 2001:db8:1::10
        ip -6 route add 2001:db8:cc::/48 nexthop via 2001:db8:1::9 weight 2 nexthop via 2001:db8:2::9
        ip -6 route add blackhole 2001:db8:ee::/48; ip -6 route add 2001:db8:a1::/48 dev law0 metric 7
        ip rule add fwmark 0x1/0xff lookup 100 priority 500; ip rule add from 192.0.2.7 lookup 100 priority 710
        ip rule add from 192.0.2.7 lookup 100 priority 710 realms 3; ip -6 rule add iif law0 lookup 100 priority 600
        """

    static let damages = [
        "ip route del default", "ip route del 10.1.0.0/16 via 192.0.2.9", "ip route replace 10.3.0.0/16 via 192.0.2.77",
        "ip route del 10.10.0.0/16; ip route del 10.20.0.0/16", "ip route flush table 100; ip rule del priority 500",
        "ip route replace 10.2.0.0/16 via 192.0.2.9 mtu 1400; ip route add 10.99.0.0/16 via 192.0.2.9",
        "ip -6 route flush root 2001:db8:aa::/48; ip -6 route add 2001:db8:aa::/48 via 2001:db8:1::77",
        "ip -6 route del 2001:db8:cc::/48; ip -6 route append 2001:db8:a1::/48 dev law2 metric 7",
        "ip rule del priority 710 realms 3; ip -6 rule del priority 600; ip rule add from 192.0.2.8 nop priority 710",
        "ip route flush proto boot; ip -6 route flush proto boot; ip rule flush; ip rule add lookup main priority 32766",
    ]

    @Test(
        "restore does what it predicts, undo brings everything back, and a daemon's routes stay",
        arguments: damages, ["keep", "remove"])
    func law(damage: String, added: String) async throws {
        try await withNamespace { node in
            try await node.shell(Self.routes)
            let content = try await kept(by: node)
            try await node.shell("\(damage)\nip route add 10.77.0.0/16 dev law0 proto bird")
            let action = try RoutesRestore(arguments: Arguments(["snapshot": .text("x"), "added": .text(added)]))
            let (before, truth) = (try await look(action, content, node), try await all(node))

            try await node.write(action.apply(before))
            let after = try await look(action, content, node)
            #expect(after.compared(with: try action.predict(before).after, by: action).isEmpty)
            #expect(after != before && action.apply(after).isEmpty)
            if added == "remove" { #expect(try await kept(by: node) == content) }

            for _ in 1...2 {
                try await node.write(action.undo(before))
                #expect(try await look(action, content, node).compared(with: before, by: action).isEmpty)
                #expect(try await all(node) == truth)
            }
        }
    }

    @Test("undo works from half an apply, and leaves what somebody added since")
    func half() async throws {
        try await withNamespace { node in
            try await node.shell(Self.routes)
            let content = try await kept(by: node)
            try await node.shell(Self.damages[9])
            let action = try RoutesRestore(arguments: Arguments(["snapshot": .text("x")]))
            let (before, truth) = (try await look(action, content, node), try await all(node))
            try await node.write(Array(action.apply(before).prefix(1)))
            try await node.shell("ip route add 10.200.0.0/16 dev law2")
            try await node.write(action.undo(before))
            #expect(try await all(node) != truth)
            try await node.shell("ip route del 10.200.0.0/16")
            #expect(try await all(node) == truth)
        }
    }

    private func kept(by node: LocalNode) async throws -> Payload {
        let action = try RoutesSnapshot(arguments: Arguments(["name": .text("x")]))
        let shown = try await node.run(action.observe()[0])
        let seen = try action.parse([shown, CommandOutput(status: 3, output: Payload(""))])
        return try #require(try action.predict(seen).after.content("snapshot.routes"))
    }

    private func look(_ action: RoutesRestore, _ content: Payload, _ node: LocalNode) async throws -> Observation {
        try action.parse([try await node.run(action.observe()[0]), CommandOutput(status: 0, output: content)])
    }

    private func all(_ node: LocalNode) async throws -> String {
        try await node.shell("for f in 4 6; do ip -$f route show table all; ip -$f rule show; done")
    }

    private func withNamespace(_ body: (LocalNode) async throws -> Void) async throws {
        let name = "belay-routes-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
        try await LocalNode().shell("ip netns add \(name)")
        let result: Result<Void, any Error>
        do { result = .success(try await body(LocalNode(prefix: ["ip", "netns", "exec", name]))) } catch {
            result = .failure(error)
        }
        try await LocalNode().shell("ip netns del \(name)")
        try result.get()
    }
}
