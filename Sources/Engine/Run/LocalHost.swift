import Core
import Foundation
import SSH
import Subprocess
import SystemPackage

/// The operator's own machine as the execution host of cluster steps (`cluster.kubectl.host: local`).
///
/// The same scripts as on a node run here, as the operator. What they leave for recovery lies in the operator's state folder.
struct LocalHost: Sendable {
    /// This machine as a plan names it: a plan made here runs its cluster steps here and nowhere else.
    /// - Throws: ``NodeFailure`` when it has no machine id, or the operator no folder.
    func plan() throws(NodeFailure) -> HostPlan {
        guard let text = try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8),
            let machineID = text.split(separator: "\n").first.map(String.init)
        else {
            throw NodeFailure(
                "this machine has no readable /etc/machine-id", remedy: "Run systemd-machine-id-setup.",
                isPassing: false)
        }
        if getuid() == 0 { return HostPlan.local(machineID: machineID, records: nil) }
        guard let state = Environment.stateFolder else {
            throw NodeFailure(
                "this account has no home folder, so records of cluster steps have no place",
                remedy: "Run belay as an account with one (getent passwd \(getuid())).", isPassing: false)
        }
        return HostPlan.local(machineID: machineID, records: state + "/records")
    }

    static func input(_ script: String) -> [UInt8] { Array(Wrapper.whole(script).utf8) }

    /// Runs a script with `/bin/sh`, as the operator. One that is cut off, because nobody waits for it any more, does nothing.
    func run(_ script: String, seconds: Int) async throws(NodeFailure) -> [UInt8] {
        do {
            let result = try await Subprocess.run(
                .path(FilePath("/usr/bin/timeout")), arguments: ["-k", "5", "\(seconds)", "/bin/sh", "-s"],
                workingDirectory: FilePath("/"), input: ProgramInput(Self.input(script)),
                output: .bytes(limit: 64 << 20), error: .discarded)
            return result.standardOutput
        } catch {
            throw NodeFailure(
                "a script could not be run on this machine: \(error)",
                remedy: "Check /bin/sh and /usr/bin/timeout.", isPassing: true)
        }
    }
}
