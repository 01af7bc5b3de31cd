extension WitnessPolicy {
    /// The group that ``adding(name:key:url:to:)`` keeps. More than half: any two quorums have a witness in common, so two
    /// histories of a log can have both their quorum only when a witness breaks its word.
    public static let majority = "majority"

    private static let heading = """
        # Who cosigns the checkpoints of this log, and how many of them must have (https://c2sp.org/tlog-policy).

        """

    /// A policy file with one more witness; the other lines stay as they are.
    ///
    /// A new file asks for the majority of its witnesses. Where the quorum is still that group it takes in the new witness;
    /// any other quorum is somebody's own choice and is left alone.
    /// - Parameters:
    ///   - name: what the file calls it: one printable word.
    ///   - key: its vkey, of type 04.
    ///   - url: the prefix of its `add-checkpoint`.
    ///   - file: the file's bytes; nil when there is none yet.
    /// - Throws: ``FormatError`` when the file, or what would become of it, cannot be read, or the witness cannot be used.
    public static func adding(name: String, key: String, url: String, to file: [UInt8]?) throws -> [UInt8] {
        for (what, word) in [("name", name), ("address", url)] where !isWord(word) {
            throw FormatError("a witness's \(what) is one printable word that does not begin with '#'")
        }
        guard try VerifierKey(witness: key).type == .witness else {
            throw FormatError(
                "the key of \(name) is one of ML-DSA-44, whose cosignatures cannot be checked here: use an Ed25519 one")
        }
        let witness = "witness \(name) \(key) \(url)"
        let text: String
        if let file {
            text = insert(witness, name, of: try WitnessPolicy(file), into: String(decoding: file, as: UTF8.self))
        } else {
            text = heading + "\(witness)\ngroup \(majority) 1 \(name)\nquorum \(majority)\n"
        }
        let bytes = Array(text.utf8)
        _ = try WitnessPolicy(bytes)
        return bytes
    }

    /// Whom the quorum asks for, in words.
    public var quorumDescription: String {
        guard let quorum else { return "no witness" }
        guard let group = groups.first(where: { $0.name == quorum }) else {
            return String(decoding: quorum, as: UTF8.self)
        }
        let members = group.members.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
        return "\(group.threshold) of \(members)"
    }

    private static func insert(_ witness: String, _ name: String, of policy: WitnessPolicy, into text: String) -> String
    {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if policy.asksForMajority, let index = lines.firstIndex(where: { words($0).prefix(2) == ["group", majority] }) {
            let members = words(lines[index]).dropFirst(3) + [name]
            let line = ["group", majority, String(members.count / 2 + 1)] + members
            lines[index] = line.joined(separator: " ")
        }
        // Before the first line that could name it.
        let place = lines.firstIndex { ["group", "quorum"].contains(words($0).first) } ?? lines.endIndex
        lines.insert(witness, at: place)
        return lines.joined(separator: "\n")
    }

    private var asksForMajority: Bool {
        guard let quorum, quorum == Name(Self.majority.utf8), let group = groups.first(where: { $0.name == quorum })
        else { return false }
        return group.threshold == group.members.count / 2 + 1
    }

    private static func words(_ line: String) -> [String] {
        line.split { $0 == " " || $0 == "\t" }.map(String.init)
    }

    private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("#") && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
