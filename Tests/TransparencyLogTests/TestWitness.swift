@testable import TransparencyLog

/// A witness without network (C2SP tlog-witness), to have the client side answered.
struct TestWitness {
    struct Response: Equatable {
        let status: Int
        var contentType: String?
        var body: [UInt8] = []
    }

    let key: SigningKey
    let logs: [VerifierKey]
    /// By origin.
    private(set) var latest: [String: Checkpoint] = [:]

    init(key: SigningKey, logs: [VerifierKey]) {
        self.key = key
        self.logs = logs
    }

    mutating func addCheckpoint(_ body: [UInt8], at time: UInt64) throws -> Response {
        guard let request = try? Request(body), let new = try? Checkpoint(text: request.note.text) else {
            return Response(status: 400)
        }
        let known = logs.filter { $0.name == new.origin }
        guard !known.isEmpty else { return Response(status: 404) }
        guard (try? request.note.verified(by: known)) != nil else { return Response(status: 403) }
        guard request.oldSize <= new.size else { return Response(status: 400) }
        let old = try latest[new.origin] ?? Checkpoint(origin: new.origin, size: 0, root: Merkle.emptyRoot)
        guard request.oldSize == old.size else {
            return Response(status: 409, contentType: "text/x.tlog.size", body: Array("\(old.size)\n".utf8))
        }
        let proof = ConsistencyProof(hashes: request.hashes)
        guard proof.verify(oldSize: old.size, oldRoot: old.root, newSize: new.size, newRoot: new.root) else {
            return Response(status: 422)
        }
        latest[new.origin] = new
        let line = try Cosignature(of: new, at: time, by: key).line(by: key.verifier)
        let text = "\u{2014} \(line.name) \(Base64.encode(line.keyID + line.signature))\n"
        return Response(status: 200, contentType: "text/plain", body: Array(text.utf8))
    }
}

/// The body of a request, as a witness reads it.
struct Request {
    struct Malformed: Error {}
    let oldSize: UInt64
    let hashes: [TreeHash]
    let note: SignedNote

    init(_ body: [UInt8]) throws {
        guard body.count <= 10_240, let (lines, rest) = splitAtBlankLine(body, limit: 64), let first = lines.first,
            first.starts(with: "old ".utf8), let size = ASCIIDecimal.decode(first.dropFirst(4))
        else { throw Malformed() }
        oldSize = size
        hashes = try lines.dropFirst().map {
            guard let hash = Base64.decode($0).flatMap({ TreeHash($0) }) else { throw Malformed() }
            return hash
        }
        note = try SignedNote(Array(rest))
    }
}
