/// `kernel.modules.load`: loads modules of the running kernel that are neither loaded nor built in.
///
/// Undo unloads those that were not loaded before, what came along with them too, where nothing uses them by then: a module
/// in use stays, and that counts as restored. Nothing is written for the next boot; `file.replace` does that in
/// `/etc/modules-load.d`.
public struct KernelModulesLoad: Action {
    /// `kernel.modules.load`.
    public static let kind = ActionKind(
        name: "kernel.modules.load",
        summary: "Loads kernel modules until the next reboot; undo unloads those that nothing uses.",
        disrupts: ["network", "node"],
        touches: ["kernel"],
        parameters: [
            ArgumentKind("modules", "a name, or a list of at most 20: br_netfilter, overlay, ip_vs", required: true)
        ])

    private let names: [String]

    /// Reads `modules`.
    public init(arguments: Arguments) throws(ArgumentError) {
        let given: [String]
        if case .list? = arguments.values["modules"] {
            guard let words = try arguments.commands("modules").first, try arguments.commands("modules").count == 1
            else {
                throw ArgumentError("modules", "must be a name or a flat list of names")
            }
            given = words
        } else {
            given = [try arguments.required("modules")]
        }
        names = given.map { $0.replacing("-", with: "_") }
        guard let wrong = zip(given, names).first(where: { $0.hasPrefix("-") || !KernelModules.isName($1) }) else {
            guard names.count <= 20, Set(names).count == names.count else {
                throw ArgumentError("modules", "must be at most 20 different names")
            }
            return
        }
        throw ArgumentError("modules", "must be names of modules such as br_netfilter, not \(wrong.0.debugDescription)")
    }

    /// What is in use by then stays loaded.
    public var reversibility: Reversibility { .compensable }
    /// br_netfilter has bridged packets pass the firewall; an unlisted module may be a driver.
    public var disrupts: Set<String> {
        if cutsPath { return ["network", "node"] }
        return names.contains("br_netfilter") ? ["network"] : []
    }
    /// True unless every module is known to leave the node's own links alone.
    public var cutsPath: Bool { !names.allSatisfy(Self.isHarmless) }
    /// A boot loads what is configured.
    public var survivesReboot: Bool { false }

    /// One look at all of them.
    public func observe() -> [Command] { [.shell(KernelModules.observe, [""] + names)] }

    /// Fields: `release`, `directory`, `loader` and `module.NAME` (footprint), `needs.NAME`, what comes along with it.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        return try KernelModules.parse(outputs[0], names)
    }

    /// What comes along is no longer listed once it is loaded.
    public func role(of field: String) -> FieldRole {
        field.hasPrefix("needs.") ? .volatile("what else would be loaded by now") : .footprint
    }

    /// All loaded or built in, exactly.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        var after = before
        var notes: [String] = []
        for name in names {
            let state = before.text(KernelModules.field(name)).flatMap(KernelModules.State.init(rawValue:)) ?? .unknown
            switch state {
            case .loaded, .builtIn: notes.append("\(name) is \(state.rawValue) already")
            case .available: try refuseWithoutLoader(before)
            case .missing, .blocked, .unknown: throw refusal(name, state, before)
            }
            if state == .available { after[KernelModules.field(name)] = .text(KernelModules.State.loaded.rawValue) }
            if let needs = before.lines("needs.\(name)") {
                notes.append("with \(name) come \(needs.joined(separator: ", "))")
            }
        }
        if !loads(before).isEmpty {
            notes.append("undo leaves a module that is in use by then")
            if loads(before).contains("br_netfilter") {
                notes.append("br_netfilter has packets between pods of the node pass the firewall's rules from then on")
            }
        }
        return Prediction(after: after, notes: notes)
    }

    /// One modprobe for each that is not there.
    public func apply(_ before: Observation) -> [Command] {
        loads(before).map { Command(["modprobe", "--", $0]) }
    }

    /// Loads what was loaded before, should it be gone, and unloads what was not, the last first; each before what came
    /// along with it.
    public func undo(_ before: Observation) -> [Command] {
        var order: [String] = []
        for name in loads(before).reversed() {
            // modprobe lists what is needed first, first.
            order += [name] + (before.lines("needs.\(name)") ?? []).reversed()
        }
        // What two of them need goes after both; a listed one that another needs goes where it comes last.
        var seen: Set<String> = []
        let last = order.reversed().filter { seen.insert($0).inserted }.reversed()
        let loaded = names.filter { before.text(KernelModules.field($0)) == KernelModules.State.loaded.rawValue }
        return (loaded.isEmpty ? [] : [.shell(KernelModules.load, loaded)])
            + (last.isEmpty ? [] : [.shell(KernelModules.unload, Array(last))])
    }

    /// A module that is in use stays loaded; ``KernelModules/unload`` fails for any other.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        if before == now { return true }
        return field.hasPrefix("module.") && before == .text(KernelModules.State.available.rawValue)
            && now == .text(KernelModules.State.loaded.rawValue)
    }

    /// What was loaded before must be so still. What this loaded is as it was left or as it was before, whichever; but in
    /// another kernel it is not what this loaded.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        let words = names.compactMap { name -> String? in
            switch before.text(KernelModules.field(name)).flatMap(KernelModules.State.init(rawValue:)) {
            case .loaded: "+\(name)"
            case .available: "-\(name)"
            default: nil
            }
        }
        return .shell(LeftScripts.modules, ["", left.text("release") ?? ""] + words)
    }

    private func loads(_ before: Observation) -> [String] {
        names.filter { before.text(KernelModules.field($0)) == KernelModules.State.available.rawValue }
    }

    private func refuseWithoutLoader(_ before: Observation) throws(ObservationError) {
        switch before.text("loader") {
        case "ready": return
        case "locked":
            throw ObservationError(
                "this kernel takes no module any more (kernel.modules_disabled is 1)",
                remedy: "Name it in /etc/modules-load.d, before whatever locks the kernel at boot, and reboot")
        case let loader:
            throw ObservationError(
                "this node cannot load modules (\(loader ?? "unknown"))", remedy: "Install kmod, then plan again")
        }
    }

    private func refusal(
        _ name: String, _ state: KernelModules.State, _ before: Observation
    ) -> ObservationError {
        let release = before.text("release") ?? "?"
        if before.text("loader") == "none" {
            return ObservationError(
                "\(name) is not built into this kernel (\(release)), which takes no modules",
                remedy: "Boot a kernel that has it")
        }
        if before.text("directory") == "absent" {
            return ObservationError(
                "\(name) cannot be loaded: no modules are installed for the running kernel (\(release))",
                remedy: "After a kernel upgrade, reboot into the kernel that 'ls /lib/modules' shows")
        }
        switch state {
        case .blocked:
            return ObservationError(
                "\(name) is not loaded on purpose: a line 'install \(name)' in modprobe.d runs something instead",
                remedy: "See 'modprobe --showconfig'; take the line away if it should not be there")
        case .missing:
            return ObservationError(
                "there is no module \(name) for this kernel (\(release))",
                remedy: "Check the name with 'modinfo \(name)'; another package of the kernel may bring it")
        default:
            return ObservationError(
                "nothing tells whether \(name) is built into this kernel (\(release))",
                remedy: "See 'modinfo \(name)' on the node, or install kmod")
        }
    }

    private static func isHarmless(_ name: String) -> Bool {
        harmless.contains(name) || harmlessPrefixes.contains { name.hasPrefix($0) }
    }

    private static let harmless: Set<String> = [
        "br_netfilter", "overlay", "ip_tables", "ip6_tables", "x_tables", "vxlan", "geneve", "ipip", "ip_tunnel",
        "udp_tunnel", "tun", "veth", "wireguard", "fuse", "loop", "nbd", "rbd", "ceph", "nfs", "nfsd", "dm_crypt",
        "dm_thin_pool", "dm_snapshot", "dm_mirror", "iscsi_tcp", "configs", "configfs",
    ]
    // The firewall's parts do nothing before there is a rule for them.
    private static let harmlessPrefixes = [
        "nf_", "nft_", "xt_", "ipt_", "ip6t_", "iptable_", "ip6table_", "ip_vs", "ip_set",
    ]
}
