/// `manifest.edit`: replaces a static pod's manifest, or one flag in it, and waits until the pod runs as it says.
///
/// The temporary file lies beside the kubelet's folder, never in it: the kubelet runs every file there whose name does not
/// begin with a dot. What is no Pod, or another pod than the one that was there, is refused before anything is written.
public struct ManifestEdit: Action {
    /// `manifest.edit`.
    public static let kind = ActionKind(
        name: "manifest.edit",
        summary: "Replaces a static pod's manifest, or sets one flag in it; undo puts the old one back.",
        disrupts: ["pods", "etcd"],
        touches: ["file"],
        parameters: [
            ArgumentKind("component", "kube-apiserver, etcd, kube-scheduler or kube-controller-manager"),
            ArgumentKind("path", "or the manifest of another static pod"),
            ArgumentKind("content", "the whole new manifest"),
            ArgumentKind("from", "or a backup of it on the node, outside the kubelet's folder"),
            ArgumentKind("set", "or one flag of its program, '--flag=value'"),
            ArgumentKind("unset", "or a flag that is taken out, '--flag'"),
            ArgumentKind(
                "limit", "seconds until a component must run and be healthy, 10 to 600; default 240; 0: not waited for"),
        ])

    private enum Source: Sendable {
        case content(Payload), backup(FileBackup), flag(FlagEdit)
    }

    private let change: FileChange
    private let component: ControlPlaneComponent?
    private let source: Source
    private let limit: Int

    /// Reads `component` or `path`, one of `content`, `from`, `set` and `unset`, and `limit`. What is empty is not given, so that
    /// a runbook can leave the choice to its parameters.
    public init(arguments: Arguments) throws(ArgumentError) {
        func given(_ name: String) throws(ArgumentError) -> String? {
            let text = try arguments.text(name) ?? ""
            return text.isEmpty ? nil : text
        }
        let (named, own) = (try given("component"), try given("path"))
        guard (named == nil) != (own == nil) else { throw ArgumentError(nil, "give either 'component' or 'path'") }
        component = try named.map { (text) throws(ArgumentError) in try ControlPlaneComponent(text) }
        let text = component?.manifest ?? own ?? ""
        let path = try FilePath(text, asManifest: true)
        guard PodManifest.isName(path.name) else { throw ArgumentError("path", "must end in .yaml, .yml or .json") }
        change = FileChange(path)
        var sources: [Source] = []
        if let text = try given("content") { sources.append(.content(Payload(text))) }
        if let text = try given("from") { sources.append(.backup(try FileBackup(text, of: path))) }
        for (name, unsets) in [("set", false), ("unset", true)] {
            guard let text = try given(name) else { continue }
            sources.append(.flag(try FlagEdit(text, argument: name, unsets: unsets)))
        }
        guard let source = sources.first, sources.count == 1 else {
            throw ArgumentError(nil, "give one of 'content', 'from', 'set' and 'unset'")
        }
        self.source = source
        // A kubelet that has lost etcd waits for its API for more than two minutes before it starts etcd again.
        limit = try arguments.seconds("limit", in: 10...600, default: 240, orZero: true)
    }

    /// The manifest comes back exactly, and the pod with it.
    public var reversibility: Reversibility { .reversible }
    /// etcd's manifest disrupts etcd.
    public var disrupts: Set<String> {
        component?.disrupts ?? (change.path.name.hasPrefix("etcd") ? ["pods", "etcd"] : ["pods"])
    }
    /// SSH needs no pod.
    public var cutsPath: Bool { change.cutsPath }
    /// It is on disk.
    public var survivesReboot: Bool { true }
    /// The file.
    public var subject: String { change.subject }

    /// What `file.replace` looks at, and the backup where there is one.
    public func observe() -> [Command] {
        if case .backup(let backup) = source { return change.observe() + [backup.command] }
        return change.observe()
    }

    /// Fields: those of `file.replace`, and `backup`, `backup.mode`, `backup.owner` (footprint).
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(observe().count, outputs)
        var observation = try change.parse(Array(outputs.prefix(1)))
        if case .backup(let backup) = source {
            observation.fields.merge(try backup.parse(outputs[1])) { _, new in new }
        }
        return observation
    }

    /// The manifest as a whole is the footprint.
    public func role(of field: String) -> FieldRole { change.role(of: field) }

    /// Exactly the new manifest.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try FileState.refuseWhatCannotBeReplaced(before, path: change.path.text)
        let new = try wanted(before)
        var notes: [String] = []
        if let old = before.content("content") {
            if let old = try? PodManifest(old, of: change.path.text) {
                try expectSamePod(new, as: (old.name, old.namespace), of: "what is there")
            } else {
                notes.append("what is there is no manifest of a pod, so nothing of it can be compared")
            }
        }
        if let component {
            try expectSamePod(new, as: (component.rawValue, "kube-system"), of: component.rawValue)
        }
        var prediction = try change.predict(before, new.content)
        guard !apply(before).isEmpty else { return prediction }
        notes += component.map { [$0.outage] } ?? []
        if waits(before, new), let component {
            notes.append(
                "the step ends once \(component.rawValue) runs as it says and is healthy, or fails after \(limit) s")
        } else {
            notes.append("whether the pod starts is not waited for")
        }
        prediction.notes += notes
        return prediction
    }

    /// One command that writes, syncs and renames, and one that waits; none when the manifest is as wanted.
    public func apply(_ before: Observation) -> [Command] {
        guard let new = try? wanted(before) else { return [] }
        let writes = change.apply(before, new.content)
        guard let component, !writes.isEmpty, waits(before, new) else { return writes }
        return writes + [StaticPodScript.edited(component, limit: limit)]
    }

    /// The old manifest put back with the same care, or the new one removed; the kubelet does the rest.
    public func undo(_ before: Observation) -> [Command] { change.undo(before) }

    /// The manifest itself, against both states.
    public func stillAsLeft(_ left: Observation, before: Observation) -> Command? {
        change.stillAsLeft(left, before: before)
    }

    private func wanted(_ before: Observation) throws(ObservationError) -> PodManifest {
        switch source {
        case .content(let content): return try PodManifest(content, of: "'content'")
        case .backup(let backup): return try PodManifest(try backup.content(before), of: "the backup")
        case .flag(let edit):
            guard let old = before.content("content") else {
                throw ObservationError(
                    "there is no \(change.path.text)", remedy: "Give the whole manifest as 'content' or 'from'")
            }
            return try PodManifest(old, of: change.path.text).with(edit)
        }
    }

    /// A pod that says the same is not made anew, so nothing comes to be waited for.
    private func waits(_ before: Observation, _ new: PodManifest) -> Bool {
        guard limit > 0, component != nil else { return false }
        let old = before.content("content").flatMap { try? PodManifest($0, of: "") }
        return old.map { !new.isSamePod(as: $0) } ?? true
    }

    private func expectSamePod(
        _ new: PodManifest, as other: (name: String, namespace: String), of what: String
    ) throws(ObservationError) {
        guard new.name != other.name || new.namespace != other.namespace else { return }
        throw ObservationError(
            "the manifest is of \(new.namespace)/\(new.name), and \(what) is \(other.namespace)/\(other.name)",
            remedy: "Another pod does not take its place; give a manifest of the same name and namespace")
    }
}
