public import CEL

/// What facts there are: the fields of `facts`, and of the messages that it is made of.
public struct FactSchema: Sendable {
    /// The fields of `facts`, in the order in which they are shown.
    public let fields: [FactField]
    /// The fields of each other message, by its name.
    public let messages: [String: [FactField]]

    /// The facts that runs know.
    static let run = FactSchema(fields: Facts.about, messages: Facts.messages)

    /// All facts of a node: those that runs know, and all groups.
    public static let node = FactSchema(
        fields: Facts.about + NodeProbe.groups.map(\.field),
        messages: NodeProbe.groups.reduce(into: Facts.messages) { all, group in
            all.merge(group.messages) { first, _ in first }
        })

    /// Where a value of `facts` is not as declared: every field is there, and of its type or an error.
    public func faults(of value: Value) -> [String] {
        guard case .message("Facts", let values) = value else { return ["facts"] }
        return fields.flatMap { faults(of: values[$0.name], $0.type, at: "facts.\($0.name)") }
    }

    private func faults(of value: Value?, _ type: CELType, at path: String) -> [String] {
        switch (value, type) {
        case (.error, _), (.bool, .bool), (.int, .int), (.double, .double), (.string, .string),
            (.timestamp, .timestamp), (.duration, .duration):
            return []
        case (.list(let items), .list(let element)): return items.flatMap { faults(of: $0, element, at: "\(path)[]") }
        case (.map(let map), .map(.string, let element)):
            return map.entries.flatMap { entry -> [String] in
                guard case .string = entry.key else { return [path] }
                return faults(of: entry.value, element, at: "\(path)['']")
            }
        case (.message(let name, let values), .message(let declared)) where name == declared:
            let fields = messages[name] ?? []
            let extra = Set(values.keys).subtracting(fields.map(\.name)).map { "\(path).\($0)" }
            return extra + fields.flatMap { faults(of: values[$0.name], $0.type, at: "\(path).\($0.name)") }
        default: return [path]
        }
    }

    func declare(in declarations: inout Declarations) {
        for (name, fields) in messages {
            declarations.declare(message: name, fields: fields.map { ($0.name, $0.type) })
        }
        declarations.declare(message: "Facts", fields: fields.map { ($0.name, $0.type) })
        declarations.declare(variable: "facts", .message("Facts"))
    }
}

extension Facts {
    static let about = [
        FactField("services", .map(.string, .message("Service")), "systemd's units, by the names that were asked for"),
        FactField("kubelet", .message("Kubelet"), "the kubelet's own opinion"),
        FactField("firewall", .message("Firewall"), "the packet filter as iptables sees it"),
        FactField("disks", .map(.string, .message("Disk")), "local filesystems that keep data, by mount point"),
        FactField("uptime", .duration, "time since boot"),
        FactField("machine", .message("Machine"), "which machine this is"),
        FactField("kubernetes", .message("Kubernetes"), "what the Kubernetes API says of the node"),
    ]

    static let messages = [
        "Service": [
            FactField("loaded", .bool, "the unit exists"),
            FactField("active", .bool, "it is active, which a unit in a crash loop is now and then"),
            FactField("state", .string, "ActiveState/SubState"),
            FactField("enabled", .string, "UnitFileState: enabled, disabled, …; empty without a unit file"),
            FactField("mainPid", .int, "its main process, 0 when there is none"),
            FactField("restarts", .int, "restarts by systemd itself since the last start by hand"),
            FactField("stableFor", .duration, "for how long the same main process has been running; 0 unless active"),
        ],
        "Kubelet": [
            FactField("healthz", .int, "HTTP status of 127.0.0.1:10248/healthz; 0 = no answer in time")
        ],
        "Firewall": [
            FactField("backend", .string, "nft or legacy"),
            FactField("inputPolicy", .string, "of the filter table's INPUT for IPv4: ACCEPT or DROP"),
            FactField("forwardPolicy", .string, "of the filter table's FORWARD for IPv4"),
            FactField("rules", .int, "rules in all IPv4 tables"),
        ],
        "Disk": [
            FactField("usedPercent", .double, "bytes in use of those that an ordinary user could use, as df counts"),
            FactField("inodesUsedPercent", .double, "inodes in use; 0 where the filesystem does not count them"),
            FactField("freeBytes", .int, "what an ordinary user could still write"),
        ],
        "Machine": [
            FactField("id", .string, "/etc/machine-id"),
            FactField("bootId", .string, "another one after every boot"),
            FactField("hostname", .string, "the kernel's host name"),
            FactField("os", .string, "PRETTY_NAME of /etc/os-release"),
            FactField("kernel", .string, "the kernel's release"),
        ],
        "Kubernetes": [
            FactField("api", .message("KubernetesAPI"), "the API as the execution host sees it"),
            FactField("node", .message("KubernetesNode"), "the node's object and lease"),
        ],
        "KubernetesAPI": [
            FactField("reachable", .bool, "it answers"),
            FactField("error", .string, "why it does not, else empty"),
        ],
        "KubernetesNode": [
            FactField("ready", .bool, "the condition Ready is True"),
            FactField("unschedulable", .bool, "it is cordoned"),
            FactField("cordonedBy", .string, "the run that cordoned it, `a person`, or empty"),
            FactField("conditions", .map(.string, .message("Condition")), "its conditions by type"),
            FactField("leaseAge", .duration, "how long ago its kubelet renewed its lease"),
        ],
        "Condition": [
            FactField("status", .string, "True, False or Unknown"),
            FactField("reason", .string, "one word that says why"),
            FactField("since", .timestamp, "since when it has this status"),
        ],
    ]
}
