/// The configuration in effect: that of a project, `belay.yaml`, under what the machine sets (``SystemConfiguration``).
///
/// Guardrails are set by these two and nowhere else: a flag, a variable or a user's own file that moved a policy would be a
/// way around it. Whose key signs a requester's plans is no guardrail: a user's file and a flag may override ``signingKey``.
public struct Configuration: Sendable, Hashable {
    /// The project's file, as it was named to the parser.
    public var file: String
    /// SHA-256 of the file's bytes, lower-case hex.
    public var digest: String
    /// The inventory's file; `inventory.yaml` unless given. Like all paths here relative to the configuration's file.
    public var inventory: String
    /// Folders of runbooks; `runbooks` unless given.
    public var runbooks: [String]
    /// Folders of policies, the machine's first; of the project `policies` unless given. At least one.
    public var policies: [String]
    /// Whose signatures count, in the format of ssh-keygen(1); `allowed_signers` unless given.
    public var allowedSigners: String
    /// The audit log.
    public var log: Log
    /// The private key to sign with unless a flag says otherwise; nil = none is configured.
    public var signingKey: String?
    /// Policy name → its parameters, overriding the defaults in the policy's file.
    public var params: [String: [String: PolicyParam]]
    /// The program that tells others when the glass is broken, by its path, and its arguments; empty = nobody is told.
    public var notify: [String]
    /// When changes are made and when they are not, for policies that ask; empty unless given.
    public var calendar: ChangeCalendar
    /// What the machine sets; nil where it sets nothing.
    public var system: SystemConfiguration?
    /// What the user's own file sets; nil where there is none.
    public var user: UserConfiguration?
    /// Where each setting stands that the project gives, by its path (`log.origin`).
    public var places: [String: SourceLocation] = [:]

    /// The audit log.
    public struct Log: Sendable, Hashable {
        /// Where it is kept, nil for the state folder of the account.
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
    /// Reads a project's file.
    /// - Parameters:
    ///   - file: the name that errors carry, and what relative paths in it are relative to; nothing is read.
    ///   - system: what the machine sets, which wins.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(
        _ bytes: [UInt8], file: String, under system: SystemConfiguration? = nil
    ) throws(Diagnostics) -> Configuration {
        let document = try YAMLDocument(bytes, file: file)
        var configuration = try document.read { fields in
            fields.header(kind: "Configuration")
            return Configuration(fields, file: file, digest: Digest.sha256(bytes), under: system)
        }
        configuration.places = document.places
        return configuration
    }

    private init(_ fields: YAMLFields, file: String, digest: String, under system: SystemConfiguration?) {
        self.file = file
        self.digest = digest
        self.system = system
        inventory = fields.path("inventory", default: "inventory.yaml")
        runbooks = fields.paths("runbooks", default: ["runbooks"])
        let folders = fields.paths("policies", default: ["policies"])
        let signers = fields.path("allowedSigners", default: "allowed_signers")
        policies = (system?.policies ?? []) + folders
        allowedSigners = system?.allowedSigners ?? signers
        log = Log(fields, under: system?.log)
        signingKey = fields.optionalMapping("signing") { $0.optionalPath("key") } ?? nil
        params = fields.policyParams().merging(system?.params ?? [:]) { $0.merging($1) { _, system in system } }
        let command = fields.notifyCommand()
        notify = system?.notify ?? command
        let calendar = fields.optionalMapping("calendar") { ChangeCalendar($0) }
        self.calendar = system?.calendar ?? calendar ?? .empty
        if folders.isEmpty, fields.node("policies") != nil {
            fields.error("policies", "must name at least one folder: without policies nothing is guarded")
        }
    }

    /// Who gives a setting in effect, and where.
    public func origin(of setting: String) -> (layer: ConfigurationLayer, place: SourceLocation?) {
        if let place = user?.places[setting] { return (.user, place) }
        if let place = system?.places[setting] { return (.system, place) }
        return places[setting].map { (.project, $0) } ?? (.standard, nil)
    }

    /// The same with what a user's own file sets.
    public func with(_ user: UserConfiguration?) -> Configuration {
        var configuration = self
        configuration.user = user
        configuration.signingKey = user?.signingKey ?? signingKey
        return configuration
    }
}

extension YAMLFields {
    /// The program that is told of broken glass, and its arguments; empty where none is named.
    func notifyCommand() -> [String] {
        let command = strings("notify")
        // A name would be looked up in the caller's PATH, which no guardrail holds.
        if let program = command.first, !program.hasPrefix("/") {
            error("notify", "must begin with a program's whole path, such as /usr/local/bin/page-oncall")
        }
        if command.isEmpty, node("notify") != nil { error("notify", "must name a program") }
        return command
    }

    /// Policy name → its parameters.
    func policyParams() -> [String: [String: PolicyParam]] {
        optionalMapping("params") { policies in
            policies.keys.reduce(into: [:]) { $0[$1] = policies.settings($1) }
        } ?? [:]
    }
}

extension Configuration.Log {
    /// What a project says of the log, under what the machine says.
    fileprivate init(_ fields: YAMLFields, under system: SystemConfiguration.Log?) {
        if fields.node("log") == nil, let origin = system?.origin {
            self.init(origin: origin)
            replace(with: system)
        } else {
            self = fields.mapping("log") { Self($0, system: system) }
        }
    }

    private init(_ fields: YAMLFields, system: SystemConfiguration.Log?) {
        directory = fields.optionalPath("directory")
        origin = system?.origin == nil ? fields.string("origin") : fields.string("origin", default: "")
        key = fields.optionalString("key")
        witnesses = fields.optionalPath("witnesses")
        strict = fields.bool("strict", default: false)
        reads = fields.bool("reads", default: true)
        replace(with: system)
        if strict, witnesses == nil {
            fields.error(
                "strict", "needs log.witnesses: without a policy file no witness can be waited for",
                remedy: "Name the file in log.witnesses; `belay audit witness add` writes it")
        }
        if let key { fields.checkLogKey(key, origin: origin) }
        if system?.origin == nil { fields.checkLogOrigin(origin) }
    }

    private mutating func replace(with system: SystemConfiguration.Log?) {
        directory = system?.directory ?? directory
        origin = system?.origin ?? origin
        key = system?.key ?? key
        witnesses = system?.witnesses ?? witnesses
        strict = system?.strict ?? strict
        reads = system?.reads ?? reads
    }
}

extension YAMLFields {
    /// Checks the log's public key against the log's name.
    func checkLogKey(_ key: String, origin: String) {
        if !key.hasPrefix(origin + "+") || key.utf8.contains(where: { !(0x21...0x7E).contains($0) }) {
            error("key", "must be the log's public key, ORIGIN+HASH+KEY: what keys/log.vkey in its folder holds")
        }
    }

    /// Checks the log's name: it becomes the first line of a signed checkpoint and a part of a key's name.
    func checkLogOrigin(_ origin: String) {
        let isOrigin = origin.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2B }
        if !origin.isEmpty, !isOrigin || origin.utf8.count > 255 {
            error("origin", "must be one printable word without '+', such as example.com/production")
        }
    }
}
