import Glibc

/// An flock(2) on a file: it belongs to the open file, so unlike fcntl locks it is not lost when the process closes
/// another descriptor of the same file, and the kernel releases it when the process dies.
final class FileLock {
    private let descriptor: Int32
    private let path: String

    init(_ path: String, files: any LogFiles) throws {
        self.path = path
        descriptor = try files.open(path, O_RDWR | O_CREAT, mode: 0o600)
    }

    deinit { close(descriptor) }

    /// Runs `body` while no other process does.
    func exclusively<Result>(_ body: () throws -> Result) throws -> Result {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw AuditError("flock", path, errno: errno) }
        }
        defer { release() }
        return try body()
    }

    /// Takes the lock unless another process, or another holder in this one, has it.
    func tryAcquire() throws -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw AuditError("flock", path, errno: errno) }
        }
        return true
    }

    func release() { flock(descriptor, LOCK_UN) }
}
