/// Reads `iptables --version` and `iptables-save`.
enum FirewallFacts {
    /// `iptables-save` without its rules, which a node with many Services has tens of thousands of: what stands for those of a
    /// table is one line `-#COUNT`.
    static let summary = Command.shell(
        """
        saved=$(timeout 2 iptables-save) || exit
        printf '%s\\n' "$saved" | awk '
          /^(-|\\[)/ { rules++; next }
          /^COMMIT/ { print "-#" rules + 0; rules = 0; print; next }
          /^[*]/ || /^:(INPUT|FORWARD) / || !/^:/ && NF'
        """)

    static func firewall(version: Fact<String>, saved: Fact<String>) -> Facts.Firewall {
        let tables = saved.flatMap(Tables.parse)
        return Facts.Firewall(
            backend: version.flatMap(backend),
            inputPolicy: tables.flatMap { .known($0.inputPolicy) },
            forwardPolicy: tables.flatMap { .known($0.forwardPolicy) },
            rules: tables.flatMap { .known($0.rules) })
    }

    /// `iptables v1.8.9 (nf_tables)`; releases before 1.8 know only the legacy backend and say nothing.
    private static func backend(_ text: String) -> Fact<String> {
        let line = text.prefix(200)
        guard line.hasPrefix("iptables v") else {
            return .unknown("iptables --version is unreadable: \(Printable.escape(text, limit: 40))")
        }
        return .known(line.contains("(nf_tables)") ? "nft" : "legacy")
    }

    private struct Tables {
        // A table that was never loaded is not printed; its chains then accept, as the kernel does.
        var inputPolicy = "ACCEPT"
        var forwardPolicy = "ACCEPT"
        var rules = 0

        static func parse(_ text: String) -> Fact<Tables> {
            var tables = Tables()
            var table: Substring?
            for line in text.lines {
                switch line.utf8.first {
                case 0x23: continue  // #
                case 0x2A where table == nil: table = line.dropFirst()  // *
                case 0x3A where table != nil: tables.note(chain: line.dropFirst(), of: table)  // :
                case 0x2D where table != nil && line.hasPrefix("-#"):
                    guard let count = Int(line.dropFirst(2)), (0...1_000_000).contains(count) else {
                        return .unknown("iptables-save was not counted: \(Printable.escape(String(line), limit: 60))")
                    }
                    tables.rules += count
                case 0x2D where table != nil, 0x5B where table != nil: tables.rules += 1  // - or [counters]
                case 0x43 where table != nil && line == "COMMIT": table = nil
                default: return .unknown("iptables-save printed: \(Printable.escape(String(line), limit: 60))")
                }
            }
            return table == nil ? .known(tables) : .unknown("iptables-save stopped in the middle of a table")
        }

        private mutating func note(chain: Substring, of table: Substring?) {
            let words = chain.split(separator: " ")
            guard table == "filter", words.count >= 2, ["ACCEPT", "DROP"].contains(words[1]) else { return }
            if words[0] == "INPUT" { inputPolicy = String(words[1]) }
            if words[0] == "FORWARD" { forwardPolicy = String(words[1]) }
        }
    }
}
