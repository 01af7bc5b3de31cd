/// `process.restart`: restarts a program that no unit runs, the way it was started: a bare process or a container.
///
/// A bare process is begun again with its command line, environment, folder, user, groups, umask, limit of open files and
/// files of output; what cannot be had again is refused before anything is stopped. A container is restarted by its runtime.
/// What a systemd unit runs is refused: `service.restart` does that right.
///
/// **Equivalence.** A process started the same way is as good as the one before. What it wrote to a pipe, a socket or a
/// terminal goes to `/dev/null` then, since the other end was somebody's who started it. How it was started is kept in the
/// node's memory alone, as it may hold secrets: after a reboot undo needs a person.
public struct ProcessRestart: Action {
    /// `process.restart`.
    public static let kind = ActionKind(
        name: "process.restart",
        summary: "Restarts a program that no unit runs, as a bare process or container, the way it was started.",
        disrupts: ["kubelet", "runtime", "network", "pods", "etcd"],
        touches: ["process"],
        parameters: [
            ArgumentKind("name", "the program's file name, or that of the script: chisel", required: true),
            ArgumentKind("match", "a text in its command line, where several are called so"),
        ])

    private let name: String
    private let match: String
    private let work: Set<String>

    /// Reads `name` and `match`.
    public init(arguments: Arguments) throws(ArgumentError) {
        name = try arguments.required("name")
        match = try arguments.text("match") ?? ""
        let isPlain = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "._+-".utf8.contains(byte)
        }
        guard isPlain, (1...64).contains(name.utf8.count), let first = name.utf8.first, !"-.+".utf8.contains(first)
        else {
            throw ArgumentError(
                "name", "must be a file name of letters, digits, '.', '_', '+' and '-', not \(name.debugDescription)")
        }
        guard !Self.isVital(name) else {
            throw ArgumentError(
                "name",
                "'\(name)' carries the way to the node or is the system's own; restart its unit with service.restart")
        }
        guard match.utf8.count <= 200, match.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw ArgumentError("match", "must be at most 200 bytes without control characters")
        }
        work = (try? ServiceUnit(name, argument: "name").disrupts) ?? []
    }

    private static func isVital(_ name: String) -> Bool {
        ServiceUnit.cutsPath(name) || name.hasPrefix("systemd") || vital.contains(name)
    }

    private static let vital: Set<String> = [
        "init", "sh", "bash", "dash", "ash", "busybox", "login", "agetty", "sudo", "su", "containerd-shim",
        "containerd-shim-runc-v2", "conmon", "runc", "crun", "dbus-daemon", "sshd-session", "wpa_supplicant",
    ]

    /// A process started the same way is as good.
    public var reversibility: Reversibility { .compensable }
    /// As of a service of that name; most disrupt nothing here.
    public var disrupts: Set<String> { work }
    /// What carries the path is refused.
    public var cutsPath: Bool { false }
    /// A reboot ends processes, and starts none that no unit has.
    public var survivesReboot: Bool { false }

    /// Every process called so.
    public func observe() -> [Command] { [.shell(ProcessScripts.observe, [name, match])] }

    /// Fields: `running`, `input`, `output`, `errors` (state), `keeper`, `program`, `folder`, `user`, `way`, `client`, `pod` and
    /// docker's and podman's `container` (footprint), and what changes by itself.
    public func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        return try ProcessState.parse(outputs[0], name: name, match: match)
    }

    /// How it is run is the footprint; which process it is changes.
    public func role(of field: String) -> FieldRole {
        switch field {
        case "keeper", "program", "folder", "user", "way", "client", "pod", "container": .footprint
        case "running", "input", "output", "errors": .state
        case "pid", "started", "parent", "podContainer": .volatile("a new process has another")
        case "boot": .volatile("every boot has another")
        default: .volatile("said for the reader")
        }
    }

    /// What led to somebody who is gone leads nowhere.
    public func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        if before == now { return true }
        guard ["input", "output", "errors"].contains(field), case .text(let old) = before else { return false }
        return now == .text(ProcessState.nowhere) && !old.hasPrefix("/")
    }

    /// Running the same way, as another process.
    public func predict(_ before: Observation) throws(ObservationError) -> Prediction {
        try refuse(before)
        var after = before
        var qualities: [String: Quality] = [:]
        for field in ["pid", "started", "parent", "podContainer"] where before[field] != nil {
            qualities[field] = .unpredictable("a new process has another")
        }
        var notes: [String] = []
        for field in ["input", "output", "errors"] {
            guard let old = before.text(field), !old.hasPrefix("/") else { continue }
            after[field] = .text(ProcessState.nowhere)
            qualities[field] = .bounded("stays what it is where its parent starts it again by itself")
            notes.append(
                "its \(field) is a \(old), which cannot be opened anew: afterwards it is \(ProcessState.nowhere)")
        }
        switch before.text("keeper") {
        case "pod":
            notes.append("the kubelet starts the container again, unless its pod's restartPolicy is Never")
        case "nobody":
            notes.append("its children end with it; how it was started is kept in the node's memory until a reboot")
        default: break
        }
        return Prediction(after: after, qualities: qualities, notes: notes)
    }

    private func refuse(_ before: Observation) throws(ObservationError) {
        guard before.text("running") == "yes" else {
            throw ObservationError(
                "nothing to restart: no process \(name) runs, and how it was started is not known",
                remedy: "Start it by its unit (service.restart) or its manifest")
        }
        if before.text("keeper") == "unit" {
            let unit = before.text("unit") ?? ""
            throw ObservationError(
                "\(name) belongs to the unit \(unit)", remedy: "Use service.restart with service: \(unit)")
        }
        if let obstacle = before.text("obstacle") {
            throw ObservationError(
                "\(name) cannot be started again as it was: \(obstacle)",
                remedy: "Restart it by hand, or give it a unit")
        }
    }

    /// One command, which keeps what is needed to start it before it ends it.
    public func apply(_ before: Observation) -> [Command] { command("restart", before) }

    /// Starts it again unless it runs.
    public func undo(_ before: Observation) -> [Command] { command("revive", before) }

    private func command(_ verb: String, _ before: Observation) -> [Command] {
        func text(_ field: String) -> String { before.text(field) ?? "" }
        switch text("keeper") {
        case "nobody":
            return [
                .shell(
                    ProcessScripts.write,
                    [verb, text("pid"), text("started"), text("boot"), text("way"), name])
            ]
        case "pod":
            return [
                .shell(
                    ProcessScripts.container, [verb, text("client"), text("podContainer"), name, text("pod")])
            ]
        case "container":
            return [.shell(ProcessScripts.container, [verb, text("client"), text("container"), name, ""])]
        default: return []
        }
    }

    /// The same, of a process started the same way that has another PID by now, as one that crashes has.
    public func permits(_ now: [Command], planned: [Command]) -> Bool {
        if now == planned { return true }
        guard now.count == 1, planned.count == 1, now[0].argv.count == planned[0].argv.count, now[0].argv.count > 7
        else { return false }
        let isBare = now[0].argv.count == 10
        let other: Range<Int> = isBare ? 5..<8 : 6..<7
        return now[0].argv.indices.allSatisfy { other.contains($0) || now[0].argv[$0] == planned[0].argv[$0] }
    }
}
