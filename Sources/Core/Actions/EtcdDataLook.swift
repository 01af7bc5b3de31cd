/// What `etcd.restore` and `etcd.move` see of a control plane: etcd's manifest, how it and the API server do, who its members are,
/// and the folder of its data.
///
/// Who the members are only etcd itself can tell; where it does not run, that stays unknown.
struct EtcdDataLook: Sendable {
    /// etcd's manifest as a file.
    static func change() throws(ArgumentError) -> FileChange {
        FileChange(try FilePath(ControlPlaneComponent.etcd.manifest))
    }

    /// One read each of the file, of both components, of the cluster and of the data.
    static func observe(_ change: FileChange, snapshot: String = "", to: String = "") -> [Command] {
        change.observe() + [
            StaticPodScript.observe(.etcd), StaticPodScript.observe(.apiServer), EtcdCluster.command,
            EtcdDataScript.command("look", [snapshot, to]),
        ]
    }

    /// The lines of the last read, each by its first word.
    let said: [[String]]
    /// The fields that both actions show.
    private(set) var seen: Observation

    /// Reads the outputs of ``observe(_:snapshot:to:)``.
    init(_ outputs: [CommandOutput], _ change: FileChange) throws(ObservationError) {
        try expect(5, outputs)
        seen = try change.parse([outputs[0]])
        said = try outputs[4].text(of: "looking at etcd's data").lines.map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        let known = ["folder", "kept", "aside", "reader", "snapshot", "sha256", "noted", "to", "mount"]
        guard said.allSatisfy({ known.contains($0.first ?? "") }) else {
            throw Self.unreadable("a line is none of ours")
        }
        try component(.etcd, outputs[1], as: "etcd")
        try component(.apiServer, outputs[2], as: "api")
        cluster(outputs[3])
        try folder()
    }

    /// The words behind a first word, when there is one line of it.
    func words(_ name: String) -> [String]? {
        let lines = said.filter { $0.first == name }
        return lines.count == 1 ? Array(lines[0].dropFirst()) : nil
    }

    private mutating func component(
        _ component: ControlPlaneComponent, _ output: CommandOutput, as name: String
    ) throws(ObservationError) {
        let shown = try output.properties(of: "looking for \(component.rawValue)")
        guard let manifest = shown["manifest"], let kubelet = shown["kubelet"], !kubelet.isEmpty,
            let count = shown["processes"].flatMap({ Int($0) }), count >= 0, let health = shown["health"]
        else { throw Self.unreadable("what runs of \(component.rawValue)") }
        seen["kubelet"] = .text(Printable.escape(kubelet, limit: 40))
        seen["\(name).running"] = .text(count == 0 ? "no" : count == 1 ? "yes" : "\(count) times")
        seen["\(name).health"] = .text(Printable.escape(health, limit: 40))
        guard component == .apiServer else { return }
        seen["api.manifest"] = manifest == "absent" ? .absent : .text(Printable.escape(manifest, limit: 64))
    }

    private mutating func cluster(_ output: CommandOutput) {
        for field in Self.told { seen[field] = .absent }
        guard output.status == 0, let told = try? EtcdCluster(output).observation() else { return }
        for field in Self.told { seen[field] = told[field] }
    }

    private static let told = ["cluster", "member", "members", "unhealthy", "revision"]

    private mutating func folder() throws(ObservationError) {
        seen["aside"] = .lines(
            said.filter { $0.first == "aside" && $0.count == 2 }.map { Printable.escape($0[1], limit: 80) })
        seen["reader"] = words("reader")?.first.map { .text(Printable.escape($0, limit: 20)) } ?? .absent
        for field in ["data", "data.member", "data.kept", "data.bytes", "data.room"] { seen[field] = .absent }
        guard let content = seen.content("content"), let pod = try? EtcdPod(content, of: "") else { return }
        guard let found = said.first(where: { $0.first == "folder" && $0.count > 1 && $0[1] == pod.data }) else {
            return
        }
        guard found.count == 5, ["yes", "no"].contains(found[2]),
            [3, 4].allSatisfy({ Int(found[$0]).map { $0 >= 0 } == true })
        else { throw Self.unreadable("the folder of its data") }
        seen["data"] = .text(Printable.escape(pod.data, limit: 1024))
        seen["data.member"] = .text(found[2])
        seen["data.bytes"] = .text(found[3])
        seen["data.room"] = .text(found[4])
        let kept = said.filter { $0.first == "kept" && $0.count == 3 && $0[1] == pod.data }
        seen["data.kept"] = .lines(kept.map { Printable.escape($0[2], limit: 80) }.sorted())
    }

    static func unreadable(_ what: String) -> ObservationError {
        ObservationError(
            "what was read of etcd's data is not whole: \(what)",
            remedy: "Look at \(ControlPlaneComponent.etcd.manifest) and its data folder on the node, then plan again")
    }

    /// The role of those fields: what is put in the place of what is the footprint.
    static func role(of field: String, _ change: FileChange) -> FieldRole {
        switch field {
        case "etcd.running", "api.running": .volatile("a program that crashes is there and gone")
        case "revision": .volatile("every write makes a new one")
        case "unhealthy": .volatile("a member may be away for a moment")
        case "data.bytes": .volatile("it grows with what is written")
        case "data.room", "to.room": .volatile("others write to the disk too")
        case "reader": .volatile("the one beside etcd is there while etcd runs")
        case "etcd.health", "api.health", "snapshot.noted", "to.filesystem", "to.boot": .state
        default: change.role(of: field)
        }
    }

    /// Nobody wants what was cured ill again; and who the members are is told only while etcd runs.
    static func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        if before == now { return true }
        switch field {
        case "etcd.health", "api.health": return before != .text("healthy")
        case "cluster", "member", "members": return before == .absent
        default: return false
        }
    }

    /// Refuses what neither action can work on, and gives the manifest.
    static func pod(_ before: Observation) throws(ObservationError) -> EtcdPod {
        guard let content = before.content("content") else {
            throw ObservationError(
                "there is no \(ControlPlaneComponent.etcd.manifest) on this node: etcd is no static pod here",
                remedy:
                    "Put the manifest back (restore-manifest); an etcd that systemd starts is stopped, changed and started by hand"
            )
        }
        try FileState.refuseWhatCannotBeReplaced(before, path: ControlPlaneComponent.etcd.manifest)
        let pod = try EtcdPod(content, of: ControlPlaneComponent.etcd.manifest)
        guard before.text("kubelet") == "active" else {
            throw ObservationError(
                "the kubelet is \(before.text("kubelet") ?? "unknown"), so nobody would stop etcd and start it again",
                remedy: "See to the kubelet first: restart-kubelet")
        }
        guard before.lines("aside") == [] else {
            throw ObservationError(
                "\(EtcdDataScript.aside) holds \((before.lines("aside") ?? []).joined(separator: ", "))",
                remedy:
                    "An attempt was not ended: 'belay recover' does; by hand, move those manifests back to \(FilePath.manifests)"
            )
        }
        for name in ["etcd", "api"] where before.text("\(name).running")?.hasSuffix("times") == true {
            throw ObservationError(
                "\(name == "etcd" ? "etcd" : "the API server") runs \(before.text("\(name).running") ?? "")",
                remedy: "Look in \(FilePath.manifests) for a copy of its manifest, and move it out of there")
        }
        guard before.text("data") != nil, before.lines("data.kept") != nil else {
            throw ObservationError(
                "\(pod.data), where its manifest has etcd's data, is no folder of this node",
                remedy: "See whether the disk is mounted")
        }
        return pod
    }

    /// A field that is a count of bytes.
    static func bytes(_ field: String, _ before: Observation) throws(ObservationError) -> Int {
        guard let number = before.text(field).flatMap(Int.init), number >= 0 else { throw unreadable(field) }
        return number
    }

    /// What both end as, where it can be asked.
    static func well(_ before: Observation, _ after: inout Observation) {
        for name in ["etcd", "api"] where name == "etcd" || before.text("api.manifest") != nil {
            after["\(name).running"] = .text("yes")
            after["\(name).health"] = .text(wanted(name, before))
        }
    }

    private static func wanted(_ name: String, _ before: Observation) -> String {
        let health = before.text("\(name).health") ?? ""
        return ["unasked", "answers"].contains(health) ? health : "healthy"
    }

    /// Waits until one of them runs and is well.
    static func proven(_ component: ControlPlaneComponent, _ before: Observation, limit: Int) -> [Command] {
        guard component == .etcd || before.text("api.manifest") != nil else { return [] }
        let health = wanted(component == .etcd ? "etcd" : "api", before)
        return [StaticPodScript.returned(component, limit: limit, wanted: health)]
    }

    /// Waits until both run as they did before, as well as they were.
    static func returned(_ before: Observation, limit: Int) -> [Command] {
        [("etcd", ControlPlaneComponent.etcd), ("api", .apiServer)].compactMap { name, component in
            guard before.text("\(name).running") == "yes" else { return nil }
            let health = before.text("\(name).health") ?? ""
            return StaticPodScript.returned(
                component, limit: limit, wanted: ["healthy", "answers"].contains(health) ? health : "")
        }
    }

    /// Where undo asks etcd for its health before the API server starts: nowhere when it was not well before.
    static func metrics(_ pod: EtcdPod?, _ before: Observation) -> String {
        before.text("etcd.health") == "healthy" ? pod?.metrics ?? "" : ""
    }
}
