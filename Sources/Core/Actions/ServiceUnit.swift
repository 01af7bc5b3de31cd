/// The validated name of a systemd service unit and what restarting it can cut.
struct ServiceUnit: Sendable, Hashable {
    /// With its suffix: `kubelet.service`.
    let name: String

    /// Reads a unit's name; `.service` is added when it is missing.
    /// - Throws: ``ArgumentError`` for anything `systemctl` would read as an option, a pattern or another kind of unit.
    init(_ text: String, argument: String) throws(ArgumentError) {
        let base = text.hasSuffix(".service") ? String(text.dropLast(8)) : text
        guard !base.isEmpty, base.utf8.allSatisfy(Self.isAllowed), !base.hasPrefix("-"), base.utf8.count <= 200 else {
            throw ArgumentError(
                argument, "must be a service unit's name of letters, digits and : _ . @ -, not \(text.debugDescription)"
            )
        }
        if let kind = Self.otherKinds.first(where: { base.hasSuffix($0) }) {
            throw ArgumentError(argument, "is a \(kind.dropFirst()) unit; only services are meant")
        }
        guard !base.hasSuffix("@") else {
            throw ArgumentError(argument, "is a template; name an instance of it, as in '\(base)1.service'")
        }
        name = base + ".service"
    }

    /// True when the way to the node, or the only way in, depends on this unit (law 3).
    var cutsPath: Bool { Self.cutsPath(name) }

    /// What restarting it disrupts.
    var disrupts: Set<String> {
        if cutsPath { return ["network"] }
        return Self.disruptions[Self.base(of: name)] ?? []
    }

    /// Whether a unit of that name, an alias included, carries the path to the node.
    static func cutsPath(_ unit: String) -> Bool { pathUnits.contains(base(of: unit)) }

    /// `ssh@3.service` → `ssh`.
    private static func base(of unit: String) -> String {
        let stem = unit.hasSuffix(".service") ? unit.dropLast(8) : unit[...]
        return String(stem.prefix { $0 != "@" })
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: ":_.@-".utf8.contains(byte)
        }
    }

    private static let otherKinds = [
        ".socket", ".timer", ".target", ".mount", ".automount", ".swap", ".path", ".slice", ".scope", ".device",
    ]

    private static let pathUnits: Set<String> = [
        "ssh", "sshd", "networking", "network", "systemd-networkd", "NetworkManager", "network-manager", "nftables",
        "firewalld", "iptables", "ip6tables", "netfilter-persistent", "iptables-persistent", "ufw", "wpa_supplicant",
        "dhcpcd", "dhclient", "wg-quick", "openvpn", "openvpn-client", "strongswan", "ipsec", "tailscaled",
        "dbus-org.freedesktop.network1", "dbus-org.freedesktop.nm-dispatcher", "dbus-fi.w1.wpa_supplicant1",
        "dbus-org.fedoraproject.FirewallD1", "dbus", "dbus-broker", "systemd-logind", "cloud-init",
    ]

    // Restarting containerd or cri-o leaves containers running under their shims; docker without live-restore does not.
    private static let disruptions: [String: Set<String>] = [
        "kubelet": ["kubelet"],
        "containerd": ["runtime", "kubelet"],
        "crio": ["runtime", "kubelet"],
        "cri-docker": ["runtime", "kubelet"],
        "docker": ["runtime", "kubelet", "pods"],
        "etcd": ["etcd"],
        "kube-proxy": ["network"],
    ]
}

/// What `systemctl show` says of a service, reduced to what stays the same for hours.
struct ServiceState: Sendable, Hashable {
    /// The properties as printed.
    let properties: [String: String]
    /// Seconds since the node booted, as a service's `ActiveEnterTimestampMonotonic` counts them.
    let uptime: Double

    /// A unit that systemd restarted and that has not stayed up this long since is still in its crash loop.
    static let steadySeconds = 600.0

    /// `running`, `failing`, `stopped`, or `failed` for one that ends by itself.
    ///
    /// A crash loop flips between `activating`, `active` and `failed` by the second, so all of them read `failing`: a
    /// service counts as running again only after it stayed up for ``steadySeconds``.
    var active: String {
        switch properties["ActiveState"] ?? "" {
        case "active", "reloading", "refreshing": return isUnsteady ? "failing" : "running"
        case "activating": return hasFailed || isUnsteady ? "failing" : "running"
        case "failed": return endsByItself ? "failed" : "failing"
        default: return "stopped"
        }
    }

    /// Whether systemd keeps it up or tries to: `yes` for running and failing.
    var started: String { ["stopped", "failed"].contains(active) ? "no" : "yes" }

    /// True for a one-shot that is not held to be up once it has done its work.
    var endsByItself: Bool { properties["Type"] == "oneshot" && properties["RemainAfterExit"] == "no" }

    private var hasFailed: Bool {
        properties["SubState"] == "auto-restart" || properties["SubState"] == "auto-restart-queued"
            || properties["Result"] ?? "success" != "success"
    }

    private var isUnsteady: Bool {
        guard let restarts = Int(properties["NRestarts"] ?? "0"), restarts > 0 else { return false }
        let entered = (Double(properties["ActiveEnterTimestampMonotonic"] ?? "0") ?? 0) / 1_000_000
        return uptime - entered < Self.steadySeconds
    }

    /// One command: the unit's properties, the node's uptime and the digest of its files, as `KEY=VALUE` lines.
    static func command(_ unit: ServiceUnit) -> Command {
        .shell(
            """
            systemctl show --no-pager "$1" -p Id,Names,LoadState,ActiveState,SubState,Result,UnitFileState,NRestarts \
            -p MainPID,ExecMainStartTimestamp,ActiveEnterTimestampMonotonic,NeedDaemonReload,Type,RemainAfterExit \
            -p TriggeredBy || exit
            printf StopsToo=
            for other in $(systemctl show --no-pager "$1" -p RequiredBy,BoundBy,ConsistsOf --value); do
              case $other in *.target) ;; *) ! systemctl is-active --quiet "$other" || printf '%s ' "$other" ;; esac
            done
            echo
            read -r uptime rest </proc/uptime && echo "Uptime=$uptime"
            files=$(systemctl cat --no-pager "$1" 2>/dev/null | sha256sum) && echo "FilesSHA256=${files%% *}"
            """, [unit.name])
    }

    /// Reads the output of ``command(_:)``.
    static func parse(_ output: CommandOutput) throws(ObservationError) -> ServiceState {
        let properties = try output.properties(of: "systemctl show")
        guard let load = properties["LoadState"], !load.isEmpty, properties["ActiveState"] != nil,
            let uptime = Double(properties["Uptime"] ?? "")
        else {
            throw ObservationError(
                "systemctl show did not say whether the unit is loaded and active",
                remedy: "Check that PID 1 answers: systemctl is-system-running")
        }
        return ServiceState(properties: properties, uptime: uptime)
    }
}
