extension InventoryFile {
    /// The most nodes of an inventory.
    static let nodeLimit = 10_000

    /// The inventory, with what its sources add.
    ///
    /// A node may stand in several files. What the own file says of it holds; else sources must agree where both say
    /// something, since which of two is right is nothing to guess about.
    /// - Parameter bytes: those of ``sources``, in the same order.
    /// - Throws: every fault of the sources, and of all nodes together.
    public func inventory(sources bytes: [SourceBytes]) throws(Diagnostics) -> Inventory {
        guard bytes.count == sources.count else {
            let place = sources.dropFirst(bytes.count).first?.place ?? SourceLocation(file: file)
            throw Diagnostics([Diagnostic("a source was not read", at: place, field: "sources")])
        }
        let (foreign, notes) = try read(bytes)
        let merged = try merge(foreign)
        return Inventory(
            file: file, digest: digest(with: bytes), cluster: cluster, defaults: defaults, nodes: merged, notes: notes)
    }

    private func digest(with bytes: [SourceBytes]) -> String {
        guard !bytes.isEmpty else { return digest }
        var lines = ["\(digest) inventory"]
        for (index, source) in bytes.enumerated() {
            lines.append("\(Digest.sha256(source.main)) sources[\(index)]")
            lines += source.beside.sorted { $0.key < $1.key }.map {
                "\(Digest.sha256($0.value)) sources[\(index)]/\($0.key)"
            }
        }
        return Digest.sha256(lines.joined(separator: "\n").utf8)
    }

    private func read(_ bytes: [SourceBytes]) throws(Diagnostics) -> ([NodeEntry], [Diagnostic]) {
        var (nodes, notes, faults): ([NodeEntry], [Diagnostic], [Diagnostic]) = ([], [], [])
        for (source, bytes) in zip(sources, bytes) {
            do throws(Diagnostics) {
                let found = try source.nodes(bytes)
                let chosen = found.entries.filter { source.select?.matches($0.subject) ?? true }
                if chosen.isEmpty { faults.append(source.nothingChosen(of: found.entries.count)) }
                nodes += chosen
                notes += found.notes(about: Set(chosen.map(\.name)))
            } catch {
                faults += error.all
            }
        }
        faults += nodes.flatMap(\.refusals)
        if nodes.count > Self.nodeLimit {
            faults.append(
                Diagnostic(
                    "the sources have \(nodes.count) nodes, more than \(Self.nodeLimit)",
                    at: SourceLocation(file: file),
                    field: "sources", remedy: "Take fewer with 'select'"))
        }
        if !faults.isEmpty { throw Diagnostics(faults) }
        return (nodes, notes)
    }

    private func merge(_ foreign: [NodeEntry]) throws(Diagnostics) -> [Inventory.Node] {
        let foreign = named(foreign)
        let own = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }
        let others = Dictionary(grouping: foreign, by: \.name)
        var seen: Set<String> = []
        let names = (entries + foreign).map(\.name).filter { seen.insert($0).inserted }
        var faults: [Diagnostic] = []
        let nodes = names.map { name in
            var merge = NodeMerge(name: name, own: own[name], others: others[name] ?? [], file: file)
            let node = merge.node(defaults)
            faults += merge.faults
            return node
        }
        faults += Self.sharedAddresses(nodes, named: Set(foreign.map(\.name))) + hostFaults(nodes.map(\.name))
        if !faults.isEmpty { throw Diagnostics(faults) }
        return nodes
    }

    /// A node that one file knows by its name in Kubernetes is the node that another says has that name there.
    private func named(_ foreign: [NodeEntry]) -> [NodeEntry] {
        let known = (entries + foreign).filter { $0.kubernetesName != nil && $0.kubernetesName != $0.name }
        let names = Dictionary(known.map { ($0.kubernetesName ?? "", $0.name) }) { first, _ in first }
        return foreign.map { entry in
            guard let name = names[entry.name], entry.kubernetesName == entry.name else { return entry }
            var entry = entry
            entry.name = name
            return entry
        }
    }

    // One machine under two names would be locked twice and counted twice. In the own file alone that is its author's affair.
    private static func sharedAddresses(_ nodes: [Inventory.Node], named foreign: Set<String>) -> [Diagnostic] {
        var first: [String: Inventory.Node] = [:]
        return nodes.filter { !$0.address.isEmpty }.compactMap { node in
            let endpoint = "\(node.address):\(node.port ?? 22)"
            guard let other = first.updateValue(node, forKey: endpoint) else { return nil }
            guard foreign.contains(node.name) || foreign.contains(other.name) else { return nil }
            return Diagnostic(
                "node '\(node.name)' has the address of node '\(other.name)', \(node.address)",
                at: node.origins.last ?? SourceLocation(file: ""), field: "address",
                remedy:
                    "If they are one machine, say so under 'nodes': {name: \(other.name), kubernetesName: \(node.name)}"
            )
        }
    }

    private func hostFaults(_ names: [String]) -> [Diagnostic] {
        func fault(_ summary: String, remedy: String? = nil) -> [Diagnostic] {
            [Diagnostic(summary, at: hostPlace, field: "cluster.kubectl.host", remedy: remedy)]
        }
        switch cluster.kubectl?.host {
        case .local where names.contains(Inventory.Kubectl.local):
            return fault("'local' is this machine, and the name of a node", remedy: "Give the node another name")
        case .node(let word) where !names.contains(word):
            let hint = Suggestion.hint(for: word, among: names + [Inventory.Kubectl.local])
            return fault("must be 'local' or a node of this inventory, and there is no '\(word)'\(hint)")
        case .local, .node, nil: return []
        }
    }
}

extension InventoryFile.Source {
    /// What a source says.
    struct Found: Sendable {
        var entries: [NodeEntry] = []
        /// What Belay does not do.
        var notes: [SourceNote] = []

        func notes(about chosen: Set<String>) -> [Diagnostic] { notes.compactMap { $0.diagnostic(about: chosen) } }
    }

    func nodes(_ bytes: InventoryFile.SourceBytes) throws(Diagnostics) -> Found {
        switch kind {
        case .ansible: try AnsibleNodes.read(bytes, self)
        case .kubernetes: Found(entries: try KubernetesNodes.read(bytes.main, self))
        }
    }

    fileprivate func nothingChosen(of count: Int) -> Diagnostic {
        let summary = count == 0 ? "\(path) has no node" : "'select' matches none of the \(count) nodes in \(path)"
        return Diagnostic(summary, at: place, field: "sources")
    }
}
