import Glibc

/// A file or folder of the log that could not be read: which, and the system's reason.
public struct LogReadError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or folder.
    public let path: String
    /// Why, and what to do when that is known.
    public let reason: String

    /// Both in one sentence.
    public var description: String { "\(path): \(reason)" }

    init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    init(path: String, errno code: Int32) {
        self.init(path: path, reason: String(cString: strerror(code)))
    }
}

/// A call that a signal has interrupted has done nothing: it is made again.
package func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// Reading only: an auditor may hold a copy on a read-only medium.
package enum Files {
    private static let partSize = 1 << 16

    /// The file's bytes from `offset`, at most `count` of them; nil when there is no such file. A file of more than `limit`
    /// bytes is refused.
    package static func read(
        _ path: String, from offset: Int = 0, count: Int = .max, limit: Int
    ) throws(LogReadError) -> [UInt8]? {
        guard let file = try RegularFile(path, limit: limit) else { return nil }
        let count = min(count, max(0, file.size - offset))
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let room = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count)
            (filled, failure) = file.read(into: room, from: offset)
        }
        if let failure { throw LogReadError(path: path, errno: failure) }
        return bytes
    }

    /// How a file is not exactly these bytes; nil when it is. A part of it is in memory at a time.
    static func difference(
        _ path: String, from expected: ArraySlice<UInt8>, limit: Int
    ) throws(LogReadError) -> FileDifference? {
        guard let file = try RegularFile(path, limit: limit) else { return .missing }
        guard file.size == expected.count else { return .size(file.size) }
        var difference: FileDifference?
        let failure = expected.withUnsafeBytes { expected in
            // Not filled with zeroes first, as an array is.
            withUnsafeTemporaryAllocation(byteCount: min(file.size, partSize), alignment: 16) { part in
                file.compare(with: expected, by: part, &difference)
            }
        }
        if let failure { throw LogReadError(path: path, errno: failure) }
        return difference
    }

    /// Whether something has that name. That it cannot be found out is no answer.
    package static func exists(_ path: String) throws(LogReadError) -> Bool {
        if access(path, F_OK) == 0 { return true }
        if errno == ENOENT { return false }
        throw LogReadError(path: path, errno: errno)
    }

    /// Whether it is a folder and no link to one.
    package static func isFolder(_ path: String) throws(LogReadError) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return false }
            throw LogReadError(path: path, errno: errno)
        }
        return status.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, sorted; nil when there is no such folder.
    package static func list(_ path: String) throws(LogReadError) -> [String]? {
        try contents(path)?.map(\.name)
    }

    /// The same, and whether each is a folder itself, and no link to one.
    static func contents(_ path: String) throws(LogReadError) -> [(name: String, isFolder: Bool)]? {
        guard let folder = try open(folder: path) else { return nil }
        defer { closedir(folder) }
        var contents: [(name: String, isFolder: Bool)] = []
        while let entry = try next(folder, path) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            // Not every file system tells.
            let isKnown = Int(entry.pointee.d_type) != DT_UNKNOWN
            let isFolder = isKnown ? Int(entry.pointee.d_type) == DT_DIR : try isFolder("\(path)/\(name)")
            contents.append((name, isFolder))
        }
        return contents.sorted { $0.name < $1.name }
    }

    /// Nil when there is no such folder.
    private static func open(folder path: String) throws(LogReadError) -> OpaquePointer? {
        while true {
            if let folder = opendir(path) { return folder }
            if errno == ENOENT { return nil }
            guard errno == EINTR else { throw LogReadError(path: path, errno: errno) }
        }
    }

    /// readdir(3) answers the end and a failure alike: a log must not look shorter than it is.
    private static func next(
        _ folder: OpaquePointer, _ path: String
    ) throws(LogReadError) -> UnsafeMutablePointer<dirent>? {
        errno = 0
        let entry = readdir(folder)
        guard entry != nil || errno == 0 else { throw LogReadError(path: path, errno: errno) }
        return entry
    }
}

/// A file of which several parts are read: opening it for each of them would cost as much as reading some.
final class OpenFile: Sendable {
    private let path: String
    private let file: RegularFile

    /// Nil when there is no such file.
    init?(_ path: String, limit: Int) throws(LogReadError) {
        guard let file = try RegularFile(path, limit: limit) else { return nil }
        self.path = path
        self.file = file
    }

    /// The bytes from `offset`, at most `count` of them and none beyond the size it had when it was opened, into an array whose room
    /// is used again when it is just right.
    func read(from offset: Int, count: Int, into bytes: inout [UInt8]) throws(LogReadError) {
        let count = min(count, max(0, file.size - offset))
        if bytes.count != count { bytes = [UInt8](repeating: 0, count: count) }
        let (filled, failure) = bytes.withUnsafeMutableBytes { file.read(into: $0, from: offset) }
        if let failure { throw LogReadError(path: path, errno: failure) }
        bytes.removeLast(count - filled)
    }
}

/// A file that is open for reading, and no device, pipe or link.
private struct RegularFile: ~Copyable {
    private let descriptor: Int32
    /// Bytes it has.
    let size: Int

    /// Nil when there is no such file.
    init?(_ path: String, limit: Int) throws(LogReadError) {
        let descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw LogReadError(path: path, errno: errno)
        }
        do throws(LogReadError) {
            size = try Self.size(descriptor, path, limit: limit)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    private static func size(_ descriptor: Int32, _ path: String, limit: Int) throws(LogReadError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LogReadError(path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw LogReadError(path: path, reason: "not a regular file") }
        guard status.st_size <= limit else {
            throw LogReadError(path: path, reason: "has \(status.st_size) bytes; at most \(limit) are expected here")
        }
        return Int(status.st_size)
    }

    /// Fills the room, as far as the file goes. A failure is the system's number for it.
    func read(into room: UnsafeMutableRawBufferPointer, from offset: Int) -> (filled: Int, failure: Int32?) {
        var filled = 0
        while filled < room.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: room[filled...])
            let count = uninterrupted { pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled)) }
            if count == 0 { break }
            if count < 0 { return (filled, errno) }
            filled += count
        }
        return (filled, nil)
    }

    /// How it is not what is expected, which is as long as it was. A failure is the system's number for it.
    func compare(
        with expected: UnsafeRawBufferPointer, by part: UnsafeMutableRawBufferPointer,
        _ difference: inout FileDifference?
    ) -> Int32? {
        var offset = 0
        while offset < expected.count, difference == nil {
            let (filled, failure) = read(into: part, from: offset)
            if let failure { return failure }
            // It was cut off or continued meanwhile.
            guard 1...(expected.count - offset) ~= filled else {
                difference = .size(offset + filled)
                return nil
            }
            let wanted = expected[offset..<(offset + filled)]
            let found = UnsafeRawBufferPointer(rebasing: part[..<filled])
            if !found.isEqual(to: UnsafeRawBufferPointer(rebasing: wanted)) {
                difference = .byte(offset + zip(found, wanted).prefix { $0 == $1 }.count)
            }
            offset += filled
        }
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// Whether as many bytes are the same: one memcmp, since a log's tiles are as long as the log.
    fileprivate func isEqual(to other: UnsafeRawBufferPointer) -> Bool {
        guard let base = baseAddress, let otherBase = other.baseAddress else { return true }
        return memcmp(base, otherBase, count) == 0
    }
}

/// How a file is not as expected.
enum FileDifference: Equatable {
    case missing
    /// It has so many bytes.
    case size(Int)
    /// From this byte on.
    case byte(Int)
}
