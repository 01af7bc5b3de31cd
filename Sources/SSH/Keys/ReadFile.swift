import Glibc

/// Reads a small regular file whole, with its permission bits.
func readFile(_ path: String, limit: Int, what: String) throws(SSHError) -> (bytes: [UInt8], mode: mode_t) {
    func failure(_ cause: String) -> SSHError {
        SSHError(
            .keyUnreadable, .preparation, host: path, "cannot read the \(what): \(cause)",
            remedy: "check the path and its permissions")
    }
    let fd = uninterrupted { open(path, O_RDONLY | O_CLOEXEC) }
    guard fd >= 0 else { throw failure(systemMessage(errno)) }
    defer { close(fd) }
    var status = stat()
    guard fstat(fd, &status) == 0 else { throw failure(systemMessage(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure("it is not a regular file") }
    guard status.st_size <= limit else { throw failure("it is larger than \(limit) bytes") }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
        let count = bytes.withUnsafeMutableBytes { bytes in
            uninterrupted { pread(fd, bytes.baseAddress.map { $0 + filled }, bytes.count - filled, off_t(filled)) }
        }
        guard count >= 0 else { throw failure(systemMessage(errno)) }
        if count == 0 { break }
        filled += count
    }
    return (Array(bytes.prefix(filled)), status.st_mode)
}
