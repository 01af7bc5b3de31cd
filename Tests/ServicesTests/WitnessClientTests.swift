import Foundation
import Services
import Testing
import TransparencyLog
import WitnessStandIn

/// Over real TCP, on loopback.
@Suite("asking a witness over HTTP", .timeLimit(.minutes(2)))
struct WitnessClientTests {
    private let log: SigningKey
    private let signed: SignedCheckpoint

    init() throws {
        log = try SigningKey(name: "audit.example/test", seed: Array(repeating: 7, count: 32))
        let root = Merkle.leaf(Array("{}".utf8))
        signed = try SignedCheckpoint(
            Checkpoint(origin: log.verifier.name, size: 1, root: root), signedBy: log)
    }

    private func request(from oldSize: UInt64 = 0) throws -> WitnessRequest {
        try WitnessRequest(oldSize: oldSize, proof: ConsistencyProof(hashes: []), checkpoint: signed)
    }

    private func server(_ manner: WitnessServer.Manner = .honest, knows: Bool = true) throws -> WitnessServer {
        try WitnessServer(name: "w1", logs: knows ? [log.verifier] : [], manner)
    }

    private func ask(
        _ server: WitnessServer, from oldSize: UInt64 = 0, limit: Duration = .seconds(20)
    ) async throws -> WitnessAnswer {
        try await WitnessClient(limit: limit).addCheckpoint(request(from: oldSize), at: server.url)
    }

    @Test("a cosignature comes back and is good; the request says what it must")
    func cosigned() async throws {
        let server = try server()
        guard case .cosigned(let lines) = try await ask(server) else {
            Issue.record("not cosigned")
            return
        }
        #expect(try signed.adding(lines, by: [server.key]).cosigners(among: [server.key]).count == 1)
        let head = try #require(server.requests.first)
        #expect(head.hasPrefix("POST /belay/add-checkpoint HTTP/1.1\r\n"))
        #expect(head.contains("User-Agent: belay\r\n") && head.contains("Content-Type: text/plain; charset=utf-8"))
    }

    @Test("409 names the size that the witness has seen")
    func conflict() async throws {
        #expect(try await ask(try server(), from: 1) == .conflict(size: 0))
    }

    @Test("a wrong cosignature is brought back as it is, and does not verify")
    func wrongCosignature() async throws {
        let server = try server(.wrongSignature)
        guard case .cosigned(let lines) = try await ask(server) else {
            Issue.record("no lines")
            return
        }
        #expect(throws: FormatError.self) { try signed.adding(lines, by: [server.key]) }
    }

    @Test("other statuses are refusals with the witness's words, escaped")
    func refusals() async throws {
        #expect(
            try await ask(server(knows: false))
                == .refused(
                    "404, it does not know this log, or there is no witness at this address"))
        let rude = try server(.fixed(.init(status: 403, body: Array("no\u{1B}[2J\nmore".utf8))))
        #expect(try await ask(rude) == .refused("403, it trusts no key that signed the checkpoint; it says: no?[2J"))
    }

    @Test("a redirect is not followed")
    func redirect() async throws {
        let target = try server()
        let head = "HTTP/1.1 307 X\r\nLocation: \(target.url)/add-checkpoint\r\nContent-Length: 0\r\n\r\n"
        let answer = try await ask(try server(.raw(Array(head.utf8))))
        #expect(answer == .refused("307, not an answer of the witness protocol"))
        #expect(target.requests.isEmpty)
    }

    @Test("what is no answer of a witness is an error: no HTTP, no signature lines, a connection that ends")
    func garbage() async throws {
        for manner in [
            .raw(Array("SSH-2.0-hello\r\n".utf8)), .raw([]),
            .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx".utf8)),
        ] as [WitnessServer.Manner] {
            await #expect(throws: (any Error).self) { try await ask(server(manner)) }
        }
        let page = try server(.fixed(.init(status: 200, contentType: "text/html", body: Array("<html>\n".utf8))))
        await #expect(throws: FormatError.self) { try await ask(page) }
        await #expect(throws: FormatError.self) {
            try await ask(server(.fixed(.init(status: 409, contentType: "text/x.tlog.size", body: Array("x\n".utf8)))))
        }
    }

    @Test("more than an answer may have is not read")
    func oversize() async throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
        let error = await #expect(throws: FormatError.self) {
            try await ask(server(.fixed(.init(status: 200, body: body))))
        }
        #expect(error?.description == "the witness's answer has more than 65536 bytes")
    }

    @Test("an answer that comes drop by drop ends at the limit, and a cancelled one at once")
    func slow() async throws {
        let server = try server(.slow)
        let start = ContinuousClock.now
        let error = await #expect(throws: WitnessUnreachable.self) {
            try await ask(server, limit: .milliseconds(500))
        }
        #expect(error?.description.contains("no whole answer within") == true)
        let asking = Task { try await ask(server, limit: .seconds(100)) }
        try await Task.sleep(for: .milliseconds(300))
        asking.cancel()
        await #expect(throws: (any Error).self) { try await asking.value }
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("nobody listening is an error that says so")
    func unreachable() async throws {
        let error = await #expect(throws: WitnessUnreachable.self) {
            try await WitnessClient().addCheckpoint(request(), at: "http://127.0.0.1:1/belay")
        }
        #expect(error?.description.hasPrefix("it cannot be reached: ") == true)
    }

    @Test(
        "an address is https, or http on this machine",
        arguments: [
            ("https://w.example", "https://w.example/add-checkpoint"),
            ("https://w.example/x/", "https://w.example/x/add-checkpoint"),
            ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x/add-checkpoint"),
            ("http://localhost", "http://localhost/add-checkpoint"),
            ("http://[::1]:1", "http://[::1]:1/add-checkpoint"),
            ("http://w.example", nil), ("http://127.0.0.1.w.example", nil), ("http://127.0.0.1@w.example", nil),
            ("https://me:secret@w.example", nil), ("https://w.example?x=1", nil), ("https://w.example#x", nil),
            ("file:///etc", nil), ("w.example", nil), ("https://", nil), ("", nil),
        ])
    func addresses(prefix: String, endpoint: String?) {
        #expect((try? WitnessClient.endpoint(of: prefix))?.absoluteString == endpoint)
    }
}
