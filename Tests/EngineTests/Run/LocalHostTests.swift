import Foundation
import Testing

@testable import Engine

@Suite("Scripts on the operator's machine")
struct LocalHostTests {
    @Test("a script runs as a whole, and with its own standard input empty")
    func whole() async throws {
        let output = try await LocalHost().run("echo one; cat\necho two", seconds: 20)
        #expect(String(decoding: output, as: UTF8.self) == "one\ntwo\n")
    }

    @Test("wherever its input ends too early, nothing of a script is run")
    func cutOff() throws {
        let input = LocalHost.input("echo one\necho two")
        // The last byte is the line's end, which a shell does not wait for.
        for count in 0..<(input.count - 1) {
            let (shell, pipe, output) = (Process(), Pipe(), Pipe())
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = ["-s"]
            (shell.standardInput, shell.standardOutput) = (pipe, output)
            shell.standardError = FileHandle.nullDevice
            try shell.run()
            pipe.fileHandleForWriting.write(Data(input.prefix(count)))
            try pipe.fileHandleForWriting.close()
            shell.waitUntilExit()
            // Cut behind the brace, before its redirection is whole, the script is there: as a whole.
            let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(said == "" || said == "one\ntwo\n", "cut at \(count): \(said)")
        }
    }
}
