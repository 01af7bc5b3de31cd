/// All nodes of a cluster, as kubectl lists them: one line each, NAME STATUS ROLES AGE VERSION.
///
/// The server makes the columns, so that a fleet's objects, some 20 KB each, are neither sent nor held in memory. kubectl ends a
/// column at a line break: what a kubelet says its version is cannot pass for another node.
enum ClusterNodes {
    /// A node.
    struct Node: Sendable, Hashable {
        /// Its condition Ready is True.
        var isReady: Bool
        /// It is cordoned.
        var isCordoned: Bool
        /// It has a label of the control plane, of either generation.
        var isControlPlane: Bool
        /// The version of its kubelet; empty where it has not said.
        var kubelet: String
    }

    /// The nodes by their names in Kubernetes. One line that is no node's, and all is unknown.
    static func read(_ text: String) -> Fact<[String: Node]> {
        var nodes: [String: Node] = [:]
        for line in text.lines {
            guard let (name, node) = node(line) else {
                return .unknown(
                    "kubectl printed no nodes but '\(Printable.escape(String(line.prefix(60)), limit: 60))'")
            }
            guard nodes.updateValue(node, forKey: name) == nil else {
                return .unknown("kubectl printed the node \(name) twice")
            }
        }
        return .known(nodes)
    }

    private static func node(_ line: Substring) -> (String, Node)? {
        let words = line.utf8.split(separator: UInt8(ascii: " "), maxSplits: 200).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard words.count >= 4, KubernetesName.fault(ofNode: words[0]) == nil else { return nil }
        var status = words[1].split(separator: ",").map(String.init)
        let isCordoned = status.last == "SchedulingDisabled"
        if isCordoned { status.removeLast() }
        guard ["Ready", "NotReady", "Unknown"].contains(status.joined(separator: ",")) else { return nil }
        let node = Node(
            isReady: status == ["Ready"], isCordoned: isCordoned,
            isControlPlane: words[2].split(separator: ",").contains { $0 == "control-plane" || $0 == "master" },
            kubelet: words[4...].joined(separator: " "))
        return (words[0], node)
    }
}
