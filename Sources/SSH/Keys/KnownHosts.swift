import Crypto
import FoundationEssentials
import Glibc

/// The host keys we trust: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Read once, shared by all connections.
///
/// Plain, hashed (`|1|`) and `[host]:port` names, comma lists, wildcards, negation, `@revoked` and `@cert-authority`.
/// Lines that cannot be understood are skipped as ssh(1) does, and kept in ``skipped``.
public struct KnownHosts: Sendable {
    /// What the files say about one host.
    public struct Record: Sendable, Equatable {
        /// Keys the host may show.
        public var trusted: [PublicKey] = []
        /// Keys that are refused whatever else is said.
        public var revoked: [PublicKey] = []
        /// Certificate authorities for the host; certificates are not supported yet.
        public var authorities: [PublicKey] = []
    }

    /// A line that was not understood.
    public struct Skipped: Sendable, Equatable {
        /// The file.
        public let file: String
        /// The line's number, from 1.
        public let line: Int
    }

    enum Marker: String { case revoked = "@revoked", authority = "@cert-authority" }

    struct Entry: Sendable {
        let marker: Marker?
        let names: HostNames
        let key: PublicKey
    }

    /// Lines without wildcards are found by name; the rest is tried one by one.
    private var byName: [String: [Entry]] = [:]
    private var others: [Entry] = []
    /// Lines that were not understood: neither comments nor host keys.
    public private(set) var skipped: [Skipped] = []

    /// Knows nothing, so it refuses every host.
    public init() {}

    /// Reads several files in order; one that does not exist is empty.
    public init(files: [String]) throws(SSHError) {
        for path in files where access(path, F_OK) == 0 {
            let file = try readFile(path, limit: 64 << 20, what: "known_hosts file")
            add(String(decoding: file.bytes, as: UTF8.self), file: path)
        }
    }

    /// Adds a file's text.
    public mutating func add(_ text: String, file: String) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard let first = fields.first, !first.hasPrefix("#") else { continue }
            if let entry = Self.entry(fields) {
                insert(entry)
            } else {
                skipped.append(Skipped(file: file, line: index + 1))
            }
        }
    }

    /// Everything said about a host; a port other than 22 is part of the name, an alias is looked up as it is.
    public func record(of endpoint: Endpoint) -> Record {
        let name = Self.name(of: endpoint)
        var record = Record()
        for entry in (byName[name] ?? []) + others.filter({ $0.names.match(name) }) {
            switch entry.marker {
            case nil: record.trusted.append(entry.key)
            case .revoked: record.revoked.append(entry.key)
            case .authority: record.authorities.append(entry.key)
            }
        }
        return record
    }

    /// The name under which a host is looked up, as it would be written in the file.
    public static func name(of endpoint: Endpoint) -> String {
        if let alias = endpoint.hostKeyAlias { return alias.lowercased() }
        let host = endpoint.host.lowercased()
        return endpoint.port == 22 ? host : "[\(host)]:\(endpoint.port)"
    }

    private static func entry(_ fields: [Substring]) -> Entry? {
        var fields = fields[...]
        let marker = fields.first.flatMap { Marker(rawValue: String($0)) }
        if marker != nil { fields.removeFirst() }
        guard fields.count >= 3, let names = fields.popFirst(), !names.hasPrefix("@"), let type = fields.popFirst(),
            let base64 = fields.popFirst(), let key = PublicKey(base64: String(base64)), key.type == type,
            let names = HostNames(names)
        else { return nil }
        return Entry(marker: marker, names: names, key: key)
    }

    private mutating func insert(_ entry: Entry) {
        guard case .patterns(let patterns) = entry.names, patterns.allSatisfy(\.isLiteral) else {
            return others.append(entry)
        }
        for name in Set(patterns.map(\.text)) { byName[name, default: []].append(entry) }
    }
}

/// The first field of a line: a hashed name, or patterns.
enum HostNames: Sendable {
    case hashed(salt: [UInt8], hash: [UInt8])
    case patterns([HostPattern])

    init?(_ field: Substring) {
        guard field.hasPrefix("|") else {
            self = .patterns(field.split(separator: ",").map(HostPattern.init))
            return
        }
        let parts = field.split(separator: "|")
        guard parts.count == 3, parts[0] == "1", let salt = Data(base64Encoded: String(parts[1])),
            let hash = Data(base64Encoded: String(parts[2])), hash.count == Insecure.SHA1.byteCount
        else { return nil }
        self = .hashed(salt: Array(salt), hash: Array(hash))
    }

    /// A negated pattern that matches rules the whole line out.
    func match(_ name: String) -> Bool {
        switch self {
        case .hashed(let salt, let hash):
            // SHA-1 is the file format's; it hides names, it does not authenticate.
            let key = SymmetricKey(data: salt)
            return Array(HMAC<Insecure.SHA1>.authenticationCode(for: Array(name.utf8), using: key)) == hash
        case .patterns(let patterns):
            let matching = patterns.filter { $0.match(name) }
            return !matching.isEmpty && matching.allSatisfy { !$0.isNegated }
        }
    }
}

/// One name with `*` and `?`, perhaps negated.
struct HostPattern: Sendable {
    let text: String
    let isNegated: Bool

    init(_ field: Substring) {
        isNegated = field.hasPrefix("!")
        text = field.dropFirst(isNegated ? 1 : 0).lowercased()
    }

    var isLiteral: Bool { !isNegated && !text.contains { $0 == "*" || $0 == "?" } }

    /// Greedy matching with one point to fall back to: linear in practice, quadratic at worst, never exponential.
    func match(_ name: String) -> Bool {
        let (pattern, name) = (Array(text.utf8), Array(name.utf8))
        var (p, n) = (0, 0)
        var fallback: (pattern: Int, name: Int)?
        while n < name.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                fallback = (p, n)
                p += 1
            } else if p < pattern.count, pattern[p] == UInt8(ascii: "?") || pattern[p] == name[n] {
                (p, n) = (p + 1, n + 1)
            } else if let last = fallback {
                fallback = (last.pattern, last.name + 1)
                (p, n) = (last.pattern + 1, last.name + 1)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
