public import Core
import Foundation

/// A signed statement about a plan, and where it was found.
public struct FoundStatement: Sendable {
    /// Where a statement is kept.
    public enum Place: Sendable, Hashable {
        /// In the log, as the entry of this index.
        case entry(UInt64)
        /// In a file; its signature is beside it as `.sig`.
        case file(String)
    }

    /// Where it is.
    public var place: Place
    /// Its bytes and the signature, as they are.
    public var record: ApprovalRecord

    /// Reads a statement's file and the signature beside it.
    /// - Throws: ``WorkspaceError`` when either cannot be read.
    public init(file: String) throws {
        let signature = try ProjectFiles.read(file + ".sig")
        self.init(
            .file(file),
            ApprovalRecord(
                statement: Payload(bytes: try ProjectFiles.read(file)),
                signature: String(decoding: signature, as: UTF8.self)))
    }

    private init(_ place: Place, _ record: ApprovalRecord) { (self.place, self.record) = (place, record) }

    /// Every statement about a plan: those its log has, then those beside its file which the log does not have.
    static func all(of run: StoredRun?, beside planFile: String?) throws -> [FoundStatement] {
        let recorded = (run?.records ?? []).compactMap { entry -> FoundStatement? in
            guard case .approval(let record)? = entry.record.event else { return nil }
            return FoundStatement(.entry(entry.index), record)
        }
        let files = try planFile.map(files(beside:)) ?? []
        return recorded + files.filter { file in !recorded.contains { $0.record == file.record } }
    }

    /// Where approvals of a plan lie.
    static func folder(of planFile: String) -> String { planFile + ".approvals" }

    private static func files(beside planFile: String) throws -> [FoundStatement] {
        let folder = folder(of: planFile)
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try ProjectFiles.list(folder).filter { $0.hasSuffix(".json") }.map {
            try FoundStatement(file: ProjectFiles.join(folder, $0))
        }
    }

    /// Checks that the person it names signed these very bytes.
    /// - Parameter now: when the key must be valid.
    /// - Throws: ``SignatureRefusal``, which names the place.
    public func verified(signers: Guardrails.Signers, at now: Timestamp) async throws -> VerifiedApproval {
        let bytes = record.statement.bytes
        do {
            let signature = try await SSHKeygen().verify(
                Array(record.signature.utf8), over: bytes, namespace: SignatureNamespace.approval, signers: signers,
                at: now)
            return try VerifiedApproval(statement: bytes, signature: signature)
        } catch var refusal as SignatureRefusal {
            refusal.message = "\(place): \(refusal.message)"
            throw refusal
        }
    }
}

extension FoundStatement.Place: CustomStringConvertible {
    /// `entry 7` or the file's path.
    public var description: String {
        switch self {
        case .entry(let index): "entry \(index)"
        case .file(let path): path
        }
    }
}
