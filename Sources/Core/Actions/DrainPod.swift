/// A pod on a node, as far as a drain is concerned with it.
struct DrainPod: Sendable, Hashable {
    /// What a drain does with it.
    enum Fate: Sendable, Hashable {
        /// It is evicted.
        case leaves
        /// Somebody has deleted it already, and it is waited for.
        case going
        /// It stays, in words.
        case stays(String)
    }

    var fate: Fate
    /// Whose it is: `NAMESPACE/KIND/CONTROLLER`, `NAMESPACE/-/POD` without a controller, with `+emptyDir` behind it where
    /// it has such a volume. Of a ReplicaSet and of a Job the part of the name is left out that changes with each release
    /// and each time a CronJob is due: what was approved in the morning is still what is evicted at noon.
    var key: String
    var namespace: String
    var name: String
    var phase: String
    var isReady: Bool
    var labels: [String: String]

    /// `NAMESPACE/NAME`.
    var path: String { "\(namespace)/\(name)" }
}

extension DrainPod {
    static func list(on node: KubectlObject) -> Command {
        .shell(DrainScript.list, [node.kubeconfig, node.name, template, filter])
    }

    /// Prints a line of each pod: `pod NAMESPACE NAME UID PHASE READY GOING MIRROR KIND OWNER HASH EMPTYDIR LABEL=VALUE…`.
    ///
    /// None of these words can have a space in it, nor be empty where it stands: Kubernetes refuses such names.
    static let template = """
        {{range .items}}\
        {{$mirror := "no"}}{{range $key, $_ := .metadata.annotations}}\
        {{if eq $key "kubernetes.io/config.mirror"}}{{$mirror = "yes"}}{{end}}{{end}}\
        {{$kind := "-"}}{{$owner := "-"}}{{range .metadata.ownerReferences}}\
        {{if .controller}}{{$kind = .kind}}{{$owner = .name}}{{end}}{{end}}\
        {{$hash := "-"}}{{range $key, $value := .metadata.labels}}\
        {{if eq $key "pod-template-hash"}}{{if $value}}{{$hash = $value}}{{end}}{{end}}{{end}}\
        {{$data := "no"}}{{range .spec.volumes}}{{range $key, $_ := .}}\
        {{if eq $key "emptyDir"}}{{$data = "yes"}}{{end}}{{end}}{{end}}\
        {{$ready := "no"}}{{range .status.conditions}}\
        {{if and (eq .type "Ready") (eq .status "True")}}{{$ready = "yes"}}{{end}}{{end}}\
        pod {{.metadata.namespace}} {{.metadata.name}} {{.metadata.uid}} {{.status.phase}} {{$ready}} \
        {{if .metadata.deletionTimestamp}}yes{{else}}no{{end}} {{$mirror}} {{$kind}} {{$owner}} {{$hash}} {{$data}}\
        {{range $key, $value := .metadata.labels}} {{$key}}={{$value}}{{end}}{{"\\n"}}{{end}}
        """

    /// An awk program over these lines, for the observation and the eviction alike, so that both tell pods apart in the same
    /// way: `leaves|going KEY …` or `stays WHY …`, and behind that `NAMESPACE NAME UID PHASE READY LABEL=VALUE…`.
    static let filter = #"""
        NF == 0 { next }
        $1 != "pod" || NF < 12 { print "odd"; next }
        {
          owner = $10; cut = length(owner) - length($11)
          if ($9 == "ReplicaSet" && cut > 1 && substr(owner, cut) == "-" $11) owner = substr(owner, 1, cut - 1)
          if ($9 == "Job") sub(/-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]+$/, "", owner)
          what = $7 == "yes" ? "going" : "leaves"
          key = $2 "/" ($9 == "-" ? "-/" $3 : $9 "/" owner) ($12 == "yes" ? "+emptyDir" : "")
          if ($5 == "Succeeded" || $5 == "Failed") { what = "stays"; key = "ended" }
          if ($9 == "DaemonSet") { what = "stays"; key = "daemon" }
          if ($8 == "yes" || $9 == "Node") { what = "stays"; key = "static" }
          line = what " " key " " $2 " " $3 " " $4 " " $5 " " $6
          for (i = 13; i <= NF; i++) line = line " " $i
          print line
        }
        """#

    /// Reads what ``list(on:)`` printed.
    static func read(_ output: CommandOutput, of node: KubectlObject) throws(ObservationError) -> [DrainPod] {
        let pods = try output.rows(of: "kubectl get pods", about: node).map { (words) throws(ObservationError) in
            guard let pod = DrainPod(words) else { throw .strange(words, "a pod", node) }
            return pod
        }
        return pods.sorted { $0.path < $1.path }
    }

    private init?(_ words: [String]) {
        guard words.count >= 7, let fate = Self.fate(words[0], words[1], phase: words[5]),
            words[1].contains("/") || fate.stays,
            words[2...4].allSatisfy(Self.isName), words[6] == "yes" || words[6] == "no"
        else { return nil }
        var labels: [String: String] = [:]
        for word in words[7...] {
            guard let mark = word.firstIndex(of: "=") else { return nil }
            labels[String(word[..<mark])] = String(word[word.index(after: mark)...])
        }
        self.init(
            fate: fate, key: words[1], namespace: words[2], name: words[3], phase: words[5], isReady: words[6] == "yes",
            labels: labels)
    }

    private static func fate(_ what: String, _ why: String, phase: String) -> Fate? {
        switch (what, why) {
        case ("leaves", _): .leaves
        case ("going", _): .going
        case ("stays", "static"): .stays("a static pod")
        case ("stays", "daemon"): .stays("of a DaemonSet")
        case ("stays", "ended"): .stays("has ended (\(phase))")
        default: nil
        }
    }

    /// What may stand in a path of the API: names of namespaces and pods, and uids.
    private static func isName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count) && !text.contains("..")
            && text.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                    || byte == 0x2D || byte == 0x2E
            }
    }
}

extension DrainPod.Fate {
    fileprivate var stays: Bool { if case .stays = self { true } else { false } }
}

extension CommandOutput {
    /// The lines that a template printed, in words.
    func rows(of what: String, about node: KubectlObject) throws(ObservationError) -> [[String]] {
        if status != 0 {
            let said = errorTail.text.map { $0.lines.last.map(String.init) ?? "" } ?? ""
            throw KubectlFailure(status: status, said: said).error(about: node)
        }
        return try text(of: what).lines.filter { !$0.isEmpty }.map {
            $0.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        }
    }
}

extension ObservationError {
    static func strange(_ words: [String], _ what: String, _ node: KubectlObject) -> ObservationError {
        let line = Printable.escape(words.joined(separator: " "), limit: 100)
        return ObservationError(
            "kubectl printed '\(line)' where \(what) was asked for",
            remedy: "Run 'kubectl get pods,pdb -A' on the execution host, then plan the drain of \(node.name) again")
    }
}
