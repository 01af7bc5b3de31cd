/// Which logs and witnesses are trusted, and how many of the witnesses must have cosigned (C2SP tlog-policy).
public struct WitnessPolicy: Sendable, Equatable {
    /// A line `log <vkey> [<url>]`.
    public struct Log: Sendable, Equatable {
        /// The log's key.
        public let key: VerifierKey
        /// Where it is; what for is not said.
        public let url: String?
    }

    /// A line `witness <name> <vkey> [<url>]`.
    public struct Witness: Sendable, Equatable {
        /// What the policy's groups call it; means nothing elsewhere.
        public let name: String
        /// The witness's key. One of type 06 never counts as having cosigned.
        public let key: VerifierKey
        /// Usually the prefix of its `add-checkpoint`.
        public let url: String?
    }

    /// In the order of the file; may be empty.
    public let logs: [Log]
    /// In the order of the file; may be empty.
    public let witnesses: [Witness]
    /// A group's members are all defined before it, so that one pass in order evaluates them.
    let groups: [Group]
    /// Nil when none is asked for.
    let quorum: Name?

    /// A name is opaque bytes: two that only look the same are two.
    typealias Name = [UInt8]

    /// A line `group <name> all|any|<k> <member>...`.
    struct Group: Sendable, Equatable {
        let name: Name
        let threshold: Int
        let members: [Name]
    }
}

extension WitnessPolicy {
    /// A policy file's largest size.
    public static let maxBytes = 1 << 18

    /// No witness is known, and none is asked for.
    public static let noWitnesses = WitnessPolicy(logs: [], witnesses: [], groups: [], quorum: nil)

    /// Reads a policy file. Unlike the specification, which allows any bytes in names and comments, only UTF-8 is read.
    ///
    /// - Throws: `FormatError` with the line's number.
    public init(_ bytes: [UInt8]) throws {
        var reader = WitnessPolicyReader()
        try reader.read(bytes)
        self.init(logs: reader.logs, witnesses: reader.witnesses, groups: reader.groups, quorum: reader.quorum)
    }

    /// Whether those who cosigned are a quorum. Their signatures must have been verified.
    public func isSatisfied(by cosigners: Set<VerifierKey>) -> Bool {
        guard let quorum else { return true }
        var witnessed = Set(witnesses.filter { cosigners.contains($0.key) }.map { Name($0.name.utf8) })
        for group in groups where group.members.count(where: witnessed.contains) >= group.threshold {
            witnessed.insert(group.name)
        }
        return witnessed.contains(quorum)
    }
}

/// Reads a policy file line by line; a name must be defined before it is used, which rules out cycles.
struct WitnessPolicyReader {
    private static let maxDefinitions = 256

    private(set) var logs: [WitnessPolicy.Log] = []
    private(set) var witnesses: [WitnessPolicy.Witness] = []
    private(set) var groups: [WitnessPolicy.Group] = []
    private(set) var quorum: WitnessPolicy.Name?
    private var defined: Set<WitnessPolicy.Name> = []
    private var members: Set<WitnessPolicy.Name> = []
    private var hasQuorum = false

    mutating func read(_ bytes: [UInt8]) throws {
        guard bytes.count <= WitnessPolicy.maxBytes else {
            throw FormatError("a witness policy has at most \(WitnessPolicy.maxBytes) bytes")
        }
        guard bytes.last == 0x0A else {
            throw FormatError("the witness policy does not end in a newline: it may have been cut off")
        }
        for (number, line) in bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            do {
                try read(line: line)
            } catch {
                throw FormatError("line \(number + 1) of the witness policy: \(error)")
            }
        }
        guard hasQuorum else {
            throw FormatError("the witness policy has no quorum: add 'quorum NAME', or 'quorum none' to ask for none")
        }
    }

    private mutating func read(line: ArraySlice<UInt8>) throws {
        guard line.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }),
            String(validating: line, as: UTF8.self) != nil
        else { throw FormatError("only UTF-8 without control characters can stand here") }
        let words = line.split { $0 == 0x20 || $0 == 0x09 }.map { String(decoding: $0, as: UTF8.self) }
        guard let first = words.first, !first.utf8.starts(with: "#".utf8) else { return }
        let rest = words.dropFirst()
        switch first {
        case "log": try addLog(Array(rest))
        case "witness": try addWitness(Array(rest))
        case "group": try addGroup(Array(rest))
        case "quorum": try addQuorum(Array(rest))
        default: throw FormatError("it starts with none of log, witness, group, quorum and #")
        }
    }

    private mutating func addLog(_ words: [String]) throws {
        guard (1...2).contains(words.count) else { throw FormatError("a log is 'log VKEY [URL]'") }
        let key = try VerifierKey(words[0])
        guard !logs.contains(where: { $0.key.publicKey == key.publicKey }) else {
            throw FormatError("this log's public key stands on a line before this one")
        }
        logs.append(.init(key: key, url: words.count > 1 ? words[1] : nil))
        try checkRoom()
    }

    private mutating func addWitness(_ words: [String]) throws {
        guard (2...3).contains(words.count) else { throw FormatError("a witness is 'witness NAME VKEY [URL]'") }
        let key = try VerifierKey(witness: words[1])
        guard !witnesses.contains(where: { $0.key.publicKey == key.publicKey }) else {
            throw FormatError("this witness's public key stands on a line before this one")
        }
        try define(words[0])
        witnesses.append(.init(name: words[0], key: key, url: words.count > 2 ? words[2] : nil))
    }

    private mutating func addGroup(_ words: [String]) throws {
        guard words.count >= 3 else { throw FormatError("a group is 'group NAME all|any|NUMBER MEMBER...'") }
        let names = words[2...]
        for name in names {
            try checkDefined(name)
            // Each witness shall count in one way only.
            guard members.insert(Array(name.utf8)).inserted else {
                throw FormatError("'\(name.prefix(80))' is already a member of a group")
            }
        }
        try define(words[0])
        let threshold = try threshold(words[1], of: names.count)
        groups.append(.init(name: Array(words[0].utf8), threshold: threshold, members: names.map { Array($0.utf8) }))
    }

    private mutating func addQuorum(_ words: [String]) throws {
        guard words.count == 1 else { throw FormatError("a quorum is 'quorum NAME' or 'quorum none'") }
        guard !hasQuorum else { throw FormatError("there is a quorum already") }
        hasQuorum = true
        if words[0] == "none" { return }
        try checkDefined(words[0])
        quorum = Array(words[0].utf8)
    }

    private func threshold(_ word: String, of count: Int) throws -> Int {
        if word == "all" { return count }
        if word == "any" { return 1 }
        guard let number = ASCIIDecimal.decode(word.utf8), (1...UInt64(count)).contains(number) else {
            throw FormatError("how many must have cosigned is 'all', 'any' or a number from 1 to \(count)")
        }
        return Int(number)
    }

    private mutating func define(_ name: String) throws {
        guard name != "none" else { throw FormatError("the name 'none' is taken: it stands for no quorum") }
        guard defined.insert(Array(name.utf8)).inserted else {
            throw FormatError("'\(name.prefix(80))' is defined already")
        }
        try checkRoom()
    }

    private func checkDefined(_ name: String) throws {
        guard defined.contains(Array(name.utf8)) else {
            throw FormatError("'\(name.prefix(80))' is not defined on a line before this one")
        }
    }

    private func checkRoom() throws {
        guard logs.count + defined.count <= Self.maxDefinitions else {
            throw FormatError("a witness policy defines at most \(Self.maxDefinitions) logs, witnesses and groups")
        }
    }
}
