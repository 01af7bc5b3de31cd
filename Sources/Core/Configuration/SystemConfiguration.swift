/// The system layer of the configuration, `/etc/belay/belay.yaml`: what holds on a machine, whichever project is used there.
///
/// It is for the machine's administrator, and says no more than what shall hold; a project sets the rest. What a project may
/// add is more policies, which deny more: see ``PolicySet/load(system:project:of:alongside:)``.
public struct SystemConfiguration: Sendable, Hashable {
    /// The file's name as it was given to the parser.
    public var file: String
    /// Folders in or below which projects may be used; nil = every project may.
    public var projects: [String]?
    /// Folders of policies that hold besides the project's.
    public var policies: [String]
    /// Whose signatures count, in place of the project's file; nil = the project says.
    public var allowedSigners: String?
    /// What it says of the log.
    public var log: Log
    /// Policy name → its parameters; of the same parameter this value holds.
    public var params: [String: [String: PolicyParam]]
    /// Who is told when the glass is broken, in place of the project's program; nil = the project says.
    public var notify: [String]?
    /// When changes are made, in place of the project's calendar; nil = the project says.
    public var calendar: ChangeCalendar?
    /// Where each setting stands that the file gives.
    public var places: [String: SourceLocation] = [:]

    /// What it says of the log; nil = the project says. See ``Configuration/Log``.
    public struct Log: Sendable, Hashable {
        /// Where it is kept.
        public var directory: String?
        /// Its name.
        public var origin: String?
        /// Its public key.
        public var key: String?
        /// Who cosigns it.
        public var witnesses: String?
        /// Whether a run waits for them.
        public var strict: Bool?
        /// Whether it is logged who reads it.
        public var reads: Bool?
    }
}

extension SystemConfiguration {
    /// Reads the file.
    /// - Parameter file: its name, absolute: what relative paths in it are relative to; nothing is read.
    /// - Throws: every fault of the file, each with its line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> SystemConfiguration {
        let document = try YAMLDocument(bytes, file: file)
        var configuration = try document.read { fields in
            fields.header(kind: "SystemConfiguration")
            return SystemConfiguration(fields, file: file)
        }
        configuration.places = document.places
        return configuration
    }

    private init(_ fields: YAMLFields, file: String) {
        self.file = file
        projects = fields.node("projects") == nil ? nil : fields.commonPaths("projects")
        policies = fields.commonPaths("policies")
        allowedSigners = fields.commonPath("allowedSigners")
        log = fields.optionalMapping("log", Log.init) ?? Log()
        params = fields.policyParams()
        notify = fields.node("notify") == nil ? nil : fields.notifyCommand()
        calendar = fields.optionalMapping("calendar") { ChangeCalendar($0) }
    }
}

extension SystemConfiguration.Log {
    fileprivate init(_ fields: YAMLFields) {
        directory = fields.commonPath("directory")
        origin = fields.optionalString("origin")
        key = fields.optionalString("key")
        witnesses = fields.commonPath("witnesses")
        strict = fields.node("strict") == nil ? nil : fields.bool("strict", default: true)
        reads = fields.node("reads") == nil ? nil : fields.bool("reads", default: true)
        if origin == "" { fields.error("origin", "must not be empty") }
        if let origin { fields.checkLogOrigin(origin) }
        // Of which log it is the key the project may say.
        if let key, let name = origin ?? key.split(separator: "+").first.map(String.init) {
            fields.checkLogKey(key, origin: name)
        }
    }
}

extension YAMLFields {
    /// A path that is the same for every user of the machine.
    fileprivate func commonPath(_ name: String) -> String? {
        let path = optionalPath(name)
        if let path { refuseHome([path], name) }
        return path
    }

    fileprivate func commonPaths(_ name: String) -> [String] {
        let paths = paths(name)
        refuseHome(paths, name)
        return paths
    }

    private func refuseHome(_ paths: [String], _ name: String) {
        guard paths.contains(where: { $0.hasPrefix("~") }) else { return }
        error(name, "must not begin with '~', which is another folder for every user", remedy: "Write it in full")
    }
}
