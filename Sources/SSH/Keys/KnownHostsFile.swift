import Glibc

/// Writing known_hosts files: what a person has decided to trust.
///
/// All of it blocks on the disk, and up to five seconds on another writer: not for a cooperative thread that others need.
public enum KnownHostsFile {
    /// Records a host's keys that are not recorded yet, one plain line each. No other line is touched.
    ///
    /// The file is made (0600, its folder 0700) when it is missing; writers of this kind exclude each other, and what was
    /// added is on the disk when this returns.
    /// - Parameter name: as ``KnownHosts/name(of:)`` gives it.
    /// - Returns: the keys that were added.
    /// - Throws: also when the file says that one of the keys is revoked.
    @discardableResult
    public static func append(_ keys: [PublicKey], for name: String, to path: String) throws(SSHError) -> [PublicKey] {
        try checkName(name)
        try makeFolder(of: path)
        let file = try LockedFile(path)
        defer { file.close() }
        let bytes = try file.read()
        let added = try missing(keys, name, in: bytes, path)
        guard !added.isEmpty else { return [] }
        let isCut = bytes.last.map { $0 != newline } ?? false
        try file.append((isCut ? [newline] : []) + lines(added, name))
        return added
    }

    /// Records a host's keys in place of those recorded for exactly this name, plain or hashed. Markers, wildcards and
    /// other names stay; the file as it was is kept beside it, with `.old` at its end, as ssh-keygen(1) -R does.
    ///
    /// - Returns: what was taken out.
    /// - Throws: before anything is changed, also when a line with wildcards trusts the host by another key.
    @discardableResult
    public static func replace(
        with keys: [PublicKey], for name: String, in path: String
    ) throws(SSHError) -> [KnownHosts.Known] {
        try checkName(name)
        let file = try LockedFile(path)
        defer { file.close() }
        let bytes = try file.read()
        _ = try missing(keys, name, in: bytes, path)
        var edit = KnownHostsEdit(bytes, file: path)
        edit.remove(name, except: keys)
        let added = try missing(keys, name, in: edit.bytes, path)
        try checkRest(edit.bytes, keys, name, path)
        try file.replace(with: edit.bytes + lines(added, name))
        return edit.removed
    }

    private static let newline = UInt8(ascii: "\n")

    private static func lines(_ keys: [PublicKey], _ name: String) -> [UInt8] {
        Array(keys.map { "\(name) \($0.type) \($0.base64)\n" }.joined().utf8)
    }

    private static func record(_ name: String, _ bytes: [UInt8], _ path: String) -> KnownHosts.Record {
        var hosts = KnownHosts()
        hosts.add(bytes, file: path)
        return hosts.record(named: name)
    }

    private static func missing(
        _ keys: [PublicKey], _ name: String, in bytes: [UInt8], _ path: String
    ) throws(SSHError) -> [PublicKey] {
        let record = record(name, bytes, path)
        if let revoked = record.entries.first(where: { $0.role == .revoked && keys.contains($0.key) }) {
            throw SSHError(
                .hostKeyRevoked, .preparation, host: name, "this key is marked @revoked: \(revoked)",
                remedy: "give the node a new host key; take the line out only if it was revoked by mistake")
        }
        var added: [PublicKey] = []
        for key in keys where !record.trusted.contains(key) && !added.contains(key) { added.append(key) }
        return added
    }

    /// What still trusts the host by another key names other hosts too: a person has to change that.
    private static func checkRest(
        _ bytes: [UInt8], _ keys: [PublicKey], _ name: String, _ path: String
    ) throws(SSHError) {
        let rest = record(name, bytes, path).entries.first { $0.role == .trusted && !keys.contains($0.key) }
        guard let rest else { return }
        throw SSHError(
            .invalidInput, .preparation, host: name,
            "a line with wildcards trusts the host by another key: \(rest.key)",
            remedy:
                "edit that line of \(printable(path.utf8)) by hand (ssh-keygen -l -F '\(name)' shows it), then try again"
        )
    }

    /// A name that would mean something else in the file must not get there.
    private static func checkName(_ name: String) throws(SSHError) {
        let special = Set(",*?\"'\\".utf8)
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !special.contains($0) }
        guard isPlain, !name.isEmpty, name.utf8.count <= 300, !["#", "@", "!", "|"].contains(name.first) else {
            throw SSHError(
                .invalidInput, .preparation, host: printable(name.utf8), "not a name for known_hosts",
                remedy: "correct the host's name or alias in the inventory")
        }
    }

    private static func makeFolder(of path: String) throws(SSHError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let folder = String(path[..<slash])
        guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
        throw LockedFile.failure(folder, "cannot make the folder: \(systemMessage(errno))")
    }
}
