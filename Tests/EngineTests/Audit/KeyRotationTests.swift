import Foundation
import Glibc
import Testing
import TransparencyLog

@testable import Core
@testable import Engine

@Suite("a log's key is changed", .timeLimit(.minutes(5)))
struct KeyRotationTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
    }

    private var keys: LogKeys {
        LogKeys(directory: log.directory, origin: origin, files: SystemFiles(), agent: SigningAgent(socket: nil))
    }

    private var anchor: String { log.root + "/anchor" }

    @Sendable private static func rotation(_ old: VerifierKey, _ new: VerifierKey) throws -> [UInt8] {
        let rotation = KeyRotation(old: "\(old)", new: "\(new)", reason: "test")
        return try JSON.encode(
            LogRecord(at: SystemClock().now(), by: "test", run: nil, node: nil, event: .keyRotated(rotation)))
    }

    private func secret() throws -> VerifierKey {
        let text = String(decoding: try log.read("keys/log.skey").dropLast(), as: UTF8.self)
        return try SigningKey(skey: text).verifier
    }

    private func has(_ file: String) -> Bool { access("\(log.directory)/\(file)", F_OK) == 0 }

    private func mode(_ file: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(log.directory)/\(file)")
        return attributes[.posixPermissions] as? Int
    }

    /// Both keys, and the one in the log, verify all of it.
    private func expectIntact(_ keys: VerifierKey..., place: String = "") throws {
        for key in keys.map(Optional.some) + [nil] {
            #expect(try log.verify(key: key).failures == [], "\(place)")
        }
    }

    @Test("both keys sign over the entry, then the new one alone; the old secret key is gone, its public half is kept")
    func rotated() async throws {
        let writer = try await log.open()
        _ = try await writer.append((0..<5).map { entry($0) })
        let old = try await writer.verifierKey
        let signed = try await writer.rotateKey(entry: Self.rotation)
        let new = try await writer.verifierKey
        #expect(old != new && signed.checkpoint.size == 6)
        #expect(Set(try signed.note.verified(by: [old, new])) == [old, new])
        _ = try await writer.append(entry(6))
        #expect(try await writer.checkpoint().note.verified(by: [old, new]) == [new])
        #expect(try secret() == new && mode("keys/log.skey") == 0o600 && !has("keys/next.skey"))
        #expect(try VerifierKey.ofLog(in: log.directory) == new)
        #expect(try LogKeys.verifiers(in: log.directory) == [new, old] && has("keys/old/00000000000000000006.vkey"))
        await writer.close()
        let again = try await log.open()
        #expect(try await again.verifierKey == new)
        #expect(try await again.append(entry(7)) == 7)
        _ = try await again.rotateKey(entry: Self.rotation)
        try expectIntact(old, new, try await again.verifierKey)
        #expect(try log.verify(key: old).keys.count == 3)
    }

    @Test("a key that was prepared waits through openings and is the one that is taken")
    func prepared() async throws {
        let writer = try await log.open()
        let old = try await writer.verifierKey
        let next = try AuditLog.nextKey(directory: log.directory, origin: origin)
        #expect(try mode("keys/next.skey") == 0o600)
        await writer.close()
        let again = try await log.open()
        _ = try await again.append(entry(0))
        #expect(try await again.checkpoint().note.verified(by: [old, next]) == [old])
        #expect(try AuditLog.nextKey(directory: log.directory, origin: origin) == next)
        _ = try await again.rotateKey(entry: Self.rotation)
        #expect(try await again.verifierKey == next)
    }

    @Test("who has the log open meanwhile goes on with the new key, and can change it again")
    func shared() async throws {
        let (one, two) = (try await log.open(), try await log.open())
        let old = try await one.verifierKey
        _ = try await one.rotateKey(entry: Self.rotation)
        _ = try await two.append(entry(1))
        let new = try await one.verifierKey
        #expect(try await two.checkpoint().note.verified(by: [old, new]) == [new])
        #expect(try await two.verifierKey == new)
        _ = try await one.rotateKey(entry: Self.rotation)
        _ = try await two.rotateKey(entry: Self.rotation)
        #expect(try log.verify(key: old).keys.count == 4)
        try expectIntact(old, new, try await two.verifierKey)
    }

    @Test("both sign a size that was signed before, and its cosignatures stay")
    func sameSize() async throws {
        let writer = try await log.open()
        let old = try await writer.verifierKey
        let next = try AuditLog.nextKey(directory: log.directory, origin: origin)
        _ = try await writer.append(Self.rotation(old, next))
        let before = try await writer.checkpoint()
        let witness = try SigningKey(name: "w", type: .witness, seed: Array(repeating: 1, count: 32))
        let line = try Cosignature(of: before.checkpoint, at: 9, by: witness).line(by: witness.verifier)
        let cosignatures = try CosignatureStore(directory: log.directory, key: old)
        _ = try await cosignatures.add([line], to: before, by: [witness.verifier])
        await writer.close()
        let parts = try JournalWriter(keys: keys, anchor: nil, state: WritingState())
        let signed = try parts.publisher().publish(upTo: 1, Succession(old: old, new: next))
        #expect(signed.checkpoint == before.checkpoint && signed.note.signatures.map(\.name) == [origin, origin, "w"])
        try expectIntact(old, next)
    }

    @Test("keys that are not those of the entry do not change anything")
    func overtaken() async throws {
        let writer = try await log.open()
        let (old, next) = (try await writer.verifierKey, try AuditLog.nextKey(directory: log.directory, origin: origin))
        _ = try await writer.append(entry(0))
        await writer.close()
        for succession in [Succession(old: next, new: next), Succession(old: old, new: old)] {
            let parts = try JournalWriter(keys: keys, anchor: nil, state: WritingState())
            let error = #expect(throws: AuditError.self) { try parts.publisher().publish(upTo: 1, succession) }
            #expect(error?.description.contains("another process has changed the log's key") == true)
        }
        #expect(try secret() == old && !has("checkpoint"))
    }

    @Test(
        "ended at every write, sync and rename of a change: opened again the log has the one key or the other, and all verifies",
        arguments: [false, true])
    func everyPoint(isMade: Bool) async throws {
        var (point, finished) = (0, 0)
        while true {
            let test = try KeyRotationTests()
            let files = TestFiles()
            let writer = try await test.log.open(anchor: test.anchor, files: files)
            _ = try await writer.append((0..<3).map { entry($0) })
            _ = try await writer.checkpoint()
            let old = try await writer.verifierKey
            files.end(after: point, isMade: isMade)
            let signed = try? await writer.rotateKey(entry: Self.rotation)
            await writer.close()
            guard files.hasEnded else {
                #expect(signed != nil)
                break
            }
            if try await test.expectTakenUp(old, point: point) { finished += 1 }
            point += 1
        }
        #expect(point > 30 && (1..<point).contains(finished))
    }

    /// Whether the change was finished by opening the log.
    private func expectTakenUp(_ old: VerifierKey, point: Int) async throws -> Bool {
        let place = "point \(point)"
        #expect(try log.verify(key: old).failures == [], "\(place)")
        let hadBoth = try log.verify(key: old).keys.count == 2
        // Once without the copy outside, which is older than the key then.
        try await log.open().close()
        let again = try await log.open(anchor: anchor)
        let now = try await again.verifierKey
        #expect((now != old) == hadBoth, "\(place)")
        #expect(try secret() == now && VerifierKey.ofLog(in: log.directory) == now, "\(place)")
        if hadBoth { #expect(!has("keys/next.skey"), "\(place)") }
        _ = try await again.append(entry(9))
        #expect(try await again.checkpoint().note.verified(by: [old, now]) == [now], "\(place)")
        try expectIntact(old, now, place: place)
        if !hadBoth {
            _ = try await again.rotateKey(entry: Self.rotation)
            try expectIntact(old, now, try await again.verifierKey, place: place)
        }
        await again.close()
        return hadBoth
    }

    @Test("another process that has the old key in memory finishes what was interrupted, before it signs anything")
    func survivor() async throws {
        let (files, survivor) = (TestFiles(), try await log.open())
        let writer = try await log.open(files: files)
        let old = try await writer.verifierKey
        files.fail(.rename, path: "keys/log.vkey", errno: EIO)
        await #expect(throws: AuditError.self) { try await writer.rotateKey(entry: Self.rotation) }
        #expect(try secret() == old && has("keys/next.skey"))
        _ = try await survivor.append(entry(1))
        let signed = try await survivor.checkpoint()
        let new = try secret()
        #expect(new != old)
        #expect(try signed.note.verified(by: [old, new]) == [new])
        try expectIntact(old, new)
    }
}
