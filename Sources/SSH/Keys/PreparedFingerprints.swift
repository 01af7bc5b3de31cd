/// Fingerprints that were prepared by other ways (a console, a configuration tool), to compare host keys with.
///
/// One host key in each line, in any of these forms; `#` begins a comment line:
/// - `NAME[,NAME…] SHA256:… [comment]`
/// - `256 SHA256:… NAME (ED25519)`, as ssh-keygen(1) -l shows the keys of a known_hosts file or of ssh-keyscan(1)
/// - a known_hosts line without a marker
///
/// A line that is none of these is an error: who leaves out a line here must know it.
public struct PreparedFingerprints: Sendable {
    private var byName: [[UInt8]: Set<String>] = [:]
    private var hosts = KnownHosts()

    /// Reads a file. Blocks on it.
    public init(path: String) throws(SSHError) {
        try self.init(bytes: try readFile(path, limit: 16 << 20, what: "file of fingerprints").bytes, file: path)
    }

    /// Takes a file's text; `file` stands for it in errors.
    public init(text: String, file: String) throws(SSHError) { try self.init(bytes: Array(text.utf8), file: file) }

    private init(bytes: [UInt8], file: String) throws(SSHError) {
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0 == 0x20 || (0x09...0x0D).contains($0) }
            guard let first = words.first, first.first != UInt8(ascii: "#") else { continue }
            try add(words, line, KnownHosts.Source(file: file, line: index + 1))
        }
    }

    /// The fingerprints of a host, sorted, by any of its names: as in the inventory, and ``KnownHosts/name(of:)``.
    public func fingerprints(of names: [String]) -> [String] {
        var found = Set<String>()
        for name in names {
            found.formUnion(byName[lowercased(name.utf8)] ?? [])
            found.formUnion(hosts.record(named: name).trusted.map(\.fingerprint))
        }
        return found.sorted()
    }

    /// Whether the file has this key for the host.
    public func contain(_ key: PublicKey, of names: [String]) -> Bool {
        fingerprints(of: names).contains(key.fingerprint)
    }

    // MARK: Reading

    private typealias Words = [ArraySlice<UInt8>]

    private mutating func add(_ words: Words, _ line: ArraySlice<UInt8>, _ source: KnownHosts.Source) throws(SSHError) {
        guard words[0].first != UInt8(ascii: "@") else {
            throw Self.failure(source, "markers are not for this file", "write the host key itself, without a marker")
        }
        guard words.count >= 2, let colon = words[1].firstIndex(of: UInt8(ascii: ":")) else {
            return try addKnownHost(line, source)
        }
        guard words[1][..<colon].elementsEqual("SHA256".utf8) else {
            throw Self.failure(
                source, "\(printable(words[1], limit: 60)) is not a SHA256 fingerprint",
                "show it with: ssh-keygen -l -E sha256 -f KEY.pub")
        }
        let fingerprint = try Self.fingerprint(words[1], source)
        let isListing = words[0].allSatisfy { (0x30...0x39).contains($0) } && words.last?.first == UInt8(ascii: "(")
        let names = isListing ? try Self.listedName(words, source) : words[0]
        try add(names, fingerprint, source)
    }

    private mutating func add(
        _ names: ArraySlice<UInt8>, _ fingerprint: String, _ source: KnownHosts.Source
    ) throws(SSHError) {
        guard let names = HostPatterns(names), names.areLiteral, !names.patterns.isEmpty else {
            throw Self.failure(source, "wildcards and negation are not for fingerprints", "write each host's name")
        }
        for name in names.patterns { byName[name.text, default: []].insert(fingerprint) }
    }

    private mutating func addKnownHost(_ line: ArraySlice<UInt8>, _ source: KnownHosts.Source) throws(SSHError) {
        guard KnownHostsLine(line) != nil else {
            throw Self.failure(
                source, "neither a fingerprint nor a known_hosts line: \(printable(line, limit: 60))",
                "write: NAME SHA256:… (ssh-keygen -l -f KEY.pub shows it)")
        }
        hosts.add(Array(line), file: source.file)
    }

    /// 32 bytes in base64 without padding; ssh-keygen leaves it out, other tools may not.
    private static func fingerprint(_ word: ArraySlice<UInt8>, _ source: KnownHosts.Source) throws(SSHError) -> String {
        let digits = word.drop { $0 != UInt8(ascii: ":") }.dropFirst().prefix { $0 != UInt8(ascii: "=") }
        guard Base64.decode(digits + [UInt8(ascii: "=")])?.count == 32, word.count - digits.count <= 8 else {
            throw failure(
                source, "\(printable(word, limit: 60)) is damaged", "copy it again: SHA256: and 43 characters of base64"
            )
        }
        return "SHA256:" + String(decoding: digits, as: UTF8.self)
    }

    /// `ssh-keygen -l` ends with the line's comment, which is a host's name only when it read known_hosts lines.
    private static func listedName(_ words: Words, _ source: KnownHosts.Source) throws(SSHError) -> ArraySlice<UInt8> {
        guard words.count == 4, !words[2].contains(UInt8(ascii: "@")) else {
            let comment = words.dropFirst(2).dropLast().joined(separator: [0x20])
            throw failure(
                source, "the comment \"\(printable(Array(comment), limit: 60))\" does not say which host it is",
                "write: NAME SHA256:…")
        }
        return words[2]
    }

    private static func failure(_ source: KnownHosts.Source, _ cause: String, _ remedy: String) -> SSHError {
        SSHError(.invalidInput, .preparation, host: source.description, cause, remedy: remedy)
    }
}
