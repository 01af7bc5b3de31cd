import FoundationEssentials
import Glibc

/// A folder of ours alone, mode 0700, for one connection's control socket and what ssh tells us through files.
///
/// Its path is short, since a socket's path is (sun_path has 108 bytes, and ssh first binds a name 17 bytes longer), and
/// plain, since ssh expands `%`, `~` and `${}` in paths and its commands are words of a shell.
struct PrivateFolder: Sendable {
    private static let longestBase = 60

    let path: String

    var socket: String { path + "/s" }
    /// Where the host keys that ssh is shown are written, see ``ShownKey``.
    var keys: String { path + "/k" }
    func log(ofRun number: Int) -> String { "\(path)/r\(number)" }

    /// Below TMPDIR, or below /tmp when that is too long or not plain.
    init(host: String, temporary: String? = ProcessInfo.processInfo.environment["TMPDIR"]) throws(SSHError) {
        var template = Array((Self.base(temporary) + "/belay-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SSHError(
                .resources, .preparation, host: host,
                "no private folder \(Self.base(temporary))/belay-…: \(systemMessage(errno))",
                remedy: "check TMPDIR: it must exist, be writable and have room")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static func base(_ temporary: String?) -> String {
        guard var base = temporary, base.hasPrefix("/"), base.utf8.count <= longestBase else { return "/tmp" }
        while base.hasSuffix("/") { base.removeLast() }
        return !base.isEmpty && Wrapper.quoted(base) == base ? base : "/tmp"
    }

    /// Whether the master listens. ssh makes the socket only once it is authenticated, and nobody else can make it.
    var hasSocket: Bool {
        var status = stat()
        return lstat(socket, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// Removes it with all that is in it; the master's watcher does so too, should we be gone.
    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
