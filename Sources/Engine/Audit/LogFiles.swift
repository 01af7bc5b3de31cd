import Glibc
import TransparencyLog

/// The system calls that make the log durable; a seam so that tests can fail each of them.
public protocol LogFiles: Sendable {
    /// open(2) with O_CLOEXEC; `mode` for a new file.
    func open(_ path: String, _ flags: Int32, mode: UInt32) throws -> Int32
    /// pwrite(2) until all bytes are written.
    func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, path: String) throws
    /// fdatasync(2). A failure is final: the kernel may have dropped what was not written.
    func synchronizeData(_ descriptor: Int32, path: String) throws
    /// fsync(2).
    func synchronize(_ descriptor: Int32, path: String) throws
    /// rename(2).
    func rename(_ old: String, to new: String) throws
}

/// The calls themselves.
public struct SystemFiles: LogFiles {
    /// No state.
    public init() {}

    /// open(2)
    public func open(_ path: String, _ flags: Int32, mode: UInt32) throws -> Int32 {
        let descriptor = uninterrupted { Glibc.open(path, flags | O_CLOEXEC, mode) }
        guard descriptor >= 0 else { throw AuditError("open", path, errno: errno) }
        return descriptor
    }

    /// pwrite(2)
    public func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, path: String) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                uninterrupted {
                    pwrite(
                        descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written,
                        off_t(offset + written))
                }
            }
            guard count > 0 else { throw AuditError("write", path, errno: count < 0 ? errno : ENOSPC) }
            written += count
        }
    }

    /// fdatasync(2); interrupted, it has not been told of any failure yet.
    public func synchronizeData(_ descriptor: Int32, path: String) throws {
        guard uninterrupted({ fdatasync(descriptor) }) == 0 else { throw AuditError("fdatasync", path, errno: errno) }
    }

    /// fsync(2); interrupted, it has not been told of any failure yet.
    public func synchronize(_ descriptor: Int32, path: String) throws {
        guard uninterrupted({ fsync(descriptor) }) == 0 else { throw AuditError("fsync", path, errno: errno) }
    }

    /// rename(2)
    public func rename(_ old: String, to new: String) throws {
        guard Glibc.rename(old, new) == 0 else { throw AuditError("rename", new, errno: errno) }
    }
}

extension LogFiles {
    /// Makes names in a folder durable.
    func synchronizeFolder(_ path: String) throws {
        let descriptor = try open(path, O_RDONLY | O_DIRECTORY, mode: 0)
        defer { close(descriptor) }
        try synchronize(descriptor, path: path)
    }

    /// Creates a folder only its owner can enter, with its parents, durably. An existing one is left as it is.
    func createFolder(_ path: String) throws {
        if mkdir(path, 0o700) == 0 { return try synchronizeFolder(parent(of: path)) }
        let number = errno
        if number == EEXIST { return }
        // Some file systems answer ENOENT where the parent exists: then nothing can be made there.
        guard number == ENOENT, access(parent(of: path), F_OK) != 0, parent(of: path) != path else {
            throw AuditError("mkdir", path, errno: number)
        }
        try createFolder(parent(of: path))
        try createFolder(path)
    }

    /// Replaces `path` by these bytes so that a crash leaves the old file or the new one, never a part.
    /// `temporary` is on the same file system; who calls makes sure that nobody else uses that name.
    func replace(_ path: String, with bytes: [UInt8], temporary: String, mode: UInt32) throws {
        try put(bytes, at: path, temporary: temporary, mode: mode)
        try synchronizeFolder(parent(of: path))
    }

    /// The same without making the name durable.
    func put(_ bytes: [UInt8], at path: String, temporary: String, mode: UInt32) throws {
        let descriptor = try open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        do {
            defer { close(descriptor) }
            try write(bytes, to: descriptor, at: 0, path: temporary)
            try synchronize(descriptor, path: temporary)
        }
        try rename(temporary, to: path)
    }

    /// The folder a path is in.
    func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
