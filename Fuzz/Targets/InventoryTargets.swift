import Core

private func inventory(_ own: String, _ sources: [[UInt8]]) -> Inventory? {
    let bytes = sources.map { InventoryFile.SourceBytes(main: $0) }
    return try? InventoryFile.parse(Array(own.utf8), file: "own.yaml").inventory(sources: bytes)
}

private func header(_ rest: String) -> String {
    "apiVersion: belay/v1\nkind: Inventory\ncluster: {name: c, environment: e}\n\(rest)\n"
}

/// What every inventory promises to the rest of Belay, whoever wrote it.
private func check(_ inventory: Inventory) {
    expect(Set(inventory.nodes.map(\.name)).count == inventory.nodes.count, "names are unique")
    for node in inventory.nodes {
        for word in [node.name, node.address, node.user ?? "u"] {
            expect(!word.isEmpty && !word.hasPrefix("-"), "no name, address or user could be an option")
            expect(word.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "names, addresses and users are printable words")
        }
        expect((1...65535).contains(node.port ?? 22), "a port is a port")
    }
}

/// Belay's own YAML.
func ownInventory(_ bytes: [UInt8]) {
    if let inventory = try? Inventory.parse(bytes, file: "own.yaml") { check(inventory) }
}

/// Ansible's INI and YAML: the first byte says which.
func ansible(_ bytes: [UInt8]) {
    let isYAML = bytes.first == UInt8(ascii: "y")
    let own = header("sources: [{ansible: hosts.\(isYAML ? "yml" : "ini")}]")
    if let inventory = inventory(own, [Array(bytes.dropFirst())]) { check(inventory) }
}

/// `kubectl get nodes -o json`.
func kubernetes(_ bytes: [UInt8]) {
    if let inventory = inventory(header("sources: [{kubernetes: nodes.json}]"), [bytes]) { check(inventory) }
}

/// What follows `-l`.
func selector(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let selector = try? Selector.parse(text) else { return }
    let nodes = "nodes: [{name: a, address: a, roles: [worker]}, {name: b, address: b, labels: {zone: x}}]"
    guard let all = inventory(header(nodes), []) else { return expect(false, "a plain inventory is read") }
    guard let found = try? all.nodes(matching: selector) else { return }
    expect(!found.isEmpty && Set(found).isSubset(of: all.nodes), "what is found is of the inventory")
}
