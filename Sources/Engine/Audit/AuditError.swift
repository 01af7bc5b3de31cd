import Glibc
import TransparencyLog

/// Why the audit log, a blob or a run's lock could not be used: what, where, and what to do.
public struct AuditError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What a caller can tell apart.
    public enum Code: String, Sendable {
        /// The disk, the quota or a file size limit is full.
        case noSpace
        /// No permission, or a read-only file system.
        case notWritable
        /// What is on disk contradicts itself or what was signed.
        case damaged
        /// An earlier write failed; nothing more is accepted or signed.
        case poisoned
        /// The caller's bytes cannot be an entry, or its name not a run's.
        case invalid
        /// Who keeps the log's key does not sign.
        case cannotSign
        /// The log was closed.
        case closed
        /// The blob was erased, or never reached this disk.
        case blobMissing
        /// Any other failing system call.
        case system
    }

    /// For code.
    public let code: Code
    /// For people.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// A failed system call.
    init(_ call: String, _ path: String, errno number: Int32) {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT, EFBIG:
            self.init(.noSpace, "\(path): \(call): \(reason). Free space there, or put the log elsewhere")
        case EACCES, EPERM, EROFS:
            self.init(.notWritable, "\(path): \(call): \(reason). The log's folder must be writable by this user")
        default:
            self.init(.system, "\(path): \(call): \(reason)")
        }
    }
}

extension AuditError {
    /// Whether it keeps only from publishing: a run under way may still record its end, for which the journal has room.
    var sparesJournal: Bool { code == .noSpace || code == .cannotSign }

    /// The journal is not what was signed.
    init(contradicting signed: Checkpoint, _ frontier: Frontier, in directory: String) {
        self.init(
            .damaged,
            "\(directory): the log has \(frontier.size) entries with root \(frontier.root), but size \(signed.size) "
                + "with root \(signed.root) is signed: entries were lost or exchanged, or the folder was set back to an "
                + "older copy. Verify it and restore it from a copy; nothing is appended")
    }

    /// The journal's end is torn where it was signed.
    init(_ torn: TornTail, below size: UInt64, in directory: String) {
        self.init(
            .damaged,
            "\(directory): entry \(torn.index) was signed (size \(size)) and is now damaged: \(torn). "
                + "Restore the segment from a copy; nothing is cut off below a signed size")
    }

    /// Any error of reading or writing the log in a folder.
    init(explaining error: any Error, in directory: String) {
        switch error {
        case let error as AuditError: self = error
        case let error as JournalError:
            self.init(.damaged, "\(directory): \(error). Restore the segment from a copy")
        case let error as LogReadError: self.init(.system, error.description)
        default: self.init(.invalid, "\(directory): \(error)")
        }
    }
}
