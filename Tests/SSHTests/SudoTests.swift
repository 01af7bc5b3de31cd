import Foundation
import Testing

@testable import SSH

@Suite("Running through sudo", .serialized, .timeLimit(.minutes(2)))
struct SudoTests {
    /// A node whose `sudo` is this script.
    private func run(sudo: String) async throws -> Output {
        let folder = try TemporaryFolder()
        _ = try await folder.writeProgram(sudo, to: "sudo")
        let server = try await TestServer(extra: "SetEnv PATH=\(folder.path):/usr/bin:/bin")
        var options = Options()
        options.privilege = .sudo
        return try await withConnection(to: server, options: options) { connection in
            try await connection.run(script: "echo ran > \(folder.path)/ran; echo ran", timeLimit: .seconds(10))
        }
    }

    @Test("sudo is asked never to prompt, and gets the wrapper as its command")
    func accepted() async throws {
        let output = try await run(
            sudo: "[ \"$1 $2 $3\" = '-n -- /bin/sh' ] || exit 9\nshift 2\necho lecture >&2\nexec \"$@\"\n")
        #expect(output.termination == .exited(0))
        #expect(output.stdout.text == "ran\n")
        #expect(output.stderr.text.isEmpty)
    }

    @Test("a sudo that wants a password is reported before the script ran")
    func password() async throws {
        let error = await #expect(throws: SSHError.self) {
            _ = try await run(sudo: "echo 'sudo: a password is required' >&2; exit 1\n")
        }
        #expect(error?.code == .sudoNeedsPassword)
        #expect(error?.remedy.contains("NOPASSWD") == true)
    }

    @Test("any other refusal by sudo is quoted")
    func refused() async throws {
        let error = await #expect(throws: SSHError.self) {
            _ = try await run(sudo: "echo 'ops is not in the sudoers file.' >&2; exit 1\n")
        }
        #expect(error?.code == .sudoRefused)
        #expect(error?.message.contains("not in the sudoers file") == true)
    }
}
