/// What a kind of secret looks like. It is asked at every position of a text where one may begin, and looks ahead only when
/// the text there goes on as one would.
struct SecretPattern: Sendable {
    /// The secret that is found at a position: at or after it, never before; nil for none.
    typealias Find = @Sendable (_ text: [UInt8], _ position: Int) -> Range<Int>?

    let find: Find
    private let begins: [Bool]

    /// - Parameter first: the bytes at which it is asked.
    init(at first: some Sequence<UInt8>, _ find: @escaping Find) {
        self.find = find
        begins = (0...255).map(Set(first).contains)
    }

    /// Whether it may find something at such a byte.
    func begins(with byte: UInt8) -> Bool { begins[Int(byte)] }
}

/// All kinds of secrets that are known by their looks.
enum SecretPatterns {
    private static let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    /// Whole blocks come first, since a part of one is none any more; a URL's password before values that are named.
    static let all = [
        SecretPattern(at: "-".utf8, privateKey), SecretPattern(at: ":".utf8, password),
        SecretPattern(at: (letters + "0123456789_-.").utf8, namedValue), SecretPattern(at: "bB".utf8, authorization),
        SecretPattern(at: "e".utf8, webToken), SecretPattern(at: letters.utf8, vendorToken),
        SecretPattern(at: ".".utf8, bootstrapToken), SecretPattern(at: "$".utf8, hash),
    ]

    // MARK: - Blocks

    /// A manifest of `kind: Secret`, in YAML or JSON: all of its values are secrets.
    static func isSecretManifest(_ text: [UInt8]) -> Bool {
        text.indices.contains { index in
            guard text[index] == UInt8(ascii: "k"), has("kind", text, index) else { return false }
            var rest = text[(index + 4)...].drop { isQuote($0) }
            guard rest.first == UInt8(ascii: ":") else { return false }
            rest = rest.dropFirst().drop { $0 == UInt8(ascii: " ") || isQuote($0) }
            return rest.starts(with: "Secret".utf8) && !(rest.dropFirst(6).first.map(isWord) ?? false)
        }
    }

    // `-----BEGIN … PRIVATE KEY-----` to its end, or to the text's.
    private static func privateKey(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        let begin = "-----BEGIN "
        guard has(begin, text, position) else { return nil }
        let title = text[(position + begin.utf8.count)...].prefix { isUpper($0) || $0 == UInt8(ascii: " ") }
        guard title.count < 64, contains("PRIVATE KEY", title), has("-----", text, title.endIndex) else { return nil }
        var end = title.endIndex + 5
        while end < text.count, !has("-----END ", text, end) { end += 1 }
        guard end < text.count else { return position..<text.count }
        let last = text[(end + 9)...].prefix { isUpper($0) || $0 == UInt8(ascii: " ") }
        return position..<min(text.count, last.endIndex + 5)
    }

    // MARK: - Named values

    // Ends of names whose values are secrets, in small letters and without `-`, `_` and `.`.
    private static let names = [
        "password", "passwd", "passphrase", "token", "secret", "apikey", "accesskey", "secretkey", "keydata",
        "privatekey", "credentials",
    ].map { Array($0.utf8) }
    private static let plainValues: Set = ["true", "false", "null", "none", "yes", "no", "nil", "~"]

    /// Whether a word is an option whose value is a secret: `--token`, `-password`.
    static func isSecretOption(_ word: String) -> Bool {
        let name = Array(word.utf8.drop { $0 == UInt8(ascii: "-") })
        return word.hasPrefix("-") && name.allSatisfy(isName) && isSecretName(name[...])
    }

    /// Whether a member of an object is a secret by its name, as `"token": "x"`.
    static func isSecret(_ text: String, named name: String) -> Bool {
        let found = value(Array(text.utf8)[...])
        return found != nil && isSecretName(Array(name.utf8)[...])
    }

    // `password: x`, `"token": "x"`, `DB_PASSWORD=x`, `--token x`.
    private static func namedValue(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        guard startsName(text, position) else { return nil }
        let name = text[position...].prefix(while: isName)
        var rest = text[name.endIndex...].drop { isQuote($0) || $0 == UInt8(ascii: "\\") }
        let isOption = name.first == UInt8(ascii: "-") && rest.first == UInt8(ascii: " ")
        let blanks = rest.prefix { $0 == UInt8(ascii: " ") }
        let next = rest.dropFirst(blanks.count).first
        guard isOption || next == UInt8(ascii: ":") || next == UInt8(ascii: "="), name.count <= 80, isSecretName(name)
        else { return nil }
        rest = rest.dropFirst(isOption ? 1 : blanks.count + 1).drop { $0 == UInt8(ascii: " ") }
        return value(rest)
    }

    private static func isSecretName(_ name: ArraySlice<UInt8>) -> Bool {
        let plain = name.filter { ![UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0) }.map(lower)
        return names.contains { plain.count >= $0.count && plain.suffix($0.count).elementsEqual($0) }
    }

    // A quoted value to its quote, else one word; what says nothing is none.
    private static func value(_ rest: ArraySlice<UInt8>) -> Range<Int>? {
        let quotes = rest.prefix { isQuote($0) || $0 == UInt8(ascii: "\\") }
        let body = rest.dropFirst(quotes.count)
        // `$VARIABLE`, `<placeholder>`, a block's `|` or `>`, a list or mapping: the name of something else.
        guard let first = body.first, !"$<|>{[".utf8.contains(first) else { return nil }
        let found: ArraySlice<UInt8> =
            if let quote = quotes.last {
                body.prefix { $0 != quote && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\\") }
            } else {
                body.prefix { $0 > 0x20 && !",;&\"'})]".utf8.contains($0) }
            }
        let word = String(decoding: found.prefix(8).map(lower), as: UTF8.self)
        guard !found.isEmpty, !plainValues.contains(word) else { return nil }
        return found.startIndex..<found.endIndex
    }

    // MARK: - Values by their form

    // `scheme://user:password@host`.
    private static func password(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        guard has("://", text, position), position > 0, isWord(text[position - 1])
        else { return nil }
        let authority = text[(position + 3)...].prefix { $0 > 0x20 && !"/?#\"'<>\\".utf8.contains($0) }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")),
            let colon = authority[..<at].firstIndex(of: UInt8(ascii: ":")), colon + 1 < at
        else { return nil }
        return (colon + 1)..<at
    }

    // `Authorization: Basic …`, `Bearer …`.
    private static func authorization(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        for scheme in ["bearer ", "basic "] where hasIgnoringCase(scheme, text, position) {
            guard position == 0 || !isWord(text[position - 1]) else { return nil }
            let credential = text[(position + scheme.utf8.count)...].prefix(while: isToken)
            return credential.count >= 12 ? credential.startIndex..<credential.endIndex : nil
        }
        return nil
    }

    // A JSON web token: three parts in base64url, of which the first two are JSON objects.
    private static func webToken(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        guard has("eyJ", text, position), startsName(text, position) else {
            return nil
        }
        let token = text[position...].prefix(while: isName)
        guard token.count >= 30, contains(".eyJ", token) else { return nil }
        return token.startIndex..<token.endIndex
    }

    private static let vendorPrefixes: [(text: String, least: Int)] = [
        ("ghp_", 30), ("gho_", 30), ("ghu_", 30), ("ghs_", 30), ("ghr_", 30), ("github_pat_", 30), ("glpat-", 20),
        ("xoxb-", 20), ("xoxp-", 20), ("xoxa-", 20), ("AKIA", 20), ("ASIA", 20), ("sk_live_", 20), ("AIza", 35),
        ("hvs.", 24), ("AGE-SECRET-KEY-1", 40), ("dckr_pat_", 20), ("npm_", 36),
    ]

    // What those who give out tokens have them begin with, so that they can be found.
    private static func vendorToken(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        guard startsName(text, position) else { return nil }
        for prefix in vendorPrefixes where has(prefix.text, text, position) {
            let token = text[position...].prefix(while: isName)
            if token.count >= prefix.least { return token.startIndex..<token.endIndex }
        }
        return nil
    }

    // A bootstrap token of Kubernetes, `abcdef.0123456789abcdef`: its second half is the secret.
    private static func bootstrapToken(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        guard position >= 6, position + 17 <= text.count else { return nil }
        let (id, secret) = (text[(position - 6)..<position], text[(position + 1)..<(position + 17)])
        let isAlone = startsName(text, position - 6) && (position + 17 == text.count || !isWord(text[position + 17]))
        guard isAlone, (id + secret).allSatisfy({ isDigit($0) || isLower($0) }),
            id.contains(where: isDigit) || secret.contains(where: isDigit)
        else { return nil }
        return secret.startIndex..<secret.endIndex
    }

    private static let hashes = ["$1$", "$5$", "$6$", "$y$", "$2a$", "$2b$", "$2y$", "$apr1$", "$argon2"]

    // A password's hash, as in /etc/shadow.
    private static func hash(_ text: [UInt8], _ position: Int) -> Range<Int>? {
        guard hashes.contains(where: { has($0, text, position) }) else {
            return nil
        }
        let hash = text[position...].prefix(512).prefix { isToken($0) || "$,".utf8.contains($0) }
        return hash.count >= 20 ? hash.startIndex..<hash.endIndex : nil
    }

    // MARK: - Bytes

    private static func has(_ word: String, _ text: [UInt8], _ position: Int) -> Bool {
        position < text.count && text[position...].starts(with: word.utf8)
    }

    private static func hasIgnoringCase(_ word: String, _ text: [UInt8], _ position: Int) -> Bool {
        let part = text[position...].prefix(word.utf8.count)
        return part.count == word.utf8.count && zip(part, word.utf8).allSatisfy { lower($0) == $1 }
    }

    private static func contains(_ word: String, _ text: ArraySlice<UInt8>) -> Bool {
        text.indices.contains { text[$0...].starts(with: word.utf8) }
    }

    // Of a run of such bytes only the beginning: so each is looked at once, however long it is.
    private static func startsName(_ text: [UInt8], _ position: Int) -> Bool {
        position == 0 || !isName(text[position - 1])
    }

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }
    private static func lower(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte | 0x20 : byte }

    private static func isWord(_ byte: UInt8) -> Bool {
        isUpper(byte) || isLower(byte) || isDigit(byte) || byte == UInt8(ascii: "_")
    }

    private static func isName(_ byte: UInt8) -> Bool {
        isWord(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func isToken(_ byte: UInt8) -> Bool { isName(byte) || "+/=~".utf8.contains(byte) }
}
