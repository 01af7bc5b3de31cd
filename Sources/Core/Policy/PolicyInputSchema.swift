import CEL

/// The input document as those who write policies see it: every variable and type, what it is, and whether there is
/// something to read yet.
public struct PolicyInputSchema: Sendable, Hashable, Codable {
    /// A variable of every expression, or a field of a type.
    public struct Field: Sendable, Hashable, Codable {
        /// Its name.
        public var name: String
        /// In the notation of CEL, such as `list(string)` or `map(string, Disk)`.
        public var type: String
        /// What it is.
        public var about: String
        /// Whether this version collects it; what is not collected is an error, which denies.
        public var collected: Bool
    }

    /// A declared struct.
    public struct Message: Sendable, Hashable, Codable {
        /// Its name.
        public var name: String
        /// In the order of the declaration.
        public var fields: [Field]
    }

    /// In the order of the declaration.
    public var variables: [Field]
    /// By name.
    public var types: [Message]

    /// The one of this version. Each policy has `params` and `variables` of its own besides.
    public static let declared: PolicyInputSchema = {
        let collected = CollectedFields()
        return PolicyInputSchema(
            variables: PolicySchema.variables.map { Field($0.0, $0.1, key: $0.0, collected: collected) },
            types: PolicySchema.messages.sorted { $0.key < $1.key }.map { name, fields in
                Message(
                    name: name,
                    fields: fields.map { Field($0.0, $0.1, key: "\(name).\($0.0)", collected: collected) })
            })
    }()
}

extension PolicyInputSchema.Field {
    fileprivate init(_ name: String, _ type: CELType, key: String, collected: CollectedFields) {
        self.name = name
        self.type = type.description
        about = PolicySchema.about[key] ?? ""
        self.collected = collected.has(key)
    }
}

/// What runs fill, read off the sample document, which is made as theirs are: so it cannot say otherwise than they do.
private struct CollectedFields {
    /// Variables, and fields as `Type.field`, that are marked as not collected.
    private var missing: Set<String> = []
    /// Types that something which is collected is made of.
    private var reached: Set<String> = []

    init() {
        let bindings = PolicySample.document.bindings
        for (name, _) in PolicySchema.variables { look(at: bindings[name], key: name, path: name) }
        for (name, type) in PolicySchema.variables where !missing.contains(name) { reach(type) }
    }

    func has(_ key: String) -> Bool {
        let parts = key.split(separator: ".")
        return !missing.contains(key) && (parts.count == 1 || reached.contains(String(parts[0])))
    }

    private mutating func look(at value: Value?, key: String, path: String) {
        if value == .notCollected(path) { missing.insert(key) }
        guard case .message(let name, let fields)? = value else { return }
        for (field, value) in fields { look(at: value, key: "\(name).\(field)", path: "\(path).\(field)") }
    }

    private mutating func reach(_ type: CELType) {
        switch type {
        case .list(let element), .map(_, let element): reach(element)
        case .message(let name):
            guard reached.insert(name).inserted else { return }
            for (field, type) in PolicySchema.messages[name] ?? [] where !missing.contains("\(name).\(field)") {
                reach(type)
            }
        default: break
        }
    }
}
