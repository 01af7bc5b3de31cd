/// An inventory's own file as it stands, before its sources are read: it says which files those are.
///
/// Cluster, environment, kubectl and defaults stand in this file alone. Sources only add nodes, so that nobody who may
/// write an Ansible inventory moves what policies match on, except by the mapping that is written here.
public struct InventoryFile: Sendable {
    /// The file's name as it was given to the parser.
    public let file: String
    /// The files of others that add nodes, in the order of the file.
    public let sources: [Source]
    let digest: String
    let cluster: Inventory.Cluster
    let defaults: Inventory.Defaults
    let entries: [NodeEntry]
    /// Where the execution host is named, for errors that only all nodes together show.
    let hostPlace: SourceLocation

    /// A file of somebody else's, and what its words mean here.
    public struct Source: Sendable, Hashable {
        /// What kind of file it is.
        public var kind: Kind
        /// Where it is; as it was resolved against the inventory's file.
        public var path: String
        /// Only the nodes this matches are taken; nil = all.
        public var select: Selector?
        /// Ansible: group → role. Kubernetes: role there → role here; a role that is not named keeps its name.
        public var roles: [String: String] = [:]
        /// Ansible: group → pool. Kubernetes: the label's value → pool; a value that is not named is the pool's name.
        public var pools: [String: String] = [:]
        /// Kubernetes: which of a node's addresses is dialled.
        public var address: AddressType = .internalIP
        /// Kubernetes: the labels that name the pool; the first that a node has counts.
        public var poolLabels: [String] = []
        /// Kubernetes: the roles of a node that has no role there.
        public var defaultRoles: [String] = []
        /// Where it is named, for messages.
        var place: SourceLocation

        /// A kind of file.
        public enum Kind: String, Sendable {
            /// An Ansible inventory, INI or YAML; with it belong `group_vars` and `host_vars` beside it.
            case ansible
            /// The output of `kubectl get nodes -o json`.
            case kubernetes
        }

        /// The kinds of addresses of a Node (Kubernetes API, core/v1 NodeAddress).
        public enum AddressType: String, Sendable, CaseIterable {
            /// The address inside the cluster's network.
            case internalIP = "InternalIP"
            /// The address from outside.
            case externalIP = "ExternalIP"
            /// The host's name as the node reports it.
            case hostname = "Hostname"
        }
    }

    /// The bytes of a source: of the file itself, and of what belongs to it.
    public struct SourceBytes: Sendable {
        /// The file's own bytes.
        public var main: [UInt8]
        /// Files below the folder that the file is in, by their paths from there: `group_vars/all.yml`.
        public var beside: [String: [UInt8]]

        /// Collects the parts.
        public init(main: [UInt8], beside: [String: [UInt8]] = [:]) {
            self.main = main
            self.beside = beside
        }
    }
}

extension Inventory {
    /// Reads an inventory that has no sources; see ``InventoryFile/parse(_:file:)`` for one that has.
    /// - Parameter file: the name that errors carry, and what relative paths in it are relative to; nothing is read.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> Inventory {
        try InventoryFile.parse(bytes, file: file).inventory(sources: [])
    }
}
