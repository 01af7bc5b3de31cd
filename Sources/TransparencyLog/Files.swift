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

    /// The same into an array whose room is used again when it is just right; false when there is no such file.
    static func read(
        _ path: String, from offset: Int, count: Int, into bytes: inout [UInt8], limit: Int
    ) throws(LogReadError) -> Bool {
        guard let file = try RegularFile(path, limit: limit) else { return false }
        let count = min(count, max(0, file.size - offset))
        if bytes.count != count { bytes = [UInt8](repeating: 0, count: count) }
        let (filled, failure) = bytes.withUnsafeMutableBytes { file.read(into: $0, from: offset) }
        if let failure { throw LogReadError(path: path, errno: failure) }
        bytes.removeLast(count - filled)
        return true
    }

    /// How a file is not exactly these bytes; nil when it is. A part of it is in memory at a time.
    static func difference(
        _ path: String, from expected: ArraySlice<UInt8>, limit: Int
    ) throws(LogReadError) -> FileDifference? {
        guard let file = try RegularFile(path, limit: limit) else { return .missing }
        guard file.size == expected.count else { return .size(file.size) }
        var part = [UInt8](repeating: 0, count: min(file.size, partSize))
        var rest = expected
        while !rest.isEmpty {
            let offset = expected.count - rest.count
            let (filled, failure) = part.withUnsafeMutableBytes { file.read(into: $0, from: offset) }
            if let failure { throw LogReadError(path: path, errno: failure) }
            // It was cut off or continued meanwhile.
            guard 1...rest.count ~= filled else { return .size(offset + filled) }
            let (found, wanted) = (part.prefix(filled), rest.prefix(filled))
            if !found.elementsEqualInMemory(wanted) {
                return .byte(offset + Array(zip(found, wanted).prefix { $0 == $1 }).count)
            }
            rest = rest.dropFirst(filled)
        }
        return nil
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
        guard let folder = opendir(path) else {
            if errno == ENOENT { return nil }
            throw LogReadError(path: path, errno: errno)
        }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// A file that is open for reading, and no device, pipe or link.
private struct RegularFile: ~Copyable {
    private let descriptor: Int32
    /// Bytes it has.
    let size: Int

    /// Nil when there is no such file.
    init?(_ path: String, limit: Int) throws(LogReadError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
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
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
            if count == 0 { break }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return (filled, errno) }
            filled += count
        }
        return (filled, nil)
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

extension ArraySlice<UInt8> {
    /// Whether these are the same bytes: one memcmp, since a log's tiles are as long as the log.
    fileprivate func elementsEqualInMemory(_ other: ArraySlice<UInt8>) -> Bool {
        withUnsafeBytes { ours in
            other.withUnsafeBytes { theirs in
                guard ours.count == theirs.count, let first = ours.baseAddress, let other = theirs.baseAddress else {
                    return ours.count == theirs.count
                }
                return memcmp(first, other, ours.count) == 0
            }
        }
    }
}
