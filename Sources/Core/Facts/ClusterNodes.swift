/// All nodes of a cluster, as a template prints them on the execution host: one line each (Kubernetes API reference,
/// core/v1 NodeList). What a kubelet may have written is encoded, so that it cannot pass for a line.
enum ClusterNodes {
    /// A node.
    struct Node: Sendable, Hashable {
        /// Its condition Ready is True.
        var isReady: Bool
        /// It is cordoned.
        var isCordoned: Bool
        /// It has a label of the control plane, of either generation.
        var isControlPlane: Bool
        /// The version of its kubelet, encoded as in a URL; empty where it has not said.
        var kubelet: String
    }

    static let template = """
        {{range .items}}node={{urlquery .metadata.name}} \
        ready={{with .status}}{{range .conditions}}{{if eq .type "Ready"}}{{urlquery .status}}{{end}}{{end}}{{end}} \
        cordoned={{with .spec}}{{if .unschedulable}}true{{end}}{{end}} \
        roles={{range $key, $value := .metadata.labels}}\
        {{if eq $key "node-role.kubernetes.io/control-plane" "node-role.kubernetes.io/master"}}control-plane,{{end}}{{end}} \
        kubelet={{with .status}}{{with .nodeInfo}}{{urlquery .kubeletVersion}}{{end}}{{end}}
        {{end}}
        """

    private static let keys = ["node", "ready", "cordoned", "roles", "kubelet"]

    /// The nodes by their names in Kubernetes. One line that is not as the template makes them, and all is unknown.
    static func read(_ text: String) -> Fact<[String: Node]> {
        var nodes: [String: Node] = [:]
        for line in text.lines {
            guard let (name, node) = node(line) else {
                return .unknown("kubectl printed no nodes but '\(Printable.escape(String(line), limit: 60))'")
            }
            guard nodes.updateValue(node, forKey: name) == nil else {
                return .unknown("kubectl printed the node \(name) twice")
            }
        }
        return .known(nodes)
    }

    private static func node(_ line: Substring) -> (String, Node)? {
        let words = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        let values = zip(keys, words).compactMap { key, word in
            word.starts(with: "\(key)=".utf8) ? String(word.dropFirst(key.utf8.count + 1)) : nil
        }
        guard words.count == keys.count, values.count == keys.count,
            KubernetesName.fault(ofNode: values[0]) == nil, ["", "true"].contains(values[2])
        else { return nil }
        let node = Node(
            isReady: values[1] == "True", isCordoned: values[2] == "true", isControlPlane: !values[3].isEmpty,
            kubelet: values[4])
        return (values[0], node)
    }
}
