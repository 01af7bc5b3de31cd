/// `iptables.restore`: puts back the rules of a snapshot that are gone or were changed since.
///
/// What was added since stays unless the step says otherwise, and the plan shows it. What kube-proxy and the CNI have stays
/// as they have it now, Services made since too; only what they lost comes back from the snapshot.
public struct IptablesRestore: Action {
    /// `iptables.restore`.
    public static let kind = ActionKind(
        name: "iptables.restore",
        summary: "Puts back the rules of a snapshot on the node, IPv4 and IPv6, and what kube-proxy and the CNI lost.",
        disrupts: ["network"],
        touches: ["firewall"],
        parameters: [
            ArgumentKind("snapshot", "the name that iptables.snapshot gave it", required: true),
            ArgumentKind("added", "'keep' (default) leaves what the snapshot does not have, 'remove' takes it away"),
        ])

    private let files: SnapshotFiles
    private let keepsAdded: Bool

    /// Reads `snapshot` and `added`.
    public init(arguments: Arguments) throws(ArgumentError) {
        files = try SnapshotFiles(arguments.required("snapshot"), argument: "snapshot")
        keepsAdded = try arguments.choice("added", of: ["keep", "remove"], default: "keep") == "keep"
    }

    /// Every chain and rule comes back exactly, in its order.
    public var reversibility: Reversibility { .reversible }
    /// Always: SSH may come in by a rule that changes, or that one before it shadows then.
    public var cutsPath: Bool { true }
    /// The kernel's rules are gone after a boot.
    public var survivesReboot: Bool { false }

    /// The packet filter, of which every action here sees the same fields.
    public var subject: String { "firewall" }

    /// The rules of now and the snapshot.
    public func observe() -> [Command] { IptablesState.commands + files.commands }

    /// Fields: `snapshot.v4`, `snapshot.v6`, the base rules, and `ipv4.missing`, `ipv6.missing` (footprint).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        let shared = IptablesState.commands.count
        try expect(shared + IptablesFamily.allCases.count, outputs)
        var observation = try IptablesState.parse(Array(outputs[..<shared]))
        observation.fields.merge(try files.parse(outputs[shared...])) { _, new in new }
        for family in IptablesFamily.allCases {
            guard observation.content(family.snapshot) != nil else {
                throw ObservationError(
                    "there is no snapshot '\(files.name)' on this node (\(files.path(family)))",
                    remedy: "See 'ls \(SnapshotFiles.directory)'; iptables.snapshot takes one")
            }
            let snapshot = try snapshot(family, in: observation)
            let now = IptablesState.ruleset(family, in: observation)
            let merge = IptablesMerge(snapshot: snapshot, now: now, keepsAdded: keepsAdded)
            observation[family.missing] = .lines(merge.missing.ruleLines)
        }
        return observation
    }

    /// What the merge is made of but kube-proxy's and the CNI's, which they change by themselves.
    public func role(of field: String) -> FieldRole { IptablesState.role(of: field) }

    /// The merged rules, exactly, when the same iptables wrote the snapshot.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var after = before
        var qualities: [String: Quality] = [:]
        var notes: [String] = []
        for family in IptablesFamily.allCases {
            _ = try snapshot(family, in: before)
            let merge = merge(family, in: before)
            try refuseWhatCannotBe(merge, family, before)
            after[family.rules] = .lines(IptablesKept.base(of: merge.after).ruleLines)
            after[family.policies] = .lines(merge.after.policyLines)
            after[family.missing] = .lines([])
            qualities[family.saved] = .unpredictable("it holds packet and byte counters")
            if let writer = otherWriter(family, before) {
                for field in [family.rules, family.missing] {
                    qualities[field] = .bounded(
                        "\(writer) wrote the snapshot; this version may print rules differently")
                }
            }
            notes += Self.notes(family, merge)
        }
        return Prediction(after: after, qualities: qualities, notes: notes + IptablesState.countersNote(before))
    }

    /// Both families are tried before one is written; each is one transaction, per table with the legacy backend.
    public func apply(_ before: Observation) -> [Command] {
        let orders = IptablesFamily.allCases.compactMap { family -> (IptablesFamily, String)? in
            guard (try? snapshot(family, in: before)) != nil else { return nil }
            let merge = merge(family, in: before)
            let now = IptablesState.ruleset(family, in: before)
            return merge.isDone ? nil : (family, IptablesReturn.order(to: merge, from: now))
        }
        return [IptablesReturn.Verb.try, .write].flatMap { verb in
            orders.map { IptablesReturn.command($0, $1, keepsOthers: keepsAdded, verb) }
        }
    }

    /// The rules of before, and none that the snapshot brought. What others added since stays, unless the step was told to
    /// remove such; what kube-proxy and the CNI have written anew by then is theirs.
    public func undo(_ before: Observation) -> [Command] {
        IptablesFamily.allCases.map { family in
            let now = IptablesState.ruleset(family, in: before)
            let order = IptablesReturn.order(back: merge(family, in: before), to: now)
            // What another version wrote may read differently now, and would pass for what others added.
            return IptablesReturn.command(
                family, order, keepsOthers: keepsAdded && otherWriter(family, before) == nil)
        }
    }

    /// The kept rules that only show where others stand may be other ones by then.
    public func permits(_ now: [Command], planned: [Command]) -> Bool {
        func plain(_ command: Command) -> Command {
            let lines = (command.input?.text ?? "").split(separator: "\n").filter { !$0.hasPrefix("K ") }
            return Command(command.argv, input: Payload(lines.joined(separator: "\n")))
        }
        return now.map(plain) == planned.map(plain)
    }

    /// Nobody wants to lose again what kube-proxy or the CNI has brought back itself.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        if before == now { return true }
        guard IptablesFamily.allCases.contains(where: { $0.missing == field }), case .lines(let old) = before,
            case .lines(let new) = now
        else { return false }
        return Set(new).isSubset(of: old)
    }

    /// What is neither kube-proxy's nor the CNI's, against both states; a snapshot that is another one by then does not matter.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        IptablesLeft.command(left, before: before)
    }

    private func merge(_ family: IptablesFamily, in before: Observation) -> IptablesMerge {
        IptablesMerge(
            snapshot: (try? snapshot(family, in: before)) ?? IptablesRuleset(),
            now: IptablesState.ruleset(family, in: before), keepsAdded: keepsAdded)
    }

    private func snapshot(
        _ family: IptablesFamily, in before: Observation
    ) throws(ObservationError) -> IptablesRuleset {
        let path = files.path(family)
        let remedy = "It is not what iptables-save wrote; take another snapshot"
        guard let text = (before.content(family.snapshot) ?? Payload("")).text else {
            throw ObservationError("\(path) is not text", remedy: remedy)
        }
        let ruleset = try IptablesRuleset(parsing: text, of: path)
        guard ruleset.isWhole else {
            throw ObservationError("\(path) has a table or chain twice, or rules of a chain it lacks", remedy: remedy)
        }
        return ruleset
    }

    private func refuseWhatCannotBe(
        _ merge: IptablesMerge, _ family: IptablesFamily, _ before: Observation
    ) throws(ObservationError) {
        if keepsAdded, !merge.keptSince.isEmpty, let writer = otherWriter(family, before) {
            throw ObservationError(
                "\(writer) wrote the snapshot's \(family.rawValue) rules and may print one as this version does not, so what "
                    + "was added since cannot be told",
                remedy: "Read the diff with 'added: remove', which takes away what the snapshot does not have")
        }
        guard let chain = merge.circle else { return }
        throw ObservationError(
            "\(family.rawValue): with the snapshot's rules and those added since, \(chain) would lead back to itself",
            remedy: "Take the added rule away first, or plan with 'added: remove'")
    }

    // "# Generated by iptables-save v1.8.9 (nf_tables) on Sun Nov 22 …"
    private func otherWriter(_ family: IptablesFamily, _ before: Observation) -> String? {
        guard let text = before.content(family.snapshot)?.text, let start = text.firstRange(of: "tables-save v"),
            let end = text[start.upperBound...].firstRange(of: " on ")
        else { return nil }
        let writer = "v" + text[start.upperBound..<end.lowerBound]
        let here = before.text("version")?.split(separator: " ", maxSplits: 1).last.map(String.init) ?? ""
        let isSame = here == writer || here == writer + " (legacy)"
        return isSame ? nil : "iptables \(writer)"
    }

    private static func notes(_ family: IptablesFamily, _ merge: IptablesMerge) -> [String] {
        func told(_ lines: [String], _ what: String) -> [String] {
            let shown = lines.prefix(20).map { "\(family.rawValue): \(what): \($0)" }
            return shown + (lines.count > 20 ? ["\(family.rawValue): and \(lines.count - 20) more: \(what)"] : [])
        }
        let missing = merge.missing.tables.reduce(0) { $0 + $1.rules.count }
        let comeBack =
            "\(family.rawValue): \(missing) rules of kube-proxy and the CNI come back as the snapshot has them; "
            + "kube-proxy brings those of Services and endpoints made since when it is restarted"
        return told(merge.keptSince, "stays, added since the snapshot")
            + told(merge.removed, "goes, added since the snapshot")
            + told(merge.left, "cannot come back, since the chain it leads to is gone")
            + (missing > 0 ? [comeBack] : [])
    }
}

extension IptablesRuleset {
    /// Whether each table and chain is there once, and each rule's chain is: what iptables-save prints always is so.
    fileprivate var isWhole: Bool {
        Set(tables.map(\.name)).count == tables.count
            && tables.allSatisfy { table in
                let names = Set(table.chains.map(\.name))
                return names.count == table.chains.count && table.rules.allSatisfy { names.contains($0.chain) }
            }
    }
}
