/// Nodes out of an Ansible inventory: the variables that say how a host is reached, in Ansible's order of precedence.
enum AnsibleNodes {
    /// What `ansible-inventory` can do for whoever has a program or a plugin for an inventory.
    static func writeOut(_ file: String) -> String {
        "Write out what it says and name that file: ansible-inventory -i \(file) --list --yaml --output hosts.yaml"
    }

    /// - Throws: faults of the files; what is wrong with a single host is in its entry.
    static func read(
        _ bytes: InventoryFile.SourceBytes, _ source: InventoryFile.Source
    ) throws(Diagnostics) -> InventoryFile.Source.Found {
        let inventory = try parse(bytes.main, file: source.path)
        let groups = try AnsibleGroups(inventory, file: source.path)
        try check(source, inventory)
        var files = AnsibleVariables(bytes.beside, inventory: source.path)
        var found = InventoryFile.Source.Found()
        var notes = AnsibleNotes()
        for host in inventory.hostNames.compactMap({ inventory.hosts[$0] }) {
            let above = groups.groups(of: host)
            let variables = variables(of: host, in: above, inventory, &files)
            found.entries.append(entry(host, above, variables, source))
            notes.add(variables, of: host.name)
        }
        if !files.faults.isEmpty { throw Diagnostics(files.faults) }
        found.notes = notes.all + files.notes
        return found
    }

    /// By the file's extension; without one that says it, by its first line.
    static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> AnsibleInventory {
        let name = file.split(separator: "/").last ?? ""
        func refusal(_ summary: String, _ remedy: String) -> Diagnostics {
            Diagnostics([Diagnostic(summary, at: SourceLocation(file: file), remedy: remedy)])
        }
        if bytes.starts(with: "#!".utf8) {
            throw refusal("is a program, and Belay runs none", writeOut(file))
        }
        if bytes.starts(with: "$ANSIBLE_VAULT".utf8) {
            throw refusal("is encrypted by Ansible Vault", "Name a file that is not, with the hosts alone")
        }
        if name.hasSuffix(".toml") { throw refusal("is in TOML, which Belay does not read", writeOut(file)) }
        let isYAML = [".yml", ".yaml", ".json"].contains { name.hasSuffix($0) } || looksLikeYAML(bytes)
        return isYAML ? try AnsibleYAML.read(bytes, file: file) : try AnsibleINI.read(bytes, file: file)
    }

    // `all:` and `---` are no lines of an INI inventory.
    private static func looksLikeYAML(_ bytes: [UInt8]) -> Bool {
        let lines = bytes.prefix(1 << 16).split(separator: 0x0A).lazy.map {
            AnsibleWords.trimmed(String(decoding: $0, as: UTF8.self))
        }
        let first = lines.first { !$0.isEmpty && !$0.hasPrefix("#") && !$0.hasPrefix(";") }
        return first.map { $0 == "---" || $0.hasPrefix("--- ") || $0.hasSuffix(":") || $0.hasPrefix("{") } ?? false
    }

    /// A role or a pool that no host gets for a typo would leave policies without what they match on.
    private static func check(_ source: InventoryFile.Source, _ inventory: AnsibleInventory) throws(Diagnostics) {
        let known = inventory.groups.keys.sorted()
        let faults = [("roles", source.roles), ("pools", source.pools)].flatMap { field, mapping in
            mapping.keys.sorted().filter { inventory.groups[$0] == nil }.map { group in
                Diagnostic(
                    "\(source.path) has no group '\(group)'\(Suggestion.hint(for: group, among: known))",
                    at: source.place, field: "sources: \(field)")
            }
        }
        if !faults.isEmpty { throw Diagnostics(faults) }
    }

    /// All groups' inline variables, then their files, then the host's own and its files: the later one wins.
    static func variables(
        of host: AnsibleInventory.Host, in groups: [String], _ inventory: AnsibleInventory,
        _ files: inout AnsibleVariables
    ) -> [String: AnsibleValue] {
        var variables: [String: AnsibleValue] = [:]
        func add(_ more: [String: AnsibleValue]) { variables.merge(more) { _, last in last } }
        for group in ["all"] + groups { add(inventory.groups[group]?.variables ?? [:]) }
        for group in ["all"] + groups { add(files.variables("group_vars", of: group)) }
        add(host.variables)
        add(files.variables("host_vars", of: host.name))
        return variables
    }

    private static func entry(
        _ host: AnsibleInventory.Host, _ groups: [String], _ variables: [String: AnsibleValue],
        _ source: InventoryFile.Source
    ) -> NodeEntry {
        var reading = AnsibleReading(variables: variables, entry: NodeEntry(name: host.name, place: host.place))
        reading.checkName()
        reading.checkConnection()
        reading.readAddress()
        reading.readLogin()
        reading.entry.groups = Set(groups)
        let roles = Set((groups + ["all"]).compactMap { source.roles[$0] })
        reading.entry.roles = roles.isEmpty ? nil : roles
        reading.readPool(Set((groups + ["all"]).compactMap { source.pools[$0] }))
        return reading.entry
    }
}
