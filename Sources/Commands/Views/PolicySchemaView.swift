import Core

/// `belay policy schema`: the input document, one field a line.
struct PolicySchemaView: Sendable {
    let schema: PolicyInputSchema

    var yaml: String {
        let heading = ["# The input of every expression. What is not collected yet denies whoever reads it."]
        let types = schema.types.flatMap { ["  \($0.name):"] + $0.fields.map(Self.line).indented(4) }
        return (heading + ["variables:"] + schema.variables.map(Self.line).indented(2) + ["types:"] + types).text
    }

    // Every text of it is this program's own, without quotes and backslashes.
    private static func line(_ field: PolicyInputSchema.Field) -> String {
        "\(field.name): {type: \"\(field.type)\", collected: \(field.collected), about: \"\(field.about)\"}"
    }

    func json() throws -> String { try JSONText.pretty(schema) }
}
