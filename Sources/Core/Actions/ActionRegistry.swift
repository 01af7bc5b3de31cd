/// Every typed action there is, by name: the one table that runbooks, plans, tests and documentation read.
public enum ActionRegistry {
    /// All action types, in the order of the documentation.
    public static let all: [any Action.Type] = [
        ServiceRestart.self, ImagesPrune.self, IptablesSnapshot.self, IptablesFlush.self, IptablesRestore.self,
        FileReplace.self, CommandAction.self,
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.kind.name, $0) })

    /// The names of all actions, sorted.
    public static var names: [String] { byName.keys.sorted() }

    /// What an action is, nil when there is none of that name.
    public static func kind(_ name: String) -> ActionKind? { byName[name]?.kind }

    /// Makes an action from its name and arguments.
    /// - Throws: ``ArgumentError`` for an unknown action (argument nil) or an argument it cannot take.
    public static func make(_ name: String, arguments: Arguments) throws(ArgumentError) -> any Action {
        guard let type = byName[name] else {
            throw ArgumentError(nil, "there is no action '\(name)'\(Suggestion.hint(for: name, among: names))")
        }
        try arguments.check(against: type.kind)
        return try type.init(arguments: arguments)
    }
}
