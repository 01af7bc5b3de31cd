/// Reads an Ansible inventory in YAML format (documentation of the plugin `ansible.builtin.yaml`), and files of variables.
struct AnsibleYAML {
    /// The most bytes of a file.
    static let sizeLimit = 4 << 20
    /// Tags of Ansible's own: an encrypted value, and one that is no template.
    private static let tags: Set<String> = ["!vault", "!unsafe"]

    private let file: String
    private var inventory = AnsibleInventory()
    private var faults: [Diagnostic] = []
    private var hostCount = 0

    /// - Throws: every fault with its place.
    static func read(_ bytes: [UInt8], file: String) throws(Diagnostics) -> AnsibleInventory {
        let root = try YAMLDocument(bytes, file: file, sizeLimit: sizeLimit, tags: tags).root
        var reader = AnsibleYAML(file: file)
        reader.readRoot(root)
        if !reader.faults.isEmpty { throw Diagnostics(reader.faults) }
        return reader.inventory
    }

    /// The variables of one file below `group_vars` or `host_vars`.
    static func variables(_ bytes: [UInt8], file: String) throws(Diagnostics) -> [String: AnsibleValue] {
        let root = try YAMLDocument(bytes, file: file, sizeLimit: sizeLimit, tags: tags).root
        if case .scalar = root.content, root.scalar == .null { return [:] }
        guard case .mapping(let pairs) = root.content else {
            let place = SourceLocation(file: file, line: root.line, column: root.column)
            throw Diagnostics([Diagnostic("must be a mapping of variables, not \(root.kind)", at: place)])
        }
        return Dictionary(pairs.map { ($0.key.text ?? "", value($0.value, file: file)) }) { _, last in last }
    }

    private init(file: String) { self.file = file }

    private mutating func fault(_ summary: String, at node: YAMLNode, remedy: String? = nil) {
        let place = SourceLocation(file: file, line: node.line, column: node.column, length: node.span)
        faults.append(Diagnostic(summary, at: place, remedy: remedy))
    }

    private mutating func readRoot(_ root: YAMLNode) {
        guard case .mapping(let pairs) = root.content else {
            return fault("must be a mapping of groups, not \(root.kind)", at: root)
        }
        if let plugin = pairs.first(where: { $0.key.text == "plugin" }) {
            return fault(
                "configures an inventory plugin, and Belay runs none", at: plugin.key,
                remedy: AnsibleNodes.writeOut(file))
        }
        for (key, value) in pairs { readGroup(key, value) }
    }

    private mutating func readGroup(_ key: YAMLNode, _ node: YAMLNode) {
        guard let name = key.text, !name.isEmpty else { return fault("a group must have a name", at: key) }
        inventory.add(group: name)
        guard let parts = mapping(node, "a group") else { return }
        for (key, value) in parts {
            switch key.text {
            case "vars":
                for (variable, value) in mapping(value, "'vars'") ?? [] {
                    inventory.set(variable.text ?? "", of: name, to: Self.value(value, file: file))
                }
            case "children": readChildren(value, of: name)
            case "hosts": readHosts(value, of: name)
            default:
                let hint = Suggestion.hint(for: key.text ?? "", among: ["vars", "children", "hosts"])
                fault("a group has 'hosts', 'children' and 'vars' alone\(hint)", at: key)
            }
        }
    }

    private mutating func readChildren(_ node: YAMLNode, of group: String) {
        for (key, value) in mapping(node, "'children'") ?? [] {
            guard key.text != "all" else {
                fault("'all' is above every group and cannot be a child", at: key)
                continue
            }
            readGroup(key, value)
            inventory.add(child: key.text ?? "", to: group)
        }
    }

    private mutating func readHosts(_ node: YAMLNode, of group: String) {
        for (key, value) in mapping(node, "'hosts'") ?? [] {
            let variables = mapping(value, "a host's variables") ?? []
            do throws(AnsibleFault) {
                let (names, port) = try AnsiblePattern.expand(key.text ?? "")
                hostCount += names.count
                guard hostCount <= InventoryFile.nodeLimit else {
                    throw AnsibleFault("there are more than \(InventoryFile.nodeLimit) hosts")
                }
                let place = SourceLocation(file: file, line: key.line, column: key.column, length: key.span)
                for name in names {
                    inventory.add(host: name, to: group, port: port, at: place)
                    for (key, value) in variables {
                        inventory.set(key.text ?? "", of: name, to: Self.value(value, file: file))
                    }
                }
            } catch {
                fault(error.summary, at: key, remedy: error.remedy)
            }
        }
    }

    /// Pairs of a mapping; a text stands for a mapping of that key to nothing. Nil for what is nothing or wrong.
    private mutating func mapping(_ node: YAMLNode, _ what: String) -> [(key: YAMLNode, value: YAMLNode)]? {
        switch node.content {
        case .mapping(let pairs): return pairs
        case .scalar where node.scalar == .null: return nil
        case .scalar where what == "'hosts'" || what == "'children'":
            var nothing = node
            nothing.content = .scalar("", .plain)
            return [(node, nothing)]
        case .scalar, .sequence:
            fault("\(what) must be a mapping, not \(node.kind)", at: node)
            return nil
        }
    }

    private static func value(_ node: YAMLNode, file: String) -> AnsibleValue {
        let place = SourceLocation(file: file, line: node.line, column: node.column, length: node.span)
        return AnsibleValue(content: content(node), place: place)
    }

    private static func content(_ node: YAMLNode) -> AnsibleValue.Content {
        if node.tag == "!vault" { return .vault }
        guard case .scalar = node.content else { return .other }
        switch node.scalar {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let number): return .int(number)
        // Ansible's reader is one of YAML 1.1.
        case .ambiguous(let text) where text.count > 1: return .bool(["yes", "on"].contains(text.lowercased()))
        case .ambiguous(let text), .string(let text): return .text(text)
        case .double: return .other
        }
    }
}
