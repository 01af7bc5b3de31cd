import CEL

@testable import Core

/// A `*.test.yaml`: cases of a policy or grant, each the sample document with patches and what must come of it.
struct PolicyTestFile {
    enum Expectation: String, CaseIterable {
        case pass, deny, warn, error, skip, granted, refused
    }

    struct Case {
        var name: String
        var patches: [(path: String, value: YAMLNode)]
        var unknown: [String]
        var expectation: Expectation
        var says: String?
    }

    var policy: String
    var cases: [Case]

    static func parse(_ bytes: [UInt8], file: String) throws -> PolicyTestFile {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "PolicyTest")
            return PolicyTestFile(
                policy: fields.name("policy"),
                cases: fields.nonEmptyList("cases") { fields in
                    Case(
                        name: fields.string("name"), patches: fields.pairs("set").map { ($0.0, $0.1) },
                        unknown: fields.strings("unknown"), expectation: fields.choice("expect"),
                        says: fields.optionalString("says"))
                })
        }
    }
}

extension PolicyTestFile.Case {
    struct Misfit: Error, CustomStringConvertible {
        var description: String
    }

    /// The sample document with this case's patches, each value read by the type the schema gives its path.
    func document() throws -> PolicyDocument {
        var document = PolicySamples.document
        for (path, node) in patches {
            try document.set(path, Value(node, as: try PolicySchema.type(of: path)))
        }
        for path in unknown {
            _ = try PolicySchema.type(of: path)
            try document.set(path, .unknown(path: path, cause: "the test says so"))
        }
        return document
    }
}

extension PolicySchema {
    static func type(of path: String) throws -> CELType {
        var fields = variables
        var type: CELType?
        for part in path.split(separator: ".") {
            guard let found = fields.first(where: { $0.0 == part })?.1 else {
                throw PolicyTestFile.Case.Misfit(description: "the input document has no \(path)")
            }
            type = found
            if case .message(let name) = found { fields = messages[name] ?? [] } else { fields = [] }
        }
        return type ?? .dyn
    }
}

extension PolicyDocument {
    mutating func set(_ path: String, _ value: Value) throws {
        let parts = path.split(separator: ".").map(String.init)
        bindings = try Self.setting(parts[...], value, in: bindings, path)
    }

    private static func setting(
        _ parts: ArraySlice<String>, _ value: Value, in fields: [String: Value], _ path: String
    ) throws -> [String: Value] {
        var fields = fields
        guard let first = parts.first else { return fields }
        guard parts.count > 1 else {
            fields[first] = value
            return fields
        }
        guard case .message(let name, let inner) = fields[first] else {
            throw PolicyTestFile.Case.Misfit(description: "\(path) cannot be set in the sample document")
        }
        fields[first] = .message(name: name, fields: try setting(parts.dropFirst(), value, in: inner, path))
        return fields
    }
}

extension Value {
    init(_ node: YAMLNode, as type: CELType) throws {
        switch (node.content, type) {
        case (.scalar(let text, _), .string): self = .string(text)
        case (.scalar(let text, _), .duration): self = .duration(try Duration(parsingCEL: text))
        case (.scalar(let text, _), .timestamp): self = .timestamp(try CEL.Timestamp(parsing: text))
        case (.scalar, _):
            guard let value = node.scalar.celValue else {
                throw PolicyTestFile.Case.Misfit(description: "no value of \(type)")
            }
            self = value
        case (.sequence(let items), .list(let element)): self = .list(try items.map { try Value($0, as: element) })
        case (.mapping(let pairs), .map(_, let element)):
            self = .map(
                MapValue(
                    Dictionary(
                        uniqueKeysWithValues: try pairs.map { ($0.key.text ?? "", try Value($0.value, as: element)) })))
        case (.mapping(let pairs), .message(let name)):
            let declared = Dictionary(uniqueKeysWithValues: PolicySchema.messages[name] ?? [])
            var fields: [String: Value] = [:]
            for (key, value) in pairs {
                fields[key.text ?? ""] = try Value(value, as: declared[key.text ?? ""] ?? .dyn)
            }
            self = .message(name: name, fields: fields)
        default: throw PolicyTestFile.Case.Misfit(description: "\(node.kind) where \(type) is expected")
        }
    }
}
