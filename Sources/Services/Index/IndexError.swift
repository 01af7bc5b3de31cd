import GRDB
import Glibc

/// Why there is no index to search with; the log itself can still be read.
public struct IndexError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What and where, in a sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ call: String, _ path: String, errno number: Int32) {
        self.init("\(path): \(call): \(String(cString: strerror(number)))")
    }
}

/// The index does not fit the log, or is damaged: it is made again.
struct IndexFault: Error, Equatable {
    /// Why, as the end of a sentence.
    let reason: String
}

extension IndexFault {
    /// Nil for what a new file would not mend, such as a full disk.
    init?(_ error: DatabaseError) {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_FORMAT:
            self.init(reason: "it is damaged (\(error.message ?? "\(error.resultCode)"))")
        default: return nil
        }
    }
}
