/// Reading what people sign: one JSON object with exactly the fields of its kind, since an unknown or repeated field would
/// let two readers see two statements in one signature.
struct StatementBytes {
    /// What it is meant to be, for messages.
    var name: String
    /// Every field it has.
    var fields: [String]
    /// How a good one is made.
    var remedy: String

    /// The most bytes a statement may have.
    static let sizeLimit = 16 << 10

    func decode<Statement: Decodable>(_ type: Statement.Type, from bytes: [UInt8]) throws(SignatureRefusal) -> Statement
    {
        guard bytes.count <= Self.sizeLimit, bytes.first == UInt8(ascii: "{") else {
            throw fault("it is not a JSON object of at most \(Self.sizeLimit) bytes")
        }
        do {
            // JSON is YAML, and the YAML reader refuses repeated and unknown keys, which the JSON reader does not.
            try YAMLDocument(bytes, file: "statement").read { read in
                for field in fields where read.node(field) == nil { read.error(field, "is missing") }
            }
        } catch {
            throw fault(error.all.first?.description ?? "")
        }
        guard let statement = try? JSON.decode(type, from: bytes) else { throw fault("a field has the wrong form") }
        return statement
    }

    func fault(_ reason: String) -> SignatureRefusal {
        SignatureRefusal(
            .malformed, "this is not \(name): \(Printable.escape(reason, limit: 300))", remedy: remedy)
    }
}

extension String {
    func isHex(_ count: ClosedRange<Int>) -> Bool {
        count.contains(utf8.count) && utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
