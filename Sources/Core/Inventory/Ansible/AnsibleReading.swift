/// Reads one host's variables into what is known of the node.
struct AnsibleReading {
    let variables: [String: AnsibleValue]
    var entry: NodeEntry

    private static let connections: Set<String> = [
        "ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh", "ansible.builtin.paramiko_ssh",
    ]

    mutating func checkName() {
        guard let fault = Name.fault(of: entry.name) else { return }
        refuse(
            "the host's name '\(Printable.escape(entry.name, limit: 80))' \(fault)", at: entry.place,
            remedy: "Rename it there, or leave it out with 'select'")
    }

    mutating func checkConnection() {
        guard let value = variables["ansible_connection"], let text = value.text else { return }
        guard value.isTemplate || !Self.connections.contains(text) else { return }
        refuse(
            "Ansible reaches '\(Printable.escape(entry.name, limit: 80))' by '\(Printable.escape(text, limit: 40))'"
                + ", and Belay reaches nodes by SSH alone", at: value.place, remedy: "Leave it out with 'select'")
    }

    private mutating func refuse(_ summary: String, at place: SourceLocation, remedy: String) {
        entry.refusals.append(Diagnostic(summary, at: place, remedy: remedy))
    }

    mutating func readAddress() {
        entry.address = text("address", of: ["ansible_host", "ansible_ssh_host"], check: Endpoint.fault(ofHost:))
        entry.fallbackAddress = entry.address == nil ? entry.name : nil
        entry.port = text("port", of: ["ansible_port", "ansible_ssh_port"]) { text in
            let isPort = !text.hasPrefix("0") && (Int(text).map(Endpoint.ports.contains) ?? false)
            return isPort ? nil : "must be a port, 1 to 65535"
        }.flatMap(Int.init)
    }

    mutating func readLogin() {
        entry.user = text("user", of: ["ansible_user", "ansible_ssh_user"], check: Endpoint.fault(ofUser:))
        let key = text("identityFiles", of: ["ansible_private_key_file", "ansible_ssh_private_key_file"]) { path in
            // Ansible means the folder it was started in, which no file says.
            path.hasPrefix("/") || path.hasPrefix("~/") ? nil : "must be an absolute path, or one below ~/"
        }
        entry.identityFiles = key.map { [$0] }
        // To log in as root and become root is no use of sudo, in Ansible as here.
        if variables["ansible_become"]?.isTrue == true { entry.sudo = .auto }
    }

    mutating func readPool(_ pools: Set<String>) {
        if pools.count > 1 {
            entry.faults["pool"] = Diagnostic(
                "'\(entry.name)' is in groups of several pools: \(pools.sorted().joined(separator: ", "))",
                at: entry.place,
                field: "pool")
        }
        entry.pool = pools.count == 1 ? pools.first : nil
    }

    /// The last of the names that is set, as in Ansible; nil where none is or the value cannot be used.
    private mutating func text(_ field: String, of names: [String], check: (String) -> String?) -> String? {
        guard let name = names.last(where: { variables[$0] != nil && variables[$0]?.content != .null }),
            let value = variables[name]
        else { return nil }
        guard let fault = fault(of: value, check: check) else { return value.text }
        entry.faults[field] = Diagnostic(
            "\(name) of '\(Printable.escape(entry.name, limit: 80))' \(fault)", at: value.place, field: field,
            remedy: "Say it under 'nodes' in the inventory's own file, or write it out there")
        return nil
    }

    private func fault(of value: AnsibleValue, check: (String) -> String?) -> String? {
        if value.isTemplate { return "is a template, which Belay does not evaluate" }
        if value.content == .vault { return "is encrypted by Ansible Vault" }
        guard let text = value.text else { return "is not a plain text or number" }
        return text.utf8.contains { $0 < 0x20 || $0 == 0x7F } ? "has a control character" : check(text)
    }
}

/// Variables by which Ansible would do something that Belay does not, each said once for all its hosts.
struct AnsibleNotes {
    private var byVariable: [String: SourceNote] = [:]

    var all: [SourceNote] { byVariable.sorted { $0.key < $1.key }.map(\.value) }

    private static let arguments = ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"]
    private static let others: [(names: [String], why: String, remedy: String)] = [
        (
            ["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"], "Belay logs in by key alone",
            "Give the node a key: identityFiles, or ssh-agent"
        ),
        (
            ["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"], "Belay calls 'sudo -n'",
            "Let sudo ask that user for no password"
        ),
        (
            ["ansible_private_key", "ansible_ssh_private_key"], "Belay takes keys from files and the agent",
            "Write the key to a file of its own"
        ),
    ]

    mutating func add(_ variables: [String: AnsibleValue], of host: String) {
        for name in Self.arguments {
            guard let value = variables[name], value.text != "" else { continue }
            let (what, remedy) = Self.options(value)
            note(name, what, "Belay asks ssh's configuration instead", remedy, value, host)
        }
        for (names, why, remedy) in Self.others {
            for name in names { note(name, name, why, remedy, variables[name], host) }
        }
        for name in ["ansible_host_key_checking", "ansible_ssh_host_key_checking"]
        where variables[name].map(\.isTrue) == false {
            note(
                name, name, "Belay always checks host keys", "Put the node's key into known_hosts", variables[name],
                host)
        }
        for (name, meant) in [
            ("ansible_become_method", ["sudo", "ansible.builtin.sudo"]), ("ansible_become_user", ["root"]),
        ] {
            guard let text = variables[name]?.text, !meant.contains(text) else { continue }
            note(name, name, "Belay becomes root by sudo alone", "Allow the user 'sudo -n'", variables[name], host)
        }
    }

    private mutating func note(
        _ name: String, _ what: String, _ why: String, _ remedy: String, _ value: AnsibleValue?, _ host: String
    ) {
        guard let value else { return }
        // Several values of one variable are several notes.
        let key = "\(name) \(value.place.file) \(value.place.line ?? 0)"
        let note = SourceNote(
            summary: "\(what) is not taken over: \(why)", remedy: remedy, place: value.place, nodes: [])
        byVariable[key, default: note].nodes?.insert(host)
    }

    /// The options by name, with a jump host in full: what a person has to write into ssh's configuration.
    private static func options(_ value: AnsibleValue) -> (what: String, remedy: String) {
        let words = (try? AnsibleWords.split(value.text ?? "")) ?? []
        var found: [String] = []
        for (index, word) in words.enumerated() {
            guard word.hasPrefix("-J") || word.hasPrefix("-o") else { continue }
            let next = index + 1 < words.count ? words[index + 1] : ""
            let argument = word.count > 2 ? String(word.dropFirst(2)) : next
            found.append(word.hasPrefix("-J") ? "ProxyJump \(argument)" : option(argument))
        }
        let what = found.isEmpty || value.isTemplate ? "the options of ssh" : found.joined(separator: ", ")
        return (
            Printable.escape(what, limit: 200),
            "Write it into ~/.ssh/config below 'Host' and the node's address, or name a file by 'defaults.sshConfig'"
        )
    }

    // A command may hold a password; a jump host does not.
    private static func option(_ text: String) -> String {
        let parts = text.split(maxSplits: 1, whereSeparator: { $0 == "=" || $0 == " " }).map(String.init)
        let name = parts.first ?? ""
        return name.lowercased() == "proxyjump" ? "ProxyJump \(parts.dropFirst().first ?? "")" : name
    }
}
