/// What the manifest of etcd's static pod says of who the member is and where its data lies on the node.
struct EtcdPod: Sendable {
    /// The manifest.
    let manifest: PodManifest
    /// The data's folder on the node, which the container may see under another name.
    let data: String
    private let flags: [String]
    private let volume: Volume

    /// Where the volume of the data stands in the manifest.
    private struct Volume: Sendable {
        var index: Int
        var path: YAMLNode
        var type: YAMLNode?
    }

    /// Reads a manifest as kubeadm writes it; one that keeps data in another way is refused.
    init(_ content: Payload, of what: String) throws(ObservationError) {
        manifest = try PodManifest(content, of: what)
        let spec = manifest.root["spec"]
        let containers = spec?["containers"]?.items ?? []
        guard containers.count == 1, let container = containers.first else {
            throw Self.unclear("it has \(containers.count) containers")
        }
        flags = ["command", "args"].flatMap { container[$0]?.items ?? [] }.compactMap(\.text)
        guard !flags.contains(where: { $0.hasPrefix("--config-file") }) else {
            throw Self.unclear("etcd reads a configuration file, which is not read here")
        }
        guard !flags.contains(where: { $0.hasPrefix("--wal-dir") }) else {
            throw Self.unclear("its log lies in a folder of its own (--wal-dir)")
        }
        guard let inside = Self.value("data-dir", in: flags), inside.hasPrefix("/") else {
            throw Self.unclear("it has no --data-dir=FOLDER")
        }
        let mounts = (container["volumeMounts"]?.items ?? []).filter { $0["mountPath"]?.text == inside }
        guard mounts.count == 1, let name = mounts[0]["name"]?.text, mounts[0]["subPath"] == nil else {
            throw Self.unclear("\(inside) is not one volume of its own")
        }
        let volumes = spec?["volumes"]?.items ?? []
        guard let index = volumes.firstIndex(where: { $0["name"]?.text == name }),
            let path = volumes[index]["hostPath"]?["path"], let text = path.text, text.hasPrefix("/")
        else { throw Self.unclear("the volume \(Printable.escape(name, limit: 80)) is no folder of the node") }
        data = text
        volume = Volume(index: index, path: path, type: volumes[index]["hostPath"]?["type"])
    }

    private static func value(_ flag: String, in flags: [String]) -> String? {
        flags.last { $0.hasPrefix("--\(flag)=") }.map { String($0.dropFirst(flag.utf8.count + 3)) }
    }

    private static func unclear(_ why: String) -> ObservationError {
        ObservationError(
            "where etcd's data lies cannot be told from its manifest: \(why)",
            remedy: "This works on a manifest as kubeadm writes it; do it by hand here, after a snapshot")
    }

    /// Where it tells of its health, empty when it has no such page.
    var metrics: String {
        let urls = Self.value("listen-metrics-urls", in: flags) ?? ""
        return urls.split(separator: ",").map(String.init).first { $0.hasPrefix("http") } ?? ""
    }

    /// Who the member is, for a restore: it begins a cluster of its own.
    struct Identity: Sendable, Hashable {
        var name: String
        /// Its own place in it, `NAME=URL` for each address.
        var cluster: String
        var token: String
        var peers: String
    }

    /// What etcd takes where a flag is missing is not taken here: kubeadm writes these two.
    func identity() throws(ObservationError) -> Identity {
        guard let name = Self.value("name", in: flags), !name.isEmpty,
            let peers = Self.value("initial-advertise-peer-urls", in: flags), !peers.isEmpty
        else { throw Self.unclear("it has no --name and --initial-advertise-peer-urls") }
        let cluster = peers.split(separator: ",").map { "\(name)=\($0)" }.joined(separator: ",")
        let token = Self.value("initial-cluster-token", in: flags) ?? "etcd-cluster"
        return Identity(name: name, cluster: cluster, token: token, peers: peers)
    }

    /// The same with its data in another folder, which must be there: `DirectoryOrCreate` would make an empty one where a disk
    /// is not mounted, and etcd would begin a new cluster in it. Only these two lines of the text are other ones.
    func moved(to folder: String) throws(ObservationError) -> PodManifest {
        var lines = manifest.content.bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        func margin(_ node: YAMLNode, _ key: String) throws(ObservationError) -> [UInt8] {
            guard lines.indices.contains(node.line - 1) else { throw Self.unclear("its lines cannot be told") }
            let spaces = lines[node.line - 1].prefix { $0 == 0x20 }
            guard lines[node.line - 1].dropFirst(spaces.count).starts(with: Array("\(key):".utf8)) else {
                throw Self.unclear("the \(key) of its volume does not stand on a line of its own")
            }
            return Array(spaces)
        }
        let space = try margin(volume.path, "path")
        let type = space + Array("type: Directory".utf8)
        if let old = volume.type { lines[old.line - 1] = try margin(old, "type") + Array("type: Directory".utf8) }
        lines[volume.path.line - 1] = space + Array("path: \(folder)".utf8)
        if volume.type == nil { lines.insert(type, at: volume.path.line) }
        let changed = try PodManifest(
            Payload(bytes: Array(lines.joined(separator: [0x0A]))), of: "the changed manifest")
        let place = ["spec", "volumes", "\(volume.index)", "hostPath"]
        guard changed.root.flat(except: place) == manifest.root.flat(except: place),
            try EtcdPod(changed.content, of: "the changed manifest").data == folder
        else { throw Self.unclear("it is not written as one line a value") }
        return changed
    }
}

extension YAMLNode {
    /// The value of a mapping's key, nil where there is none.
    fileprivate subscript(_ key: String) -> YAMLNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key.text == key }?.value
    }
}
