extension InventoryFile {
    /// Reads an inventory's own file.
    /// - Parameter file: the name that errors carry, and what relative paths in it are relative to; nothing is read.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> InventoryFile {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "Inventory")
            let defaults = fields.optionalMapping("defaults", Inventory.Defaults.init) ?? Inventory.Defaults()
            let sources = fields.list("sources", Source.init)
            // A node that stands in a source too need not say its address again.
            let read = { NodeEntry($0, needsAddress: sources.isEmpty) }
            let entries = sources.isEmpty ? fields.nonEmptyList("nodes", read) : fields.list("nodes", read)
            fields.refuseDuplicates("nodes", entries.map(\.name))
            var hostPlace = SourceLocation(file: file)
            let cluster = fields.mapping("cluster") { cluster in
                Inventory.Cluster(
                    name: cluster.name("name"), environment: cluster.name("environment"),
                    kubectl: cluster.optionalMapping("kubectl") {
                        hostPlace = $0.location(of: "host")
                        return Inventory.Kubectl($0)
                    })
            }
            return InventoryFile(
                file: file, sources: sources, digest: Digest.sha256(bytes), cluster: cluster, defaults: defaults,
                entries: entries, hostPlace: hostPlace)
        }
    }
}

extension Inventory.Kubectl {
    // The word stands for the operator's machine, so a node of that name could not be meant.
    static let local = "local"

    fileprivate init(_ fields: YAMLFields) {
        let word = fields.string("host")
        let isLocal = word == Self.local
        host = isLocal ? .local : .node(word)
        kubeconfig = isLocal ? fields.path("kubeconfig", default: "~/.kube/config") : fields.pathOnNode("kubeconfig")
    }
}

extension Inventory.Defaults {
    fileprivate init(_ fields: YAMLFields) {
        user = fields.user("user")
        port = fields.port("port")
        identityFiles = fields.paths("identityFiles")
        knownHosts = fields.paths("knownHosts", default: [])
        sudo = fields.choice("sudo", default: .auto)
        transport = fields.choice("transport", default: .auto)
        let config = fields.optionalPath("sshConfig")
        sshConfig = fields.optionalString("sshConfig") == "none" ? .disabled : config.map { .file($0) }
    }
}

extension InventoryFile.Source {
    /// Labels by which managed clusters and node provisioners name the pool of a node.
    static let wellKnownPoolLabels = [
        "eks.amazonaws.com/nodegroup", "alpha.eksctl.io/nodegroup-name", "cloud.google.com/gke-nodepool",
        "kubernetes.azure.com/agentpool", "doks.digitalocean.com/node-pool", "karpenter.sh/nodepool",
        "kops.k8s.io/instancegroup",
    ]

    fileprivate init(_ fields: YAMLFields) {
        let ansible = fields.optionalPath("ansible")
        let kubernetes = fields.optionalPath("kubernetes")
        kind = ansible == nil ? .kubernetes : .ansible
        path = ansible ?? kubernetes ?? ""
        place = fields.location(of: kind.rawValue)
        if (ansible == nil) == (kubernetes == nil), fields.mapping != nil {
            fields.error("", "must name one file: 'ansible' or 'kubernetes'")
        }
        select = fields.selector("select")
        roles = fields.texts("roles")
        pools = fields.names("pools")
        address = fields.choice("address", default: .internalIP)
        poolLabels = fields.node("poolLabels") == nil ? Self.wellKnownPoolLabels : fields.strings("poolLabels")
        defaultRoles = fields.strings("defaultRoles")
        guard kind == .ansible else { return }
        for name in ["address", "poolLabels", "defaultRoles"] {
            fields.refuse(
                name, "is for a 'kubernetes' source: an Ansible inventory says this by its groups and variables")
        }
    }
}

extension NodeEntry {
    fileprivate init(_ fields: YAMLFields, needsAddress: Bool) {
        name = fields.name("name")
        place = fields.location(of: "name")
        address = needsAddress || fields.node("address") != nil ? fields.host("address") : nil
        port = fields.port("port")
        user = fields.user("user")
        identityFiles = fields.node("identityFiles") == nil ? nil : fields.paths("identityFiles")
        roles = fields.node("roles") == nil ? nil : Set(fields.strings("roles"))
        pool = fields.node("pool") == nil ? nil : fields.name("pool")
        labels = fields.texts("labels")
        hostKeyAlias = fields.node("hostKeyAlias") == nil ? nil : fields.host("hostKeyAlias")
        sudo = fields.optionalChoice("sudo")
        transport = fields.optionalChoice("transport")
        kubernetesName = fields.kubernetesName("kubernetesName")
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

    fileprivate func host(_ name: String) -> String {
        let text = string(name)
        if !text.isEmpty, let fault = Endpoint.fault(ofHost: text) { error(name, fault) }
        return text
    }

    fileprivate func user(_ name: String) -> String? {
        guard let text = optionalString(name) else { return nil }
        if let fault = Endpoint.fault(ofUser: text) { error(name, fault) }
        return text
    }

    fileprivate func port(_ name: String) -> Int? {
        node(name) == nil ? nil : int(name, in: Endpoint.ports)
    }

    fileprivate func optionalChoice<T>(_ name: String) -> T?
    where T: CaseIterable & RawRepresentable, T.RawValue == String, T.AllCases == [T] {
        node(name) == nil ? nil : choice(name)
    }

    fileprivate func names(_ name: String) -> [String: String] {
        let values = texts(name)
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            if let fault = Name.fault(of: value) { error(name, "'\(value)', for '\(key)', \(fault)") }
        }
        return values
    }

    fileprivate func selector(_ name: String) -> Selector? {
        guard let text = optionalString(name) else { return nil }
        do throws(Diagnostics) {
            return try Selector.parse(text)
        } catch {
            for fault in error.all { self.error(name, fault.summary, remedy: fault.remedy) }
            return nil
        }
    }
}
