/// `command`: an organisation's own commands, so that a runbook can do what no typed action does.
///
/// Nobody proved its undo, so it is at most compensable, and irreversible without one. What it changes cannot be
/// predicted. Whether it worked is for the step's `verify` checks to say, as for every action; there is no argument for it.
public struct CommandAction: Action {
    /// `command`.
    public static let kind = ActionKind(
        name: "command",
        summary: "Runs a runbook's own commands, each a list of words and never a shell line.",
        disrupts: ["node"],
        touches: ["command"],
        parameters: [
            ArgumentKind("apply", "the write: an argv or a list of argvs", required: true),
            ArgumentKind("observe", "reads whose exit status and output show the state: an argv or a list of argvs"),
            ArgumentKind("undo", "what brings the state back from anywhere, idempotent: an argv or a list of argvs"),
            ArgumentKind("cutsPath", "'true' when it can cut the path to the node; known programs are taken so anyway"),
            ArgumentKind("shell", "only 'false' (default): write the shell line into a script on the node instead"),
        ])

    private let reads: [[String]]
    private let writes: [[String]]
    private let reverts: [[String]]
    private let isDeclaredCutting: Bool

    /// Reads `apply`, `observe`, `undo` and `cutsPath`.
    public init(arguments: Arguments) throws(ArgumentError) {
        reads = try Self.commands("observe", arguments)
        writes = try Self.commands("apply", arguments)
        reverts = try Self.commands("undo", arguments)
        isDeclaredCutting = try arguments.flag("cutsPath", default: false)
        guard !writes.isEmpty else { throw ArgumentError("apply", "must be given: an argv or a list of argvs") }
        guard try !arguments.flag("shell", default: false) else {
            throw ArgumentError("shell", "is not supported: give words, or run a script that is on the node")
        }
        guard !cutsPath || !reverts.isEmpty else {
            throw ArgumentError(
                "undo",
                "must be given: these commands can cut the path to the node, and a dead-man switch needs the way back")
        }
    }

    /// Compensable with an undo, else irreversible.
    public var reversibility: Reversibility { reverts.isEmpty ? .irreversible : .compensable }
    /// When the runbook says so, or when it names a program that changes routes, the firewall, the network or the power.
    public var cutsPath: Bool { isDeclaredCutting || (writes + reverts).contains(where: Self.canCut) }
    /// Nothing is known, so the longer-lived is assumed.
    public var survivesReboot: Bool { true }

    /// The runbook's reads; any exit status a program chooses is an answer.
    public func observe() -> [Command] { reads.map { Command($0, accepts: Set(0...123)) } }

    /// Fields: `observe.N.status` and `observe.N.output`, N from 1.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(reads.count, outputs)
        var observation = Observation()
        for (index, output) in outputs.enumerated() {
            let name = reads[index].joined(separator: " ")
            guard !output.truncated else {
                throw ObservationError(
                    "'\(name)' answered more than is read from a node", remedy: "Make 'observe' print less")
            }
            // 124 to 127 and above: timed out, not runnable, not found, killed by a signal.
            guard output.status < 124 else {
                throw ObservationError(
                    "'\(name)' did not run to its end (exit status \(output.status))",
                    remedy: "Run it on the node to see why; correct 'observe' if the program is not there")
            }
            observation["observe.\(index + 1).status"] = .text("\(output.status)")
            observation["observe.\(index + 1).output"] = .content(output.output)
        }
        return observation
    }

    /// What was observed is compared after undo, and may change before the step.
    public func role(of field: String) -> FieldRole {
        field == "effect" ? .volatile("it is not observed") : .state
    }

    /// Nothing is known of any field.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let reason = "nothing is known of what a runbook's own commands change"
        var after = before
        after["effect"] = .text("unknown")
        var qualities: [String: Quality] = [:]
        for field in after.fields.keys { qualities[field] = .unpredictable(reason) }
        let note =
            reverts.isEmpty
            ? "it has no undo: whatever it changes stays" : "its undo is the runbook's own, which nothing proves"
        return Prediction(after: after, qualities: qualities, notes: [note])
    }

    /// The runbook's writes.
    public func apply(_ before: Observation) -> [Command] { writes.map { Command($0) } }

    /// The runbook's undo, empty without one.
    public func undo(_ before: Observation) -> [Command] { reverts.map { Command($0) } }

    private static func commands(_ name: String, _ arguments: Arguments) throws(ArgumentError) -> [[String]] {
        let commands = try arguments.commands(name)
        for argv in commands {
            guard let program = argv.first, !program.isEmpty, !program.hasPrefix("-"), !program.contains("=") else {
                throw ArgumentError(name, "each command must begin with a program's name or path")
            }
            guard !isShellLine(argv) else {
                throw ArgumentError(
                    name, "a shell line is not supported: give words, or run a script that is on the node")
            }
            guard argv.allSatisfy({ !$0.utf8.contains(0) }) else {
                throw ArgumentError(name, "a word cannot hold a NUL byte")
            }
        }
        return commands
    }

    private static func base(_ word: String) -> String { word.split(separator: "/").last.map(String.init) ?? "" }

    // A parameter's value inside the text of 'sh -c' would be read as shell.
    private static func isShellLine(_ argv: [String]) -> Bool {
        zip(argv, argv.dropFirst()).contains { program, option in
            shells.contains(base(program)) && option.hasPrefix("-") && !option.hasPrefix("--") && option.contains("c")
        }
    }

    // Behind 'env', 'timeout' and the like any word may be the program.
    private static func canCut(_ argv: [String]) -> Bool {
        let programs = wrappers.contains(base(argv[0])) ? argv : [argv[0]]
        return programs.contains { cuttingPrograms.contains(base($0)) } || argv.contains(where: ServiceUnit.cutsPath)
    }

    private static let shells: Set<String> = ["sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"]

    private static let wrappers: Set<String> = [
        "env", "timeout", "nice", "ionice", "nohup", "setsid", "stdbuf", "chroot", "nsenter", "unshare", "flock",
        "sudo",
        "runuser", "su", "systemd-run", "taskset", "chrt", "xargs", "busybox", "time", "watch", "strace",
    ]

    private static let cuttingPrograms: Set<String> = [
        "iptables", "ip6tables", "iptables-restore", "ip6tables-restore", "iptables-legacy", "ip6tables-legacy",
        "iptables-nft", "ip6tables-nft", "nft", "ebtables", "ipset", "ufw", "firewall-cmd", "tc", "bridge",
        "ip", "ifconfig", "route", "ifup", "ifdown", "nmcli", "netplan", "networkctl", "wg", "wg-quick", "dhclient",
        "brctl", "ovs-vsctl", "reboot", "shutdown", "poweroff", "halt", "kexec", "init", "telinit", "sysctl",
    ]
}
