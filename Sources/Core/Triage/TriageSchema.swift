import CEL

/// What the rules of triage read: facts of nodes and of the cluster.
enum TriageSchema {
    /// The variables of every rule, and the messages that all of them are made of.
    static let shared: Declarations = {
        var declarations = Declarations()
        NodeFacts.declare(in: &declarations)
        ClusterSurvey.declare(in: &declarations)
        declarations.declare(variable: "now", .timestamp)
        return declarations
    }()

    /// What a rule about such a subject may read.
    static func declarations(about kind: TriageRule.Subject.Kind) -> Declarations {
        var declarations = shared
        declarations.remove(variable: "facts")
        switch kind {
        case .cluster: declarations.declare(variable: "nodes", .map(.string, .message("Facts")))
        case .node:
            declarations.declare(variable: "facts", .message("Facts"))
            declarations.declare(variable: "node", .string)
        case .pod: declarations.declare(variable: "pod", .message("Pod"))
        case .workload: declarations.declare(variable: "workload", .message("Workload"))
        case .service: declarations.declare(variable: "service", .message("KubernetesService"))
        }
        return declarations
    }

    /// The document that evidence is written as: what was seen, for `--from` and for tests.
    static let document: Declarations = {
        var declarations = shared
        declarations.remove(variable: "facts")
        declarations.declare(variable: "nodes", .map(.string, .message("Facts")))
        return declarations
    }()
}
