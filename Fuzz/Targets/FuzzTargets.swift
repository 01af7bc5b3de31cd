/// What is fuzzed: a function for each parser of input that is not ours. It must return, whatever it is given, and what it
/// checks must hold for every input.
///
/// `./fuzz` searches for inputs that break one; those that reached new code are kept in `Fuzz/corpus`, in a folder of the
/// target's name, and each test run tries them again.
public struct FuzzTarget: Sendable {
    /// What it is called.
    public let name: String
    /// What it reads.
    public let about: String
    /// Takes one input.
    public let take: @Sendable ([UInt8]) -> Void

    private init(_ name: String, _ about: String, _ take: @escaping @Sendable ([UInt8]) -> Void) {
        self.name = name
        self.about = about
        self.take = take
    }

    /// All there are, a line each: `./fuzz` reads the names and sentences of this file.
    public static let all: [FuzzTarget] = [
        FuzzTarget("known-hosts", "files of known host keys", knownHosts),
        FuzzTarget("fingerprints", "files of prepared fingerprints", fingerprints),
        FuzzTarget("agent", "ssh-agent's answers", agent),
        FuzzTarget("private-key", "private key files", privateKey),
        FuzzTarget("ssh-config", "what ssh -G prints", sshConfig),

        FuzzTarget("inventory", "Belay's inventories", ownInventory),
        FuzzTarget("ansible", "Ansible's inventories, INI and YAML", ansible),
        FuzzTarget("kubernetes", "kubectl's nodes as an inventory", kubernetes),
        FuzzTarget("selector", "selectors of nodes", selector),

        FuzzTarget("runbook", "runbooks, bound to parameters", runbook),
        FuzzTarget("policy", "policies and grants, judged on the sample", policy),
        FuzzTarget("policy-test", "a policy and the cases of its tests", policyTest),
        FuzzTarget("configuration", "all layers of the configuration, the calendar in them", configuration),

        FuzzTarget("cel", "expressions as text", cel),
        FuzzTarget("cel-tree", "expressions of a grammar", celTree),

        FuzzTarget("plan", "saved plans, and a run of each from its beginning to its end", plan),
        FuzzTarget("log-entry", "entries of a log of runs, folded", logEntries),
        FuzzTarget("redactor", "texts that secrets are taken out of", redactor),
        FuzzTarget("incident", "an incident's id and title, and what is written of it", incident),

        FuzzTarget("sshsig", "SSH signatures", sshsig),
        FuzzTarget("allowed-signers", "files of allowed signers", allowedSigners),
        FuzzTarget(
            "statement", "what people sign: approvals, resolutions, broken glass, reviews, what is kept", statement),

        FuzzTarget("iptables", "iptables-save, as the firewall actions read it", iptables),
        FuzzTarget("iptables-merge", "a snapshot of the firewall, merged into the rules of now", iptablesMerge),
        FuzzTarget("routes", "routes and rules as ip shows them, and a snapshot merged into them", routes),
        FuzzTarget("kernel", "kernel parameters and modules, by any name", kernel),
        FuzzTarget("systemctl", "systemctl show, as the actions on services read it", systemctl),
        FuzzTarget("process", "the processes of a name, and who keeps them", process),
        FuzzTarget("old-files", "lists of old logs, packages and temporary files", oldFiles),
        FuzzTarget("images", "docker's, podman's, crictl's and ctr's answers", images),
        FuzzTarget("kubectl", "kubectl's answers, as the actions on a node read them", kubectl),
        FuzzTarget("drain", "a node's pods and the budgets over them", drain),
        FuzzTarget("etcd", "etcdctl's answers", etcd),
        FuzzTarget("certificates", "what a node has of kubeadm's certificates", certificates),
        FuzzTarget("manifest", "manifests of static pods, a flag set or unset", manifest),
        FuzzTarget("file", "what the file to be replaced is like", file),

        FuzzTarget("facts", "a node's answers to the probe of its facts", facts),
        FuzzTarget("nodefacts", "a node's answers to all questions of its facts", nodeFacts),
        FuzzTarget("kubernetes-facts", "kubectl's nodes, leases and pods, as facts", kubernetesFacts),
        FuzzTarget("cluster-survey", "a host's answers to the survey of its cluster", clusterSurvey),

        FuzzTarget("node-answer", "a node's answers to writes and reads", nodeAnswer),
        FuzzTarget("record", "the records of runs on a node", record),
        FuzzTarget("adoption", "a run made again from its record on a node", adoption),

        FuzzTarget("note", "keys, signed notes, checkpoints and cosignatures", note),
        FuzzTarget("log-proof", "proofs of entries and of growth", logProof),
        FuzzTarget("tile", "tiles and bundles", tile),
        FuzzTarget("witness-policy", "policies of witnesses", witnessPolicy),
        FuzzTarget("witness-answer", "witnesses' answers", witnessAnswer),
        FuzzTarget("log-json", "entries as JSON, as a verifier scans them", logJSON),
        FuzzTarget("log-folder", "whole logs: journal, checkpoints, tiles and keys", logFolder),
    ]
}

/// A property that an input has broken.
func expect(_ holds: Bool, _ property: @autoclosure () -> String) {
    if !holds { fatalError("broken: \(property())") }
}
