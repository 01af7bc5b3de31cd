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
        try Guardrails.Signers.read(configuration.allowedSigners)
    }

    /// Reads policies, grants and allowed signers.
    /// - Throws: ``WorkspaceError`` when a file cannot be read, ``Diagnostics`` for every fault in all of them.
    public func guardrails() throws -> Guardrails {
        let signers = try signers()
        // Who may approve is a guardrail like any other, and so is when changes are made: a plan is judged, and run,
        // under the same people and the same calendar.
        let policies = try PolicySet.load(
            PolicyFiles.policies(in: configuration.policies), params: configuration.params,
            alongside: ["allowed-signers \(Digest.sha256(signers.bytes))"] + configuration.calendar.digestLines)
        return Guardrails(policies: policies, signers: signers)
    }
}
