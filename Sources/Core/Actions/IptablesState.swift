/// What the three firewall actions observe alike: both families' rules and whether iptables is all there is.
///
/// A node whose rules are spread over two backends, firewalld or native nftables is refused: changing the part that
/// iptables shows would leave a firewall nobody designed.
enum IptablesState {
    /// Four commands: the surroundings, the rules of each family, and those of the backend that is not in use.
    static let commands: [Command] = [
        .shell(
            """
            version=$(iptables --version) || exit
            echo "version=$version"
            echo "firewalld=$(systemctl is-active firewalld.service 2>/dev/null)"
            if command -v nft >/dev/null 2>&1; then
                tables=$(nft list tables) || exit
                echo "nft=visible"
                printf '%s\\n' "$tables" | while read -r word family name; do
                    [ "$word" != table ] || echo "table $family $name"
                done
            fi
            """),
        Command(["iptables-save", "-c"]),
        // A kernel without IPv6 has no IPv6 rules, and ip6tables may then be missing or fail.
        .shell("[ -e /proc/net/if_inet6 ] || exit 0; exec ip6tables-save -c"),
        .shell(
            """
            case $(iptables --version) in *nf_tables*) other=legacy ;; *) other=nft ;; esac
            for tool in iptables ip6tables; do
                if command -v "$tool-$other-save" >/dev/null 2>&1; then
                    "$tool-$other-save" || exit
                elif [ "$other" = legacy ] && grep -q . "/proc/net/${tool%tables}_tables_names" 2>/dev/null; then
                    echo "$tool-legacy-save is not installed, but the kernel holds legacy tables" >&2
                    exit 1
                fi
            done
            """),
    ]

    /// The fields all three share, from the outputs of ``commands``.
    static func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        var observation = try surroundings(outputs[0])
        try refuseSecondBackend(outputs[3])
        for (family, output) in zip(IptablesFamily.allCases, outputs[1...2]) {
            let ruleset = try IptablesRuleset(parsing: output.text(of: family.save), of: family.save)
            let base = IptablesKept.base(of: ruleset)
            observation[family.rules] = .lines(base.ruleLines)
            observation[family.policies] = .lines(ruleset.policyLines)
            observation[family.saved] = .content(output.output)
        }
        return observation
    }

    /// How the shared fields take part in comparisons.
    static func role(of field: String) -> FieldRole {
        switch field {
        case "ipv4.save", "ipv6.save": .volatile("packet and byte counters, and the rules of kube-proxy and the CNI")
        case "version", "nft": .state
        default: .footprint
        }
    }

    /// What was observed of a family, counters included.
    static func ruleset(_ family: IptablesFamily, in observation: Observation) -> IptablesRuleset {
        let text = observation.content(family.saved)?.text ?? ""
        return (try? IptablesRuleset(parsing: text, of: family.save)) ?? IptablesRuleset()
    }

    /// Says so when rules that are put back on this node do not get their packet and byte counts back.
    ///
    /// Of 1.8.9 over nf_tables, which Debian 12 has, `ip6tables-restore -c` reads `[11:1100]` and lets the rule count from 0;
    /// its `iptables-restore`, the legacy backend and 1.8.11 set the counts.
    static func countersNote(_ before: Observation) -> [String] {
        guard before.text("version") == "iptables v1.8.9 (nf_tables)", !ruleset(.ipv6, in: before).ruleLines.isEmpty
        else { return [] }
        return ["ipv6: what is put back counts packets from 0, since ip6tables 1.8.9 (nf_tables) cannot set counters"]
    }

    private static func surroundings(_ output: CommandOutput) throws(ObservationError) -> Observation {
        let properties = try output.properties(of: "iptables --version")
        if properties["firewalld"] == "active" || properties["firewalld"] == "activating" {
            throw ObservationError(
                "firewalld is active on this node and owns the rules",
                remedy: "Change them with firewall-cmd, or stop firewalld first if it should not be there")
        }
        let foreign = try output.text(of: "nft list tables").lines.map(String.init)
            .filter { $0.hasPrefix("table ") && !isOfIptables($0) }
        guard foreign.isEmpty else {
            throw ObservationError(
                "this node has native nftables tables (\(foreign.prefix(5).joined(separator: ", ")))",
                remedy: "Only firewalls kept with iptables are supported; change these with nft")
        }
        let version = properties["version"] ?? ""
        return Observation([
            "version": .text(version),
            "backend": .text(version.contains("nf_tables") ? "nf_tables" : "legacy"),
            "nft": .text(properties["nft"] ?? "not installed"),
        ])
    }

    // iptables-nft, arptables-nft and ebtables-nft keep their rules in tables of these names.
    private static func isOfIptables(_ table: String) -> Bool {
        let words = table.split(separator: " ")
        guard words.count == 3 else { return false }
        return switch words[1] {
        case "ip", "ip6": ["raw", "mangle", "nat", "filter", "security"].contains(words[2])
        case "arp": words[2] == "filter"
        case "bridge": ["filter", "nat", "broute"].contains(words[2])
        default: false
        }
    }

    private static func refuseSecondBackend(_ output: CommandOutput) throws(ObservationError) {
        let other = try IptablesRuleset(
            parsing: output.text(of: "the other iptables backend"), of: "the other iptables backend")
        let isEmpty = other.ruleLines.isEmpty && other.policyLines.allSatisfy { $0.hasSuffix(" ACCEPT") }
        guard isEmpty else {
            throw ObservationError(
                "this node has two backends with iptables rules, legacy and nf_tables",
                remedy: "Compare iptables-legacy-save with iptables-nft-save and move to one of them first")
        }
    }
}
