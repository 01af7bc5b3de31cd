import Foundation
public import TransparencyLog

/// A witness without network (C2SP tlog-witness), to have the client side answered.
public struct TestWitness: Sendable {
    /// An HTTP response.
    public struct Response: Equatable, Sendable {
        /// The status.
        public let status: Int
        /// The header of that name.
        public var contentType: String?
        /// The body.
        public var body: [UInt8]

        /// A response.
        public init(status: Int, contentType: String? = nil, body: [UInt8] = []) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    /// Its own key.
    public let key: SigningKey
    /// The logs it cosigns.
    public let logs: [VerifierKey]
    /// By origin.
    public private(set) var latest: [String: Checkpoint] = [:]

    /// One that has seen nothing.
    public init(key: SigningKey, logs: [VerifierKey]) {
        self.key = key
        self.logs = logs
    }

    /// Answers a request's body.
    public mutating func addCheckpoint(_ body: [UInt8], at time: UInt64) throws -> Response {
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
        let payload = Data(line.keyID + line.signature).base64EncodedString()
        return Response(
            status: 200, contentType: "text/plain", body: Array("\u{2014} \(line.name) \(payload)\n".utf8))
    }
}

/// The body of a request, as a witness reads it.
public struct Request: Sendable {
    /// It is none.
    public struct Malformed: Error {
        /// Of no more use than its name.
        public init() {}
    }

    /// The size the client says the witness has seen.
    public let oldSize: UInt64
    /// The proof.
    public let hashes: [TreeHash]
    /// The checkpoint.
    public let note: SignedNote

    /// Reads it.
    public init(_ body: [UInt8]) throws {
        guard body.count <= 10_240,
            let blank = body.indices.dropLast().first(where: { body[$0...].starts(with: [10, 10]) })
        else { throw Malformed() }
        let lines = String(decoding: body[..<blank], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count <= 64, lines[0].hasPrefix("old "), let size = UInt64(lines[0].dropFirst(4)),
            lines[0] == "old \(size)"
        else { throw Malformed() }
        oldSize = size
        hashes = try lines.dropFirst().map {
            guard let bytes = Data(base64Encoded: String($0)), let hash = TreeHash(bytes) else { throw Malformed() }
            return hash
        }
        note = try SignedNote(Array(body[(blank + 2)...]))
    }
}
