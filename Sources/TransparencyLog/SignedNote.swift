/// One signature line of a note: who, and the bytes after the key id.
public struct NoteSignature: Sendable, Equatable {
    /// The signing key's name.
    public let name: String
    /// The signing key's id, 4 bytes.
    public let keyID: [UInt8]
    /// The signature; its shape depends on the key's type.
    public let signature: [UInt8]
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
        guard bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else { throw FormatError("control character in the note") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw FormatError("the note is not UTF-8") }
        guard let blank = bytes.indices.dropLast().last(where: { bytes[$0] == 0x0A && bytes[$0 + 1] == 0x0A }) else {
            throw FormatError("the note has no blank line before its signatures")
        }
        let block = bytes[(blank + 2)...]
        guard block.last == 0x0A else { throw FormatError("the note does not end in a signature line") }
        let lines = block.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count <= Self.maxSignatures else {
            throw FormatError("a note has at most \(Self.maxSignatures) signatures")
        }
        text = String(decoding: bytes[...blank], as: UTF8.self)
        signatures = try lines.map { try Self.signature(String(decoding: $0, as: UTF8.self)) }
    }

    /// Signs `text`, which must end in a newline.
    public init(text: String, signedBy key: SigningKey) throws {
        guard text.utf8.last == 0x0A else { throw FormatError("a note's text ends in a newline") }
        self.text = text
        let signature = try key.sign(Array(text.utf8))
        signatures = [NoteSignature(name: key.verifier.name, keyID: key.verifier.id, signature: signature)]
        // What was just written must be readable by anyone: no control characters, one way to split it.
        guard try SignedNote(bytes) == self else { throw FormatError("the text cannot be carried by a note") }
    }

    /// The note as it is stored and published.
    public var bytes: [UInt8] {
        let lines = signatures.map { "\(Self.dash)\($0.name) \(Base64.encode($0.keyID + $0.signature))\n" }
        return Array((text + "\n" + lines.joined()).utf8)
    }

    /// The keys among `keys` that signed. Lines by unknown keys are ignored; a bad signature by a known key
    /// rejects the whole note, and so does the lack of any good one.
    public func verified(by keys: [VerifierKey]) throws -> [VerifierKey] {
        var good: [VerifierKey] = []
        let message = Array(text.utf8)
        for line in signatures {
            guard let key = keys.first(where: { $0.name == line.name && $0.id == line.keyID }), !good.contains(key)
            else { continue }
            guard key.isValid(line.signature, for: message) else {
                throw FormatError("the signature by \(key.name) is not valid for this text")
            }
            good.append(key)
        }
        guard !good.isEmpty else { throw FormatError("no signature by a known key") }
        return good
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
