import Foundation
import Glibc
import Testing

@testable import SSH

@Suite("Programs of this machine", .timeLimit(.minutes(1)))
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

    @Test("a program that ends without reading its input, of which there is more than a pipe holds, has just ended")
    func unreadInput() async throws {
        // In a process of its own: in this one another test may have seen to broken pipes.
        await #expect(processExitsWith: .success) {
            let input = [UInt8](repeating: 0x20, count: 4 << 20)
            let program = Program(name: "sh", arguments: ["-c", "exit 3"], input: input)
            let end = try await program.run(within: .seconds(30), limit: 100)
            #expect(end.status == 3)
        }
    }

    @Test("a program that is late is ended, with its input unread")
    func lateInput() async throws {
        let program = Program(name: "sleep", arguments: ["60"], input: [UInt8](repeating: 0x20, count: 4 << 20))
        let error = await #expect(throws: ProgramError.self) {
            try await program.run(within: .milliseconds(300), limit: 100)
        }
        #expect(error?.isLate == true)
    }
}
