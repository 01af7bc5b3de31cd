/// One node out of what several files say of it.
struct NodeMerge {
    let name: String
    let own: NodeEntry?
    let others: [NodeEntry]
    /// The inventory's own file, for remedies.
    let file: String
    private(set) var faults: [Diagnostic] = []

    init(name: String, own: NodeEntry?, others: [NodeEntry], file: String) {
        self.name = name
        self.own = own
        self.others = others
        self.file = file
    }

    mutating func node(_ defaults: Inventory.Defaults) -> Inventory.Node {
        let kubernetesName = agreed("kubernetesName", \.kubernetesName) { $0 }
        return Inventory.Node(
            name: name, address: address(), port: agreed("port", \.port) { "\($0)" } ?? defaults.port,
            user: agreed("user", \.user) { $0 } ?? defaults.user,
            identityFiles: agreed("identityFiles", \.identityFiles) { $0.joined(separator: ", ") },
            roles: agreed("roles", \.roles) { $0.sorted().joined(separator: ", ") } ?? [],
            pool: agreed("pool", \.pool) { $0 } ?? "default", labels: labels(),
            groups: others.reduce(into: []) { $0.formUnion($1.groups) },
            hostKeyAlias: agreed("hostKeyAlias", \.hostKeyAlias) { $0 },
            sudo: agreed("sudo", \.sudo) { $0.rawValue } ?? defaults.sudo,
            transport: agreed("transport", \.transport) { $0.rawValue } ?? defaults.transport,
            kubernetesName: kubernetesName == name ? nil : kubernetesName,
            origins: ([own].compactMap(\.self) + others).map(\.place))
    }

    /// What the own file says, else what all sources that say it agree on.
    private mutating func agreed<Value: Hashable>(
        _ field: String, _ value: (NodeEntry) -> Value?, _ text: (Value) -> String
    ) -> Value? {
        if let own, let value = value(own) { return value }
        if let fault = others.compactMap({ $0.faults[field] }).first {
            faults.append(fault)
            return nil
        }
        let said = others.compactMap { entry in value(entry).map { (value: $0, place: entry.place) } }
        guard let first = said.first else { return nil }
        if let other = said.first(where: { $0.value != first.value }) {
            contradiction(field, (text(first.value), first.place), (text(other.value), other.place))
        }
        return first.value
    }

    private mutating func contradiction(
        _ field: String, _ first: (text: String, place: SourceLocation), _ other: (text: String, place: SourceLocation)
    ) {
        faults.append(
            Diagnostic(
                "of node '\(name)' is '\(Printable.escape(first.text, limit: 100))' here and "
                    + "'\(Printable.escape(other.text, limit: 100))' in \(other.place)", at: first.place, field: field,
                remedy: "Say which holds under 'nodes' in \(file)"))
    }

    private mutating func address() -> String {
        if let address = agreed("address", \.address, { $0 }) { return address }
        // An Ansible host without a variable is dialled by its name, unless somebody says otherwise.
        if let fallback = others.compactMap(\.fallbackAddress).first { return fallback }
        if let own, others.isEmpty {
            faults.append(
                Diagnostic(
                    "is missing: no source has a node '\(name)'", at: own.place, field: "nodes: address"))
        }
        return ""
    }

    private mutating func labels() -> [String: String] {
        var labels: [String: String] = [:]
        for key in Set(others.flatMap(\.labels.keys)).union(own?.labels.keys ?? [:].keys).sorted() {
            labels[key] = agreed("labels.\(key)", { $0.labels[key] }, { $0 })
        }
        return labels
    }
}
