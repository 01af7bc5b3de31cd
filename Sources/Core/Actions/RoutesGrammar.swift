/// What Belay understands of a line that `ip route show` or `ip rule show` printed, and whose it is.
///
/// A line with a word that is not listed here is left alone, as are those that the kernel, a routing daemon or the network
/// plugin keeps: they come and go by themselves. The node's program judges by the same words.
enum RoutesGrammar {
    /// Route or rule, as `ip` calls its objects.
    enum Object: String, CaseIterable, Sendable {
        case route
        case rule
    }

    /// Types of routes that people make besides the plain ones; the kernel makes `broadcast` and the like.
    static let types = ["local", "throw", "unreachable", "prohibit", "blackhole"]

    /// Words that stand alone.
    static func lone(_ object: Object) -> [String] {
        switch object {
        case .route: ["onlink", "nexthop"]
        case .rule: ["not", "nop", "blackhole", "unreachable", "prohibit"]
        }
    }

    /// Words that a value follows; before it may stand `lock`, and `inet` or `inet6` behind `via`.
    static func pairs(_ object: Object) -> [String] {
        switch object {
        case .route:
            [
                "from", "tos", "via", "dev", "table", "proto", "scope", "src", "metric", "realm", "weight", "pref",
                "mtu",
                "advmss", "window", "rtt", "rttvar", "rto_min", "ssthresh", "cwnd", "initcwnd", "initrwnd",
                "reordering", "hoplimit", "features", "quickack", "congctl",
            ]
        case .rule:
            [
                "from", "to", "tos", "fwmark", "iif", "oif", "lookup", "realms", "proto", "goto", "uidrange", "ipproto",
                "sport", "dport", "suppress_prefixlength", "suppress_ifgroup",
            ]
        }
    }

    /// Who made a route: nobody said (`boot`, which is not printed) or a person (`static`). Others are daemons.
    static let protocols = ["boot", "static"]

    /// How devices of network plugins are called; their routes come and go with pods.
    static let pluginDevices = [
        "cali", "cilium", "lxc", "veth", "flannel", "cni", "vxlan.calico", "vxlan-v6.calico", "wireguard.cali",
        "wg-v6.cali", "tunl", "kube-", "weave", "nodelocaldns", "antrea", "ovn-", "genev_sys", "eni", "vlan.eth",
    ]

    /// Rules of network plugins by how they begin and end: of the Amazon VPC CNI, of Cilium and of Calico.
    static let pluginRules: [(begin: String, end: String)] = [
        ("512: from all to ", " lookup main"), ("1024: from all fwmark 0x80/0x80 ", ""), ("1536: from ", ""),
        ("10: from all iif vlan.eth", ""), ("9: from all fwmark 0x200/0xf00 ", ""),
        ("10: from all fwmark 0xa00/0xf00 ", ""), ("20: from all to ", " lookup main"), ("110: from ", ""),
        ("111: from ", ""), ("100: from all lookup local", ""), ("99: not from all fwmark 0x100000/0x100000 ", ""),
    ]

    /// Words that say how a route fares right now.
    static let flags: Set<Substring> = [
        "linkdown", "dead", "offload", "offload_failed", "rt_offload", "rt_offload_failed", "trap", "rt_trap",
        "[detached]", "[unresolved]",
    ]

    /// Behind these stands the name of a device, whatever it is called.
    static let deviceWords: Set<Substring> = ["dev", "iif", "oif"]

    /// What begins what a rule does; what stands before it says for which packets.
    static let actions: Set<Substring> = ["lookup", "goto", "nop", "blackhole", "unreachable", "prohibit"]

    /// The tables as the node's awk program takes them: lone words, pairs, and whose devices or rules are left alone.
    static func patterns(_ object: Object) -> [String] {
        let theirs =
            object == .route
            ? "^(\(pluginDevices.joined(separator: "|")))"
            : pluginRules.map { "^\($0.begin)" + ($0.end.isEmpty ? "" : ".*\($0.end)$") }.joined(separator: "|")
        return [alternatives(lone(object)), alternatives(pairs(object)), theirs]
    }

    private static func alternatives(_ words: [String]) -> String { "^(\(words.joined(separator: "|")))$" }

    /// A value that `ip -batch` reads as one plain word.
    static func isPlain(_ word: Substring) -> Bool {
        !word.isEmpty && !word.utf8.starts(with: "-".utf8)
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: ":./_@%+-".utf8.contains(byte)
                }
            }
    }
}
