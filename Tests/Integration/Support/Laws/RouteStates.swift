import Core
import RandomStates

/// Routes and rules of both families over links of the test's own, in tables of its own and in main; the node's own ways
/// are not touched.
enum RouteStates {
    static let snapshot: StateGenerator = { random in
        let older = random.pick(["", "mkdir -p -m 700 \(folder); echo '# older' >\(file)"])
        return RandomState(
            arguments: ["name": .text("law")],
            prepare: "\(links)\n\(routes(&random, 0...8))\numask 077\nrm -f \(folder)/*\n\(older)",
            truth: """
                \(truth)
                cd \(folder) 2>/dev/null || exit 0
                stat -c '%n %a %u:%g' -- * 2>/dev/null; sha256sum -- * 2>/dev/null || true
                """,
            clean: clean)
    }

    static let restore: StateGenerator = { random in
        var state = RandomState(
            arguments: ["snapshot": .text("law")],
            prepare: """
                \(links)
                \(routes(&random, 1...9))
                \(keep)
                \(random.chance(10) ? "" : damage(&random))
                """,
            truth: truth, clean: clean)
        if random.chance(50) { state.arguments["added"] = .text(random.pick(["keep", "remove"])) }
        if random.chance(15) { refuse(&state, &random) }
        return state
    }

    /// Behind what was kept, what a restore must not or cannot change.
    private static func refuse(_ state: inout RandomState, _ random: inout SeededGenerator) {
        let (before, since) = random.pick([
            // The link is down, so that its routes are gone and cannot be put back.
            ("ip route append 198.18.200.0/24 via 198.19.2.9 dev law2", "ip link set law2 down"),
            ("ip -6 route append 2001:db8:200::/48 dev law2", "ip link del law2"),
            // A daemon's is in its place.
            (
                "ip route append 198.18.200.0/24 via 198.19.0.9",
                "ip route del 198.18.200.0/24; ip route append 198.18.200.0/24 via 198.19.0.8 proto bird"
            ),
            ("", "rm \(file)"), ("", "echo '198.18.0.0/24 via 198.19.0.9' >>\(file); echo x >>\(file)"),
        ])
        state.prepare = "\(links)\n\(before)\n\(keep)\n\(since)"
        state.ending = .refused
    }

    private static let folder = "/var/lib/belay/snapshots"
    private static let file = "\(folder)/law.routes"

    // No link-local addresses: they come a second later and bring routes of the kernel's own.
    private static let links = """
        \(clean)
        ip link add law0 type veth peer name law1
        ip link add law2 type bridge
        for link in law0 law1 law2; do ip link set "$link" addrgenmode none; ip link set "$link" up; done
        ip addr add 198.19.0.1/24 dev law0
        ip addr add 198.19.2.1/24 dev law2
        ip -6 addr add 2001:db8:ff00::1/64 dev law0 nodad
        ip -6 addr add 2001:db8:ff02::1/64 dev law2 nodad
        """

    private static let clean = """
        for family in 4 6; do
          ip "-$family" rule show | awk -F: '$1 >= 5000 && $1 < 6000 { print $1 }' | while read -r number; do
            ip "-$family" rule del priority "$number"
          done
          for table in 4711 4712; do ip "-$family" route flush table "$table" 2>/dev/null; done
        done
        for link in law0 law2; do ip link del "$link" 2>/dev/null; done
        ip route flush root 198.18.0.0/15; ip -6 route flush root 2001:db8::/32
        rm -f \(file); true
        """

    /// What routes.snapshot keeps, read past it.
    private static let keep = """
        mkdir -p -m 700 \(folder)
        {
          echo '# routes and rules kept by belay, format 1'
          for family in 4 6; do
            echo "[ipv$family routes]"
            ip "-$family" route show table all | awk '
              /^[ \\t]/ { line = line " " $0; next } { if (line != "") print line; line = $0 }
              END { if (line != "") print line }' | awk '
              / proto (kernel|ra|dhcp|bird) / || / table local / || / expires / || / nhid / { next }
              /^(broadcast|multicast|anycast) / { next }
              { gsub(/ (linkdown|dead)/, ""); $1 = $1; print }'
            echo "[ipv$family rules]"
            ip "-$family" rule show | awk '{ gsub(/ \\[(unresolved|detached)\\]/, ""); $1 = $1; print }'
          done
        } >\(file)
        """

    private static let truth = """
        for family in 4 6; do ip "-$family" route show table all; ip "-$family" rule show; done
        """

    private static func routes(_ random: inout SeededGenerator, _ count: ClosedRange<Int>) -> String {
        (0..<random.number(count)).map { _ in one(&random) }.joined(separator: "\n")
    }

    /// One more route or rule; a second one of the same key stands behind the first, or is the same and refused.
    private static func one(_ random: inout SeededGenerator) -> String {
        let line =
            switch random.number(0...9) {
            case 0...4: "ip -4 route append \(v4(&random))"
            case 5...7: "ip -6 route append \(v6(&random))"
            default: "ip \(random.pick(["-4", "-6"])) rule add priority \(random.number(5000...5003)) \(rule(&random))"
            }
        return line + " 2>/dev/null"
    }

    private static func v4(_ random: inout SeededGenerator) -> String {
        let gateway = "198.19.0.\(random.number(2...9))"
        let kind = random.pick([
            "via \(gateway)", "via \(gateway) dev law0", "dev law0 scope link", "via 203.0.113.9 dev law2 onlink",
            "nexthop via \(gateway) weight \(random.number(1...3)) nexthop via 198.19.2.7 weight 1",
            "via inet6 2001:db8:ff00::9 dev law0",
        ])
        if random.chance(20) {
            let type = random.pick(["blackhole", "unreachable", "prohibit", "throw"])
            return "\(type) \(v4Destination(&random)) \(table(&random))"
        }
        let more = random.some(of: [
            "proto static", "src 198.19.0.1", "mtu 1400", "mtu lock 1300 advmss 1200", "initcwnd 10 quickack 1",
            "metric \(random.number(1...2))", "congctl reno", "realm 5", "rtt 100ms",
        ])
        return "\(v4Destination(&random)) \(table(&random)) \(more.joined(separator: " ")) \(kind)"
    }

    private static func v4Destination(_ random: inout SeededGenerator) -> String {
        "198.18.\(random.number(0...5)).0/24" + (random.chance(15) ? " tos 0x10" : "")
    }

    private static func v6(_ random: inout SeededGenerator) -> String {
        let destination = "2001:db8:\(random.number(0...5))::/48"
        let gateway = "2001:db8:ff00::\(random.number(2...9))"
        if random.chance(20) {
            return "\(random.pick(["blackhole", "unreachable", "prohibit"])) \(destination) \(table(&random))"
        }
        let kind = random.pick([
            "via \(gateway) dev law0", "dev law0", "dev law2",
            "nexthop via \(gateway) weight 2 nexthop via 2001:db8:ff02::7 weight 1",
        ])
        let more = random.some(of: [
            "proto static", "mtu 1400", "metric \(random.number(1...2))", "pref high", "src 2001:db8:ff00::1",
            "from 2001:db8:ff00::/64",
        ])
        return "\(destination) \(table(&random)) \(more.joined(separator: " ")) \(kind)"
    }

    private static func table(_ random: inout SeededGenerator) -> String {
        random.pick(["", "", "table 4711", "table 4712"])
    }

    private static func rule(_ random: inout SeededGenerator) -> String {
        // None of the node's own packets: a rule that drops those hinders the kernel from checking gateways, too.
        let selector = random.pick([
            "fwmark 0x1/0xff", "iif law0", "oif law-gone", "uidrange 7-9", "ipproto tcp dport 4711", "not from all",
        ])
        let does = random.pick([
            "lookup 4711", "lookup 4712", "lookup main suppress_prefixlength 0", "goto 32766", "goto 31000", "nop",
            "blackhole", "lookup 4711 realms 3 protocol static",
        ])
        return "\(selector) \(does)"
    }

    /// What happened since: lines taken away, changed and added.
    private static func damage(_ random: inout SeededGenerator) -> String {
        let steps = [
            "ip route flush root 198.18.\(random.number(0...5)).0/24 table all",
            "ip -6 route flush root 2001:db8:\(random.number(0...5))::/48", "ip route flush table 4711",
            "ip -6 route flush table 4712", "ip -4 rule del priority \(random.number(5000...5003)) 2>/dev/null",
            "ip -6 rule del priority \(random.number(5000...5003)) 2>/dev/null",
            "ip route replace 198.18.\(random.number(0...5)).0/24 via 198.19.0.77",
            "ip -6 route replace 2001:db8:\(random.number(0...5))::/48 via 2001:db8:ff00::77",
            "ip route append 198.18.90.0/24 via 198.19.0.9 proto bird", routes(&random, 0...4),
        ]
        return random.some(of: steps).joined(separator: "\n") + "\ntrue"
    }
}
