import Core
import Engine
import Foundation
import Testing
import TransparencyLog

@testable import Commands

/// Proofs from the command line: written with the log, checked without it.
@Suite("audit prove and check-proof", .timeLimit(.minutes(3)))
struct AuditProveTests {
    private let folder: Folder
    /// Where there is neither log nor project.
    private let elsewhere: Folder

    init() throws {
        folder = try Folder()
        elsewhere = try Folder()
        try folder.makeProject()
    }

    private var directory: String { folder.path + "/log" }

    private func audit(_ arguments: String...) async -> (exit: Exit, output: String, complaints: String) {
        let recorder = Recorder()
        let exit = await Commands.run(["-C", folder.path, "audit"] + arguments) { _ in recorder.terminal }
        return (exit, recorder.output, recorder.complaints)
    }

    private func check(_ file: String, _ more: [String] = []) async throws -> (exit: Exit, output: String) {
        let recorder = Recorder()
        let key = try #require(try VerifierKey.ofLog(in: directory))
        let arguments =
            ["-C", elsewhere.path, "audit", "check-proof", file] + more + ["--key", "\(key)"]
        let exit = await Commands.run(arguments) { _ in recorder.terminal }
        return (exit, recorder.output + recorder.complaints)
    }

    private static func entry(_ number: Int) -> [UInt8] { Array(#"{"n":\#(number)}"#.utf8) }

    private func log(_ sizes: Int..., publishes: Bool = true) async throws {
        let log = try await AuditLog.open(directory: directory, origin: "test.example/log", pace: .onDemand)
        var from = 0
        for size in sizes {
            _ = try await log.append((from..<size).map(Self.entry))
            from = size
            if publishes { _ = try await log.checkpoint() }
        }
        await log.close()
    }

    private func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    @Test(
        "an entry's proof is written beside its bytes and checked elsewhere, for logs of every shape",
        arguments: [1, 2, 255, 256, 257, 65_541])
    func entries(size: Int) async throws {
        try await log(size)
        let entries = count(size, "entry", "entries")
        for index in Set([0, size / 2, size - 1]) {
            let proved = await audit("prove", "\(index)", "--out", elsewhere.path)
            #expect(proved.exit == .done, "\(proved)")
            #expect(proved.output == "1 proof under the checkpoint of \(entries), in \(elsewhere.path)\n")
            let file = "\(elsewhere.path)/log-\(index).tlog-proof"
            #expect(try bytes("\(elsewhere.path)/log-\(index).json") == Self.entry(index))
            let checked = try await check(file)
            #expect(
                checked.exit == .done
                    && checked.output.hasPrefix("PROVEN \(file)\n  entry \(index) of test.example/log"))
            #expect(checked.output.contains("in its tree of \(entries)\n"))
        }
    }

    @Test(
        "one entry goes to a file of any name, or to standard output with the entry in it; only its owner may read it")
    func places() async throws {
        try await log(3)
        let file = "\(elsewhere.path)/mine.tlog-proof"
        #expect(await audit("prove", "1", "--out", file).exit == .done)
        #expect(try await check(file).exit == .done)
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(elsewhere.path)/mine.json")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let printed = await audit("prove", "2", "--out", "-")
        let alone = try elsewhere.write(printed.output, to: "alone")
        #expect(try LogProof(Array(printed.output.utf8)).extra == Self.entry(2))
        #expect(try await check(alone).exit == .done)
        let nowhere = await audit("prove", "2", "--out", "\(elsewhere.path)/none/x")
        #expect(nowhere.exit == .usage && nowhere.complaints.contains("cannot be written"))
    }

    @Test("a run's entries are proven by the beginning of its id, all of them and no others")
    func run() async throws {
        let log = try await RunLog.open(
            directory: directory, origin: "test.example/log", clock: SystemClock(), by: "test@here:1")
        let run = "20261122-180000-ab12"
        let plan = try JSON.encodePretty(Sample.plan([Sample.node([Sample.restart()])]))
        let planned = PlannedRecord(plan: Payload(bytes: plan), planSha256: Digest.sha256(plan), signature: "none")
        try await log.append(.planned(planned), by: "alice", run: run)
        try await log.append(.planned(planned), by: "alice", run: "20261122-190000-cd34")
        try await log.append(.run(.started(holder: "alice@here:1")), by: "alice@here:1", run: run)
        await log.log.close()
        let proved = await audit("prove", "20261122-18", "--out", elsewhere.path)
        #expect(proved.output.hasPrefix("2 proofs under the checkpoint of 4 entries"), "\(proved)")
        for index in [1, 3] { #expect(try await check("\(elsewhere.path)/log-\(index).tlog-proof").exit == .done) }
        #expect(!FileManager.default.fileExists(atPath: "\(elsewhere.path)/log-2.tlog-proof"))
        let several = await audit("prove", "20261122", "--out", elsewhere.path)
        #expect(several.exit == .usage && several.complaints.contains("the beginning of 2 runs"))
        let printed = await audit("prove", run, "--out", "-")
        #expect(printed.exit == .usage && printed.complaints.contains("takes the proof of one"))
        let unknown = await audit("prove", "77")
        #expect(unknown.exit == .usage && unknown.complaints.contains("no entry '77', and no run"))
    }

    @Test("what is not signed yet is signed first; without the log's key that is refused, and what is signed is proven")
    func unsigned() async throws {
        try await log(2, publishes: false)
        #expect(await audit("prove", "1", "--out", elsewhere.path).exit == .done)
        let log = try await AuditLog.open(directory: directory, origin: "test.example/log", pace: .onDemand)
        _ = try await log.append(Self.entry(2))
        await log.close()
        try FileManager.default.removeItem(atPath: "\(directory)/keys/log.skey")
        let refused = await audit("prove", "2", "--out", elsewhere.path)
        #expect(
            refused.exit == .usage
                && refused.complaints.contains("entry 2 is not signed yet: the last checkpoint has 2"))
        #expect(!FileManager.default.fileExists(atPath: "\(elsewhere.path)/log-2.tlog-proof"))
        #expect(await audit("prove", "0", "--out", elsewhere.path).exit == .done)
    }

    @Test("a proof with another entry, another key, a changed hash or without a quorum is refused with the reason")
    func refused() async throws {
        try await log(257)
        _ = await audit("prove", "100", "--out", elsewhere.path)
        let file = "\(elsewhere.path)/log-100.tlog-proof"
        let entry = try elsewhere.write(#"{"n":101}"#, to: "other.json")
        let wrong = try await check(file, [entry])
        #expect(
            wrong.exit == .logNotIntact && wrong.output.contains("NOT PROVEN \(file)\n  the entry is not number 100"))
        var changed = try LogProof(bytes(file)).inclusion.hashes.map(\.base64)
        let text = String(decoding: try bytes(file), as: UTF8.self)
        changed.swapAt(0, 1)
        let swapped = text.replacingOccurrences(
            of: try LogProof(bytes(file)).inclusion.hashes.map(\.base64).joined(separator: "\n"),
            with: changed.joined(separator: "\n"))
        let tampered = try elsewhere.write(swapped, to: "log-101.tlog-proof")
        let json = "\(elsewhere.path)/log-100.json"
        #expect(try await check(tampered, [json]).output.contains("not of this checkpoint"))
        let policy = try elsewhere.write(
            "witness w \(SigningKey(name: "w", type: .witness, seed: Array(repeating: 1, count: 32)))\nquorum w\n",
            to: "policy")
        #expect(try await check(file, ["--witness", policy]).output.contains("lacks the policy's quorum"))
        let recorder = Recorder()
        let other = try SigningKey(generatingWithName: "test.example/log").verifier
        #expect(await recorder.belay("audit", "check-proof", file, "--key", "\(other)") == .logNotIntact)
        #expect(recorder.output.contains("no signature by a known key"))
        #expect(await recorder.belay("audit", "check-proof", "/nowhere", "--key", "\(other)") == .usage)
    }

    @Test("tiles that do not fit the journal are no ground for a proof")
    func damagedTiles() async throws {
        try await log(3)
        let tile = "\(directory)/tile/0/000.p/3"
        try Data([UInt8](repeating: 7, count: 96)).write(to: URL(fileURLWithPath: tile))
        let refused = await audit("prove", "0", "--out", elsewhere.path)
        #expect(refused.exit == .logNotIntact && refused.complaints.contains("`belay audit verify` says what is wrong"))
    }

    @Test("that the log has only grown is proven between sizes and kept checkpoints, and checked elsewhere")
    func growth() async throws {
        try await log(100, 300)
        let kept = "\(elsewhere.path)/kept"
        try FileManager.default.copyItem(atPath: "\(directory)/checkpoints/00000000000000000100", toPath: kept)
        for (old, new) in [("100", "300"), (kept, "300"), (kept, "\(directory)/checkpoint")] {
            let printed = await audit("prove", "--consistency", old, new)
            #expect(printed.exit == .done && printed.output.hasPrefix("old 100\n"), "\(printed)")
            let file = try elsewhere.write(printed.output, to: "growth")
            let checked = try await check(file, [kept])
            #expect(
                checked.exit == .done
                    && checked.output.contains("the 300 entries of test.example/log begin with the 100"))
            #expect(try await check(file).output.contains("Name the older checkpoint"))
            #expect(try await check(file, ["\(directory)/checkpoint"]).output.contains("the proof begins from 100"))
        }
        #expect(await audit("prove", "--consistency", "37", "300").output.hasPrefix("old 37\n"))
        for (arguments, words) in [
            (["100", "299"], "no checkpoint of 299 entries was ever signed"),
            (["301", "300"], "301 entries are more than 300"), (["100"], "--consistency takes two states"),
        ] {
            let recorder = Recorder()
            let exit = await Commands.run(["-C", folder.path, "audit", "prove", "--consistency"] + arguments) { _ in
                recorder.terminal
            }
            #expect(exit == .usage && recorder.complaints.contains(words), "\(recorder.complaints)")
        }
    }

    @Test("a kept checkpoint of another history is no beginning of this log")
    func forked() async throws {
        try await log(100, 300)
        let text = try String(contentsOfFile: "\(directory)/keys/log.skey", encoding: .utf8)
        let key = try SigningKey(skey: text.trimmingCharacters(in: .newlines))
        let other = try Checkpoint(origin: "test.example/log", size: 100, root: Merkle.leaf([1]))
        let note = try SignedCheckpoint(other, signedBy: key).note.bytes
        let kept = try elsewhere.write(String(decoding: note, as: UTF8.self), to: "kept")
        let refused = await audit("prove", "--consistency", kept, "300")
        #expect(refused.exit == .logNotIntact && refused.complaints.contains("the log was rewritten"))
        #expect(refused.output.isEmpty)
    }
}
