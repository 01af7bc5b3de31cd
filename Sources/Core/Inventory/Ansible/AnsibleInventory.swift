/// Hosts, groups and variables as an Ansible inventory declares them (Ansible documentation, "How to build your inventory").
struct AnsibleInventory: Sendable {
    /// A group; `all` and `ungrouped` always exist.
    struct Group: Sendable {
        var variables: [String: AnsibleValue] = [:]
        var children: Set<String> = []
        /// `ansible_group_priority`: of groups of one depth the higher one wins.
        var priority = 1
    }

    /// A host.
    struct Host: Sendable {
        var name: String
        /// Where it is mentioned first.
        var place: SourceLocation
        var variables: [String: AnsibleValue] = [:]
        /// Those that name it themselves.
        var groups: Set<String> = []
    }

    private(set) var groups: [String: Group] = ["all": Group(), "ungrouped": Group()]
    private(set) var hosts: [String: Host] = [:]
    /// In the order of their first mention.
    private(set) var hostNames: [String] = []

    mutating func add(group: String) { groups[group] = groups[group] ?? Group() }

    mutating func add(child: String, to group: String) { groups[group]?.children.insert(child) }

    /// Adds a host to a group. The port of a pattern counts only where the host is mentioned first, as in Ansible.
    mutating func add(host name: String, to group: String, port: Int?, at place: SourceLocation) {
        if hosts[name] == nil {
            hosts[name] = Host(name: name, place: place)
            hostNames.append(name)
            if let port {
                hosts[name]?.variables["ansible_port"] = AnsibleValue(content: .int(Int64(port)), place: place)
            }
        }
        hosts[name]?.groups.insert(group)
    }

    /// Sets a variable. Of a group and a host of one name the group gets it, as in Ansible.
    mutating func set(_ variable: String, of entity: String, to value: AnsibleValue) {
        guard groups[entity] != nil else {
            hosts[entity]?.variables[variable] = value
            return
        }
        if variable == "ansible_group_priority" {
            groups[entity]?.priority = value.integer ?? 1
        } else {
            groups[entity]?.variables[variable] = value
        }
    }
}

/// A variable's value, as far as Belay needs to know it.
struct AnsibleValue: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        case text(String)
        case int(Int64)
        case bool(Bool)
        case null
        /// Encrypted by Ansible Vault.
        case vault
        /// A list, a mapping, a fraction, or text in a notation of Python that Belay does not read.
        case other
    }

    var content: Content
    var place: SourceLocation

    /// As Ansible writes it into a command line; nil for what is no single value.
    var text: String? {
        switch content {
        case .text(let text): text
        case .int(let number): "\(number)"
        case .bool(let value): value ? "True" : "False"
        case .null, .vault, .other: nil
        }
    }

    var integer: Int? {
        switch content {
        case .int(let number): Int(exactly: number)
        case .text(let text) where text.hasPrefix("0") == false: Int(text)
        default: nil
        }
    }

    /// Jinja2 would make another text of it.
    var isTemplate: Bool {
        guard case .text(let text) = content else { return false }
        return ["{{", "{%", "{#"].contains { text.contains($0) }
    }

    /// Whether Ansible takes it for true.
    var isTrue: Bool { ["true", "yes", "on", "y", "t", "1"].contains(text?.lowercased() ?? "") }
}
