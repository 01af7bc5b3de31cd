/// Nodes as `kubectl get nodes -o json` prints them (Kubernetes API reference, core/v1 NodeList).
///
/// Whether a node is cordoned is no matter of an inventory: it changes by the hour, and is asked for when it counts.
enum KubernetesNodes {
    /// The most bytes of a file. A node of a busy cluster has some 20 KB, most of it the list of its images.
    static let sizeLimit = 128 << 20
    private static let labelLimit = 500

    /// - Throws: when it is no such output; what is wrong with a single node is in its entry.
    static func read(_ bytes: [UInt8], _ source: InventoryFile.Source) throws(Diagnostics) -> [NodeEntry] {
        func refusal(_ summary: String, _ remedy: String) -> Diagnostics {
            Diagnostics([Diagnostic(summary, at: SourceLocation(file: source.path), remedy: remedy)])
        }
        let remedy = "Write it with: kubectl get nodes -o json"
        guard bytes.count <= sizeLimit else {
            throw refusal(
                "the file has \(bytes.count) bytes, more than \(sizeLimit)",
                "Leave out what is not needed: kubectl get nodes -o json | jq 'del(.items[].status.images)'")
        }
        let nodes: [Node]
        do {
            let object = try JSON.decode(Object.self, from: bytes)
            guard let items = object.nodes else {
                throw refusal("has no list of nodes but '\(Printable.escape(object.kind ?? "", limit: 60))'", remedy)
            }
            nodes = items
        } catch let error as Diagnostics {
            throw error
        } catch {
            throw refusal("is not what kubectl prints of nodes: \(summary(of: error))", remedy)
        }
        return nodes.enumerated().map { entry($1, place: SourceLocation(file: source.path), "items[\($0)]", source) }
    }

    private static func summary(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "it is not JSON" }
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context): context
            case .dataCorrupted: nil
            @unknown default: nil
            }
        guard let context else { return "it is not JSON" }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        return "'\(Printable.escape(path, limit: 100))' is not as it must be"
    }

    private static func entry(
        _ node: Node, place: SourceLocation, _ field: String, _ source: InventoryFile.Source
    ) -> NodeEntry {
        var entry = NodeEntry(name: node.metadata.name, place: place)
        func fault(_ summary: String, _ part: String, _ remedy: String? = nil) -> Diagnostic {
            let name = Printable.escape(node.metadata.name, limit: 80)
            return Diagnostic("node '\(name)' \(summary)", at: place, field: "\(field).\(part)", remedy: remedy)
        }
        let nameFault = KubernetesName.fault(ofNode: entry.name) ?? Name.fault(of: entry.name)
        if let nameFault {
            entry.refusals.append(fault(nameFault, "metadata.name", "Leave it out with 'select'"))
        }
        entry.kubernetesName = entry.name
        let labels = node.metadata.labels ?? [:]
        let isLabel = { (key: String, value: String) in
            KubernetesName.isKey(key) && KubernetesName.fault(ofValue: value) == nil
        }
        if labels.count > labelLimit || !labels.allSatisfy(isLabel) {
            entry.refusals.append(fault("has labels that Kubernetes would not accept", "metadata.labels"))
        } else {
            entry.labels = labels
        }
        entry.roles = roles(entry.labels, source)
        if let label = source.poolLabels.first(where: { entry.labels[$0]?.isEmpty == false }) {
            let value = entry.labels[label] ?? ""
            entry.pool = source.pools[value] ?? value
            if let wrong = Name.fault(of: entry.pool ?? "") {
                entry.pool = nil
                entry.faults["pool"] = fault(
                    "has the pool '\(value)' by its label \(label), which \(wrong)", "metadata.labels",
                    "Name it under 'pools' of the source: {\(value): NAME}")
            }
        }
        let addresses = node.status?.addresses ?? []
        let address = addresses.first { $0.type == source.address.rawValue }?.address
        if let address, let wrong = Endpoint.fault(ofHost: address) {
            entry.faults["address"] = fault("has an address that \(wrong)", "status.addresses")
        } else if let address {
            entry.address = address
        } else {
            let types = Set(addresses.map { Printable.escape($0.type, limit: 20) }).sorted().prefix(5)
            entry.faults["address"] = fault(
                "has no \(source.address.rawValue)" + (types.isEmpty ? "" : ", only \(types.joined(separator: ", "))"),
                "status.addresses", "Choose another by 'address' of the source, or say it under 'nodes'")
        }
        return entry
    }

    /// As `kubectl get nodes` finds them: by the labels of both generations.
    private static func roles(_ labels: [String: String], _ source: InventoryFile.Source) -> Set<String>? {
        let prefix = "node-role.kubernetes.io/"
        var roles = Set(labels.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
        if let role = labels["kubernetes.io/role"], !role.isEmpty { roles.insert(role) }
        let named = Set(roles.filter { !$0.isEmpty }.map { source.roles[$0] ?? $0 })
        if !named.isEmpty { return named }
        return source.defaultRoles.isEmpty ? nil : Set(source.defaultRoles)
    }

    private struct Object: Decodable {
        var kind: String?
        var nodes: [Node]?

        private enum Key: String, CodingKey { case kind, items }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            kind = try container.decodeIfPresent(String.self, forKey: .kind)
            switch kind {
            case "Node": nodes = [try Node(from: decoder)]
            case "List", "NodeList":
                let items = try container.decode([Node].self, forKey: .items)
                nodes = items.allSatisfy { ($0.kind ?? "Node") == "Node" } ? items : nil
            default: nodes = nil
            }
        }
    }

    private struct Node: Decodable {
        var kind: String?
        var metadata: Metadata
        var status: Status?

        struct Metadata: Decodable {
            var name: String
            var labels: [String: String]?
        }

        struct Status: Decodable { var addresses: [Address]? }

        struct Address: Decodable {
            var type: String
            var address: String
        }
    }
}
