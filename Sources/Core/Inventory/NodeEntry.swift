/// What one file says of a node: nil is what it does not say.
struct NodeEntry: Sendable {
    var name: String
    /// Where it says so.
    var place: SourceLocation
    var address: String?
    /// What is dialled when nobody says an address.
    var fallbackAddress: String?
    var port: Int?
    var user: String?
    var identityFiles: [String]?
    var roles: Set<String>?
    var pool: String?
    var labels: [String: String] = [:]
    var groups: Set<String> = []
    var hostKeyAlias: String?
    var sudo: Inventory.Sudo?
    var transport: Inventory.Transport?
    var kubernetesName: String?
    /// Fields that it means to say and that cannot be used, by name. They count unless the own file says the field.
    var faults: [String: Diagnostic] = [:]
    /// Why it cannot be a node at all.
    var refusals: [Diagnostic] = []

    /// What selectors look at.
    var subject: Selector.Subject {
        Selector.Subject(name: name, roles: roles ?? [], pool: pool ?? "default", groups: groups, labels: labels)
    }
}

/// What may stand where a host or a user is named. It ends up in argv of local programs, so it must not look like an option.
enum Endpoint {
    static let ports = 1...65_535

    /// Nil for a host name or an address, else what is wrong.
    static func fault(ofHost text: String) -> String? {
        isWord(text, others: ".-_:%", atMost: 253)
            ? nil : "must be a host name or an IP address (without brackets or a port)"
    }

    /// Nil for a user's name, else what is wrong.
    static func fault(ofUser text: String) -> String? {
        isWord(text, others: ".-_@", atMost: 64) ? nil : "must be a user name"
    }

    private static func isWord(_ text: String, others: String, atMost limit: Int) -> Bool {
        let others = Set(others.utf8)
        return !text.isEmpty && !text.hasPrefix("-") && text.utf8.count <= limit
            && text.utf8.allSatisfy { byte in isLetterOrDigit(byte) || others.contains(byte) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// What a source says and Belay does not do.
struct SourceNote: Sendable {
    /// What is not done, and why: it is said of the nodes or of the file.
    var summary: String
    var remedy: String
    var place: SourceLocation
    /// Nil when it is about the file as a whole.
    var nodes: Set<String>?

    /// Nil when it is about none of the chosen nodes.
    func diagnostic(about chosen: Set<String>) -> Diagnostic? {
        guard let nodes else { return Diagnostic(summary, severity: .warning, at: place, remedy: remedy) }
        let about = nodes.intersection(chosen).sorted()
        guard !about.isEmpty else { return nil }
        let names = about.prefix(3).joined(separator: ", ") + (about.count > 3 ? " and \(about.count - 3) more" : "")
        return Diagnostic("\(summary), for \(names)", severity: .warning, at: place, remedy: remedy)
    }
}
