import Glibc

/// A file that is changed by one writer at a time (flock(2), which other programs may ignore).
struct LockedFile {
    private let fd: Int32
    /// Where the file really is: replacing it must not replace a symbolic link to it.
    private let path: String
    private let mode: mode_t

    /// Opens the file, made with 0600 when it is missing, and waits for other writers, five seconds at most.
    init(_ name: String) throws(SSHError) {
        let end = ContinuousClock.now + .seconds(5)
        while true {
            let fd = uninterrupted { open(name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600) }
            guard fd >= 0 else { throw Self.failure(name, systemMessage(errno)) }
            do throws(SSHError) {
                guard try Self.lock(fd, name, until: end) else {
                    Glibc.close(fd)
                    continue
                }
                (self.fd, path, mode) = (fd, try Self.resolve(name), try Self.regularMode(fd, name))
                return
            } catch {
                Glibc.close(fd)
                throw error
            }
        }
    }

    /// Ends the lock.
    func close() { Glibc.close(fd) }

    func read() throws(SSHError) -> [UInt8] { try readFile(path, limit: 64 << 20, what: "known_hosts file").bytes }

    func append(_ bytes: [UInt8]) throws(SSHError) {
        try Self.write(bytes, to: fd, path)
    }

    /// Puts a new file in this one's place, at once and for good; the old one stays as `.old`.
    func replace(with bytes: [UInt8]) throws(SSHError) {
        let copy = "\(path).\(getpid()).new"
        let new = open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard new >= 0 else { throw Self.failure(copy, systemMessage(errno)) }
        defer { Glibc.close(new) }
        do throws(SSHError) {
            try Self.check(fchmod(new, mode), copy)
            try Self.write(bytes, to: new, copy)
            unlink(path + ".old")
            try Self.check(link(path, path + ".old"), path + ".old")
            try Self.check(rename(copy, path), path)
        } catch {
            unlink(copy)
            throw error
        }
        try syncFolder()
    }

    private func syncFolder() throws(SSHError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { throw Self.failure(folder, systemMessage(errno)) }
        defer { Glibc.close(fd) }
        try Self.check(uninterrupted { fsync(fd) }, folder)
    }

    /// False when the file was replaced while we waited: then the lock is on one that nobody reads any more.
    private static func lock(_ fd: Int32, _ name: String, until end: ContinuousClock.Instant) throws(SSHError) -> Bool {
        while flock(fd, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw failure(name, systemMessage(errno)) }
            guard ContinuousClock.now < end else { throw failure(name, "another process has held its lock for 5 s") }
            usleep(10_000)
        }
        var (locked, named) = (stat(), stat())
        guard fstat(fd, &locked) == 0, stat(name, &named) == 0 else { return false }
        return locked.st_ino == named.st_ino && locked.st_dev == named.st_dev
    }

    private static func regularMode(_ fd: Int32, _ name: String) throws(SSHError) -> mode_t {
        var status = stat()
        try check(fstat(fd, &status), name)
        guard status.st_mode & S_IFMT == S_IFREG else { throw failure(name, "it is not a regular file") }
        return status.st_mode & 0o777
    }

    private static func resolve(_ name: String) throws(SSHError) -> String {
        guard let real = realpath(name, nil) else { throw failure(name, systemMessage(errno)) }
        defer { free(real) }
        return String(cString: real)
    }

    private static func write(_ bytes: [UInt8], to fd: Int32, _ path: String) throws(SSHError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw failure(path, systemMessage(errno)) }
            rest = rest.dropFirst(max(0, count))
        }
        try check(uninterrupted { fsync(fd) }, path)
    }

    private static func check(_ result: Int32, _ path: String) throws(SSHError) {
        guard result == 0 else { throw failure(path, systemMessage(errno)) }
    }

    static func failure(_ path: String, _ cause: String) -> SSHError {
        SSHError(
            .keyUnreadable, .preparation, host: printable(path.utf8), "cannot write the known_hosts file: \(cause)",
            remedy: "check the path, its permissions and the disk")
    }
}
