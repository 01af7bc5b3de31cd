public import CEL

/// What a ``NodeProbe`` found out.
public struct NodeFacts: Sendable {
    /// What runs know too.
    public var facts: Facts
    /// The groups by their names.
    var groups: [String: Value]

    /// The binding of the variable `facts`.
    public var value: Value {
        guard case .message(let name, let fields) = facts.value else { return facts.value }
        return .message(name: name, fields: fields.merging(groups) { own, _ in own })
    }

    /// Nothing is known of the node, for one reason.
    public static func unknown(_ cause: String) -> NodeFacts {
        NodeFacts(
            facts: .unknown(cause),
            groups: Dictionary(
                uniqueKeysWithValues: NodeProbe.groups.map { group in
                    (group.field.name, .unknown(path: "facts.\(group.field.name)", cause: cause))
                }))
    }

    /// Declares the variable `facts` as ``value`` has it: what runs know, and all groups.
    public static func declare(in declarations: inout Declarations) { FactSchema.node.declare(in: &declarations) }
}
