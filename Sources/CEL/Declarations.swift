/// What expressions may name: the host's variables and the structs they are made of.
public struct Declarations: Sendable {
    private(set) var messages: [String: [(name: String, type: CELType)]] = [:]
    private(set) var variables: [String: CELType] = [:]

    /// Nothing declared.
    public init() {}

    /// Declares a struct with its fields, replacing an earlier one of this name.
    public mutating func declare(message name: String, fields: [(String, CELType)]) {
        messages[name] = fields.map { (name: $0.0, type: $0.1) }
    }

    /// Declares a variable, replacing an earlier one of this name.
    public mutating func declare(variable name: String, _ type: CELType) {
        variables[name] = type
    }

    /// Takes a variable away.
    public mutating func remove(variable name: String) { variables[name] = nil }

    /// The declared variables, by name.
    public var declaredVariables: [(name: String, type: CELType)] {
        variables.map { (name: $0.key, type: $0.value) }.sorted { $0.name < $1.name }
    }

    /// The fields of a declared struct, in their order; nil when there is none of this name.
    public func fields(of message: String) -> [(name: String, type: CELType)]? { messages[message] }

    /// Messages that a field or variable uses and nobody declared, sorted; a host should refuse such declarations.
    public var undeclaredMessages: [String] {
        let types = variables.values + messages.values.flatMap { $0.map(\.type) }
        return Set(types.flatMap(Self.messageNames)).subtracting(messages.keys).sorted()
    }

    private static func messageNames(in type: CELType) -> [String] {
        switch type {
        case .message(let name): [name]
        case .list(let element): messageNames(in: element)
        case .map(let key, let value): messageNames(in: key) + messageNames(in: value)
        default: []
        }
    }

    func field(_ field: String, of message: String) -> CELType? {
        messages[message]?.first { $0.name == field }?.type
    }
}
