/// Reads one line of an allowed-signers file: `principals [options] keytype base64 [comment]`.
struct SignerLineReader {
    private let line: [Unicode.Scalar]
    private let place: SourceLocation
    private var position = 0

    init(_ line: Substring.UnicodeScalarView, place: SourceLocation) {
        self.line = Array(line)
        self.place = place
    }

    /// The signer, nil for an empty line or a comment.
    mutating func signer() throws(Diagnostics) -> Signer? {
        skipBlanks()
        guard let first = peek, first != "#" else { return nil }
        let names = try principals()
        let options = try options()
        let key = try key()
        let (groups, people) = names.split(by: { $0.hasPrefix("group:") })
        guard let name = people.first else {
            throw refusal(
                "the line names groups but nobody", "Put the person's name before the groups: alice,group:sre")
        }
        let members = groups.map { String($0.dropFirst("group:".count)) }
        guard !members.contains("") else { throw refusal("a group without a name", "Write group:NAME") }
        if let after = options.validAfter, let before = options.validBefore, after >= before {
            throw refusal("valid-after is not before valid-before: the key is never valid")
        }
        let kind: Principal.Kind = members.contains("automation") ? .automation : .human
        return Signer(
            principal: Principal(name: name, groups: Set(members).sorted(), kind: kind),
            aliases: Array(people.dropFirst()),
            key: key, namespaces: options.namespaces, validAfter: options.validAfter, validBefore: options.validBefore)
    }

    /// A refusal at the place the reader has come to.
    func refusal(_ summary: String, _ remedy: String? = nil) -> Diagnostics {
        var here = place
        here.column = min(position, line.count) + 1
        return Diagnostics([Diagnostic(summary, at: here, remedy: remedy)])
    }

    private var peek: Unicode.Scalar? { position < line.count ? line[position] : nil }

    private mutating func skipBlanks() {
        while let scalar = peek, scalar == " " || scalar == "\t" || scalar == "\r" { position += 1 }
    }

    private mutating func word() -> String {
        let start = position
        while let scalar = peek, scalar != " ", scalar != "\t", scalar != "\r" { position += 1 }
        return Self.text(line[start..<position])
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// OpenSSH takes patterns here; an identity must be one name, so patterns and quotes are refused.
    private mutating func principals() throws(Diagnostics) -> [String] {
        let text = word()
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for name in names {
            let isPlain = name.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"*?!\"\\".utf8.contains($0) }
            guard isPlain, (1...255).contains(name.utf8.count) else {
                position = 0
                throw refusal(
                    "'\(Printable.escape(name, limit: 60))' is not a name",
                    "Names are printable ASCII without wildcards, '!', quotes and backslashes, separated by commas")
            }
        }
        return names
    }

    private mutating func key() throws(Diagnostics) -> SSHPublicKey {
        skipBlanks()
        let start = position
        let type = word()
        skipBlanks()
        let encoded = word()
        do throws(SignatureRefusal) {
            return try SSHPublicKey(line: "\(type) \(encoded)")
        } catch {
            position = start
            throw refusal(error.message, error.remedy)
        }
    }
}

extension SignerLineReader {
    struct Options {
        var namespaces: [String]?
        var validAfter: Timestamp?
        var validBefore: Timestamp?
        var seen: Set<String> = []
    }

    private mutating func options() throws(Diagnostics) -> Options {
        var options = Options()
        skipBlanks()
        let start = position
        if SSHPublicKey.fieldCounts[word()] != nil {
            position = start
            return options
        }
        position = start
        repeat {
            let start = position
            let name = optionName()
            let value = try optionValue()
            let end = position
            position = start
            guard options.seen.insert(name).inserted else { throw refusal("the option '\(name)' is given twice") }
            try set(name, value, in: &options)
            position = end
        } while skip(",")
        guard peek == " " || peek == "\t" else {
            throw refusal("a key type or options are expected here", "The line is 'names options ssh-ed25519 AAAA…'")
        }
        return options
    }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    /// Option names are case-insensitive.
    private mutating func optionName() -> String {
        let start = position
        while let scalar = peek, scalar.isASCII, scalar.properties.isAlphabetic || scalar == "-" { position += 1 }
        return Self.text(line[start..<position]).lowercased()
    }

    /// `="…"`, or nil for an option without a value. No option of the format has a quote or a backslash inside.
    private mutating func optionValue() throws(Diagnostics) -> String? {
        guard skip("=") else { return nil }
        guard skip("\"") else { throw refusal("the value of an option stands in double quotes") }
        let start = position
        while let scalar = peek, scalar != "\"", scalar != "\\" { position += 1 }
        let value = Self.text(line[start..<position])
        guard skip("\"") else { throw refusal("the value of an option ends with a double quote and has no backslash") }
        return value
    }

    private func set(_ name: String, _ value: String?, in options: inout Options) throws(Diagnostics) {
        switch (name, value) {
        case ("namespaces", let value?):
            let names = value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard
                names.allSatisfy({
                    !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"*?!".utf8.contains($0) }
                })
            else {
                throw refusal(
                    "namespaces are listed by name, without wildcards", "Write namespaces=\"belay-approval@v1\"")
            }
            options.namespaces = names
        case ("valid-after", let value?): options.validAfter = try instant(value)
        case ("valid-before", let value?): options.validBefore = try instant(value)
        case ("cert-authority", _):
            throw refusal(
                "certificate authorities are not supported: an identity is one key", "Write a line for each key")
        case ("no-touch-required", nil), ("verify-required", nil):
            throw refusal(
                "'\(name)' is an option of authorized_keys, and ssh-keygen refuses it here too",
                "Leave it out: a security key has to be touched for every signature; a PIN is asked for by keys made with '-O verify-required'"
            )
        default:
            throw refusal(
                "'\(Printable.escape(name, limit: 40))' is neither a key type nor an option that is understood here",
                "Options are namespaces=\"…\", valid-after=\"…\" and valid-before=\"…\"")
        }
    }

    /// `YYYYMMDD[HHMM[SS]]Z`. Without the Z OpenSSH means the local time of whoever looks: two readers would differ.
    private func instant(_ text: String) throws(Diagnostics) -> Timestamp {
        let digits = text.dropLast()
        let isForm =
            text.hasSuffix("Z") && [8, 12, 14].contains(digits.count)
            && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let padded = Array(digits + String(repeating: "0", count: max(0, 14 - digits.count))).map(String.init)
        func part(_ range: Range<Int>) -> String { padded[range].joined() }
        let date =
            isForm
            ? "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14))" : ""
        // A lenient reader would take the 31st of February for a day in March.
        guard let instant = Timestamp(date + "Z"), instant.description.hasPrefix(date) else {
            throw refusal(
                "'\(Printable.escape(text, limit: 40))' is not a time in UTC", "Write YYYYMMDDZ or YYYYMMDDHHMMSSZ")
        }
        return instant
    }
}

extension Array {
    fileprivate func split(by isFirst: (Element) -> Bool) -> ([Element], [Element]) {
        (filter(isFirst), filter { !isFirst($0) })
    }
}
