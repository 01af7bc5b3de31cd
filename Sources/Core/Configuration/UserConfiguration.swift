/// The user layer of the configuration, `~/.config/belay/config.yaml`: what is personal, and no guardrail.
public struct UserConfiguration: Sendable, Hashable {
    /// The private key to sign with unless a flag says otherwise; nil = the project's.
    public var signingKey: String?
    /// Where each setting stands that the file gives.
    public var places: [String: SourceLocation] = [:]

    // Why none of them is a user's to set.
    private static let guardrails = [
        ("policies", "who may do what is decided by it"),
        ("params", "what policies allow depends on it"),
        ("allowedSigners", "whose signatures count is decided by it"),
        ("calendar", "when changes are made is decided by it"),
        ("log", "what was done and spent is known by it"),
        ("inventory", "which policies are about a node follows from its environment, pool and roles"),
        ("runbooks", "grants name runbooks, and what a name does is decided by it"),
        ("notify", "whoever is told of a change must not depend on who makes it"),
        ("projects", "which projects may be used is decided by it"),
    ]
}

extension UserConfiguration {
    /// Reads the file.
    /// - Parameter file: the name that errors carry, and what relative paths in it are relative to; nothing is read.
    /// - Throws: every fault of the file, each with its line and column; a guardrail is one.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> UserConfiguration {
        let document = try YAMLDocument(bytes, file: file)
        var configuration = try document.read { fields in
            fields.header(kind: "UserConfiguration")
            for (name, reason) in guardrails {
                fields.refuse(
                    name, "is a guardrail, which a user's own file does not move: \(reason)",
                    remedy: "It is set in the project's belay.yaml or in \(ConfigurationLayer.systemFile)")
            }
            return UserConfiguration(signingKey: fields.optionalMapping("signing") { $0.optionalPath("key") } ?? nil)
        }
        configuration.places = document.places.filter { $0.key == "signing.key" }
        return configuration
    }
}
