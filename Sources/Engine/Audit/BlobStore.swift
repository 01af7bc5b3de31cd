import Crypto
import Glibc
import TransparencyLog

/// What an entry carries of a blob.
public struct BlobReference: Hashable, Sendable {
    /// Lowercase hexadecimal SHA-256 over a random salt and the content: it cannot be guessed from the content, so
    /// deleting the blob erases it.
    public let commitment: String
    /// Bytes of content.
    public let length: UInt64

    /// A reference read from an entry.
    public init(commitment: String, length: UInt64) {
        self.commitment = commitment
        self.length = length
    }
}

/// Contents kept beside the log, committed to by its entries: `blobs/<hh>/<commitment>` holds salt and content.
public actor BlobStore {
    private static let domain = Array("belay/blob/v1\n".utf8)
    private static let saltSize = 32
    /// More than any output that is kept; a bound against reading a wrong file.
    private static let maxSize = 1 << 30
    private let directory: String
    private let thread: JournalThread
    private let files: any LogFiles

    /// The thread the blobs' files are written and read on.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.executor }

    /// The blobs of the log in `directory`, for readers; a writer takes `AuditLog.blobs`.
    public init(directory: String) throws {
        self.init(directory: directory, thread: try JournalThread(), files: SystemFiles())
    }

    init(directory: String, thread: JournalThread, files: any LogFiles) {
        self.directory = directory
        self.thread = thread
        self.files = files
    }

    /// Stores content durably; an entry may name the blob as soon as this returns.
    public func put(_ content: [UInt8]) throws -> BlobReference {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltSize).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let commitment = Self.commitment(salt: salt, content: content)
        try files.createFolder(folder(commitment))
        let temporary = "\(directory)/tmp/blob-\(commitment)"
        // Held while the temporary file exists, so that nobody takes it for a leftover.
        let guardian = try files.open("\(directory)/tmp", O_RDONLY | O_DIRECTORY, mode: 0)
        defer { close(guardian) }
        flock(guardian, LOCK_SH)
        do {
            try files.replace(path(commitment), with: salt + content, temporary: temporary, mode: 0o600)
        } catch {
            unlink(temporary)
            throw error
        }
        return BlobReference(commitment: commitment, length: UInt64(content.count))
    }

    /// The content, checked against the commitment in the log.
    public func get(_ reference: BlobReference) throws -> [UInt8] {
        let path = try checkedPath(reference)
        guard let bytes = try Files.read(path, limit: Self.maxSize) else {
            throw AuditError(.blobMissing, "\(path): erased or missing; look for a blob.erased entry in the log")
        }
        let salt = Array(bytes.prefix(Self.saltSize))
        let content = Array(bytes.dropFirst(Self.saltSize))
        guard Self.commitment(salt: salt, content: content) == reference.commitment,
            content.count == reference.length
        else {
            throw AuditError(.damaged, "\(path): is not what the log committed to: it was altered or is damaged")
        }
        return content
    }

    /// Whether it is on this disk; not whether it is whole.
    public func has(_ reference: BlobReference) -> Bool {
        guard let path = try? checkedPath(reference) else { return false }
        return access(path, F_OK) == 0
    }

    /// Deletes salt and content. The caller appends the entry that says so.
    public func erase(_ reference: BlobReference) throws {
        let path = try checkedPath(reference)
        guard unlink(path) == 0 || errno == ENOENT else { throw AuditError("unlink", path, errno: errno) }
        try files.synchronizeFolder(folder(reference.commitment))
    }

    /// Removes what a killed process left half-written: it may be content that is to be forgotten.
    static func removeLeftovers(_ directory: String) {
        let folder = open("\(directory)/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        guard flock(folder, LOCK_EX | LOCK_NB) == 0, let names = try? Files.list("\(directory)/tmp") else { return }
        for name in names where name.hasPrefix("blob-") { unlinkat(folder, name, 0) }
    }

    /// SHA-256(domain || salt || u64 BE length || content)
    static func commitment(salt: [UInt8], content: [UInt8]) -> String {
        let length = withUnsafeBytes(of: UInt64(content.count).bigEndian) { Array($0) }
        var hasher = SHA256()
        for part in [domain, salt, length, content] { part.withUnsafeBytes { hasher.update(bufferPointer: $0) } }
        return hasher.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// An entry's bytes may come from anywhere: a commitment is 64 hexadecimal digits before it is part of a path.
    private func checkedPath(_ reference: BlobReference) throws -> String {
        let text = reference.commitment.utf8
        guard text.count == 64, text.allSatisfy({ Array("0123456789abcdef".utf8).contains($0) }) else {
            throw AuditError(.invalid, "a blob's commitment is 64 lowercase hexadecimal digits")
        }
        return path(reference.commitment)
    }

    private func folder(_ commitment: String) -> String { "\(directory)/blobs/\(commitment.prefix(2))" }
    private func path(_ commitment: String) -> String { "\(folder(commitment))/\(commitment)" }
}
