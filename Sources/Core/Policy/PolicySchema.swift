import CEL

/// The input document as the checker knows it: every field an expression may name, with its type.
///
/// It is declared in full, also where this version collects nothing yet: a policy may be written today for facts of
/// tomorrow, and until then each of those facts is an error that denies, never a default that allows.
enum PolicySchema {
    typealias Fields = [(String, CELType)]

    /// Field lists by message name.
    static let messages: [String: Fields] = request.merging(node) { first, _ in first }
        .merging(cluster) { first, _ in first }.merging(records) { first, _ in first }

    /// Everything but `params` and `variables`, which each policy declares for itself.
    static let declarations: Declarations = {
        var declarations = Declarations()
        for (name, fields) in messages { declarations.declare(message: name, fields: fields) }
        for (name, type) in variables { declarations.declare(variable: name, type) }
        return declarations
    }()

    /// The variables of every expression.
    static let variables: Fields = [
        ("request", .message("Request")), ("runbook", .message("Runbook")), ("action", .message("Action")),
        ("node", .message("Node")), ("cluster", .message("Cluster")), ("plan", .message("Plan")),
        ("approvals", .map(.string, .message("Approval"))), ("inflight", .list(.message("Run"))),
        ("occupied", .list(.message("Occupied"))), ("history", .message("History")), ("calendar", .message("Calendar")),
        ("now", .timestamp),
    ]

    private static let texts = CELType.list(.string)

    private static let request: [String: Fields] = [
        "Principal": [("user", .string), ("groups", texts), ("kind", .string)],
        "BreakGlass": [("active", .bool), ("reason", .string), ("incident", .string), ("expiresAt", .timestamp)],
        "Request": [
            ("id", .string), ("principal", .message("Principal")), ("trigger", .string), ("phase", .string),
            ("dryRun", .bool), ("reason", .string), ("submittedAt", .timestamp), ("standing", .bool),
            ("breakGlass", .message("BreakGlass")),
        ],
        "Runbook": [
            ("name", .string), ("version", .string), ("digest", .string), ("author", .string), ("reviewers", texts),
            ("reviewed", .bool),
        ],
        "DeadMan": [("planned", .bool), ("delay", .duration)],
        "Action": [
            ("id", .string), ("type", .string), ("class", .string), ("mutating", .bool), ("disrupts", texts),
            ("touches", texts), ("rollback", .bool), ("restores", .bool), ("verify", .bool),
            ("deadMan", .message("DeadMan")),
            ("timeout", .duration), ("args", .map(.string, .dyn)),
        ],
    ]

    private static let node: [String: Fields] = [
        "Condition": [("status", .string), ("reason", .string), ("since", .timestamp)],
        "Firewall": [("backend", .string), ("inputPolicy", .string), ("forwardPolicy", .string), ("rules", .int)],
        "Disk": [("usedPercent", .double), ("inodesUsedPercent", .double)],
        "NodePods": [("total", .int), ("pdbBlocked", texts), ("localStorage", texts), ("singleReplica", texts)],
        "Node": [
            ("name", .string), ("pool", .string), ("zone", .string), ("roles", texts), ("controlPlane", .bool),
            ("etcdMember", .bool), ("labels", .map(.string, .string)), ("annotations", .map(.string, .string)),
            ("ready", .bool), ("unschedulable", .bool), ("conditions", .map(.string, .message("Condition"))),
            ("bootedAt", .timestamp), ("observedAt", .timestamp), ("firewall", .message("Firewall")),
            ("disks", .map(.string, .message("Disk"))), ("pods", .message("NodePods")),
        ],
    ]

    private static let cluster: [String: Fields] = [
        "Pool": [("total", .int), ("notReady", texts), ("unschedulable", texts)],
        "Etcd": [("members", texts), ("healthy", texts), ("backupAt", .timestamp)],
        "ControlPlane": [("members", texts), ("notReady", texts)],
        "Cluster": [
            ("name", .string), ("environment", .string), ("api", .bool), ("upgrading", .bool),
            ("pools", .map(.string, .message("Pool"))),
            ("controlPlane", .message("ControlPlane")), ("etcd", .message("Etcd")), ("alerts", texts),
            ("observedAt", .timestamp),
        ],
    ]

    private static let records: [String: Fields] = [
        "Run": [
            ("id", .string), ("node", .string), ("pool", .string), ("controlPlane", .bool), ("action", .string),
            ("runbook", .string), ("runbookDigest", .string), ("user", .string), ("disrupts", texts),
            ("startedAt", .timestamp),
            ("finishedAt", .timestamp), ("outcome", .string),
        ],
        "Occupied": [("node", .string), ("pool", .string), ("controlPlane", .bool), ("certain", .bool)],
        "History": [("since", .timestamp), ("runs", .list(.message("Run")))],
        "Approval": [("at", .timestamp), ("expiresAt", .timestamp), ("planDigest", .string), ("groups", texts)],
        "Freeze": [("name", .string), ("start", .timestamp), ("end", .timestamp), ("except", texts)],
        "Window": [("name", .string), ("zone", .string), ("opensAt", .timestamp), ("closesAt", .timestamp)],
        "Calendar": [
            ("zone", .string), ("freezes", .list(.message("Freeze"))), ("windows", .list(.message("Window"))),
            ("hasWindows", .bool), ("upcoming", .list(.message("Window"))),
        ],
        "Step": [("id", .string), ("action", .string), ("class", .string), ("node", .string)],
        "Temporary": [("planned", .bool), ("after", .duration), ("onNode", .bool)],
        "Plan": [
            ("digest", .string), ("steps", .list(.message("Step"))), ("targets", texts), ("pools", texts),
            ("atOnce", .int), ("temporary", .message("Temporary")),
        ],
    ]

    /// A value of a declared message. Fields that are not given become errors which name their path: unknown, not absent.
    static func message(
        _ name: String, at path: String, _ known: [String: Value], cause: String = "it is not collected by this version"
    ) -> Value {
        var fields = known
        for (field, _) in messages[name] ?? [] where fields[field] == nil {
            fields[field] = .unknown(path: "\(path).\(field)", cause: cause)
        }
        return .message(name: name, fields: fields)
    }
}
