/// The project layer of the configuration, `belay.yaml`: what decides which guardrails hold.
///
/// Only this file (and the system's) may set it: a flag or a user's own file that moved a policy would be a way around
/// it. Whose key signs a requester's plans is no guardrail, so a flag may override ``signingKey``.
public struct Configuration: Sendable, Hashable {
    /// The file's name as it was given to the parser.
    public var file: String
    /// SHA-256 of the file's bytes, lower-case hex.
    public var digest: String
    /// The inventory's file; `inventory.yaml` unless given. Like all paths here relative to the configuration's file.
    public var inventory: String
    /// Folders of runbooks; `runbooks` unless given.
    public var runbooks: [String]
    /// Folders of policies; `policies` unless given. At least one.
    public var policies: [String]
    /// Whose signatures count, in the format of ssh-keygen(1); `allowed_signers` unless given.
    public var allowedSigners: String
    /// The audit log.
    public var log: Log
    /// The private key to sign with unless a flag says otherwise; nil = none is configured.
    public var signingKey: String?
    /// Policy name → its parameters, overriding the defaults in the policy's file.
    public var params: [String: [String: PolicyParam]]
    /// When changes are made and when they are not, for policies that ask; empty unless given.
    public var calendar: ChangeCalendar

    /// The audit log.
    public struct Log: Sendable, Hashable {
        /// Where it is kept, nil for the user's state folder.
        public var directory: String?
        /// Its name in checkpoints (`belay.example.com/production`): plans are spent in the log of one origin only.
        public var origin: String
        /// Its public key as a vkey: plans are made and run in the log of this key only; nil = in whatever log has the origin.
        public var key: String?
        /// The file that says which witnesses cosign its checkpoints, and how many of them must; nil = none is asked.
        public var witnesses: String?
        /// Whether a run begins only once so many have cosigned what was logged before it.
        public var strict = false
        /// Whether it is logged who reads it.
        public var reads = true
    }
}

extension Configuration {
    /// Reads a configuration file.
    /// - Parameter file: the name that errors carry, and what relative paths in it are relative to; nothing is read.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> Configuration {
        try YAMLDocument(bytes, file: file).read { fields in
            fields.header(kind: "Configuration")
            return Configuration(fields, file: file, digest: Digest.sha256(bytes))
        }
    }

    private init(_ fields: YAMLFields, file: String, digest: String) {
        self.file = file
        self.digest = digest
        inventory = fields.path("inventory", default: "inventory.yaml")
        runbooks = fields.paths("runbooks", default: ["runbooks"])
        policies = fields.paths("policies", default: ["policies"])
        allowedSigners = fields.path("allowedSigners", default: "allowed_signers")
        log = fields.mapping("log", Log.init)
        signingKey = fields.optionalMapping("signing") { $0.optionalPath("key") } ?? nil
        params = Self.params(fields)
        calendar = fields.optionalMapping("calendar") { ChangeCalendar($0) } ?? .empty
        if policies.isEmpty, fields.node("policies") != nil {
            fields.error("policies", "must name at least one folder: without policies nothing is guarded")
        }
    }

    private static func params(_ fields: YAMLFields) -> [String: [String: PolicyParam]] {
        fields.optionalMapping("params") { policies in
            policies.keys.reduce(into: [:]) { $0[$1] = policies.settings($1) }
        } ?? [:]
    }
}

extension Configuration.Log {
    fileprivate init(_ fields: YAMLFields) {
        directory = fields.optionalPath("directory")
        origin = fields.string("origin")
        key = fields.optionalString("key")
        witnesses = fields.optionalPath("witnesses")
        strict = fields.bool("strict", default: false)
        reads = fields.bool("reads", default: true)
        if strict, fields.node("witnesses") == nil {
            fields.error(
                "strict", "needs log.witnesses: without a policy file no witness can be waited for",
                remedy: "Name the file in log.witnesses; `belay audit witness add` writes it")
        }
        if let key, !key.hasPrefix(origin + "+") || key.utf8.contains(where: { !(0x21...0x7E).contains($0) }) {
            fields.error("key", "must be the log's public key, ORIGIN+HASH+KEY: what keys/log.vkey in its folder holds")
        }
        // It becomes the first line of a signed checkpoint and a part of a key's name.
        let isOrigin = origin.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2B }
        if !origin.isEmpty, !isOrigin || origin.utf8.count > 255 {
            fields.error("origin", "must be one printable word without '+', such as example.com/production")
        }
    }
}
