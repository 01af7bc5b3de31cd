/// `iptables.flush`: takes away every rule and chain that is not kube-proxy's or the network plugin's, in both families.
///
/// With `full` kube-proxy's go too, and it is made to write them anew: what was damaged in them would else stay. The network
/// plugin's stay even so: a pod's masquerading is written once, when the pod is made, and nobody writes it anew.
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
            ArgumentKind("full", "'true' takes kube-proxy's rules too and has it write them anew; default 'false'"),
            ArgumentKind("service", "with full: who must answer then, IP:PORT; by default the Service of the API"),
            ArgumentKind("limit", "with full: seconds until it must answer, 10 to 600; default 60"),
        ])

    private let setsAccept: Bool
    private let isFull: Bool
    private let service: ServiceAddress?
    private let limit: Int

    /// Reads `policy`, `full`, `service` and `limit`.
    public init(arguments: Arguments) throws(ArgumentError) {
        setsAccept = try arguments.choice("policy", of: ["accept", "keep"], default: "accept") == "accept"
        isFull = try arguments.flag("full", default: false)
        limit = try arguments.seconds("limit", in: 10...600, default: 60)
        for name in ["service", "limit"] {
            let given = try arguments.text(name) ?? ""
            guard isFull || given.isEmpty else {
                throw ArgumentError(name, "is only for a flush with 'full: true'")
            }
        }
        guard let text = try arguments.text("service"), !text.isEmpty else {
            service = nil
            return
        }
        service = ServiceAddress(text)
        guard service != nil else {
            throw ArgumentError("service", "must be IP:PORT, as 10.96.0.1:443 or [fd00::1]:443")
        }
    }

    /// Policies, chains and rules come back exactly.
    public var reversibility: Reversibility { .reversible }
    /// Always: SSH may have come in by a rule that is gone afterwards.
    public var cutsPath: Bool { true }
    /// The kernel's rules are gone after a boot.
    public var survivesReboot: Bool { false }

    /// With `full` the wait for the Service, and what the flush and the restart before it take.
    public var leastTimeout: Int { isFull ? limit + 10 : 0 }

    /// The packet filter, of which every action here sees the same fields.
    public var subject: String { "firewall" }

    /// The saves of both families and what else filters on the node; with `full` kube-proxy, too.
    public func observe() -> [Command] { IptablesState.commands + (isFull ? [KubeProxy.look(service)] : []) }

    /// Fields: `backend`, `ipv4.rules`, `ipv4.policies` and the same for IPv6 (footprint); `ipv4.save`, `ipv6.save`. With
    /// `full` how kube-proxy runs and which Service is asked (footprint), and `serviceAnswers`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        let shared = IptablesState.commands.count
        try expect(shared + (isFull ? 1 : 0), outputs)
        var observation = try IptablesState.parse(Array(outputs[..<shared]))
        if isFull { observation.fields.merge(try KubeProxy.parse(outputs[shared])) { first, _ in first } }
        return observation
    }

    /// What kube-proxy and the CNI change by themselves is in no compared field.
    public func role(of field: String) -> FieldRole {
        ["service", "serviceAnswers"].contains(field) ? .state : IptablesState.role(of: field)
    }

    /// Nobody wants a Service to be silent again.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        before == now || field == "serviceAnswers" && now == .text("yes") || field == "service" && before == .absent
    }

    /// No rules but the kept ones, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        if isFull { try refuseWhatWouldNotComeBack(before) }
        var after = before
        var qualities: [String: Quality] = [:]
        for family in IptablesFamily.allCases {
            after[family.rules] = .lines([])
            if setsAccept { after[family.policies] = .lines(IptablesRuleset().policyLines) }
            qualities[family.saved] = .unpredictable("it holds packet and byte counters")
        }
        if isFull, before.text("kubeProxy") != "none" { after["serviceAnswers"] = .text("yes") }
        return Prediction(after: after, qualities: qualities, notes: notes(before))
    }

    /// One `iptables-restore --noflush` for each family that has something to flush, made of the footprint alone; with `full`
    /// of all that is there by then but the network plugin's, and then kube-proxy's restart.
    public func apply(_ before: Observation) -> [Command] {
        if isFull { return applyFully(before) }
        return IptablesFamily.allCases.compactMap { family in
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
            let ruleset = IptablesState.ruleset(family, in: before)
            // Where kube-proxy has not written its rules anew by then, those of before are better than none.
            return IptablesReturn.command(
                family, isFull ? IptablesReturn.order(fullyTo: ruleset) : IptablesReturn.order(to: ruleset))
        }
    }

    /// What is neither kube-proxy's nor the CNI's, against both states.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        IptablesLeft.command(left, before: before)
    }

    private func applyFully(_ before: Observation) -> [Command] {
        let flushes = IptablesFamily.allCases.map { family in
            let order = setsAccept ? "" : IptablesReturn.order(toPolicies: IptablesState.ruleset(family, in: before))
            return IptablesReturn.command(family, order, .take, theirs: IptablesKept.plugins)
        }
        guard let proxy = before.text("kubeProxy"), proxy != "none",
            let service = before.text("service").flatMap(ServiceAddress.init)
        else { return flushes }
        return flushes + [KubeProxy.renew(proxy, service, limit: limit, families: served(before, service))]
    }

    /// The families that kube-proxy writes rules for: where a flush before this one took all, at least the Service's.
    private func served(_ before: Observation, _ service: ServiceAddress) -> [IptablesFamily] {
        let found = IptablesFamily.allCases.filter {
            IptablesState.ruleset($0, in: before).table("nat")?.made.contains("KUBE-SERVICES") == true
        }
        return found.isEmpty ? [service.host.contains(":") ? .ipv6 : .ipv4] : found
    }

    private func refuseWhatWouldNotComeBack(_ before: Observation) throws(ObservationError) {
        let isTheirs = IptablesFamily.allCases.contains { family in
            IptablesState.ruleset(family, in: before).tables.contains { table in
                table.made.contains { $0.hasPrefix(IptablesKept.kubernetes) }
            }
        }
        guard before.text("kubeProxy") != "none" else {
            guard isTheirs else { return }
            throw ObservationError(
                "kube-proxy runs on this node neither in a pod nor as kube-proxy.service, so nobody would write its rules anew",
                remedy: "Flush without 'full', which leaves them")
        }
        guard before.text("kubeProxy") != "pod" || before.text("kubelet") == "active" else {
            throw ObservationError(
                "the kubelet is \(before.text("kubelet") ?? "unknown"), so nobody would start kube-proxy again",
                remedy: "See to the kubelet first: restart-kubelet")
        }
        guard before.text("service") != nil else {
            throw ObservationError(
                "kube-proxy's rules do not say which address the Service of the API has, so what comes back could not be proved",
                remedy: "Give one as 'service', IP:PORT ('kubectl get service kubernetes')")
        }
    }

    private func notes(_ before: Observation) -> [String] {
        var notes: [String] = []
        for family in IptablesFamily.allCases {
            let ruleset = IptablesState.ruleset(family, in: before)
            let all = ruleset.tables.reduce(0) { $0 + $1.rules.count }
            let base = IptablesKept.base(of: ruleset).tables.reduce(0) { $0 + $1.rules.count }
            notes.append(
                isFull
                    ? "\(family.rawValue): \(base) rules go, and kube-proxy's with them; those of the CNI stay"
                    : "\(family.rawValue): \(base) rules go, \(all - base) of kube-proxy and the CNI stay")
            notes += policyNotes(family, before)
            if before.lines(family.rules)?.contains(where: { $0.contains(" -N DOCKER") }) == true {
                notes.append(
                    "\(family.rawValue): Docker's chains go too; only undo or a restart of Docker brings them back")
            }
        }
        if isFull, before.text("kubeProxy") != "none" {
            notes.append(
                "Services take no new connection on this node from the flush until kube-proxy has written its rules anew: for a "
                    + "few seconds, or longer where it was restarted within the last ten minutes")
            notes.append("the kubelet writes its own (KUBE-FIREWALL) within a minute")
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
