import Core

/// What others are told of broken glass, as JSON.
struct BreakGlassMessage: Encodable {
    let event = "breakglass.used"
    let run: String
    let runbook: String
    let cluster: String
    let environment: String
    let nodes: [String]
    let planSha256: String
    let logOrigin: String
    let by: String
    let keyFingerprint: String
    let reason: String
    let incident: String
    let expires: Timestamp
    let lifted: [String]
    let obligations: [String]
    let reviewBy: Timestamp

    init(_ record: BreakGlassRecord, _ plan: Plan, _ planSha256: String) {
        run = plan.id
        runbook = plan.runbook.name
        cluster = plan.cluster.name
        environment = plan.cluster.environment
        nodes = plan.nodes.map(\.name)
        self.planSha256 = planSha256
        logOrigin = plan.log.origin
        by = record.principal.name
        keyFingerprint = record.keyFingerprint
        reason = record.reason
        incident = record.incident
        expires = record.expires
        lifted = record.lifted
        obligations = record.obligations
        reviewBy = record.reviewBy
    }

    /// One JSON object and a newline, without secrets.
    func json(hiding secrets: [String]) throws -> [UInt8] {
        let tree = try JSON.decode(JSONTree.self, from: JSON.encode(self))
        return try JSON.encode(Redactor(declared: secrets).redact(tree)) + [UInt8(ascii: "\n")]
    }
}
