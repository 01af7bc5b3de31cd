import CEL

extension Value {
    /// A message of facts at a path such as `kubernetes.api`; what is not known is an error there.
    static func facts(_ message: String, at path: String, _ fields: [String: Fact<Value>]) -> Value {
        .message(
            name: message,
            fields: Dictionary(
                uniqueKeysWithValues: fields.map { name, fact in (name, fact.value(at: "\(path).\(name)") { $0 }) }))
    }
}
