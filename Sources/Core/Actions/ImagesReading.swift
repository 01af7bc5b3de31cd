extension CommandOutput {
    /// The output as JSON of a known shape.
    /// - Throws: ``ObservationError`` when the command failed or answered anything else.
    func json<Value: Decodable>(_ type: Value.Type, of what: String) throws(ObservationError) -> Value {
        try Self.decode(type, text(of: what), of: what)
    }

    /// One JSON value a line, as a client's own template prints them.
    func jsonLines<Value: Decodable>(_ type: Value.Type, of what: String) throws(ObservationError) -> [Value] {
        try text(of: what).lines.map { (line) throws(ObservationError) in
            try Self.decode(type, String(line), of: what)
        }
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, _ text: String, of what: String
    ) throws(ObservationError) -> Value {
        do {
            return try JSON.decode(type, from: Array(text.utf8))
        } catch {
            throw ImageStore.misread(what, text.isEmpty ? "nothing" : String(text.prefix(120)))
        }
    }
}
