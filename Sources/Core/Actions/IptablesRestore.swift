/// `iptables.restore`: makes the whole ruleset, kube-proxy's and the CNI's chains included, that of a snapshot.
///
/// An old snapshot drops what was added since, Services too, so the plan lists what is there now and not in it.
public struct IptablesRestore: Action {
    /// `iptables.restore`.
    public static let kind = ActionKind(
        name: "iptables.restore",
        summary: "Restores the firewall, IPv4 and IPv6, whole and with counters, from a snapshot on the node.",
        disrupts: ["network"],
        touches: ["firewall"],
        parameters: [ArgumentKind("snapshot", "the name that iptables.snapshot gave it", required: true)])

    private let files: SnapshotFiles

    /// Reads `snapshot`.
    public init(arguments: Arguments) throws(ArgumentError) {
        files = try SnapshotFiles(arguments.required("snapshot"), argument: "snapshot")
    }

    /// Every table comes back exactly.
    public var reversibility: Reversibility { .reversible }
    /// Always: SSH may come in by a rule that the snapshot does not have.
    public var cutsPath: Bool { true }
    /// The kernel's rules are gone after a boot.
    public var survivesReboot: Bool { false }

    /// The packet filter, of which every action here sees the same fields.
    public var subject: String { "firewall" }

    /// The rules of now and the snapshot.
    public func observe() -> [Command] { IptablesState.commands + files.commands }

    /// Fields: `snapshot.v4`, `snapshot.v6` and the base rules (footprint), `ipv4.ruleset`, `ipv6.ruleset` (state).
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
            let ruleset = IptablesState.ruleset(family, in: observation)
            observation[family.ruleset] = .lines(ruleset.policyLines + ruleset.ruleLines)
        }
        return observation
    }

    /// The whole ruleset is compared after the step and after undo; kube-proxy may change its part before.
    public func role(of field: String) -> FieldRole {
        field.hasSuffix(".ruleset") ? .state : IptablesState.role(of: field)
    }

    /// The snapshot's rules, exactly, when the same iptables wrote them.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var after = before
        var qualities: [String: Quality] = [:]
        var notes: [String] = []
        for family in IptablesFamily.allCases {
            let target = try snapshot(family, in: before)
            let lines = target.policyLines + target.ruleLines
            after[family.ruleset] = .lines(lines)
            after[family.rules] = .lines(IptablesKept.base(of: target).ruleLines)
            after[family.policies] = .lines(target.policyLines)
            qualities[family.saved] = .unpredictable("it holds packet and byte counters")
            if let writer = otherWriter(family, before) {
                for field in [family.ruleset, family.rules] {
                    qualities[field] = .bounded(
                        "\(writer) wrote the snapshot; this version may print rules differently")
                }
            }
            notes += Self.losses(family, now: before.lines(family.ruleset) ?? [], target: lines)
        }
        return Prediction(after: after, qualities: qualities, notes: notes + IptablesState.countersNote(before))
    }

    /// Both families are tried with `--test` before one is restored; the content is that of the plan.
    public func apply(_ before: Observation) -> [Command] {
        commands(["test", "restore"]) { before.content($0.snapshot) }
    }

    /// The whole ruleset of before, with counters.
    public func undo(_ before: Observation) -> [Command] {
        commands(["restore"]) { before.content($0.saved) }
    }

    private func commands(_ modes: [String], _ content: (IptablesFamily) -> Payload?) -> [Command] {
        modes.flatMap { mode in
            IptablesFamily.allCases.map { family in
                .shell(Self.script, [family.save, family.restore, mode], input: content(family) ?? Payload(""))
            }
        }
    }

    private func snapshot(_ family: IptablesFamily, in before: Observation) throws(ObservationError) -> IptablesRuleset
    {
        guard let text = before.content(family.snapshot)?.text else {
            throw ObservationError(
                "\(files.path(family)) is not text", remedy: "It is not what iptables-save wrote; take another snapshot"
            )
        }
        return try IptablesRuleset(parsing: text, of: files.path(family))
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

    private static func losses(_ family: IptablesFamily, now: [String], target: [String]) -> [String] {
        var left: [String: Int] = [:]
        for line in target { left[line, default: 0] += 1 }
        let lost = now.filter { line in
            guard !line.contains(" -P ") else { return false }
            left[line, default: 0] -= 1
            return left[line, default: 0] < 0
        }
        guard !lost.isEmpty else { return [] }
        let shown = lost.prefix(20).map { "\(family.rawValue): would be removed, added since the snapshot: \($0)" }
        return shown + (lost.count > 20 ? ["\(family.rawValue): and \(lost.count - 20) more would be removed"] : [])
    }

    /// Restores standard input as the whole ruleset: `$1` prints the rules of now, `$2` restores, `$3` is `test` for a trial.
    ///
    /// `iptables-restore` leaves alone the tables that its input does not name, so those are emptied by name.
    private static let script: StaticString = #"""
        text=$(cat)
        case $text in *'*'*) ;; *) [ -e /proc/net/if_inet6 ] || [ "$1" = iptables-save ] || exit 0 ;; esac
        now=$("$1" -c) || exit
        text=$(printf '%s\nNOW\n%s\n' "$text" "$now" | awk '
            !now && $0 == "NOW" { now = 1; next }
            !now { print; if (/^[*]/) named[$0] = 1; next }
            /^[*]/ { open = !($0 in named) }
            open && /^:/ && $2 != "-" { print $1, "ACCEPT [0:0]" }
            open && (/^[*]/ || $0 == "COMMIT")') || exit
        [ -n "$text" ] || exit 0
        if [ "$3" = test ]; then
            printf '%s\n' "$text" | "$2" --test
        else
            printf '%s\n' "$text" | "$2" -c -w 10
        fi
        """#
}
