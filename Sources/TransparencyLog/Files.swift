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
    /// The file's bytes from `offset`, at most `count` of them; nil when there is no such file. A file of more than `limit`
    /// bytes is refused.
    package static func read(
        _ path: String, from offset: Int = 0, count: Int = .max, limit: Int
    ) throws(LogReadError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw LogReadError(path: path, errno: errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw LogReadError(path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw LogReadError(path: path, reason: "not a regular file") }
        guard status.st_size <= limit else {
            throw LogReadError(path: path, reason: "has \(status.st_size) bytes; at most \(limit) are expected here")
        }
        return try read(descriptor, path, from: offset, count: min(count, max(0, Int(status.st_size) - offset)))
    }

    private static func read(
        _ descriptor: Int32, _ path: String, from offset: Int, count: Int
    ) throws(LogReadError) -> [UInt8] {
        var failure: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
                let read = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + filled))
                if read == 0 { return }
                if read < 0, errno == EINTR { continue }
                if read < 0 { failure = errno }
                guard read > 0 else { return }
                filled += read
            }
        }
        if let failure { throw LogReadError(path: path, errno: failure) }
        return bytes
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
