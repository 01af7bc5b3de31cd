/// A witness's signature on a checkpoint with the time it was made (C2SP tlog-cosignature v1.0.1, cosignature/v1):
/// then, this was the largest tree the witness had seen of that log, and it held all it had seen before.
public struct Cosignature: Sendable, Equatable {
    /// When, in POSIX seconds: above 0 and below 2^63.
    public let time: UInt64
    /// The Ed25519 signature, 64 bytes.
    public let signature: [UInt8]

    /// Reads what follows the key id in a signature line: u64 big-endian time || signature. Nothing is verified yet.
    public init(payload: [UInt8]) throws {
        guard payload.count == 72 else {
            throw FormatError("a cosignature has 72 bytes after its key id, this one \(payload.count)")
        }
        time = payload[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        signature = Array(payload[8...])
        try Self.check(time)
    }

    /// Cosigns a checkpoint with a witness's key. The key's owner must have verified that the log only grew.
    public init(of checkpoint: Checkpoint, at time: UInt64, by key: SigningKey) throws {
        guard key.verifier.type == .witness else {
            throw FormatError("the key \(key.verifier.name) is a log's: it cannot cosign")
        }
        try Self.check(time)
        self.time = time
        signature = try key.sign(Self.message(checkpoint, time))
    }

    /// Whether this is the cosignature by `key` on exactly this checkpoint.
    public func isValid(by key: VerifierKey, for checkpoint: Checkpoint) -> Bool {
        key.type == .witness && key.isValid(signature, for: Self.message(checkpoint, time))
    }

    /// The signature line that carries it; `key` is its signer's.
    public func line(by key: VerifierKey) -> NoteSignature {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: time >> UInt64(56 - 8 * $0)) }
        return NoteSignature(name: key.name, keyID: key.id, signature: bytes + signature)
    }

    private static func check(_ time: UInt64) throws {
        guard time > 0, time <= UInt64(Int64.max) else {
            throw FormatError("a cosignature's time is above 0 and below 2^63, this one \(time)")
        }
    }

    // The first line keeps a cosignature from being passed off as a log's signature, and the reverse.
    private static func message(_ checkpoint: Checkpoint, _ time: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(time)\n\(checkpoint.text)".utf8)
    }
}

/// A witness whose cosignature was verified.
public struct Cosigner: Sendable, Equatable {
    /// Its key.
    public let key: VerifierKey
    /// When it says it cosigned, in POSIX seconds.
    public let time: UInt64
}

extension Checkpoint {
    /// Those among `witnesses` who cosigned this; a bad line by one of them rejects all, and only the first line of
    /// each counts.
    func cosigners(in lines: [NoteSignature], among witnesses: [VerifierKey]) throws -> [Cosigner] {
        var good: [Cosigner] = []
        for line in lines {
            guard let key = witnesses.first(where: line.isBy), key.type == .witness,
                !good.contains(where: { $0.key == key })
            else { continue }
            let cosignature = try Cosignature(payload: line.signature)
            guard cosignature.isValid(by: key, for: self) else {
                throw FormatError("the cosignature by \(key.name) is not valid for this checkpoint")
            }
            good.append(Cosigner(key: key, time: cosignature.time))
        }
        return good
    }
}
