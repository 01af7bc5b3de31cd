import Foundation
import Glibc
import Testing
import TransparencyLog

@testable import Engine

@Suite("audit log shared by processes", .timeLimit(.minutes(5)))
struct AuditProcessTests {
    let log: TemporaryLog

    init() throws {
        log = try TemporaryLog()
    }

    /// `ack INDEX NAME` → name by index.
    private func acknowledged(_ child: Child) -> [UInt64: String] {
        child.lines().filter { $0.hasPrefix("ack ") }.reduce(into: [:]) { acks, line in
            let fields = line.split(separator: " ")
            if fields.count == 3, let index = UInt64(fields[1]) { acks[index] = String(fields[2]) }
        }
    }

    private func names() throws -> [UInt64: String] {
        var names: [UInt64: String] = [:]
        var reader = try JournalReader(directory: log.directory)
        while let entry = try reader.next() {
            let text = String(decoding: entry.bytes, as: UTF8.self)
            let match = try #require(text.firstMatch(of: /"by":"(.*?)","n":(\d+)/))
            names[entry.index] = "\(match.1)-\(match.2)"
        }
        return names
    }

    @Test("several processes append at once: indices stay contiguous, every entry is where it was acknowledged")
    func several() async throws {
        let children = try (0..<4).map {
            try Child.hammer(log, name: "p\($0)", count: 150, size: 20_000, parallel: 4)
        }
        for child in children { #expect(await child.wait() == 0, "\(child.lines().suffix(3))") }
        let names = try names()
        #expect(names.count == 600 && Set(names.values).count == 600)
        for child in children {
            let acks = acknowledged(child)
            #expect(acks.count == 150)
            for (index, name) in acks { #expect(names[index] == name) }
        }
        let report = try log.verify()
        #expect(report.isIntact && report.entries == 600 && report.signedSize == 600)
    }

    @Test("kill -9 amid appends: reopening finds every acknowledged entry and the log verifies", arguments: 0..<5)
    func killed(round: Int) async throws {
        var acks: [UInt64: String] = [:]
        for life in 0..<3 {
            let child = try Child.hammer(log, name: "l\(life)", count: 1_000_000, size: 3000, parallel: 8)
            while acknowledged(child).count < 20 + 13 * round { try await Task.sleep(for: .milliseconds(5)) }
            kill(child.processID, SIGKILL)
            #expect(await child.wait() == SIGKILL)
            acks.merge(acknowledged(child)) { _, _ in "twice" }
        }
        let writer = try await log.open()
        let names = try names()
        for (index, name) in acks { #expect(names[index] == name) }
        #expect(try await writer.append(entry(0)) == UInt64(names.count))
        #expect(try await writer.checkpoint().checkpoint.size == UInt64(names.count) + 1)
        #expect(try log.verify().isIntact)
    }

    @Test("the log is verified while another process appends, and a killed process leaves no lock")
    func reader() async throws {
        let child = try Child.hammer(log, name: "a", count: 1_000_000)
        while acknowledged(child).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        let report = try log.verify()
        #expect(report.entries > 0 && report.isIntact)
        kill(child.processID, SIGKILL)
        _ = await child.wait()
        #expect(try await log.open().size > 0)
    }

    @Test("a full disk fails the append, poisons the log and signs nothing")
    func fullDisk() async throws {
        // Room for the first two segments and little more, on a file system of its own.
        let result = try await onSmallDisk(size: "9m", count: 1000, filler: 60_000)
        #expect(result.contains { $0.hasPrefix("open 0") })
        #expect(result.contains { $0.hasPrefix("error noSpace") && $0.contains("No space left") }, "\(result)")
        #expect(result.contains { $0.hasPrefix("append poisoned") })
        #expect(result.contains { $0.hasPrefix("checkpoint poisoned") })
        // Tiles and checkpoints are made while there is room; never of what was not acknowledged.
        let signed = try #require(result.last.map { $0.split(separator: " ") })
        let acks = result.count { $0.hasPrefix("ack ") }
        #expect(signed.first == "signed:" && (UInt64(signed.last ?? "") ?? 0) <= acks, "\(signed), \(acks)")
    }

    @Test("a disk too small for the log fails when it is opened, before anything else")
    func tooSmall() async throws {
        let result = try await onSmallDisk(size: "6m", count: 10, filler: 10)
        #expect(result.contains { $0.hasPrefix("error noSpace") && $0.contains("spare.wal") || $0.contains("segment") })
        #expect(!result.contains { $0.hasPrefix("open") || $0.hasPrefix("ack") })
    }

    private func onSmallDisk(size: String, count: Int, filler: Int) async throws -> [String] {
        try FileManager.default.createDirectory(atPath: log.directory, withIntermediateDirectories: true)
        let script = """
            mount -t tmpfs -o size=\(size) tmpfs '\(log.directory)' || exit 77
            '\(try Child.hammerPath())' '\(log.directory)' full \(count) \(filler) 1
            echo "signed: $(ls '\(log.directory)/checkpoints' | sort | tail -n 1)"
            """
        let child = try Child(["/usr/bin/unshare", "-m", "/bin/sh", "-c", script], output: "\(log.root)/full.out")
        #expect(await child.wait() == 0, "mounting a tmpfs in a mount namespace needs root")
        return child.lines()
    }
}
