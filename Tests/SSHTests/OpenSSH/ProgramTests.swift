import Foundation
import Glibc
import Testing

@testable import SSH

@Suite("Programs that are held", .timeLimit(.minutes(1)))
struct ProgramTests {
    @Test(
        "what a way back needs is in a session of its own, which a terminal's Ctrl-C does not reach, and ends when let go"
    )
    func ownSession() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/session"
        let script = "cut -d ' ' -f 1,6 /proc/$$/stat > '\(file).part'; mv '\(file).part' '\(file)'; cat"
        let task = Task { await Program(name: "sh", arguments: ["-c", script]).hold() }
        #expect(try await eventually { FileManager.default.fileExists(atPath: file) })
        let numbers = try String(contentsOfFile: file, encoding: .utf8).split(whereSeparator: \.isWhitespace).map {
            pid_t($0)
        }
        let (process, session) = (try #require(numbers[0]), try #require(numbers[1]))
        #expect(session != getsid(0))
        task.cancel()
        await task.value
        #expect(kill(process, 0) == -1 && errno == ESRCH)
    }
}
