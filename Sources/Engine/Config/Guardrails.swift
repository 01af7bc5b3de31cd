public import Core

/// Who may do what, read when something is asked of it and not before: a policy file that does not load keeps plans from
/// being made and run, and keeps nobody from recovering what is under way (law 5).
public struct Guardrails: Sendable {
    /// The policies and grants.
    public let policies: PolicySet
    /// Whose signatures count.
    public let signers: Signers

    /// The allowed signers, and the bytes that were parsed, for `ssh-keygen -Y verify`: the file may be another by then.
    public struct Signers: Sendable {
        /// The people and programs.
        public let list: AllowedSigners
        let bytes: [UInt8]

        /// Reads a file of allowed signers.
        /// - Throws: ``WorkspaceError`` when it cannot be read, ``Diagnostics`` for faults in it.
        public static func read(_ file: String) throws -> Signers {
            let bytes = try ProjectFiles.read(file)
            return Signers(list: try AllowedSigners.parse(bytes, file: file), bytes: bytes)
        }
    }
}

extension Workspace {
    /// Reads the allowed signers.
    /// - Throws: ``WorkspaceError`` when the file cannot be read, ``Diagnostics`` for faults in it.
    public func signers() throws -> Guardrails.Signers {
        if let file = configuration.system?.allowedSigners { try layers.checkOwner(of: file) }
        return try Guardrails.Signers.read(configuration.allowedSigners)
    }

    /// Reads policies, grants and allowed signers.
    /// - Throws: ``WorkspaceError`` when a file cannot be read, ``Diagnostics`` for every fault in all of them.
    public func guardrails() throws -> Guardrails {
        let signers = try signers()
        return Guardrails(policies: try policies(alongside: try alongside(signers)), signers: signers)
    }

    /// Reads policies and grants of the machine and of the project, as one set.
    /// - Parameter alongside: what else is in its digest.
    /// - Throws: ``WorkspaceError`` when a file cannot be read, ``Diagnostics`` for every fault in all of them.
    public func policies(alongside: [String] = []) throws -> PolicySet {
        let common = configuration.system?.policies ?? []
        let system = try PolicyFiles.policies(in: common)
        for place in common + system.map(\.file) { try layers.checkOwner(of: place) }
        let project = try PolicyFiles.policies(in: Array(configuration.policies.dropFirst(common.count)))
        return try PolicySet.load(system: system, project: project, of: configuration, alongside: alongside)
    }

    // Who may approve is a guardrail like any other, and so are when changes are made, whether a run waits for witnesses,
    // and which projects may be used: a plan is judged, and run, under the same of all of them.
    private func alongside(_ signers: Guardrails.Signers) throws -> [String] {
        var lines = ["allowed-signers \(Digest.sha256(signers.bytes))"] + configuration.calendar.digestLines
        if configuration.log.strict {
            lines.append("strict \(Digest.sha256(try ProjectFiles.read(try witnessFile())))")
        }
        if let folders = configuration.system?.projects {
            lines += ["projects \(folders.count)"] + folders.map { "project \(Digest.sha256($0.utf8))" }
        }
        return lines
    }
}
