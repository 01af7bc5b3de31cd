/// What is asked of a witness: the body of `POST <prefix>/add-checkpoint` (C2SP tlog-witness v1.0.0).
public struct WitnessRequest: Sendable, Equatable {
    /// Witnesses read no longer body.
    public static let maxBytes = 10 << 10

    /// The request's body.
    public let body: [UInt8]

    /// Asks to cosign `checkpoint`.
    ///
    /// - Parameters:
    ///   - oldSize: the size that the witness cosigned last, 0 when it never did. A wrong one is answered with the
    ///     right one (`WitnessAnswer.conflict`).
    ///   - proof: from the tree of that size to the checkpoint's; empty for size 0 and for the same size.
    /// - Throws: `FormatError` for what every witness would refuse.
    public init(oldSize: UInt64, proof: ConsistencyProof, checkpoint: SignedCheckpoint) throws {
        let size = checkpoint.checkpoint.size
        guard oldSize <= size else {
            throw FormatError("the witness has seen \(oldSize) entries, the checkpoint has \(size): nothing to cosign")
        }
        guard proof.hashes.count <= Merkle.maxProofLength else {
            throw FormatError("a consistency proof has at most \(Merkle.maxProofLength) hashes")
        }
        guard proof.hashes.isEmpty == (oldSize == 0 || oldSize == size) else {
            throw FormatError(
                "the proof from size \(oldSize) to \(size) must \(proof.hashes.isEmpty ? "not " : "")be empty")
        }
        body = GrowthProof(oldSize: oldSize, consistency: proof, checkpoint: checkpoint).bytes
        guard body.count <= Self.maxBytes else {
            throw FormatError("the request has \(body.count) bytes, witnesses read \(Self.maxBytes)")
        }
    }
}

/// What a witness answered. It may be anybody: nothing in it is believed before it is verified.
public enum WitnessAnswer: Sendable, Equatable {
    /// Signature lines, not verified: `SignedCheckpoint.adding` does that.
    case cosigned([NoteSignature])
    /// The witness has cosigned another size than was said: ask again from there.
    case conflict(size: UInt64)
    /// It does not cosign; why, in printable ASCII.
    case refused(String)

    /// The longest body that is looked at; read no more than one byte beyond it.
    public static let maxBytes = 64 << 10

    /// Reads the answer to a `WitnessRequest`.
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - contentType: the value of the header, if there is one.
    ///   - body: the body, decoded.
    /// - Throws: `FormatError` when it is no witness's answer.
    public init(status: Int, contentType: String?, body: [UInt8]) throws {
        guard body.count <= Self.maxBytes else {
            throw FormatError("the witness's answer has more than \(Self.maxBytes) bytes")
        }
        switch status {
        case 200:
            try SignedNote.checkCharacters(body)
            self = .cosigned(try SignedNote.signatures(body[...]))
        case 409 where Self.isSize(contentType):
            guard body.last == 0x0A, let size = ASCIIDecimal.decode(body.dropLast()) else {
                throw FormatError("the witness's answer 409 is not a decimal size below 2^63 and a newline")
            }
            self = .conflict(size: size)
        default:
            let said = Self.excerpt(body)
            self = .refused("\(status), \(Self.meaning(status))" + (said.isEmpty ? "" : "; it says: \(said)"))
        }
    }

    private static func isSize(_ contentType: String?) -> Bool {
        guard let type = contentType?.split(separator: ";", maxSplits: 1).first else { return false }
        return type.lowercased().split(separator: " ") == ["text/x.tlog.size"]
    }

    private static func meaning(_ status: Int) -> String {
        switch status {
        case 400: "the request is malformed"
        case 403: "it trusts no key that signed the checkpoint"
        case 404: "it does not know this log, or there is no witness at this address"
        case 409, 422: "the checkpoint contradicts one it has seen"
        case 429, 500...599: "it is not able to now"
        default: "not an answer of the witness protocol"
        }
    }

    private static func excerpt(_ body: [UInt8]) -> String {
        let line = body.prefix(200).prefix { $0 != 0x0A && $0 != 0x0D }
        return String(decoding: line.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}
