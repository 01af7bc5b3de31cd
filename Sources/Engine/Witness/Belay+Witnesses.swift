import Core
public import TransparencyLog

extension Belay {
    /// Publishes the log and asks the project's witnesses to cosign it.
    ///
    /// - Throws: ``WorkspaceError`` when the project names no witnesses or its policy cannot be read, ``AuditError`` when the
    ///   log cannot be published.
    public func askWitnesses() async throws -> WitnessRound { try await witnesses().ask() }

    func witnesses() async throws -> Witnesses {
        guard let policy = try workspace.witnessPolicy() else {
            throw WorkspaceError(
                "\(try workspace.witnessFile()) does not exist",
                remedy: "`belay audit witness add NAME VKEY URL` writes it.")
        }
        return try await Witnesses(policy, of: log.log, through: witnessing)
    }
}

extension Workspace {
    /// Where the project's witnesses are named.
    public func witnessFile() throws -> String {
        guard let file = configuration.log.witnesses else {
            throw WorkspaceError(
                "the project names no witnesses",
                remedy: "Set log.witnesses in \(Self.fileName) to the file that shall name them.")
        }
        return Environment.expandingHome(file)
    }

    /// The witnesses of the project's log; nil when their file is not there yet.
    public func witnessPolicy() throws -> WitnessPolicy? {
        let file = try witnessFile()
        if configuration.system?.log.witnesses != nil { try layers.checkOwner(of: file) }
        return try policyBytes(file).map { bytes in
            do { return try WitnessPolicy(bytes) } catch {
                throw WorkspaceError("\(file): \(error)", remedy: "Correct the file; nothing was done.")
            }
        }
    }

    /// Adds a witness to the project's policy file, and makes that when it is missing.
    ///
    /// - Returns: the file and what it says now.
    /// - Throws: ``WorkspaceError`` when the file cannot be read or written, or the witness cannot be added.
    public func addWitness(name: String, key: String, url: String) throws -> (file: String, policy: WitnessPolicy) {
        let file = try witnessFile()
        let bytes: [UInt8]
        do {
            bytes = try WitnessPolicy.adding(name: name, key: key, url: url, to: policyBytes(file))
        } catch let error as FormatError {
            throw WorkspaceError("\(file): \(error)", remedy: "Nothing was changed.")
        }
        try ProjectFiles.write(bytes, to: file, mode: 0o644)
        return (file, try WitnessPolicy(bytes))
    }

    private func policyBytes(_ file: String) throws -> [UInt8]? {
        do {
            return try Files.read(file, limit: WitnessPolicy.maxBytes)
        } catch {
            throw WorkspaceError("\(error)", remedy: "log.witnesses in \(Self.fileName) must name a file you can read.")
        }
    }
}
