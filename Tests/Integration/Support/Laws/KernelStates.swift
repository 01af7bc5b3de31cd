import Core
import RandomStates

/// Kernel parameters of the node's own network, and modules.
enum KernelStates {
    static let parameter: StateGenerator = { random in
        let key = random.pick(Array(values.keys).sorted())
        let (old, new) = (random.pick(values[key] ?? []), random.pick(values[key] ?? []))
        let path = key.replacing(".", with: "/")
        var state = RandomState(
            arguments: ["key": .text(random.chance(30) ? path : key), "value": .text(spaced(new, &random))],
            prepare: """
                \(writable)
                [ -e /run/law-forward ] || cat /proc/sys/net/ipv4/ip_forward >/run/law-forward
                ip link del law0 2>/dev/null; ip link add law0 type veth peer name law1
                echo \(quoted(old)) >/proc/sys/\(path) || exit
                \(deviants(&random))
                """,
            truth: """
                cat /proc/sys/\(path)
                cd /proc/sys/net && grep -s '' ipv4/conf/*/forwarding ipv4/conf/*/accept_redirects ipv6/conf/*/forwarding
                """,
            clean: "ip link del law0; cat /run/law-forward >/proc/sys/net/ipv4/ip_forward; rm /run/law-forward")
        if random.chance(20) { spoil(&state, &random) }
        return state
    }

    // Each network namespace has its own, so a node's are not the machine's.
    private static let values = [
        "net.ipv4.ip_forward": ["0", "1"], "net.ipv4.conf.all.forwarding": ["0", "1"],
        "net.ipv6.conf.all.forwarding": ["0", "1"], "net.ipv4.ip_local_port_range": ["32768 60999", "20000 60000"],
        "net.ipv4.tcp_rmem": ["4096 131072 6291456", "4096 87380 4194304"],
        "net.ipv4.conf.law0.rp_filter": ["0", "1", "2"], "net.ipv4.tcp_keepalive_time": ["7200", "600"],
        "net.ipv4.ip_local_reserved_ports": ["8080", "8080,8090-8092"], "net.core.somaxconn": ["128", "4096"],
        "net.ipv4.tcp_congestion_control": ["cubic", "reno"], "net.ipv4.conf.default.log_martians": ["0", "1"],
    ]

    // systemd-nspawn mounts a network's parameters read-only when it was given the network.
    private static let writable = """
        if ! [ -w /proc/sys/net/ipv4/ip_forward ]; then
          mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,rw /proc/sys/net || exit
        fi
        """

    /// Links that are set otherwise than the parameter that is for all.
    private static func deviants(_ random: inout SeededGenerator) -> String {
        random.some(of: [
            "ipv4/conf/law0/forwarding", "ipv4/conf/default/forwarding", "ipv4/conf/all/accept_redirects",
            "ipv6/conf/law0/forwarding",
        ]).map { "echo \(random.number(0...1)) >/proc/sys/net/\($0)" }.joined(separator: "\n")
    }

    private static func spaced(_ value: String, _ random: inout SeededGenerator) -> String {
        value.replacing(" ", with: random.pick([" ", "  ", "\t"]))
    }

    private static func spoil(_ state: inout RandomState, _ random: inout SeededGenerator) {
        let (key, value, ending) = random.pick([
            ("net.ipv4.route.flush", "1", RandomState.Ending.refused), ("vm.drop_caches", "3", .refused),
            ("kernel.modules_disabled", "1", .refused), ("net.ipv4.law_no_such", "1", .refused),
            ("net.ipv4.tcp_rmem", "4096", .refused), ("net.ipv4.ip_forward", "on", .refused),
            ("net.core", "1", .refused),
            ("net.ipv6.conf.law0.disable_ipv6", "1", .refused), ("net/../kernel/panic", "1", .refused),
            // The kernel does not take these.
            ("net.ipv4.ip_local_port_range", "40000 30000", .open), ("net.ipv4.tcp_congestion_control", "law", .open),
            ("net.ipv4.conf.law0.rp_filter", "99999999999", .open),
        ])
        (state.arguments["key"], state.arguments["value"], state.ending) = (.text(key), .text(value), ending)
    }

    /// On a kernel that takes modules these are loaded wherever the testbed runs; on any other they are built in. So nothing
    /// is loaded here: a testbed's node has no modules of its own.
    static let modules: StateGenerator = { random in
        let names = random.some(of: ["overlay", "br_netfilter", "nf_conntrack", "br-netfilter-law", "law_no_such"])
        let given = names.isEmpty ? ["overlay"] : names
        let isKnown = given.allSatisfy { !$0.contains("law") }
        return RandomState(
            arguments: ["modules": given.count == 1 ? .text(given[0]) : .list(given.map { .text($0) })], prepare: ":",
            truth: "cat /proc/modules 2>/dev/null; ls /sys/module", ending: isKnown ? .asPredicted : .refused)
    }
}
