import Glibc
import TransparencyLog

/// One open journal segment. The owner writes; the descriptor closes with it.
final class Segment: Sendable {
    let path: String
    let descriptor: Int32
    /// Bytes it can hold.
    let capacity: Int
    private let files: any LogFiles

    init(_ path: String, files: any LogFiles) throws {
        self.path = path
        self.files = files
        descriptor = try files.open(path, O_RDWR | O_NOFOLLOW, mode: 0)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw AuditError("fstat", path, errno: errno) }
        capacity = Int(status.st_size)
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8], at offset: Int) throws {
        try files.write(bytes, to: descriptor, at: offset, path: path)
    }

    func synchronize() throws {
        try files.synchronizeData(descriptor, path: path)
    }

    func read(_ count: Int, at offset: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { bytes in
                let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
                return uninterrupted { pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled)) }
            }
            guard got > 0 else { throw AuditError("read", path, errno: got < 0 ? errno : EIO) }
            filled += got
        }
        return bytes
    }

    /// Whether the writer's place is still the end: nobody has written a record there.
    func isEnd(_ offset: Int) throws -> Bool {
        guard offset + 4 <= capacity else { return true }
        return try read(4, at: offset) == [0, 0, 0, 0]
    }
}

/// The segment after the current one, preallocated in `tmp/`. A full disk thus shows while the current segment has
/// room to record how the runs under way end. Whoever writes, and whoever publishes, each have one of these: of all
/// threads and processes one at a time makes or takes the file.
struct SpareSegment {
    private let directory: String
    private let files: any LogFiles
    private let lock: FileLock

    init(directory: String, files: any LogFiles) throws {
        self.directory = directory
        self.files = files
        lock = try FileLock("\(directory)/spare.lock", files: files)
    }

    private var path: String { "\(directory)/tmp/spare.wal" }

    /// Writes a segment of zeroes, durably, unless there is one.
    func ensure() throws {
        if access(path, F_OK) != 0 { try lock.exclusively { try make() } }
    }

    private func make() throws {
        if access(path, F_OK) == 0 { return }
        let temporary = "\(directory)/tmp/segment.new"
        let zeroes = [UInt8](repeating: 0, count: JournalFormat.segmentSize)
        do {
            try files.replace(path, with: zeroes, temporary: temporary, mode: 0o600)
        } catch {
            // What little is left on a full disk is needed by others.
            unlink(temporary)
            throw error
        }
    }

    /// Makes it the segment that starts at `index`.
    func take(for index: UInt64) throws -> Segment {
        let segment = "\(directory)/\(LogLayout.segment(startingAt: index))"
        try lock.exclusively {
            try make()
            try files.rename(path, to: segment)
        }
        try files.synchronizeFolder("\(directory)/\(LogLayout.journal)")
        return try Segment(segment, files: files)
    }
}
