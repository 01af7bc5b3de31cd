/// Every typed action there is, by name: the one table that runbooks, plans, tests and documentation read.
public enum ActionRegistry {
    /// All action types, in the order of the documentation.
    public static let all: [any Action.Type] = [
        ServiceRestart.self, ServiceStart.self, ServiceStop.self, ProcessRestart.self,
        ImagesPrune.self,
        LogsVacuum.self, LogsRotate.self, DiskReclaim.self,
        IptablesSnapshot.self, IptablesFlush.self, IptablesRestore.self,
        RoutesSnapshot.self, RoutesRestore.self, SysctlSet.self, KernelModulesLoad.self,
        FileReplace.self, FileRestore.self, FileLine.self,
        ManifestEdit.self, StaticPodRestart.self,
        EtcdSnapshot.self, EtcdDefrag.self, EtcdAlarmDisarm.self, EtcdRestore.self, EtcdMove.self, CertsRenew.self,
        NodeCordon.self, NodeUncordon.self, NodeLabel.self, NodeTaint.self, NodeDrain.self,
        WorkloadRestart.self, WorkloadRollback.self, WorkloadScale.self, ConfigMapRestore.self,
        CommandAction.self,
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.kind.name, $0) })

    /// The names of all actions, sorted.
    public static var names: [String] { byName.keys.sorted() }

    /// What an action is, nil when there is none of that name.
    public static func kind(_ name: String) -> ActionKind? { byName[name]?.kind }

    /// Makes an action from its name and all its arguments, as a plan has them.
    /// - Throws: ``ArgumentError`` for an unknown action (argument nil) or an argument it cannot take.
    public static func make(_ name: String, arguments: Arguments) throws(ArgumentError) -> any Action {
        let type = try find(name)
        try arguments.check(against: type.kind, injected: true)
        return try type.init(arguments: arguments)
    }

    /// Makes an action from what a runbook gives. One in the cluster is not about any node yet: it is for checking
    /// arguments, and is made again with ``Arguments/injecting(_:for:)`` once its target is known.
    /// - Throws: the same, and for an argument that only the planner gives.
    public static func make(_ name: String, given arguments: Arguments) throws(ArgumentError) -> any Action {
        let kind = try find(name).kind
        try arguments.check(against: kind)
        return try make(name, arguments: arguments.injecting(.standIn, for: kind))
    }

    private static func find(_ name: String) throws(ArgumentError) -> any Action.Type {
        if let type = byName[name] { return type }
        throw ArgumentError(nil, "there is no action '\(name)'\(Suggestion.hint(for: name, among: names))")
    }
}
