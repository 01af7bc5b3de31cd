import CEL

/// A permission: a file of `kind: Grant`. Nothing runs on a node that no grant covers.
public struct Grant: Sendable, Hashable {
    /// Its name, unique in the set.
    public var name: String
    /// Members of one of these groups may …
    public var groups: [String]
    /// … and so may these principals.
    public var users: [String]
    /// Which runbooks, by name; nil = every one (`"*"`).
    public var runbooks: [String]?
    /// On clusters of these environments; nil = all.
    public var environments: [String]?
    /// On nodes of these pools; nil = all.
    public var pools: [String]?
    /// On these nodes; nil = all.
    public var nodes: [String]?
    /// On nodes that have no role but these; nil = all.
    public var roles: [String]?
    /// By plans of at most so many nodes; nil = of any number.
    public var maxNodes: Int?
    /// What it covers is a standing change: pre-approved, `request.standing` in the input of policies.
    public var isStanding: Bool
    /// Where it stands.
    public var location: SourceLocation
}

extension Grant {
    static func parse(_ document: YAMLDocument) throws(Diagnostics) -> Grant {
        try document.read { fields in
            fields.header(kind: "Grant")
            let name = fields.mapping("metadata") { $0.name("name") }
            let location = fields.location(of: "metadata")
            return fields.mapping("spec") { Grant(name: name, location: location, spec: $0) }
        }
    }

    private init(name: String, location: SourceLocation, spec: YAMLFields) {
        self.name = name
        self.location = location
        let who = spec.mapping("who") { fields in
            let who = (groups: fields.words("groups", among: nil) ?? [], users: fields.words("users", among: nil) ?? [])
            if fields.mapping != nil, who.groups.isEmpty, who.users.isEmpty {
                fields.error("groups", "a grant must name groups or users")
            }
            return who
        }
        groups = who.groups
        users = who.users
        let names = spec.words("runbooks", among: nil)
        if names == nil { spec.error("runbooks", "is missing: names of runbooks, or [\"*\"] for every one") }
        if let names, names.count > 1, names.contains("*") { spec.error("runbooks", "'*' stands alone") }
        runbooks = names == ["*"] ? nil : names
        let targets = spec.optionalMapping("targets") { fields in
            (
                words: ["environments", "pools", "nodes", "roles"].map { fields.words($0, among: nil) },
                maxNodes: fields.node("maxNodes").map { _ in fields.int("maxNodes", in: 1...Int.max) }
            )
        }
        let words = targets?.words
        (environments, pools, nodes, roles) = (words?[0], words?[1], words?[2], words?[3])
        maxNodes = targets?.maxNodes
        isStanding = spec.bool("standing", default: false)
    }

    /// Nil when the grant covers the document's requester, runbook and node; else the first reason why not.
    func misfit(_ document: PolicyDocument) throws(EvaluationError) -> String? {
        let user = try document.text("request.principal.user")
        let memberships = try document.texts("request.principal.groups")
        guard users.contains(user) || !Set(groups).isDisjoint(with: memberships) else {
            return "it is for \((groups.map { "group \($0)" } + users).joined(separator: ", "))"
        }
        if let reason = try Self.misfit(runbooks, document, "runbook.name", "runbooks") { return reason }
        if let reason = try Self.misfit(environments, document, "cluster.environment", "environments") { return reason }
        if let reason = try Self.misfit(pools, document, "node.pool", "pools") { return reason }
        if let reason = try Self.misfit(nodes, document, "node.name", "nodes") { return reason }
        if let maxNodes, try document.texts("plan.targets").count > maxNodes {
            return "it is for plans of at most \(maxNodes) \(maxNodes == 1 ? "node" : "nodes")"
        }
        guard let roles else { return nil }
        // A control-plane node that is a worker too is not covered by a grant for workers.
        let has = try document.texts("node.roles")
        let fits = !has.isEmpty && has.allSatisfy(roles.contains)
        return fits ? nil : "it is for nodes with no role but \(roles.joined(separator: ", "))"
    }

    private static func misfit(
        _ names: [String]?, _ document: PolicyDocument, _ path: String, _ what: String
    ) throws(EvaluationError) -> String? {
        guard let names, !names.contains(try document.text(path)) else { return nil }
        return "it is for the \(what) \(names.joined(separator: ", "))"
    }
}
