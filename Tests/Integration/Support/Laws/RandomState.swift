import Core
import RandomStates

/// A state of a node that an action may find, and how the action is used there.
struct RandomState: Sendable {
    enum Ending: Sendable {
        /// What is predicted exactly is found.
        case asPredicted
        /// The step may fail, or leave what was not predicted: then it is undone all the same.
        case open
        /// The action says that it cannot be used there, before it has changed anything.
        case refused
    }

    /// What a runbook step gives.
    var arguments: [String: ArgumentValue]
    /// Makes the state, whatever was there before; `$NODE` is the target of an action in the cluster.
    var prepare: String
    /// Prints the state past Belay; after undo it prints the same.
    var truth: String
    var ending = Ending.asPredicted
    /// What others do between the step and its undo; fails where it was lost when it is run again with `after`.
    var meanwhile: String?
    /// Takes away what no later state would.
    var clean: String?
    /// What must hold besides: of what was found before, predicted, found after and found once undone, what is wrong.
    var also: @Sendable (Course) -> [String] = { _ in [] }

    /// What was observed of one state.
    struct Course: Sendable {
        var before: Observation
        var predicted: Observation
        /// What the plan says besides.
        var notes: [String]
        var after: Observation
        var undone: Observation
    }
}

/// Makes a state from a seed's numbers.
typealias StateGenerator = @Sendable (inout SeededGenerator) -> RandomState

extension RandomState {
    /// The states of each action. One that is missing here fails the test of that action.
    static let generators: [String: StateGenerator] = [
        "service.restart": ServiceStates.restart,
        "service.start": ServiceStates.start,
        "service.stop": ServiceStates.stop,
        "process.restart": ProcessStates.restart,
        "images.prune": ImageStates.containerd,
        "logs.vacuum": DiskStates.vacuum,
        "logs.rotate": DiskStates.rotate,
        "disk.reclaim": DiskStates.reclaim,
        "iptables.snapshot": FirewallStates.snapshot,
        "iptables.flush": FirewallStates.flush,
        "iptables.restore": FirewallStates.restore,
        "routes.snapshot": RouteStates.snapshot,
        "routes.restore": RouteStates.restore,
        "sysctl.set": KernelStates.parameter,
        "kernel.modules.load": KernelStates.modules,
        "file.replace": FileStates.replace,
        "file.restore": FileStates.restore,
        "file.line": FileStates.line,
        "manifest.edit": StaticPodStates.edit,
        "staticpod.restart": StaticPodStates.restart,
        "node.cordon": ClusterStates.cordon,
        "node.uncordon": ClusterStates.uncordon,
        "node.drain": DrainStates.drain,
        "node.label": ClusterStates.label,
        "node.taint": ClusterStates.taint,
        "etcd.snapshot": EtcdStates.snapshot,
        "etcd.defrag": EtcdStates.defrag,
        "etcd.alarm.disarm": EtcdStates.disarm,
        "etcd.restore": EtcdDataStates.restore,
        "etcd.move": EtcdDataStates.move,
        "certs.renew": CertificateStates.renew,
        "workload.restart": WorkloadStates.restart,
        "workload.rollback": WorkloadStates.rollback,
        "workload.scale": WorkloadStates.scale,
        "configmap.restore": ConfigMapStates.restore,
        "command": CommandStates.command,
    ]
}

extension SeededGenerator {
    /// Names and texts that a shell, a pattern or an option parser would read otherwise.
    static let oddWords = [
        "plain", "with space", " leading", "trailing ", "-rf", "--help", "ünï ❄", "e\u{301}", "*", "?[a]", "$(touch x)",
        "`id`", "it's", "\"quoted\"", "back\\slash", ".hidden", "~", "%s%n", "a;b", "a&b", "#x", "{a,b}", "a=b", "!x",
        "'",
    ]

    mutating func oddWord() -> String { pick(Self.oddWords) }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(number(0...255)) } }

    /// A file's mode as `chmod` takes it.
    mutating func mode() -> String {
        let usual = ["644", "600", "755", "640", "0", "4755", "2755", "1777", "6711", "400", "7777"]
        return chance(60) ? pick(usual) : String(number(0...0o7777), radix: 8)
    }
}

/// Shell words of a test's own scripts.
func quoted(_ words: String...) -> String { ShellQuote.join(words) }
