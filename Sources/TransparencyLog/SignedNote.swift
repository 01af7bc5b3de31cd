/// One signature line of a note: who, and the bytes after the key id.
public struct NoteSignature: Sendable, Equatable {
    /// The signing key's name.
    public let name: String
    /// The signing key's id, 4 bytes.
    public let keyID: [UInt8]
    /// The signature; its shape depends on the key's type.
    public let signature: [UInt8]

    /// Whether the line says so; the signature is not checked.
    func isBy(_ key: VerifierKey) -> Bool { key.name == name && key.id == keyID }
}

/// A text with signature lines under it (C2SP signed-note v1.0.0).
public struct SignedNote: Sendable, Equatable {
    /// What is signed, with its final newline.
    public let text: String
    /// At least one.
    public let signatures: [NoteSignature]

    /// A note is small; the caps keep a hostile file from costing more than a look.
    public static let maxBytes = 1 << 20
    private static let maxSignatures = 100
    private static let dash = "\u{2014} "

    /// Parses a note; no signature is checked yet.
    public init(_ bytes: [UInt8]) throws {
        guard bytes.count <= Self.maxBytes else { throw FormatError("a note has at most \(Self.maxBytes) bytes") }
        try Self.checkCharacters(bytes)
        guard let blank = bytes.indices.dropLast().last(where: { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A }) else {
            throw FormatError("the note has no blank line before its signatures")
        }
        text = String(decoding: bytes[...blank], as: UTF8.self)
        signatures = try Self.signatures(bytes[(blank + 2)...])
    }

    /// Signs `text`, which must end in a newline, with a log's key.
    public init(text: String, signedBy key: SigningKey) throws {
        guard key.verifier.type == .log else {
            throw FormatError("the key \(key.verifier.name) is a witness's: it signs no note, it cosigns checkpoints")
        }
        guard text.utf8.last == 0x0A else { throw FormatError("a note's text ends in a newline") }
        let signature = try key.sign(Array(text.utf8))
        try self.init(
            text: text, line: NoteSignature(name: key.verifier.name, keyID: key.verifier.id, signature: signature))
    }

    /// The note of a text and one line, which is not verified.
    init(text: String, line: NoteSignature) throws {
        self.init(text: text, signatures: [line])
        // What was just written must be readable by anyone: no control characters, one way to split it.
        guard try SignedNote(bytes) == self else { throw FormatError("the text cannot be carried by a note") }
    }

    /// The note as it is stored and published.
    public var bytes: [UInt8] {
        let lines = signatures.map { "\(Self.dash)\($0.name) \(Base64.encode($0.keyID + $0.signature))\n" }
        return Array((text + "\n" + lines.joined()).utf8)
    }

    /// The logs' keys among `keys` that signed. Lines by unknown keys are ignored; a bad signature by a known key
    /// rejects the whole note, and so does the lack of any good one.
    public func verified(by keys: [VerifierKey]) throws -> [VerifierKey] {
        var good: [VerifierKey] = []
        let message = Array(text.utf8)
        for line in signatures {
            guard let key = keys.first(where: line.isBy), key.type == .log, !good.contains(key) else { continue }
            guard key.isValid(line.signature, for: message) else {
                throw FormatError("the signature by \(key.name) is not valid for this text")
            }
            good.append(key)
        }
        guard !good.isEmpty else { throw FormatError("no signature by a known key") }
        return good
    }

    /// This note with more signature lines under its own, without those whose name and key id are there already.
    /// The lines must have been verified.
    func appending(_ lines: [NoteSignature]) throws -> SignedNote {
        var all = signatures
        for line in lines where !all.contains(where: { $0.name == line.name && $0.keyID == line.keyID }) {
            all.append(line)
        }
        guard all.count <= Self.maxSignatures else {
            throw FormatError("a note has at most \(Self.maxSignatures) signatures")
        }
        return SignedNote(text: text, signatures: all)
    }

    private init(text: String, signatures: [NoteSignature]) {
        self.text = text
        self.signatures = signatures
    }

    /// Parses a block of signature lines, at least one, with nothing between or after them.
    static func signatures(_ block: ArraySlice<UInt8>) throws -> [NoteSignature] {
        guard block.last == 0x0A else { throw FormatError("the note does not end in a signature line") }
        let lines = block.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count <= maxSignatures else { throw FormatError("a note has at most \(maxSignatures) signatures") }
        return try lines.map { try signature(String(decoding: $0, as: UTF8.self)) }
    }

    /// UTF-8 without control characters other than the newline.
    static func checkCharacters(_ bytes: [UInt8]) throws {
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else { throw FormatError("control character in the note") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw FormatError("the note is not UTF-8") }
    }

    private static func signature(_ line: String) throws -> NoteSignature {
        guard line.hasPrefix(dash) else { throw FormatError("a signature line starts with an em dash and a space") }
        let fields = line.dropFirst(dash.count).split(separator: " ", omittingEmptySubsequences: false)
        guard fields.count == 2, isKeyName(fields[0]) else {
            throw FormatError("a signature line has a key name and a base64 signature")
        }
        guard let payload = Base64.decode(fields[1].utf8), payload.count > 4 else {
            throw FormatError("the signature by \(fields[0]) is not base64 of a key id and a signature")
        }
        return NoteSignature(name: String(fields[0]), keyID: Array(payload[..<4]), signature: Array(payload[4...]))
    }
}
