/// The groups of an Ansible inventory by their descent, which decides whose variables win.
struct AnsibleGroups: Sendable {
    private let inventory: AnsibleInventory
    /// Group → all groups above it, without itself.
    private var ancestors: [String: Set<String>] = [:]
    /// Group → the length of the longest way down to it from `all`.
    private var depths: [String: Int] = [:]

    /// - Throws: when a group is below itself.
    init(_ inventory: AnsibleInventory, file: String) throws(Diagnostics) {
        self.inventory = inventory
        var parents: [String: Set<String>] = [:]
        for (name, group) in inventory.groups {
            for child in group.children { parents[child, default: []].insert(name) }
        }
        for name in inventory.groups.keys where name != "all" && parents[name] == nil { parents[name] = ["all"] }
        // From above downwards: a group's turn comes when those of all its parents have been.
        var waiting = parents.mapValues(\.count)
        var ready = inventory.groups.keys.filter { parents[$0] == nil }
        while let name = ready.popLast() {
            let above = parents[name] ?? []
            ancestors[name] = above.reduce(into: above) { $0.formUnion(ancestors[$1] ?? []) }
            depths[name] = above.map { (depths[$0] ?? 0) + 1 }.max() ?? 0
            for child in inventory.groups[name].map({ $0.children.union(name == "all" ? roots(parents) : []) }) ?? [] {
                waiting[child, default: 0] -= 1
                if waiting[child] == 0 { ready.append(child) }
            }
        }
        let caught = inventory.groups.keys.filter { depths[$0] == nil }.sorted()
        guard caught.isEmpty else {
            let names = caught.prefix(5).map { Printable.escape($0, limit: 60) }.joined(separator: ", ")
            throw Diagnostics([
                Diagnostic("groups are below themselves: \(names)", at: SourceLocation(file: file), field: "children")
            ])
        }
    }

    private func roots(_ parents: [String: Set<String>]) -> Set<String> {
        Set(parents.filter { $0.value == ["all"] }.map(\.key))
    }

    /// A host's groups with those above them, without `all`: those whose variables win stand last.
    func groups(of host: AnsibleInventory.Host) -> [String] {
        var own = host.groups
        let others = own.subtracting(["all", "ungrouped"])
        if others.isEmpty { own.insert("ungrouped") } else { own.remove("ungrouped") }
        let all = own.reduce(into: own) { $0.formUnion(ancestors[$1] ?? []) }.subtracting(["all"])
        return all.sorted { rank($0) < rank($1) }
    }

    private func rank(_ name: String) -> (Int, Int, String) {
        (depths[name] ?? 0, inventory.groups[name]?.priority ?? 1, name)
    }
}
