public import CEL

extension TriageEvidence {
    /// Reads what `belay triage --save` wrote.
    /// - Throws: what is not a document of evidence, with its place.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> TriageEvidence {
        let schema = DocumentSchema(declarations: TriageSchema.document, silence: "the file does not say")
        return try YAMLDocument(bytes, file: file, sizeLimit: sizeLimit, tags: []).read { fields in
            var bindings: [String: Value] = [:]
            for (name, type) in TriageSchema.document.declaredVariables {
                guard let node = fields.node(name) else {
                    fields.error(name, "is missing: \(type) is required")
                    continue
                }
                fields.attempt(name) { () throws(DocumentSchema.Fault) in
                    bindings[name] = try schema.value(node, as: type, at: name)
                }
            }
            var now: Timestamp?
            if case .timestamp(let instant)? = bindings["now"] { now = Timestamp("\(instant)") }
            return TriageEvidence(bindings: bindings, now: now ?? Timestamp(milliseconds: 0))
        }
    }

    /// Some nodes more than a project has.
    private static let sizeLimit = 64 << 20

    /// The document, for `--save`.
    public var document: Value { .map(MapValue(bindings)) }

    init(bindings: [String: Value], now: Timestamp) {
        var nodes: [String: Value] = [:]
        if case .map(let found)? = bindings["nodes"] {
            for (key, facts) in found.entries {
                if case .string(let name) = key { nodes[name] = facts }
            }
        }
        self.init(
            nodes: nodes, kubernetes: bindings["kubernetes"] ?? .unknown(path: "kubernetes", cause: "nobody asked"),
            now: now)
    }
}
