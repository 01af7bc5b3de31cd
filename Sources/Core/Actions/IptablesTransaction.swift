/// The text that `iptables-restore --noflush` reads to flush a base ruleset.
enum IptablesTransaction {
    /// Deletes each of the rules by its text, empties and removes the chains, and sets the policies to ACCEPT.
    ///
    /// By text, not by number and not by emptying a built-in chain: kube-proxy may have added a jump a moment ago.
    /// - Parameters:
    ///   - rules: Lines of ``IptablesRuleset/ruleLines``.
    ///   - policies: Lines of ``IptablesRuleset/policyLines``; those that are ACCEPT already need nothing.
    ///   What is no such line is no rule: whoever recovers a run reads the state before from the node's own record.
    /// - Returns: Empty when there is nothing to do.
    static func flush(rules: [String], policies: [String]) -> String {
        var sections = Sections()
        for line in policies where !line.hasSuffix(" ACCEPT") {
            let words = line.split(separator: " ")
            if words.count == 5 { sections.add(":\(words[3]) ACCEPT [0:0]", to: words[1]) }
        }
        var chains: [Substring: [Substring]] = [:]
        for line in rules {
            let words = line.split(separator: " ", maxSplits: 4)
            if words.count == 4, words[2] == "-N" { chains[words[1], default: []].append(words[3]) }
        }
        let made = chains.mapValues(Set.init)
        for line in rules {
            let words = line.split(separator: " ", maxSplits: 4)
            guard words.count >= 4, words[2] == "-A", made[words[1]]?.contains(words[3]) != true else { continue }
            sections.add(words.count == 5 ? "-D \(words[3]) \(words[4])" : "-D \(words[3])", to: words[1])
        }
        for (table, names) in chains.sorted(by: { $0.key < $1.key }) {
            for name in names { sections.add("-F \(name)", to: table) }
            for name in names { sections.add("-X \(name)", to: table) }
        }
        return sections.text
    }

    /// Lines collected by table, tables in the order they first appear.
    private struct Sections {
        private var order: [Substring] = []
        private var lines: [Substring: [String]] = [:]

        mutating func add(_ line: String, to table: Substring) {
            if lines[table] == nil { order.append(table) }
            lines[table, default: []].append(line)
        }

        var text: String {
            order.map { "*\($0)\n" + (lines[$0] ?? []).map { $0 + "\n" }.joined() + "COMMIT\n" }.joined()
        }
    }
}
