import Glibc

/// The host keys we trust: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. Read once, shared by all connections.
///
/// Plain, hashed (`|1|`) and `[host]:port` names, comma lists, wildcards, negation, `@revoked` and `@cert-authority`.
/// Lines that cannot be understood are skipped as ssh(1) does, and kept in ``skipped``. A host's answer is ssh(1)'s, but:
/// - A host on another port than 22 is known by `[host]:port` alone. When nothing is said of that name, ssh(1) takes the
///   bare name's key; here each port has an identity of its own, and another service's key does not vouch for it.
/// - A marker may be followed by a tab; ssh(1) then ignores the line if there is a space after it, and so a revocation.
/// - Keys of types that are not known here are kept, to be named in a refusal; whether a point is on its curve is not asked.
public struct KnownHosts: Sendable {
    /// Where a line is.
    public struct Source: Sendable, Hashable, CustomStringConvertible {
        /// The file, as it was named.
        public let file: String
        /// The line's number, from 1.
        public let line: Int
        /// `file:line`, safe to print.
        public var description: String { "\(printable(file.utf8)):\(line)" }
    }

    /// What a line says of its key.
    public enum Role: Sendable {
        /// The host may show it.
        case trusted
        /// It is refused, whatever else is said.
        case revoked
        /// It signs certificates of hosts.
        case authority
    }

    /// A key and where it is recorded.
    public struct Known: Sendable, Equatable, CustomStringConvertible {
        /// The key.
        public let key: PublicKey
        /// What is said of it.
        public let role: Role
        /// Where.
        public let source: Source
        /// Type, fingerprint and place: `ssh-ed25519 SHA256:… (file:line)`.
        public var description: String { "\(key) (\(source))" }
    }

    /// What the files say about one host, in the order of the files.
    public struct Record: Sendable, Equatable {
        /// All of it.
        public var entries: [Known] = []
        /// Keys the host may show.
        public var trusted: [PublicKey] { keys(.trusted) }
        /// Keys that are refused whatever else is said.
        public var revoked: [PublicKey] { keys(.revoked) }
        /// Certificate authorities for the host; certificates are not supported here.
        public var authorities: [PublicKey] { keys(.authority) }

        private func keys(_ role: Role) -> [PublicKey] { entries.filter { $0.role == role }.map(\.key) }

        /// The keys of one role and where each is recorded, for a person; nil when there are none.
        public func list(_ role: Role) -> String? {
            let known = entries.filter { $0.role == role }.map(\.description)
            return known.isEmpty ? nil : known.joined(separator: ", ")
        }
    }

    private var entries: [Known] = []
    /// Lines whose names are literal are found by name, hashed ones all at once; the others are tried one by one.
    private var byName: [[UInt8]: [Int]] = [:]
    private var hashed = HashedNames()
    private var others: [(names: HostPatterns, entry: Int)] = []
    /// Lines that were not understood: neither comments nor host keys.
    public private(set) var skipped: [Source] = []

    /// Knows nothing, so it refuses every host.
    public init() {}

    /// Reads several files in order; one that does not exist is empty. Blocks on the files.
    public init(files: [String]) throws(SSHError) {
        for path in files where access(path, F_OK) == 0 {
            add(try readFile(path, limit: 64 << 20, what: "known_hosts file").bytes, file: path)
        }
    }

    /// Adds a file's text.
    public mutating func add(_ text: String, file: String) { add(Array(text.utf8), file: file) }

    mutating func add(_ bytes: [UInt8], file: String) {
        var items: [HashedNames.Item] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !KnownHostsLine.isBlank(line) {
            let source = Source(file: file, line: index + 1)
            guard let line = KnownHostsLine(line) else {
                skipped.append(source)
                continue
            }
            switch line.names {
            case .hashed(let salt, let hash):
                items.append(HashedNames.Item(salt: salt, hash: hash, entry: entries.count))
            case .patterns(let names) where names.areLiteral:
                for name in Set(names.patterns.map(\.text)) { byName[name, default: []].append(entries.count) }
            case .patterns(let names): others.append((names, entries.count))
            }
            entries.append(Known(key: line.key, role: line.role, source: source))
        }
        hashed.append(items)
    }

    /// Everything said about a host; a port other than 22 is part of the name, an alias is looked up as it is.
    public func record(of endpoint: Endpoint) -> Record { record(named: Self.name(of: endpoint)) }

    /// Everything said about a name, written as ``name(of:)`` gives it.
    func record(named name: String) -> Record {
        let name = lowercased(name.utf8)
        var found = (byName[name] ?? []) + hashed.entries(for: name)
        found += others.filter { $0.names.match(name) }.map(\.entry)
        return Record(entries: found.sorted().map { entries[$0] })
    }

    /// The name under which a host is looked up, as it would be written in the file.
    public static func name(of endpoint: Endpoint) -> String {
        let host = String(decoding: lowercased((endpoint.hostKeyAlias ?? endpoint.host).utf8), as: UTF8.self)
        return endpoint.hostKeyAlias != nil || endpoint.port == 22 ? host : "[\(host)]:\(endpoint.port)"
    }
}
