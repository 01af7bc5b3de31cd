public import Core
import Foundation
import SSH

/// The host keys that a node shows, beside what is on record of it: what a person decides about.
public struct HostKeySight: Sendable {
    /// The node's name in the inventory.
    public var node: String
    /// `user@host:port`.
    public var address: String
    /// The name to record the keys under, as in known_hosts.
    public var name: String
    /// The file to record them in.
    public var file: String
    /// What it shows.
    public var keys: [Shown]
    /// Keys on record that were not shown: gone, or of a type that could not be asked for. They give way when one has
    /// changed.
    public var others: [TrustRecord.Key]

    /// One key.
    public struct Shown: Sendable {
        /// Its type and fingerprint.
        public var key: TrustRecord.Key
        /// The picture that `ssh-keygen -lv` draws of it.
        public var art: String
        /// What the record says of it.
        public var standing: Standing
        let publicKey: PublicKey
    }

    /// A key against the record.
    public enum Standing: Sendable, Hashable {
        /// On record.
        case known
        /// Nothing of its type is on record.
        case new
        /// Others of its type are on record, and this one is not.
        case changed(from: [TrustRecord.Key])
        /// On record as one never to be trusted.
        case revoked
    }

    /// Keys that are not on record yet.
    public var undecided: [Shown] { keys.filter { $0.standing != .known && $0.standing != .revoked } }
    /// Whether a key of a type on record has changed.
    public var hasChanged: Bool {
        keys.contains { if case .changed = $0.standing { true } else { false } }
    }
}

/// Why a node's host keys are not trusted.
public struct TrustRefusal: Error, Sendable, CustomStringConvertible {
    /// What and where.
    public let message: String
    /// What to do.
    public let remedy: String

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }
}

extension Workspace {
    /// Asks nodes for their host keys, without logging in.
    /// - Returns: one answer a node, in the order of `nodes`.
    public func hostKeys(
        of nodes: [Inventory.Node]
    ) async throws -> [(node: Inventory.Node, sight: Result<HostKeySight, NodeFailure>)] {
        let connector = try Connector(inventory: inventory)
        let sights = await withTaskGroup(of: (Int, Result<HostKeySight, NodeFailure>).self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask {
                    do throws(SSHError) {
                        return (index, .success(try await sight(of: node, connector)))
                    } catch {
                        return (index, .failure(NodeFailure(error)))
                    }
                }
            }
            var found: [Int: Result<HostKeySight, NodeFailure>] = [:]
            for await (index, sight) in group { found[index] = sight }
            return nodes.indices.compactMap { found[$0] }
        }
        await connector.shutdown()
        return zip(nodes, sights).map { ($0, $1) }
    }

    private func sight(of node: Inventory.Node, _ connector: Connector) async throws(SSHError) -> HostKeySight {
        let route = try await connector.route(to: node)
        let record = try await connector.record(of: route)
        let keys = try await connector.scan(route)
        guard let file = route.knownHostsFiles.first else {
            throw SSHError(
                .invalidInput, .preparation, host: route.endpoint.description, "there is no file for known hosts",
                remedy: "set defaults.knownHosts in the inventory")
        }
        return HostKeySight(
            node: node.name, address: route.endpoint.description, name: KnownHosts.name(of: route.endpoint), file: file,
            keys: keys.map { HostKeySight.Shown($0, record) },
            others: record.trusted.filter { !keys.contains($0) }.map(TrustRecord.Key.init))
    }

}

extension HostKeySight {
    /// Keeps of the undecided keys those that stand in a file of prepared fingerprints.
    /// - Throws: ``TrustRefusal`` when none does, or one that has changed does not.
    public mutating func keep(from file: PreparedFile) throws(TrustRefusal) {
        let names = [node, name]
        let missing = undecided.filter { !file.fingerprints.contain($0.publicKey, of: names) }
        let isUseless = missing.count == undecided.count
        guard let first = missing.first(where: { isUseless || $0.standing != .new }) else {
            return keys.removeAll { shown in missing.contains { $0.publicKey == shown.publicKey } }
        }
        let known = file.fingerprints.fingerprints(of: names)
        throw TrustRefusal(
            message: "it shows \(first.key), which \(file.path) does not have; "
                + "it has \(known.isEmpty ? "nothing for this node" : known.joined(separator: ", "))",
            remedy: "Find out who answers at \(address); if the file is not complete, add the fingerprint to it.")
    }

    /// Whether keys could be trusted at all.
    /// - Throws: ``TrustRefusal`` for a revoked key, or a changed one that may not take the other's place.
    public func check(replaces: Bool) throws(TrustRefusal) {
        for shown in keys {
            switch shown.standing {
            case .revoked:
                throw TrustRefusal(
                    message: "it shows the key \(shown.key), which is marked @revoked",
                    remedy: "Give the node a new host key; take the mark out only if it is a mistake.")
            case .changed(let old) where !replaces:
                throw TrustRefusal(
                    message:
                        "it shows the key \(shown.key), and on record is \(old.map(\.description).joined(separator: ", "))",
                    remedy: "Find out why it changed; if the node was reinstalled, say so with --replace.")
            default: break
            }
        }
    }
}

/// A file of fingerprints that was prepared by other ways, and which one it was.
public struct PreparedFile: Sendable {
    /// Its path, as given.
    public let path: String
    /// SHA-256 of its bytes.
    public let sha256: String
    let fingerprints: PreparedFingerprints

    /// Reads it.
    /// - Throws: ``TrustRefusal`` with the line that is none.
    public init(path: String) throws {
        let bytes = try ProjectFiles.read(path)
        self.path = path
        sha256 = Digest.sha256(bytes)
        do {
            fingerprints = try PreparedFingerprints(text: String(decoding: bytes, as: UTF8.self), file: path)
        } catch {
            throw TrustRefusal(message: "\(error.host): \(error.message)", remedy: error.remedy)
        }
    }
}

extension Belay {
    /// Records a node's undecided host keys as trusted: in the audit log first, then in the known_hosts file.
    /// - Parameter replaces: whether keys of the node that are on record may give way.
    /// - Throws: ``TrustRefusal`` for a revoked key, or a changed one without `replaces`; nothing is recorded then.
    public func trust(_ sight: HostKeySight, on basis: TrustRecord.Basis, replaces: Bool) async throws {
        try sight.check(replaces: replaces)
        let keys = sight.keys.filter { $0.standing != .revoked }
        guard !sight.undecided.isEmpty else { return }
        let record = TrustRecord(
            name: sight.name, address: sight.address, keys: sight.undecided.map(\.key),
            replaced: sight.hasChanged ? sight.others : [],
            file: sight.file, basis: basis)
        try await log.append(.trusted(record), by: Environment.holder, run: nil, node: sight.node)
        let blobs = keys.map(\.publicKey)
        do throws(SSHError) {
            if sight.hasChanged {
                try KnownHostsFile.replace(with: blobs, for: sight.name, in: sight.file)
            } else {
                try KnownHostsFile.append(blobs, for: sight.name, to: sight.file)
            }
        } catch {
            throw TrustRefusal(message: error.message, remedy: error.remedy)
        }
    }
}

extension HostKeySight.Shown {
    fileprivate init(_ key: PublicKey, _ record: KnownHosts.Record) {
        self.key = TrustRecord.Key(key)
        publicKey = key
        art = key.randomArt
        let sameType = record.trusted.filter { $0.type == key.type }
        standing =
            if record.revoked.contains(key) {
                .revoked
            } else if record.trusted.contains(key) {
                .known
            } else {
                sameType.isEmpty ? .new : .changed(from: sameType.map(TrustRecord.Key.init))
            }
    }
}

extension TrustRecord.Key {
    fileprivate init(_ key: PublicKey) { self.init(type: key.type, fingerprint: key.fingerprint) }
}
