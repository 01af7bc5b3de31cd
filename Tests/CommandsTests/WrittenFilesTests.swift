import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import Commands
@testable import Core

/// What the program leaves on the executor's disk, with the most careless umask there is.
@Suite("what is written", .timeLimit(.minutes(5)))
struct WrittenFilesTests {
    /// Runs the program itself under `umask 000`.
    private func belay(_ project: SignedProject, _ arguments: String...) async throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: tests).deletingLastPathComponent().appending(path: "belay").path
        let result = try await Subprocess.run(
            .path("/bin/sh"),
            arguments: Arguments(["-c", "umask 000; exec \"$@\"", "sh", program, "-C", project.path] + arguments),
            environment: .custom(["PATH": "/usr/bin:/bin"]), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        return result.standardOutput + result.standardError
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    /// Every file and folder below a folder, with its mode; relative.
    private func modes(_ folder: String) throws -> [String: Int] {
        let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        return Dictionary(uniqueKeysWithValues: try names.map { ($0, try mode("\(folder)/\($0)")) })
    }

    /// Public by their nature: what a log gives to auditors and witnesses. The log's folder is closed around them all the same.
    private func isPublic(_ name: String) -> Bool {
        name.wholeMatch(
            of:
                /log\.checkpoint|log\.witnesses|log\/(?:checkpoint|checkpoints\/\d+|keys\/.*vkey|tile\/.*|tmp\/.*)|witness\.policy/
        ) != nil
    }

    @Test("under umask 000 nothing that is written can be written to by others, and nothing secret can be read by them")
    func modes() async throws {
        let project = try await SignedProject()
        let made = try await belay(project, "audit", "init")
        #expect(made.contains("Made the log"), "\(made)")
        let plan = try await project.plan()
        let before = Set(try modes(project.path).keys).subtracting(["log"]).filter { !$0.hasPrefix("log/") }
        let key = "\(project.path)/keys/bob"
        let approved = try await belay(project, "approve", plan, "--comment", "looked at it", "--key", key)
        #expect(approved.contains("APPROVED"), "\(approved)")
        // It begins a run, as far as its node answers, and so makes what a run makes.
        _ = try await belay(project, "apply", plan)
        _ = try await belay(project, "audit", "log", "--text", "looked")
        _ = try await belay(project, "audit", "reindex")
        let proven = try await belay(project, "audit", "prove", "0", "--out", "\(project.path)/zero")
        #expect(proven.contains("1 proof"), "\(proven)")
        _ = try await belay(project, "audit", "report", "2026", "--html", "\(project.path)/page.html")
        _ = try await belay(project, "audit", "rotate", "--reason", "a test")

        let written = try modes(project.path).filter { !before.contains($0.key) }
        for kind in ["restart.plan.approvals", "log/keys/log.skey", "log/journal", "log/blobs", "zero", "page.html"] {
            #expect(written.keys.contains { $0.hasPrefix(kind) }, "\(kind) was not written: \(written.keys.sorted())")
        }
        #expect(written["log"] == 0o700 && written["restart.plan.approvals"] == 0o700)
        for (name, mode) in written {
            #expect(mode & 0o022 == 0, "others may write \(name): \(String(mode, radix: 8))")
            #expect(mode & 0o077 == 0 || isPublic(name), "others may read \(name): \(String(mode, radix: 8))")
        }
    }
}
