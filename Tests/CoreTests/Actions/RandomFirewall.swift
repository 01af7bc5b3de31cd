/// Random rulesets as `iptables-restore -c` reads them: a person's rules woven through kube-proxy's and the CNI's.
struct RandomFirewall {
    private var random: SeededGenerator
    private let isV6: Bool

    init(seed: UInt64, isV6: Bool) {
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
        "it's", "x -A INPUT y", "# no comment", "tab\tinside",
    ]

    /// The text of a whole ruleset.
    mutating func text() -> String {
        Self.builtin.map { table, chains in
            Int.random(in: 0..<5, using: &random) == 0 && table != "filter" ? "" : self.table(table, chains)
        }.joined()
    }

    private mutating func table(_ name: String, _ chains: [String]) -> String {
        let ours = Self.ours.filter { _ in Bool.random(using: &random) }
        let theirs = Self.theirs.filter { _ in Bool.random(using: &random) }
        var text = "*\(name)\n"
        for chain in chains {
            let policy = name == "filter" && Bool.random(using: &random) ? "DROP" : "ACCEPT"
            text += ":\(chain) \(policy) \(counters())\n"
        }
        for chain in ours + theirs { text += ":\(chain) - [0:0]\n" }
        for chain in chains {
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                text += rule(chain, targets: ["ACCEPT", "RETURN"] + ours + theirs + theirs)
            }
        }
        // Only later chains are reached, so that no loop is made.
        for (index, chain) in (ours + theirs).enumerated() {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                text += rule(chain, targets: ["ACCEPT", "RETURN"] + (ours + theirs).dropFirst(index + 1))
            }
        }
        if let chain = theirs.first, !ours.isEmpty, Int.random(in: 0..<4, using: &random) == 0 {
            text += ":LOCAL-ADMIN - [0:0]\n" + rule("LOCAL-ADMIN", targets: ["ACCEPT"])
            text += rule(chain, targets: ["LOCAL-ADMIN"])
        }
        return text + "COMMIT\n"
    }

    private mutating func rule(_ chain: String, targets: [String]) -> String {
        let host = isV6 ? "fd00::\(number(9999))/128" : "10.\(number(255)).0.\(number(255))/32"
        let matches = [
            "-s \(host)", "-d \(host)", "-p tcp -m tcp --dport \(number(65535))",
            "-p udp -m udp --sport \(number(65535))",
            "-p tcp -m multiport --dports 22,80,\(number(65535))", "-m conntrack --ctstate RELATED,ESTABLISHED",
            "-m limit --limit \(number(9))/min", "-m mark --mark 0x4000/0x4000", "",
        ]
        var words = ["-A \(chain)", matches.randomElement(using: &random) ?? ""]
        if Bool.random(using: &random) {
            let mark = ["", "", "", "cali:x-", "flanneld forward "].randomElement(using: &random) ?? ""
            words.append("-m comment --comment \"\(mark)\(Self.comments.randomElement(using: &random) ?? "")\"")
        }
        words.append("-j \(targets.randomElement(using: &random) ?? "ACCEPT")")
        return counters() + " " + words.filter { !$0.isEmpty }.joined(separator: " ") + "\n"
    }

    private mutating func number(_ limit: Int) -> Int { Int.random(in: 1...limit, using: &random) }
    private mutating func counters() -> String { "[\(number(9999)):\(number(999_999))]" }
}
