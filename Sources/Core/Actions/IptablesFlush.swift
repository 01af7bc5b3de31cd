/// `iptables.flush`: takes away every rule and chain that is not kube-proxy's or the network plugin's, in both families.
///
/// One transaction per family deletes exactly the rules of the plan, so a ruleset that changed meanwhile is refused by
/// iptables as a whole and nothing of kube-proxy's is touched, not even what it added since. Undo puts policies, chains,
/// rules and counters back around whatever kept jumps there are by then.
public struct IptablesFlush: Action {
    /// `iptables.flush`.
    public static let kind = ActionKind(
        name: "iptables.flush",
        summary: "Flushes the firewall, IPv4 and IPv6, but for the chains and jumps of kube-proxy and the CNI.",
        disrupts: ["network"],
        touches: ["firewall"],
        parameters: [
            ArgumentKind("policy", "'accept' (default) sets the policies to ACCEPT with the flush, 'keep' leaves them"),
            ArgumentKind("full", "only 'false' (default): kube-proxy's and the CNI's chains stay"),
        ])

    private let setsAccept: Bool

    /// Reads `policy` and `full`.
    public init(arguments: Arguments) throws(ArgumentError) {
        setsAccept = try arguments.choice("policy", of: ["accept", "keep"], default: "accept") == "accept"
        guard try !arguments.flag("full", default: false) else {
            throw ArgumentError(
                "full", "is not supported yet: kube-proxy and the CNI do not bring their chains back by themselves")
        }
    }

    /// Policies, chains and rules come back exactly.
    public var reversibility: Reversibility { .reversible }
    /// Always: SSH may have come in by a rule that is gone afterwards.
    public var cutsPath: Bool { true }
    /// The kernel's rules are gone after a boot.
    public var survivesReboot: Bool { false }

    /// The packet filter, of which every action here sees the same fields.
    public var subject: String { "firewall" }

    /// The saves of both families and what else filters on the node.
    public func observe() -> [Command] { IptablesState.commands }

    /// Fields: `backend`, `ipv4.rules`, `ipv4.policies` and the same for IPv6 (footprint); `ipv4.save`, `ipv6.save`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(IptablesState.commands.count, outputs)
        return try IptablesState.parse(outputs)
    }

    /// What kube-proxy and the CNI change by themselves is in no compared field.
    public func role(of field: String) -> FieldRole { IptablesState.role(of: field) }

    /// No rules but the kept ones, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var after = before
        var qualities: [String: Quality] = [:]
        for family in IptablesFamily.allCases {
            after[family.rules] = .lines([])
            if setsAccept { after[family.policies] = .lines(IptablesRuleset().policyLines) }
            qualities[family.saved] = .unpredictable("it holds packet and byte counters")
        }
        return Prediction(after: after, qualities: qualities, notes: notes(before))
    }

    /// One `iptables-restore --noflush` for each family that has something to flush, made of the footprint alone.
    public func apply(_ before: Observation) -> [Command] {
        IptablesFamily.allCases.compactMap { family in
            let text = IptablesTransaction.flush(
                rules: before.lines(family.rules) ?? [],
                policies: setsAccept ? before.lines(family.policies) ?? [] : [])
            guard !text.isEmpty else { return nil }
            return Command([family.restore, "--noflush", "-w", "10"], input: Payload(text))
        }
    }

    /// The rules of `before`, and no others, around the kept jumps that are there by then.
    public func undo(_ before: Observation) -> [Command] {
        IptablesFamily.allCases.map { family in
            IptablesReturn.command(family, IptablesReturn.order(to: IptablesState.ruleset(family, in: before)))
        }
    }

    private func notes(_ before: Observation) -> [String] {
        var notes: [String] = []
        for family in IptablesFamily.allCases {
            let ruleset = IptablesState.ruleset(family, in: before)
            let all = ruleset.tables.reduce(0) { $0 + $1.rules.count }
            let base = IptablesKept.base(of: ruleset).tables.reduce(0) { $0 + $1.rules.count }
            notes.append("\(family.rawValue): \(base) rules go, \(all - base) of kube-proxy and the CNI stay")
            notes += policyNotes(family, before)
            if before.lines(family.rules)?.contains(where: { $0.contains(" -N DOCKER") }) == true {
                notes.append(
                    "\(family.rawValue): Docker's chains go too; only undo or a restart of Docker brings them back")
            }
        }
        if before.text("nft") != "visible" {
            notes.append("nft is not installed on this node: native nftables tables, if there are any, cannot be seen")
        }
        return notes + IptablesState.countersNote(before)
    }

    private func policyNotes(_ family: IptablesFamily, _ before: Observation) -> [String] {
        let policies = (before.lines(family.policies) ?? []).filter { !$0.hasSuffix(" ACCEPT") }
        guard !policies.isEmpty else { return [] }
        if setsAccept {
            return ["\(family.rawValue): policies become ACCEPT: the node takes all traffic until this is undone"]
        }
        return policies.map { $0.split(separator: " ") }.compactMap { words in
            guard words.count == 5, words[3] == "INPUT" || words[3] == "OUTPUT" else { return nil }
            return "\(family.rawValue): \(words[3]) keeps policy \(words[4]) with no rule: new connections, "
                + "SSH included, will be cut"
        }
    }
}
