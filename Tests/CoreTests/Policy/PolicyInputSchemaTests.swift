import CEL
import Testing

@testable import Core

@Suite struct PolicyInputSchemaTests {
    private static func field(_ path: String) -> PolicyInputSchema.Field? {
        let schema = PolicyInputSchema.declared
        let parts = path.split(separator: ".").map(String.init)
        guard parts.count == 2 else { return schema.variables.first { $0.name == path } }
        return schema.types.first { $0.name == parts[0] }?.fields.first { $0.name == parts[1] }
    }

    @Test("every variable and field that is declared has a sentence, and no sentence is about anything else")
    func about() {
        let fields = PolicySchema.messages.flatMap { type, fields in fields.map { "\(type).\($0.0)" } }
        #expect(Set(PolicySchema.about.keys) == Set(fields + PolicySchema.variables.map { $0.0 }))
        #expect(PolicySchema.about.values.allSatisfy { !$0.isEmpty && !$0.contains("\"") && !$0.contains("\\") })
    }

    @Test("types are written as CEL reads them, and each that is named is there")
    func types() throws {
        let schema = PolicyInputSchema.declared
        #expect(Self.field("Node.disks")?.type == "map(string, Disk)" && Self.field("now")?.type == "timestamp")
        for field in schema.variables + schema.types.flatMap(\.fields) {
            #expect(try CELType(parsing: field.type).description == field.type)
        }
        #expect(schema.types.map(\.name) == PolicySchema.messages.keys.sorted())
    }

    @Test(
        "what runs do not fill is said, and so is what only that is made of",
        arguments: [
            ("request", true), ("Request.id", true), ("Request.trigger", false), ("Runbook.digest", true),
            ("Runbook.version", false), ("Node.labels", true), ("Node.ready", true), ("Disk.usedPercent", true),
            ("Cluster.etcd", true), ("Etcd.members", true), ("Etcd.backupAt", false), ("Pool.notReady", true),
            ("history", true), ("History.since", true),
            ("Cluster.alerts", false), ("Cluster.api", true), ("Node.etcdMember", true), ("NodePods.total", false),
            ("occupied", true), ("Occupied.certain", true),
            ("Run.node", true), ("approvals", true), ("Approval.groups", true), ("Step.id", true),
        ])
    func collected(path: String, isCollected: Bool) throws {
        #expect(try #require(Self.field(path)).collected == isCollected)
    }
}
