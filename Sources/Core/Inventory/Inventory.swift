/// The nodes of one cluster and how to reach them.
public struct Inventory: Sendable, Hashable {
    /// The file's name as it was given to the parser.
    public var file: String
    /// SHA-256 in lower-case hex: of the file's bytes; with sources, of the list of all files, each by its digest and name.
    public var digest: String
    /// Which cluster it is.
    public var cluster: Cluster
    /// What holds for every node that does not say otherwise.
    public var defaults: Defaults
    /// The nodes in the order of the file, then of its sources; names are unique.
    public var nodes: [Node]
    /// What sources say and Belay does not do, such as a jump host: for whoever wonders why a node is not reached.
    public var notes: [Diagnostic] = []

    /// A cluster.
    public struct Cluster: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its environment (`production`, `staging`, …): what policies match on.
        public var environment: String
        /// How its Kubernetes API is asked; nil = it is not.
        public var kubectl: Kubectl?
    }

    /// Where kubectl is run, and with what rights.
    public struct Kubectl: Sendable, Hashable {
        /// The execution host.
        public var host: Host
        /// The kubeconfig on that host. On a node an absolute path; on the operator's machine a path like the other files'
        /// of an inventory: absolute, below `~/`, or relative to where the inventory's reader stands.
        public var kubeconfig: String

        /// An execution host.
        public enum Host: Sendable, Hashable {
            /// A node of this inventory, by its name.
            case node(String)
            /// The operator's machine.
            case local
        }
    }

    /// What holds for every node that does not say otherwise.
    public struct Defaults: Sendable, Hashable {
        /// The user to log in as; nil = as ssh's configuration says.
        public var user: String?
        /// The SSH port; nil = as ssh's configuration says.
        public var port: Int?
        /// Private keys to try after the agent's, relative to the inventory's file.
        public var identityFiles: [String] = []
        /// The files of known host keys; empty for the user's own.
        public var knownHosts: [String] = []
        /// How root is reached.
        public var sudo: Sudo = .auto
        /// Which implementation of SSH is used.
        public var transport: Transport = .auto
        /// ssh's configuration; nil = the user's and the system's own files.
        public var sshConfig: SSHConfig?
    }

    /// How a command becomes root's.
    public enum Sudo: String, Codable, Sendable, CaseIterable {
        /// Not for the user root, `sudo -n` for any other.
        case auto
        /// Always through `sudo -n`.
        case always
        /// Never: the user has the rights by other means.
        case never
    }

    /// An implementation of SSH.
    public enum Transport: String, Codable, Sendable, CaseIterable {
        /// libssh2 where it can do what the node asks for, else OpenSSH.
        case auto
        /// Belay's own sessions, over libssh2.
        case libssh2
        /// The `ssh` of this machine.
        case openssh
    }

    /// Which ssh_config(5) is asked for what the inventory does not say.
    public enum SSHConfig: Sendable, Hashable {
        /// None at all (`none` in the file).
        case disabled
        /// This file alone, relative to the inventory's file.
        case file(String)
    }

    /// A node, its defaults filled in.
    public struct Node: Sendable, Hashable {
        /// Its name, as Kubernetes and people know it.
        public var name: String
        /// Host name or IP address to connect to.
        public var address: String
        /// The SSH port; nil = as ssh's configuration says.
        public var port: Int?
        /// The user to log in as; nil = as ssh's configuration says.
        public var user: String?
        /// Its private keys, instead of the defaults'; nil = the defaults'.
        public var identityFiles: [String]?
        /// What it does in the cluster (`worker`, `control-plane`, …).
        public var roles: Set<String>
        /// The pool that limits such as "one of a pool at a time" count in; `default` unless given.
        public var pool: String
        /// Free labels.
        public var labels: [String: String]
        /// The Ansible groups it is in, with their parents, without `all`.
        public var groups: Set<String> = []
        /// The name its host key is known by, nil for the address.
        public var hostKeyAlias: String?
        /// How root is reached.
        public var sudo: Sudo
        /// Which implementation of SSH is used.
        public var transport: Transport = .auto
        /// Its name in Kubernetes when that is another one.
        public var kubernetesName: String?
        /// Where it is spoken of: the inventory's own file first, then the sources.
        public var origins: [SourceLocation] = []

        /// The name its Node object has.
        public var nameInKubernetes: String { kubernetesName ?? name }

        /// Address and port as far as the inventory says them, for people: `10.0.0.1:22`, `10.0.0.1`.
        public var endpointText: String { port.map { "\(address):\($0)" } ?? address }

        /// User and address as far as the inventory says them, as ssh(1) takes them: `ops@10.0.0.1`, `10.0.0.1`.
        public var destinationText: String { user.map { "\($0)@\(address)" } ?? address }

        /// Whether commands go through `sudo -n` when this user is logged in.
        public func usesSudo(as user: String) -> Bool {
            switch sudo {
            case .auto: user != "root"
            case .always: true
            case .never: false
            }
        }
    }

    /// The node of a name, nil when there is none.
    public func node(_ name: String) -> Node? { nodes.first { $0.name == name } }

    /// The nodes of some names, in the order of the names, each once.
    /// - Throws: every name that is unknown, with the nearest known one.
    public func nodes(named names: [String]) throws(Diagnostics) -> [Node] {
        let known = nodes.map(\.name)
        let faults = names.filter { !known.contains($0) }.map { name in
            Diagnostic(
                "there is no node '\(name)'\(Suggestion.hint(for: name, among: known))", at: SourceLocation(file: file),
                field: "nodes")
        }
        if !faults.isEmpty { throw Diagnostics(faults) }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }.compactMap(node)
    }
}
