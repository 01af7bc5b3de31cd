import Glibc

/// Where the index of a log lies: beside the log's folder. In it nothing lies that is no evidence; and in each user's own cache it
/// would keep, where nobody looks, words of what was erased.
struct IndexPlace {
    /// The database.
    let path: String

    /// - Throws: ``IndexError`` when the log's folder is not there.
    init(ofLog directory: String) throws(IndexError) {
        // Links and dots resolved: a log has one index, whatever it is called.
        guard let resolved = realpath(directory, nil) else { throw IndexError("realpath", directory, errno: errno) }
        defer { free(resolved) }
        path = String(cString: resolved) + ".index.sqlite"
    }

    /// Makes the file where there is none, for its owner only since entries are secret.
    /// - Returns: whether it is new.
    /// - Throws: ``IndexError`` when it cannot be, or somebody else could read or change it.
    func create() throws(IndexError) -> Bool {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw IndexError("open", path, errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw IndexError("fstat", path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw IndexError("\(path): must be a file of this user's that nobody else may read: remove it")
        }
        return status.st_size == 0
    }

    /// Removes the database and what SQLite may have left beside it.
    func remove() throws(IndexError) {
        for file in [path, path + "-journal", path + "-wal", path + "-shm"] {
            guard unlink(file) == 0 || errno == ENOENT else { throw IndexError("unlink", file, errno: errno) }
        }
    }
}

/// One process at a time uses the index: it removes the file and makes it again, which SQLite's own locks do not cover. Whoever waits
/// for one that is being made would have to make it otherwise.
final class IndexLock {
    private let descriptor: Int32

    /// Waits on this thread, which must be one that may block.
    /// - Throws: ``IndexError`` when another process does not let go in time.
    init(_ place: IndexPlace, patience: Duration) throws {
        let path = place.path + ".lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw IndexError("open", path, errno: errno) }
        let end = ContinuousClock.now + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw IndexError("flock", path, errno: errno) }
            guard ContinuousClock.now < end else {
                throw IndexError("\(path): another process has been using the index for \(patience)")
            }
            usleep(20_000)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }
}
