/// `etcd.move`: moves etcd's data to another folder, on a larger or faster disk.
///
/// The API server and etcd end, the data is copied and compared file by file, and etcd's manifest gets the new folder by one
/// rename. The old data stays as it was, so a node that dies in between starts with it or with the copy, never with half of it.
///
/// **Equivalence.** Undo takes along what was written since: the data is copied back, compared, and put in the place of the
/// old. Only where nobody has been answered from the new place yet is the old data taken as it is.
public struct EtcdMove: Action {
    /// `etcd.move`.
    public static let kind = ActionKind(
        name: "etcd.move",
        summary:
            "Moves the data of the node's member of etcd to another folder; undo moves it back, with what was written since.",
        disrupts: ["pods", "etcd"],
        touches: ["etcd", "file"],
        parameters: [
            ArgumentKind(
                "to", "absolute path of an empty folder on the other disk, mode 0700, of root", required: true),
            ArgumentKind("limit", "seconds that each stop and each start may take, 30 to 600; default 330"),
        ])

    private let to: String
    private let limit: Int
    private let change: FileChange

    /// Reads `to` and `limit`.
    public init(arguments: Arguments) throws(ArgumentError) {
        let path = try FilePath(arguments.required("to"), argument: "to")
        // It becomes a word of YAML.
        let isPlain = path.text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || "/._-".utf8.contains(byte)
        }
        guard isPlain else { throw ArgumentError("to", "must be of a-z, A-Z, 0-9, '/', '.', '_' and '-'") }
        guard !path.text.hasPrefix("/etc/kubernetes") else {
            throw ArgumentError("to", "must not lie in /etc/kubernetes, where the kubelet and kubeadm read")
        }
        to = path.text
        // The kubelet starts what has crashed up to five minutes later.
        limit = try arguments.seconds("limit", in: 30...600, default: 330)
        change = try EtcdDataLook.change()
    }

    /// The files are others on the way back; what etcd holds is not.
    public var reversibility: Reversibility { .compensable }
    /// SSH needs no etcd.
    public var cutsPath: Bool { false }
    /// It is on disk.
    public var survivesReboot: Bool { true }
    /// Two stops and two starts.
    public var leastTimeout: Int { 4 * limit + 60 }

    /// The control plane, and the folder.
    public func observe() -> [Command] { EtcdDataLook.observe(change, to: to) }

    /// Fields: those of ``EtcdDataLook``, and `to`, `to.attributes`, `to.mount` (footprint), `to.filesystem`, `to.boot`, `to.room`.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        let look = try EtcdDataLook(outputs, change)
        var seen = look.seen
        for field in ["to", "to.attributes", "to.mount", "to.filesystem", "to.boot", "to.room"] {
            seen[field] = .absent
        }
        guard let words = look.words("to"), let kind = words.first else { throw EtcdDataLook.unreadable(to) }
        guard kind == "folder" else {
            if kind != "absent" { seen["to"] = .text(Printable.escape(kind, limit: 80)) }
            return seen
        }
        guard words.count == 6, let mount = look.words("mount"), mount.count == 3, mount[0].hasPrefix("/"),
            ["nothing", "member", "other"].contains(words[1]), let room = Int(words[5]), room >= 0
        else { throw EtcdDataLook.unreadable(to) }
        seen["to"] = .text("holds \(words[1])")
        seen["to.attributes"] = .text(Printable.escape("mode \(words[2]), owner \(words[3])", limit: 80))
        seen["to.mount"] = .text(Printable.escape(mount[0], limit: 1024))
        seen["to.filesystem"] = .text(Printable.escape(mount[1], limit: 40))
        // systemd has a file only for what is mounted at boot.
        seen["to.boot"] = .text(mount[0] == "/" || mount[2].hasPrefix("/") ? "mounted at boot" : "mounted by hand")
        seen["to.room"] = .text("\(room)")
        return seen
    }

    /// The manifest, the data, and the folder.
    public func role(of field: String) -> FieldRole { EtcdDataLook.role(of: field, change) }

    /// What was ill may be well, and what could not be asked may answer.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        EtcdDataLook.isEquivalent(field, before: before, now: now)
    }

    /// The same member with its data in the other folder.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        let pod = try EtcdDataLook.pod(before)
        guard pod.data != to else {
            return Prediction(after: before, notes: ["etcd's data is there already: nothing to do"])
        }
        try refuse(pod, before)
        var after = before
        EtcdDataLook.well(before, &after)
        after["content"] = .content(try pod.moved(to: to).content)
        after["data"] = .text(to)
        after["data.kept"] = .lines([])
        after["data.room"] = before["to.room"]
        after["to"] = .text("holds member")
        var qualities: [String: Quality] = [:]
        if before.lines("members") == nil {
            for field in ["cluster", "member", "members"] {
                after[field] = field == "members" ? .lines(["this one"]) : .text("as it was")
                qualities[field] = .unpredictable("etcd could not be asked before")
            }
        }
        return Prediction(after: after, qualities: qualities, notes: notes(pod, before))
    }

    private func refuse(_ pod: EtcdPod, _ before: Observation) throws(ObservationError) {
        guard before.text("data.member") == "yes" else {
            throw ObservationError(
                "\(pod.data) holds no data of etcd",
                remedy: "There is nothing to move; where it was lost, restore a snapshot")
        }
        guard !"\(to)/".hasPrefix("\(pod.data)/"), !"\(pod.data)/".hasPrefix("\(to)/") else {
            throw ObservationError(
                "\(to) and \(pod.data) lie in each other", remedy: "Choose a folder apart from the data")
        }
        guard before.text("to") == "holds nothing", before.text("to.attributes") == "mode 700, owner 0:0" else {
            let found = before.text("to").map { "not an empty folder of root alone: it \($0), " } ?? "not there"
            throw ObservationError(
                "\(to) is \(found)\(before.text("to.attributes") ?? "")",
                remedy: "Make it an empty folder of root with mode 0700: install -d -m 0700 -o root -g root \(to)")
        }
        guard before.text("to.mount") != to else {
            throw ObservationError(
                "\(to) is where a disk is mounted: while it is not, etcd would begin anew in the empty folder under it",
                remedy: "Make a folder on that disk, and give that")
        }
        guard !["tmpfs", "ramfs"].contains(before.text("to.filesystem")) else {
            throw ObservationError(
                "\(to) is in memory", remedy: "Choose a disk: etcd's data would be gone with the next boot")
        }
        let (size, room) = (try EtcdDataLook.bytes("data.bytes", before), try EtcdDataLook.bytes("to.room", before))
        let (twice, isTooMuch) = size.multipliedReportingOverflow(by: 2)
        guard !isTooMuch, room >= twice else {
            throw ObservationError(
                "etcd's data has \(size) bytes, and \(to) must have twice that free, where \(room) are",
                remedy: "Choose a larger disk, or defragment first (defrag-etcd)")
        }
    }

    private func notes(_ pod: EtcdPod, _ before: Observation) -> [String] {
        var notes = [
            "the Kubernetes API does not answer through this node while the data is copied, for one to three minutes and longer with much data",
            "the old data stays in \(pod.data): remove it by hand once all is well, and never let a manifest lead there again",
            "kubeadm still has \(pod.data) in the ConfigMap kubeadm-config (etcd.local.dataDir): change it, or an upgrade leads there again",
            "undo copies the data back, and needs as much room in \(pod.data)",
        ]
        if before.text("to.boot") != "mounted at boot" {
            notes.append(
                "\(before.text("to.mount") ?? to) is not mounted at boot: write it into /etc/fstab, or etcd stays away after one"
            )
        }
        if before.lines("members") == nil { notes.append("etcd does not answer, so its members are not known") }
        return notes
    }

    /// Copied and led there, and proven, etcd first.
    public func apply(_ before: Observation) -> [Command] {
        guard let pod = try? EtcdDataLook.pod(before), pod.data != to, let new = try? pod.moved(to: to) else {
            return []
        }
        return [EtcdDataScript.command("move", [pod.data, to, "\(limit)"], input: new.content)]
            + EtcdDataLook.proven(.etcd, before, limit: limit) + [EtcdDataScript.command("serve", [to])]
            + EtcdDataLook.proven(.apiServer, before, limit: limit)
    }

    /// The data copied back where it was used, the old manifest, the new folder empty; then what ran is waited for. Where it was
    /// there already, this is the undo of a rollback: both manifests are put back, and it says when etcd has gone on elsewhere.
    public func undo(_ before: Observation) -> [Command] {
        guard let pod = try? EtcdDataLook.pod(before), let old = before.content("content") else { return [] }
        let metrics = EtcdDataLook.metrics(pod, before)
        guard pod.data != to else { return [EtcdDataScript.command("stay", ["\(limit)", metrics], input: old)] }
        let words = [
            pod.data, to, "\(limit)", metrics,
            before.lines("members")?.count == 1 ? "yes" : "no",
            before.text("mode") ?? "600", before.text("owner") ?? "0:0",
        ]
        return [EtcdDataScript.command("unmove", words, input: old)] + EtcdDataLook.returned(before, limit: limit)
    }
}
