import Foundation
import Testing

@testable import Core

/// The schemas are for editors; the loaders decide. This holds the two to the same field names and words.
@Suite("Schemas")
struct SchemaTests {
    static func schema(_ name: String) throws -> [String: Any] {
        let folder = ModelFixture.repository.appending(path: "schemas")
        let value = try JSONSerialization.jsonObject(with: Data(ModelFixture.bytes("\(name).schema.json", in: folder)))
        return try #require(value as? [String: Any])
    }

    static func at(_ path: [String], _ schema: [String: Any]) throws -> [String: Any] {
        try path.reduce(schema) { try #require($0[$1] as? [String: Any], "\(path)") }
    }

    static func fields(_ path: [String], of schema: [String: Any]) throws -> String {
        try at(path + ["properties"], schema).keys.sorted().joined(separator: ", ")
    }

    /// The loader's own list of fields, as it names them when it refuses one.
    static func known(_ text: String, field: String) -> String? {
        let parse: () throws(Diagnostics) -> Void = { () throws(Diagnostics) in
            let bytes = Array(text.utf8)
            if text.contains("kind: Inventory") {
                _ = try Inventory.parse(bytes, file: "f")
            } else if text.contains("kind: SystemConfiguration") {
                _ = try SystemConfiguration.parse(bytes, file: "f")
            } else if text.contains("kind: Configuration") {
                _ = try Configuration.parse(bytes, file: "f")
            } else {
                _ = try Runbook.parse(bytes, file: "f")
            }
        }
        do throws(Diagnostics) {
            try parse()
            return nil
        } catch {
            let fault = error.all.first { $0.field == field }?.summary
            return fault?.split(separator: "known are ").last.map(String.init)
        }
    }

    static let runbook = """
        apiVersion: belay/v1
        kind: Runbook
        metadata: {qqqqqqqqq: 1}
        spec:
          targets: {qqqqqqqqq: 1}
          deadMan: {qqqqqqqqq: 1}
          steps: [{name: a, action: service.restart}]
        """
    static let inventory = """
        apiVersion: belay/v1
        kind: Inventory
        cluster: {qqqqqqqqq: 1, kubectl: {qqqqqqqqq: 1}}
        defaults: {qqqqqqqqq: 1}
        sources: [{qqqqqqqqq: 1}]
        nodes: [{qqqqqqqqq: 1}]
        qqqqqqqqq: 1
        """
    static let configuration = """
        apiVersion: belay/v1
        kind: Configuration
        log: {qqqqqqqqq: 1}
        calendar: {qqqqqqqqq: 1, windows: [{qqqqqqqqq: 1}], freezes: [{qqqqqqqqq: 1}]}
        qqqqqqqqq: 1
        """

    static let system = """
        apiVersion: belay/v1
        kind: SystemConfiguration
        log: {qqqqqqqqq: 1}
        qqqqqqqqq: 1
        """

    @Test(
        "name the fields that the loaders know",
        arguments: [
            ("runbook", runbook, ["properties", "metadata"], "metadata"),
            ("runbook", runbook, ["properties", "spec", "properties", "targets"], "spec.targets"),
            ("runbook", runbook, ["properties", "spec", "properties", "deadMan"], "spec.deadMan"),
            ("inventory", inventory, [], ""), ("inventory", inventory, ["properties", "cluster"], "cluster"),
            (
                "inventory", inventory, ["properties", "cluster", "properties", "kubectl"], "cluster.kubectl"
            ),
            ("inventory", inventory, ["properties", "defaults"], "defaults"),
            ("inventory", inventory, ["properties", "nodes", "items"], "nodes[0]"),
            ("inventory", inventory, ["properties", "sources", "items"], "sources[0]"),
            ("configuration", configuration, [], ""), ("configuration", configuration, ["properties", "log"], "log"),
            ("system-configuration", system, [], ""), ("system-configuration", system, ["properties", "log"], "log"),
            ("configuration", configuration, ["properties", "calendar"], "calendar"),
            (
                "configuration", configuration, ["properties", "calendar", "properties", "windows", "items"],
                "calendar.windows[0]"
            ),
            (
                "configuration", configuration, ["properties", "calendar", "properties", "freezes", "items"],
                "calendar.freezes[0]"
            ),
        ])
    func fieldNames(name: String, text: String, path: [String], field: String) throws {
        let unknown = [field, "qqqqqqqqq"].filter { !$0.isEmpty }.joined(separator: ".")
        #expect(Self.known(text, field: unknown) == (try Self.fields(path, of: Self.schema(name))))
    }

    @Test("name the actions and layers there are")
    func words() throws {
        let spec = ["properties", "spec", "properties"]
        let action = try Self.at(spec + ["steps", "items", "properties", "action"], Self.schema("runbook"))
        #expect((action["enum"] as? [String])?.sorted() == ActionRegistry.names)
        let layer = try Self.at(["properties", "metadata", "properties", "layer"], Self.schema("runbook"))
        #expect(layer["enum"] as? [String] == Runbook.Layer.allCases.map(\.rawValue))
    }
}
