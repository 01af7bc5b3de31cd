import Foundation
import Testing
import TransparencyLog

@testable import Engine

@Suite("blobs", .timeLimit(.minutes(5)))
struct BlobStoreTests {
    let log: TemporaryLog
    let known = "a0fb00248184faf906d6ef800e7cae9cb308b63531cd98695c5302361c428cc2"

    init() throws {
        log = try TemporaryLog()
    }

    @Test("the commitment is SHA-256 over domain, salt, length and content")
    func knownAnswer() {
        // printf 'belay/blob/v1\n' + 32 zero bytes + 0000000000000002 + '{}' | sha256sum
        #expect(BlobStore.commitment(salt: [UInt8](repeating: 0, count: 32), content: Array("{}".utf8)) == known)
    }

    @Test("content comes back, twice the same content has two commitments, and the file is its owner's")
    func roundTrip() async throws {
        let blobs = try await log.open().blobs
        let content = Array("a password: hunter2\n".utf8)
        let first = try await blobs.put(content)
        let second = try await blobs.put(content)
        #expect(first.commitment != second.commitment && first.length == 20)
        #expect(try await blobs.get(first) == content)
        #expect(try await blobs.get(blobs.put([])) == [])
        let file = "\(log.directory)/blobs/\(first.commitment.prefix(2))/\(first.commitment)"
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        #expect(try await BlobStore(directory: log.directory).get(first) == content)
    }

    @Test("an altered blob, a wrong length and an erased blob are told apart")
    func damaged() async throws {
        let blobs = try await log.open().blobs
        let reference = try await blobs.put(Array("abc".utf8))
        let wrong = BlobReference(commitment: reference.commitment, length: 4)
        #expect(await #expect(throws: AuditError.self) { try await blobs.get(wrong) }?.code == .damaged)
        try log.write([0], "blobs/\(reference.commitment.prefix(2))/\(reference.commitment)")
        #expect(await #expect(throws: AuditError.self) { try await blobs.get(reference) }?.code == .damaged)
        try await blobs.erase(reference)
        let error = await #expect(throws: AuditError.self) { try await blobs.get(reference) }
        #expect(error?.code == .blobMissing && error?.description.contains("erased or missing") == true)
    }

    @Test(
        "a commitment that is a path is refused",
        arguments: ["", "../../etc/passwd", String(repeating: "A", count: 64)])
    func hostile(_ commitment: String) async throws {
        let blobs = try await log.open().blobs
        let reference = BlobReference(commitment: commitment, length: 0)
        #expect(await #expect(throws: AuditError.self) { try await blobs.get(reference) }?.code == .invalid)
        #expect(await #expect(throws: AuditError.self) { try await blobs.erase(reference) }?.code == .invalid)
    }

    @Test("what is returned was synced; a full disk leaves no half of a blob; leftovers are removed on opening")
    func faults() async throws {
        let files = TestFiles()
        let blobs = try await log.open(files: files).blobs
        let before = files.count(.synchronize)
        _ = try await blobs.put([1, 2, 3])
        #expect(files.count(.synchronize) - before >= 2)
        files.fail(.synchronize, after: 1, errno: ENOSPC)
        #expect(await #expect(throws: AuditError.self) { try await blobs.put([4]) }?.code == .noSpace)
        #expect(try Files.list("\(log.directory)/tmp")?.contains { $0.hasPrefix("blob-") } == false)
        _ = FileManager.default.createFile(atPath: "\(log.directory)/tmp/blob-left", contents: Data())
        _ = try await log.open()
        #expect(try Files.list("\(log.directory)/tmp")?.contains("blob-left") == false)
    }
}
