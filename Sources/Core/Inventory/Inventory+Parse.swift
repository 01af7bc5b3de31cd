extension Inventory {
    /// Reads an inventory file.
    /// - Parameter file: the name that errors carry, and what relative paths in it are relative to; nothing is read.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> Inventory {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "Inventory")
            let defaults = fields.optionalMapping("defaults", Defaults.init) ?? Defaults()
            let nodes = fields.nonEmptyList("nodes") { Node($0, defaults: defaults) }
            fields.refuseDuplicates("nodes", nodes.map(\.name))
            let cluster = fields.mapping("cluster") { cluster in
                Cluster(
                    name: cluster.name("name"), environment: cluster.name("environment"),
                    kubectl: cluster.optionalMapping("kubectl") { Kubectl($0, nodes: nodes.map(\.name)) })
            }
            return Inventory(
                file: file, digest: Digest.sha256(bytes), cluster: cluster, defaults: defaults, nodes: nodes)
        }
    }
}

extension Inventory.Kubectl {
    // The word stands for the operator's machine, so a node of that name could not be meant.
    private static let local = "local"

    fileprivate init(_ fields: YAMLFields, nodes: [String]) {
        let word = fields.string("host")
        let isLocal = word == Self.local
        host = isLocal ? .local : .node(word)
        if isLocal, nodes.contains(word) {
            fields.error(
                "host", "'local' is this machine, and the name of a node", remedy: "Give the node another name")
        } else if !isLocal, !word.isEmpty, !nodes.contains(word) {
            let hint = Suggestion.hint(for: word, among: nodes + [Self.local])
            fields.error("host", "must be 'local' or a node of this inventory, and there is no '\(word)'\(hint)")
        }
        kubeconfig = isLocal ? fields.path("kubeconfig", default: "~/.kube/config") : fields.pathOnNode("kubeconfig")
    }
}

extension YAMLFields {
    fileprivate func pathOnNode(_ name: String) -> String {
        // Where kubeadm puts it on every control-plane node.
        guard let text = optionalString(name) else { return "/etc/kubernetes/admin.conf" }
        if !text.hasPrefix("/") || text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            error(name, "must be an absolute path on the node")
        }
        return text
    }

    fileprivate func kubernetesName(_ name: String) -> String? {
        guard let text = optionalString(name) else { return nil }
        if let fault = KubernetesName.fault(ofNode: text) { error(name, fault) }
        return text
    }
}

extension Inventory.Defaults {
    fileprivate init() {
        self.init(user: "root", port: 22, identityFiles: [], knownHosts: [], sudo: .auto)
    }

    fileprivate init(_ fields: YAMLFields) {
        user = fields.user("user", default: "root")
        port = fields.int("port", default: 22, in: 1...65_535)
        identityFiles = fields.paths("identityFiles")
        knownHosts = fields.paths("knownHosts", default: [])
        sudo = fields.choice("sudo", default: .auto)
    }
}

extension Inventory.Node {
    fileprivate init(_ fields: YAMLFields, defaults: Inventory.Defaults) {
        name = fields.name("name")
        address = fields.host("address")
        port = fields.int("port", default: defaults.port, in: 1...65_535)
        user = fields.user("user", default: defaults.user)
        roles = Set(fields.strings("roles"))
        pool = fields.node("pool") == nil ? "default" : fields.name("pool")
        labels = fields.texts("labels")
        hostKeyAlias = fields.node("hostKeyAlias") == nil ? nil : fields.host("hostKeyAlias")
        sudo = fields.choice("sudo", default: defaults.sudo)
        kubernetesName = fields.kubernetesName("kubernetesName")
    }
}

extension YAMLFields {
    /// A host name or an address. It ends up in argv of local programs too, so it must not look like an option.
    fileprivate func host(_ name: String) -> String {
        let text = string(name)
        let others = Set(".-_:%".utf8)
        let isHost = text.utf8.allSatisfy { byte in Self.isLetterOrDigit(byte) || others.contains(byte) }
        if !text.isEmpty, !isHost || text.hasPrefix("-") || text.utf8.count > 253 {
            error(name, "must be a host name or an IP address (without brackets or a port)")
        }
        return text
    }

    fileprivate func user(_ name: String, default fallback: String) -> String {
        let text = string(name, default: fallback)
        let others = Set(".-_@".utf8)
        let isUser = text.utf8.allSatisfy { byte in Self.isLetterOrDigit(byte) || others.contains(byte) }
        if !isUser || text.isEmpty || text.hasPrefix("-") || text.utf8.count > 64 { error(name, "must be a user name") }
        return text
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
