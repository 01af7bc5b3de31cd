/// The rules of one address family as `iptables-save -c` prints them, as values.
///
/// The format is that of iptables-save(8): `*table`, `:CHAIN POLICY [packets:bytes]`, `[packets:bytes] -A CHAIN …`,
/// `COMMIT`, and `#` comments. Rules are kept as the lines they are, quoting included, since what was printed is what
/// `iptables-restore` reads back; only counters are split off.
package struct IptablesRuleset: Sendable, Hashable {
    /// In the order of the output.
    package var tables: [Table] = []

    /// One table: `filter`, `nat`, `mangle`, `raw`, `security`.
    package struct Table: Sendable, Hashable {
        package var name: String
        package var chains: [Chain]
        package var rules: [Rule]
    }

    /// A built-in chain, or one that someone made.
    package struct Chain: Sendable, Hashable {
        package var name: String
        /// `ACCEPT` or `DROP` for a built-in chain, nil for any other.
        package var policy: String?
        var counters: String
    }

    /// One rule of a chain.
    package struct Rule: Sendable, Hashable {
        package var chain: String
        /// All after `-A CHAIN `, verbatim.
        var spec: String
        /// `[packets:bytes]`.
        var counters: String

        /// The rule without counters, as `iptables` would take it.
        package var line: String { spec.isEmpty ? "-A \(chain)" : "-A \(chain) \(spec)" }
    }

    /// Reads the output of `iptables-save`, with or without `-c`.
    /// - Throws: ``ObservationError`` naming the first line that is not understood.
    package init(parsing text: String, of what: String) throws(ObservationError) {
        var open: Table?
        // At the bytes that iptables-restore sees: to Swift a carriage return and a newline are one character.
        for (index, bytes) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = text[bytes.startIndex..<bytes.endIndex]
            let place = "line \(index + 1) of \(what)"
            switch line.first {
            case nil: continue
            case "#": try Self.checkComment(line, what)
            case "*":
                guard open == nil, Self.isName(line.dropFirst()) else { throw Self.misread(place, line) }
                open = Table(name: String(line.dropFirst()), chains: [], rules: [])
            case ":":
                guard let chain = Chain(parsing: line) else { throw Self.misread(place, line) }
                guard open?.chains.append(chain) != nil else { throw Self.misread(place, line) }
            case "[", "-":
                guard let rule = Rule(parsing: line) else { throw Self.misread(place, line) }
                guard open?.rules.append(rule) != nil else { throw Self.misread(place, line) }
            default:
                guard line == "COMMIT", let table = open else { throw Self.misread(place, line) }
                tables.append(table)
                open = nil
            }
        }
        guard open == nil else {
            throw ObservationError("\(what) ends without COMMIT", remedy: "The answer is incomplete; plan again")
        }
    }

    /// Of these tables.
    init(tables: [Table] = []) {
        self.tables = tables
    }

    // As iptables itself takes them. With a blank in one, the lines that actions make of it would be read in another way.
    fileprivate static func isName(_ name: some StringProtocol) -> Bool {
        !name.isEmpty && !name.hasPrefix("-") && !name.hasPrefix("!")
            && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    // iptables-nft prints this instead of a table that other tools filled with what it cannot show.
    private static func checkComment(_ line: Substring, _ what: String) throws(ObservationError) {
        guard !line.contains("incompatible") else {
            throw ObservationError(
                "\(what) cannot show all rules: \(line.dropFirst().prefix(200))",
                remedy: "This node's firewall is kept with nft itself, which is not supported; change it with nft")
        }
    }

    private static func misread(_ place: String, _ line: Substring) -> ObservationError {
        ObservationError(
            "\(place) is not understood: \(String(line.prefix(120)).debugDescription)",
            remedy: "Run iptables-save on the node and look at that line; rules are never guessed")
    }
}

extension IptablesRuleset.Chain {
    /// `:INPUT DROP [12:345]`.
    init?(parsing line: Substring) {
        let words = line.dropFirst().split(separator: " ")
        guard words.count >= 2, words.count <= 3, IptablesRuleset.isName(words[0]) else { return nil }
        self.init(
            name: String(words[0]), policy: words[1] == "-" ? nil : String(words[1]),
            counters: words.count == 3 ? String(words[2]) : "[0:0]")
    }
}

extension IptablesRuleset.Rule {
    /// `[12:345] -A INPUT -p tcp …` or the same without counters.
    init?(parsing line: Substring) {
        var rest = line
        var counters = "[0:0]"
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: " ") else { return nil }
            counters = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
        }
        guard rest.hasPrefix("-A ") else { return nil }
        rest = rest.dropFirst(3)
        let name = rest.prefix { $0 != " " }
        guard IptablesRuleset.isName(name) else { return nil }
        self.init(chain: String(name), spec: String(rest.dropFirst(name.count + 1)), counters: counters)
    }

    /// The words of the rule, quotes resolved as iptables-restore does.
    var words: [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var isQuoted = false
        var isEscaped = false
        // By scalar: a quote followed by a combining mark is still a quote to iptables.
        for scalar in spec.unicodeScalars {
            if isEscaped {
                word.append(scalar)
                isEscaped = false
            } else if scalar == "\\", isQuoted {
                isEscaped = true
            } else if scalar == "\"" {
                isQuoted.toggle()
            } else if scalar == " ", !isQuoted {
                if !word.isEmpty { words.append(String(word)) }
                word = String.UnicodeScalarView()
            } else {
                word.append(scalar)
            }
        }
        return word.isEmpty ? words : words + [String(word)]
    }

    /// The chain or target it jumps or goes to.
    var target: String? { value(after: "-j") ?? value(after: "-g") }
    /// Its comment, without quotes.
    var comment: String? { value(after: "--comment") }

    private func value(after option: String) -> String? {
        let words = words
        guard let index = words.lastIndex(of: option), index + 1 < words.count else { return nil }
        return words[index + 1]
    }
}

extension IptablesRuleset {
    /// The table of that name, nil when there is none.
    func table(_ name: String) -> Table? { tables.first { $0.name == name } }

    /// Every chain that someone made and every rule, without counters, one self-contained line each, sorted by table and
    /// chain, since their order in the output depends on who made them first; rules stay in their order.
    ///
    /// A table that is there but empty reads like one that is not: kube-proxy and the CNI make tables in passing.
    package var ruleLines: [String] {
        tables.sorted { $0.name < $1.name }.flatMap { table in
            let made = table.chains.filter { $0.policy == nil }.map(\.name).sorted()
            let byChain = Dictionary(grouping: table.rules, by: \.chain).sorted { $0.key < $1.key }
            return made.map { "-t \(table.name) -N \($0)" }
                + byChain.flatMap { $0.value.map { "-t \(table.name) \($0.line)" } }
        }
    }

    /// The policies of the filter table's three chains, and every other one that is not the kernel's `ACCEPT`.
    var policyLines: [String] {
        let filter = ["INPUT", "FORWARD", "OUTPUT"]
        let listed = filter.map { "-t filter -P \($0) \(policy(of: $0, in: "filter"))" }
        return listed
            + tables.sorted { $0.name < $1.name }.flatMap { table in
                table.chains.sorted { $0.name < $1.name }.compactMap { chain in
                    guard let policy = chain.policy, policy != "ACCEPT" else { return nil }
                    guard table.name != "filter" || !filter.contains(chain.name) else { return nil }
                    return "-t \(table.name) -P \(chain.name) \(policy)"
                }
            }
    }

    private func policy(of chain: String, in name: String) -> String {
        table(name)?.chains.first { $0.name == chain }?.policy ?? "ACCEPT"
    }
}
