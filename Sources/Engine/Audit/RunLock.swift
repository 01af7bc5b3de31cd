import Glibc
import Synchronization

/// Held by the process that drives a run, for as long as it does. An open intent of a run whose lock is free was
/// interrupted; one whose lock is held is under way, and nobody else may recover it.
public final class RunLock: Sendable {
    private let descriptor: Mutex<Int32?>
    private let path: String

    private init(descriptor: Int32, path: String) {
        self.descriptor = Mutex(descriptor)
        self.path = path
    }

    deinit { release() }

    /// Takes the lock of a run of the log in `directory`; nil when another process, or another holder in this one,
    /// has it. It is released by `release`, with the object, and when the process ends in whatever way.
    public static func tryAcquire(run: String, in directory: String) throws -> RunLock? {
        let path = try self.path(run, directory)
        // `isHeld` of another process holds the lock for a moment; that must not look like a live run.
        for _ in 0..<5 {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw AuditError("open", path, errno: errno) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, isNamed(descriptor) {
                return RunLock(descriptor: descriptor, path: path)
            }
            close(descriptor)
            usleep(1000)
        }
        return nil
    }

    /// Whether someone drives that run now.
    public static func isHeld(run: String, in directory: String) throws -> Bool {
        let path = try self.path(run, directory)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return false }
            throw AuditError("open", path, errno: errno)
        }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }

    /// Lets go of the run. Again is harmless.
    public func release() {
        descriptor.withLock { held in
            guard let open = held else { return }
            // Removed while still held, so that the next holder's file has a name.
            unlink(path)
            close(open)
            held = nil
        }
    }

    /// A file that its last holder has removed locks nobody out.
    private static func isNamed(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }

    private static func path(_ run: String, _ directory: String) throws -> String {
        let isName = run.utf8.allSatisfy {
            ($0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z"))
                || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || Array("._-@".utf8).contains($0)
        }
        guard isName, !run.hasPrefix("."), (1...220).contains(run.utf8.count) else {
            throw AuditError(
                .invalid, "a run's id has up to 220 letters, digits, '.', '_', '@' and '-': \(run.debugDescription)")
        }
        return "\(directory)/runs/\(run).lock"
    }
}
