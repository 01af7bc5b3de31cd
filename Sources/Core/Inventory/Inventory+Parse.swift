extension Inventory {
    /// Reads an inventory file.
    /// - Parameter file: the name that errors carry, and what relative paths in it are relative to; nothing is read.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> Inventory {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "Inventory")
            let cluster = fields.mapping("cluster") {
                Cluster(name: $0.name("name"), environment: $0.name("environment"))
            }
            let defaults = fields.optionalMapping("defaults", Defaults.init) ?? Defaults()
            let nodes = fields.nonEmptyList("nodes") { Node($0, defaults: defaults) }
            fields.refuseDuplicates("nodes", nodes.map(\.name))
            return Inventory(
                file: file, digest: Digest.sha256(bytes), cluster: cluster, defaults: defaults, nodes: nodes)
        }
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
