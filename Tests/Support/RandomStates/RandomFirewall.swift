/// Random rulesets as `iptables-restore -c` reads them: a person's rules woven through kube-proxy's and the CNI's.
public struct RandomFirewall: Sendable {
    private var random: SeededGenerator
    private let isV6: Bool

    /// The rulesets of a seed, of one address family.
    public init(seed: UInt64, isV6: Bool) {
        random = SeededGenerator(seed: seed)
        self.isV6 = isV6
    }

    private static let builtin: [(table: String, chains: [String])] = [
        ("filter", ["INPUT", "FORWARD", "OUTPUT"]),
        ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]),
        ("mangle", ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]),
        ("raw", ["PREROUTING", "OUTPUT"]),
    ]
    private static let ours = ["f2b-sshd", "MYFW", "ufw-before", "USER"]
    private static let theirs = ["KUBE-SERVICES", "KUBE-FW", "CNI-0a1b", "cali-in", "FLANNEL-FWD", "CILIUM_IN"]
    private static let comments = [
        "plain", "two words", #"a \"quoted\" word"#, #"-j KUBE-SERVICES"#, #"back\\slash"#, "; touch /x", "$(id) `id`",
        "it's", "x -A INPUT y", "# no comment", "tab\tinside", "naïve ❄", "*filter", "COMMIT", "[1:2]", "%s %n", "!",
        #"\\\""#, "-m comment --comment x",
    ]

    /// The text of a whole ruleset.
    public mutating func text() -> String {
        Self.builtin.map { table, chains in
            random.chance(20) && table != "filter" ? "" : self.table(table, chains)
        }.joined()
    }

    private mutating func table(_ name: String, _ chains: [String]) -> String {
        let ours = random.some(of: Self.ours)
        let theirs = random.some(of: Self.theirs)
        var text = "*\(name)\n"
        for chain in chains {
            let policy = name == "filter" && random.chance(50) ? "DROP" : "ACCEPT"
            text += ":\(chain) \(policy) \(counters())\n"
        }
        for chain in ours + theirs { text += ":\(chain) - [0:0]\n" }
        for chain in chains {
            for _ in 0..<random.number(0...5) {
                text += rule(chain, jumps(name, chain) + (ours + theirs + theirs).map { "-j \($0)" })
            }
        }
        // Only later chains are reached, so that no loop is made.
        for (index, chain) in (ours + theirs).enumerated() {
            for _ in 0..<random.number(0...3) {
                let later = (ours + theirs).dropFirst(index + 1)
                text += rule(chain, Self.verdicts + later.map { "-j \($0)" } + later.map { "-g \($0)" })
            }
        }
        if let chain = theirs.first, !ours.isEmpty, random.chance(25) {
            text += ":LOCAL-ADMIN - [0:0]\n" + rule("LOCAL-ADMIN", ["-j ACCEPT"])
            text += rule(chain, ["-j LOCAL-ADMIN"])
        }
        return text + "COMMIT\n"
    }

    private mutating func rule(_ chain: String, _ jumps: [String]) -> String {
        let jump = random.pick(jumps)
        var words = ["-A \(chain)", jump.hasPrefix("-p ") ? "" : random.pick(matches())]
        if random.chance(50) {
            let mark = random.pick(["", "", "", "cali:x-", "flanneld forward "])
            words.append("-m comment --comment \"\(mark)\(random.pick(Self.comments))\"")
        }
        // A rule that only counts has no target at all.
        if !random.chance(5) { words.append(jump) }
        return counters() + " " + words.filter { !$0.isEmpty }.joined(separator: " ") + "\n"
    }

    private static let verdicts = ["-j ACCEPT", "-j RETURN"]

    private mutating func matches() -> [String] {
        let host = isV6 ? "fd00::\(number(9999))/128" : "10.\(number(255)).0.\(number(255))/32"
        let icmp = isV6 ? "-p ipv6-icmp -m icmp6 --icmpv6-type 128" : "-p icmp -m icmp --icmp-type 8"
        return [
            "-s \(host)", "-d \(host)", "! -s \(host)", "-s \(host) ! -d \(host)",
            "-p tcp -m tcp --dport \(number(65535))",
            "-p udp -m udp --sport \(number(65535))", "-p tcp -m tcp ! --dport \(number(65535))", "! -p tcp", icmp,
            "-p tcp -m multiport --dports 22,80,\(number(65535))", "-p udp -m multiport ! --ports 53,1000:2000",
            "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-m conntrack --ctstate RELATED,ESTABLISHED",
            "-m conntrack ! --ctstate INVALID", "-m limit --limit \(number(9))/min", "-m mark --mark 0x4000/0x4000",
            "-m mark ! --mark 0x\(number(9))", "-m addrtype --dst-type LOCAL",
            "-m statistic --mode random --probability 0.\(number(9))",
            "-m string --string \"a \(number(9)) b\" --algo bm", "",
        ]
    }

    /// What only some tables and chains allow, verdicts included.
    private mutating func jumps(_ table: String, _ chain: String) -> [String] {
        let to = isV6 ? "[fd00::\(number(9999))]" : "10.0.0.\(number(255))"
        return switch (table, chain) {
        case ("filter", _):
            Self.verdicts + [
                "-j DROP", "-j REJECT", "-p tcp -j REJECT --reject-with tcp-reset",
                "-j LOG --log-prefix \"a \(number(9)): \"",
            ]
        case ("nat", "POSTROUTING"):
            Self.verdicts + ["-j MASQUERADE", "-p tcp -j MASQUERADE --to-ports 1024-\(1024 + number(9999))"]
        case ("nat", "PREROUTING"), ("nat", "OUTPUT"):
            Self.verdicts + [
                "-p tcp -j DNAT --to-destination \(to):\(number(65535))",
                "-p tcp -j REDIRECT --to-ports \(number(65535))",
            ]
        case ("mangle", _): Self.verdicts + ["-j MARK --set-xmark 0x\(number(9))/0xff", "-j CONNMARK --save-mark"]
        case ("raw", _): Self.verdicts + ["-j NOTRACK", "-j DROP"]
        default: Self.verdicts
        }
    }

    private mutating func number(_ limit: Int) -> Int { random.number(1...limit) }
    private mutating func counters() -> String { "[\(number(9999)):\(number(999_999))]" }
}
