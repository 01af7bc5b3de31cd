/// Takes secrets out of texts: those that were declared, and what looks like one whoever wrote it.
///
/// It errs on the side of taking out too much: what it takes is kept in a blob, what it leaves is in the log for good.
/// A text is gone through a few times from left to right, whatever a node has put into it.
public struct Redactor: Sendable {
    /// What stands in a secret's place.
    public static let mark = "[redacted]"

    /// Bytes that a declared secret has at least: shorter ones would take out too much, and are not looked for.
    public static let leastSecret = 4

    private let declared: [[UInt8]]
    private let knowsPatterns: Bool

    /// - Parameters:
    ///   - declared: the very secrets; of several lines each is one too.
    ///   - knowsPatterns: false to look for those alone.
    public init(declared: [String] = [], knowsPatterns: Bool = true) {
        self.knowsPatterns = knowsPatterns
        let lines = declared.flatMap { $0.split(separator: "\n").map(String.init) }
        // The longest first: one may be part of another.
        self.declared = Set(declared + lines).map { Array($0.utf8) }.filter { $0.count >= Self.leastSecret }
            .sorted { $0.count > $1.count }
    }

    /// The text without secrets; the same text when it has none.
    public func redact(_ text: String) -> String {
        guard text.utf8.count >= Self.leastSecret else { return text }
        if let tree = json(text) {
            // The keys are anybody's too, unlike those of an event of ours.
            let redacted = redact(tree).mappingKeys { String(decoding: withoutDeclared(Array($0.utf8)), as: UTF8.self) }
            if redacted == tree { return text }
            return (try? JSON.encode(redacted)).map { String(decoding: $0, as: UTF8.self) } ?? Self.mark
        }
        var bytes = withoutDeclared(Array(text.utf8))
        guard knowsPatterns else { return String(decoding: bytes, as: UTF8.self) }
        if SecretPatterns.isSecretManifest(bytes) { return Self.mark + " a Kubernetes Secret" }
        for pattern in SecretPatterns.all { bytes = Self.replace(pattern, in: bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A value without secrets in any of its texts. Of a list of words, the one after an option such as `--token` is one.
    public func redact(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .string(let text): .string(redact(text))
        case .array(let items): .array(redact(items))
        case .object(let members): .object(redact(members))
        case .null, .bool, .integer: tree
        }
    }

    private func withoutDeclared(_ bytes: [UInt8]) -> [UInt8] {
        declared.reduce(bytes) { Self.replace($1, in: $0) }
    }

    // Texts that are JSON, such as a plan, have quotes and commas where others have blanks.
    private func json(_ text: String) -> JSONTree? {
        guard knowsPatterns, text.hasPrefix("{") || text.hasPrefix("[") else { return nil }
        return try? JSON.decode(JSONTree.self, from: Array(text.utf8))
    }

    /// The words of a command without secrets: the one after an option such as `--token` is one.
    public func redact(words: [String]) -> [String] {
        zip(words.indices, words).map { index, word in
            let isNamed = index > 0 && !word.hasPrefix("-") && SecretPatterns.isSecretOption(words[index - 1])
            return isNamed ? Self.mark : redact(word)
        }
    }

    private func redact(_ items: [JSONTree]) -> [JSONTree] {
        items.indices.map { index in
            guard index > 0, case .string(let option) = items[index - 1], case .string(let word) = items[index] else {
                return redact(items[index])
            }
            return .string(redact(words: [option, word])[1])
        }
    }

    private func redact(_ members: [String: JSONTree]) -> [String: JSONTree] {
        // Bytes that are no text (``Payload``): all of them, when a secret is among them.
        if members.count == 1, case .string(let encoded)? = members["base64"], let bytes = Base64.decode(encoded) {
            let text = String(decoding: bytes, as: UTF8.self)
            return redact(text) == text ? members : ["base64": .string(Base64.encode(Array(Self.mark.utf8)))]
        }
        if case .string("Secret")? = members["kind"] {
            return members.mapValues { if case .object = $0 { .string(Self.mark) } else { redact($0) } }
        }
        return members.reduce(into: [:]) { $0[$1.key] = redact($1.value, named: $1.key) }
    }

    private func redact(_ value: JSONTree, named name: String) -> JSONTree {
        guard case .string(let text) = value, SecretPatterns.isSecret(text, named: name) else { return redact(value) }
        return .string(Self.mark)
    }

    private static func replace(_ secret: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        replace(
            SecretPattern(at: secret.prefix(1)) { text, position in
                let common = zip(text[position...], secret).prefix { $0 == $1 }.count
                // Texts for people are cut with an ellipsis, which may fall into a secret.
                let isCut = common >= leastSecret && text[(position + common)...].starts(with: "…".utf8)
                return common == secret.count || isCut ? position..<(position + common) : nil
            }, in: bytes)
    }

    private static func replace(_ pattern: SecretPattern, in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var (copied, position) = (0, 0)
        while position < bytes.count {
            guard pattern.begins(with: bytes[position]), let range = pattern.find(bytes, position), !range.isEmpty
            else {
                position += 1
                continue
            }
            // A text that was redacted before stays as it is.
            if !bytes[range].elementsEqual(mark.utf8) {
                result += bytes[copied..<range.lowerBound] + Array(mark.utf8)
                copied = range.upperBound
            }
            position = range.upperBound
        }
        return copied == 0 ? bytes : result + bytes[copied...]
    }
}
