import Foundation

/// That nothing was found where nothing is.
struct HealthyLine: Results.Line {
    static let what = "healthy"
    var times: Int
    var findings: Int
    var seconds: [Double]
}

/// What triage said of a fault.
struct FaultLine: Results.Line {
    static let what = "fault"
    var round: String
    var fault: String
    var on: String
    var rule: String
    var set: String
    var title: String
    var layer: String
    var scope: String
    var place: String
    var evidence: [String]
    var consequences: [String]
    var plans: [String]
    var others: Int
    var seconds: Double
}

/// A fault that the runbook mended which triage offered.
struct MendedLine: Results.Line {
    static let what = "mended"
    var fault: String
    var on: String
    var runbook: String
    /// How far it can be undone, as triage says.
    var reversibility: String
    var command: String
    /// From `belay apply` to its end, and to the first triage that says no more of it.
    var applySeconds: Double
    var healthySeconds: Double
    /// Until triage told of the fault again, once the runs were rolled back by plans of their own; nil where that was not asked for.
    var undoneSeconds: Double?
    /// Whether policies could not decide, and two people broke the glass.
    var breakGlass: Bool?
}

/// A runbook that was applied to the real cluster, or to a node beside it, where triage was not what led to it: once all that
/// the test wants of it was so.
struct ActedLine: Results.Line {
    static let what = "acted"
    var suite: String
    /// What was wrong or wanted: the name of a fault, or words.
    var wrong: String
    var on: String
    var runbook: String
    /// The program that did it, where the runbook leaves that open.
    var by: String?
    var applySeconds: Double
    /// Until all was well again; nil where nobody can tell, or nothing was ill.
    var healthySeconds: Double?
    /// How long it took to take it back by a plan of its own, after which all was as before; nil where that was not asked for.
    var undoneSeconds: Double?
}

/// What triage said of a node that is not of the cluster.
struct ToldLine: Results.Line {
    static let what = "told"
    var suite: String
    var wrong: String
    var on: String
    var rule: String
    var title: String
    var evidence: [String]
    var plans: [String]
    var seconds: Double
}
