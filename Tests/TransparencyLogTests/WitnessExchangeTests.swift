import Testing
import WitnessStandIn

@testable import TransparencyLog

@Suite("asking a witness")
struct WitnessExchangeTests {
    static func checkpoint(_ size: Int) throws -> SignedCheckpoint {
        let log = try CosignatureTests.log()
        let root = Merkle.root(of: decimalLeaves(size))
        return try SignedCheckpoint(
            Checkpoint(origin: log.verifier.name, size: UInt64(size), root: root), signedBy: log)
    }

    static func request(_ old: Int, _ new: Int) throws -> WitnessRequest {
        let proof = try #require(ConsistencyProof(oldSize: old, leaves: decimalLeaves(new)))
        return try WitnessRequest(oldSize: UInt64(old), proof: proof, checkpoint: checkpoint(new))
    }

    static func answer(_ status: Int, _ body: String = "", type: String? = nil) throws -> WitnessAnswer {
        try WitnessAnswer(status: status, contentType: type, body: Array(body.utf8))
    }

    @Test("ten requests in order get the recorded answers")
    func replay() throws {
        let vectors = Vectors.witness
        #expect(vectors.requests.count == 10)
        let key = try CosignatureTests.witness(0)
        var witness = TestWitness(key: key, logs: [try VerifierKey(vectors.log_vkey)])
        for request in vectors.requests {
            let response = try witness.addCheckpoint(Array(request.body.utf8), at: 1_760_000_600)
            #expect(response.status == request.status, "\(request.name)")
            if let body = request.response { #expect(response.body == Array(body.utf8)) }
            if let type = request.content_type { #expect(response.contentType == type) }
            let answer = try WitnessAnswer(
                status: response.status, contentType: response.contentType, body: response.body)
            switch (request.status, answer) {
            case (200, .cosigned(let lines)):
                let note = try Request(Array(request.body.utf8)).note
                let signed = try SignedCheckpoint(note.bytes, verifiedBy: VerifierKey(vectors.log_vkey))
                let cosigners = try signed.adding(lines, by: [key.verifier]).cosigners(among: [key.verifier])
                #expect(cosigners == [Cosigner(key: key.verifier, time: 1_760_000_600)])
            case (409, .conflict(let size)): #expect("\(size)\n" == request.response)
            case (400..., .refused(let reason)): #expect(reason.hasPrefix("\(request.status), "))
            default: Issue.record("\(request.name): \(answer)")
            }
        }
    }

    @Test(
        "our requests are those of the vectors",
        arguments: [(0, 0, 5), (1, 5, 300), (2, 5, 600), (4, 300, 300), (6, 300, 600)])
    func bytes(_ number: Int, _ old: Int, _ new: Int) throws {
        let expected = Array(Vectors.witness.requests[number].body.utf8)
        #expect(try Self.request(old, new).body == expected)
    }

    @Test("from an empty log to a proof: ask, be told the size, ask again, prove an entry by a quorum")
    func endToEnd() throws {
        let log = try CosignatureTests.log().verifier
        let keys = try [CosignatureTests.witness(0), CosignatureTests.witness(1)]
        var witnesses = keys.map { TestWitness(key: $0, logs: [log]) }
        _ = try witnesses[1].addCheckpoint(Self.request(0, 7).body, at: 10)
        var signed = try Self.checkpoint(20)
        for index in witnesses.indices {
            var old = 0
            for _ in 0..<2 {
                let response = try witnesses[index].addCheckpoint(Self.request(old, 20).body, at: 20)
                switch try WitnessAnswer(
                    status: response.status, contentType: response.contentType, body: response.body)
                {
                case .cosigned(let lines): signed = try signed.adding(lines, by: keys.map(\.verifier))
                case .conflict(let size): old = Int(size)
                case .refused(let reason): Issue.record("\(reason)")
                }
                if signed.note.signatures.count == index + 2 { break }
            }
        }
        let inclusion = try #require(InclusionProof(index: 13, leaves: decimalLeaves(20)))
        let file = try LogProof(index: 13, inclusion: inclusion, checkpoint: signed).bytes
        let policy = try WitnessPolicy(Array(Vectors.proof.policy.utf8))
        let proven = try LogProof(file).verify(
            entry: Array("13".utf8), logs: policy.logs.map(\.key), policy: policy)
        #expect(proven.size == 20 && proven.cosigners.map(\.key) == keys.map(\.verifier))
    }

    @Test("what every witness would refuse is not asked")
    func unaskable() throws {
        let checkpoint = try Self.checkpoint(5)
        let hash = ConsistencyProof(hashes: [Merkle.emptyRoot])
        func ask(_ old: UInt64, _ proof: ConsistencyProof) throws {
            _ = try WitnessRequest(oldSize: old, proof: proof, checkpoint: checkpoint)
        }
        #expect(throws: FormatError.self) { try ask(6, hash) }
        #expect(throws: FormatError.self) { try ask(0, hash) }
        #expect(throws: FormatError.self) { try ask(5, hash) }
        #expect(throws: FormatError.self) { try ask(3, ConsistencyProof(hashes: [])) }
        let long = Array(repeating: Merkle.emptyRoot, count: 64)
        #expect(throws: FormatError.self) { try ask(3, ConsistencyProof(hashes: long)) }
        try ask(3, ConsistencyProof(hashes: Array(long.dropLast())))
    }

    @Test("a request longer than witnesses read is not made")
    func tooLong() throws {
        let log = try CosignatureTests.log()
        func request(_ padding: Int) throws -> WitnessRequest {
            let text = try Self.checkpoint(1).checkpoint.text + String(repeating: "x", count: padding) + "\n"
            return try WitnessRequest(
                oldSize: 0, proof: ConsistencyProof(hashes: []),
                checkpoint: SignedCheckpoint(Checkpoint(text: text), signedBy: log))
        }
        let rest = WitnessRequest.maxBytes - (try request(1).body.count - 1)
        #expect(try request(rest).body.count == WitnessRequest.maxBytes)
        #expect(throws: FormatError.self) { try request(rest + 1) }
    }

    @Test("a success that carries no signature lines is no answer")
    func garbage() throws {
        let line = Vectors.cosignature.cosigned_checkpoint.split(separator: "\n").last.map { "\($0)\n" } ?? ""
        guard case .cosigned(let lines) = try Self.answer(200, line + line) else { throw Request.Malformed() }
        #expect(lines.map(\.name) == ["witness.example/w2", "witness.example/w2"])
        for bad in [
            "", "\n", String(line.dropLast()), "\n" + line, line + "\n" + line, line + "x\n", "ok\n",
            line + "\u{1B}[2J\n",
        ] {
            #expect(throws: FormatError.self, "\(bad)") { try Self.answer(200, bad) }
        }
        #expect(throws: FormatError.self) { try Self.answer(200, String(repeating: line, count: 101)) }
        #expect(throws: FormatError.self) { try WitnessAnswer(status: 200, contentType: nil, body: [0xFF, 0x0A]) }
    }

    @Test("a conflict tells a size only with its content type")
    func conflict() throws {
        let type = "text/x.tlog.size"
        #expect(try Self.answer(409, "300\n", type: type) == .conflict(size: 300))
        #expect(try Self.answer(409, "0\n", type: "Text/X.Tlog.Size; charset=utf-8") == .conflict(size: 0))
        for body in ["300", "0300\n", "-1\n", "+1\n", "9223372036854775808\n", "300\n\n", "\n", ""] {
            #expect(throws: FormatError.self, "\(body)") { try Self.answer(409, body, type: type) }
        }
        for other in [nil, "text/plain", "text/x.tlog.sizes", "", ";"] {
            guard case .refused = try Self.answer(409, "300\n", type: other) else {
                Issue.record("\(other ?? "none")")
                continue
            }
        }
    }

    @Test("a refusal is told in one short line of printable ASCII")
    func refused() throws {
        let answers = [
            (400, "malformed"), (403, "trusts no key"), (404, "does not know this log"), (422, "contradicts"),
            (429, "not able"), (500, "not able"), (302, "not an answer"), (204, "not an answer"), (-1, "not an answer"),
        ]
        for (status, meaning) in answers {
            let hostile = "no\u{1B}]0;x\u{7}\u{9B}2J" + String(repeating: "é", count: 5000) + "\nmore"
            guard case .refused(let reason) = try Self.answer(status, hostile) else {
                Issue.record("\(status)")
                continue
            }
            #expect(reason.hasPrefix("\(status), ") && reason.contains(meaning))
            #expect(reason.utf8.allSatisfy { (0x20...0x7E).contains($0) } && reason.utf8.count < 350)
        }
        #expect(
            try Self.answer(404) == .refused("404, it does not know this log, or there is no witness at this address"))
        #expect(throws: FormatError.self) {
            try Self.answer(403, String(repeating: "x", count: WitnessAnswer.maxBytes + 1))
        }
    }
}
