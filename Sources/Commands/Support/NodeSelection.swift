import ArgumentParser
import Core
import Engine

/// Which nodes of the inventory: by name, by selector, or both.
struct NodeSelection: ParsableArguments {
    @Option(
        name: .customLong("node"), help: ArgumentHelp("A node of the inventory; again for more.", valueName: "name"))
    var names: [String] = []

    @Option(
        name: [.customShort("l"), .customLong("selector")],
        help: ArgumentHelp(
            "The nodes this matches, such as role=worker,pool=a; of nodes named with --node, those it matches.",
            valueName: "selector"))
    var selectors: [String] = []

    /// Whether nothing was said.
    var isEmpty: Bool { names.isEmpty && selectors.isEmpty }

    /// Refuses a selection that says nothing: no verb means all nodes by silence.
    func requireSome() throws {
        guard isEmpty else { return }
        throw UsageError(
            "no node is named",
            remedy: "Name nodes with --node NAME, or select them with -l role=worker; the inventory has them.")
    }

    /// The nodes, in the order of the names, else of the inventory.
    /// - Throws: `UsageError` that points into the selector, `Diagnostics` for names that are none.
    func nodes(in inventory: Inventory) throws -> [Inventory.Node] {
        try Self.find(names, selectors, in: inventory)
    }

    /// The same for names and selectors that were given another way.
    static func find(
        _ names: [String], _ selectors: [String], in inventory: Inventory
    ) throws -> [Inventory.Node] {
        let parsed = try selectors.map { text in
            try Self.pointing(into: text) { () throws(Diagnostics) in try Selector.parse(text) }
        }
        for selector in parsed {
            _ = try Self.pointing(into: selector.text) { () throws(Diagnostics) in
                try inventory.nodes(matching: selector)
            }
        }
        guard let last = selectors.last else { return try inventory.nodes(named: names) }
        _ = names.isEmpty ? [] : try inventory.nodes(named: names)
        return try Self.pointing(into: last) { () throws(Diagnostics) in
            try inventory.nodes(named: names, matching: parsed)
        }
    }

    private static func pointing<Value>(into text: String, _ body: () throws(Diagnostics) -> Value) throws -> Value {
        do throws(Diagnostics) {
            return try body()
        } catch {
            throw UsageError("the selector cannot be used\n\(error.render(source: text))", remedy: "")
        }
    }
}

/// Which nodes, where they are what the verb is about: their names as arguments.
struct NodeArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("Nodes of the inventory.", valueName: "node"))
    var names: [String] = []

    @Option(
        name: [.customShort("l"), .customLong("selector")],
        help: ArgumentHelp(
            "The nodes this matches, such as role=worker,pool=a; of nodes that are named, those it matches.",
            valueName: "selector"))
    var selectors: [String] = []

    /// The nodes; all of the inventory when nothing was said.
    func nodes(in inventory: Inventory) throws -> [Inventory.Node] {
        names.isEmpty && selectors.isEmpty ? inventory.nodes : try NodeSelection.find(names, selectors, in: inventory)
    }

    /// The nodes that were named or selected: silence means none.
    func nodesSaid(in inventory: Inventory) throws -> [Inventory.Node] {
        guard !names.isEmpty || !selectors.isEmpty else {
            throw UsageError(
                "no node is named",
                remedy: "Name nodes, or select them with -l role=worker; `belay inventory list` shows them.")
        }
        return try NodeSelection.find(names, selectors, in: inventory)
    }
}
