/// What the `service.` actions see of a unit, and how it is brought back: started or stopped, as it was.
///
/// `systemctl start` and `restart` return 0 even when the program is missing or crashes at once, so their success says
/// little: the runbook's checks must wait until the service is *stable*.
struct ServiceLook: Sendable, Hashable {
    let unit: ServiceUnit

    /// The argument that names the unit.
    static let parameter = ArgumentKind(
        "service", "the unit's name, '.service' may be left out: kubelet, containerd", required: true)
    /// All that any service may disrupt.
    static let disrupts: Set<String> = ["kubelet", "runtime", "network", "pods", "etcd"]

    init(_ arguments: Arguments) throws(ArgumentError) {
        unit = try ServiceUnit(arguments.required("service"), argument: "service")
    }

    /// One `systemctl show` with the digest of the unit's files, the same for all of them.
    func observe() -> [Command] { [ServiceState.command(unit)] }

    func parse(_ outputs: [CommandOutput]) throws(ObservationError) -> Observation {
        try expect(1, outputs)
        let state = try ServiceState.parse(outputs[0])
        let shown = state.properties
        func value(_ key: String) -> FieldValue { shown[key].map { $0.isEmpty ? .absent : .text($0) } ?? .absent }
        func words(_ key: String) -> FieldValue {
            .lines((shown[key] ?? "").split(separator: " ").map(String.init).sorted())
        }
        let isLoaded = shown["LoadState"] == "loaded"
        return Observation([
            "unit": value("Id"),
            "names": words("Names"),
            "load": value("LoadState"),
            "started": .text(state.started),
            "active": .text(state.active),
            "lasts": .text(state.endsByItself ? "until its work is done" : "until it is stopped"),
            "enabled": value("UnitFileState"),
            "unitDigest": isLoaded ? value("FilesSHA256") : .absent,
            "stopsToo": words("StopsToo"),
            "startedBy": words("TriggeredBy"),
            "daemonReload": .text(shown["NeedDaemonReload"] == "yes" ? "needed" : "not needed"),
            "result": value("Result"),
            "mainPid": value("MainPID"),
            "restarts": value("NRestarts"),
            "startedAt": value("ExecMainStartTimestamp"),
        ])
    }

    /// The footprint is what undo and the approver rely on and what holds for hours.
    static func role(of field: String) -> FieldRole {
        switch field {
        case "unit", "names", "load", "started", "unitDigest": .footprint
        case "mainPid": .volatile("a new process has a new PID")
        case "restarts": .volatile("systemd counts its own restarts, and forgets them on a restart by hand")
        case "startedAt": .volatile("the time of the last start")
        case "result": .volatile("how the last process ended")
        case "daemonReload": .volatile("any 'systemctl daemon-reload' changes it")
        case "stopsToo", "startedBy": .volatile("other units start and stop by themselves")
        default: .state
        }
    }

    /// A unit that was failing need not fail again: healthy, or failing in another moment of its loop, is as good. So is
    /// done, for one whose work had failed.
    static func isEquivalent(_ field: String, before: FieldValue?, now: FieldValue?) -> Bool {
        if before == now { return true }
        guard field == "active" else { return false }
        return before == .text("failed") || (before == .text("failing") && now != .text("stopped"))
    }

    /// True for one that is not held to be up once it has done its work.
    static func ends(_ state: Observation) -> Bool { state.text("lasts") == "until its work is done" }

    /// - Parameter verb: what is wanted of it, as in "cannot be restarted".
    func refuseUnloaded(_ before: Observation, verb: String) throws(ObservationError) {
        switch before.text("load") {
        case "loaded": break
        case "not-found":
            throw ObservationError(
                "there is no unit \(unit.name) on this node",
                remedy: "Check the name with 'systemctl list-unit-files --type=service'")
        case let load:
            throw ObservationError(
                "\(unit.name) cannot be \(verb): systemd says it is '\(load ?? "unknown")'",
                remedy: "See 'systemctl status \(unit.name)'; unmask or repair the unit first")
        }
        if !unit.cutsPath, let other = before.lines("names")?.first(where: ServiceUnit.cutsPath) {
            throw ObservationError(
                "\(unit.name) is another name of \(other), which can cut the path to the node",
                remedy: "Name the service '\(other)', so that it runs under a dead-man switch")
        }
    }

    /// A process anew: up, exactly, or done with its work where it is of that kind; which process is not known.
    func started(_ before: Observation) -> Prediction {
        var after = before
        let ends = Self.ends(before)
        after["started"] = .text(ends ? "no" : "yes")
        after["active"] = .text(ends ? "stopped" : "running")
        after["mainPid"] = .text("a new process")
        after["startedAt"] = .text("the time of the start")
        after["result"] = .text("success")
        after["restarts"] = .text("0")
        let qualities: [String: Quality] = [
            "mainPid": .unpredictable("the kernel chooses the PID"),
            "startedAt": .unpredictable("it is the time of the start"),
            "result": .unpredictable("it says how the new process fares"),
            "restarts": .unpredictable("systemd sets it back to 0 and counts again when the service crashes"),
        ]
        return Prediction(after: after, qualities: qualities, notes: notes(before))
    }

    private func notes(_ before: Observation) -> [String] {
        var notes = [
            "systemd counts it as started even when it crashes at once: the checks must wait until it is stable"
        ]
        if Self.ends(before) { notes.append("\(unit.name) runs once: it is not up when its work is done") }
        switch before.text("active") {
        case "stopped" where !Self.ends(before):
            notes.append("\(unit.name) is stopped now: this starts it, undo stops it again")
        case "failing":
            notes.append("\(unit.name) is failing now: undo leaves it started, as systemd keeps trying today")
        default: break
        }
        if before.text("daemonReload") == "needed" {
            notes.append(
                "its unit files changed since systemd read them: without a daemon-reload the old ones are used")
        }
        return notes
    }

    /// A service that fails needs its failures forgotten before it is started: systemd may have given up on it, and says so
    /// of the last failure only when somebody tried to start it since.
    func forget(_ before: Observation) -> [Command] {
        ["failing", "failed"].contains(before.text("active"))
            ? [Command(["systemctl", "reset-failed", unit.name])] : []
    }

    /// What ends badly when it is told to is called failed, which it was not; and what is not up may be forgotten.
    var stop: [Command] {
        [
            Command(["systemctl", "stop", unit.name]),
            Command(["systemctl", "reset-failed", unit.name], accepts: [0, 1]),
        ]
    }

    /// Started when it was running or failing, stopped when it was stopped.
    func undo(_ before: Observation) -> [Command] {
        guard before.text("started") == "yes" else { return stop }
        // What was failing may well fail to start again: that is then the state before.
        return [
            Command(["systemctl", "start", unit.name], accepts: before.text("active") == "failing" ? [0, 1] : [0])
        ]
    }
}
