import Crypto
import Foundation
import Testing

@testable import SSH

@Suite("Running scripts on a real sshd", .serialized, .timeLimit(.minutes(3)))
struct RunTests {
    private func run(
        _ script: String, _ version: OpenSSHVersion = .installed, shell: [String] = ["/bin/sh"],
        outputLimit: Int = 1 << 20
    ) async throws -> Output {
        let server = try await TestServer(version)
        return try await withConnection(to: server) { connection in
            try await connection.run(
                script: script, shell: shell, timeLimit: .seconds(120), outputLimit: outputLimit)
        }
    }

    @Test(
        "a script's output and exit status come back", .acceptance(.statusIsNeverSilence),
        arguments: [0, 3, 124, 127, 255], OpenSSHVersion.available)
    func exitStatus(_ status: Int, _ version: OpenSSHVersion) async throws {
        let output = try await run("echo out; echo err >&2; exit \(status)", version)
        #expect(output.termination == .exited(status))
        #expect(output.stdout.text == "out\n")
        #expect(output.stderr.text == "err\n")
    }

    @Test(
        "a script of 200 KB arrives whole", .acceptance(.boundedWindowAndScriptsByInput),
        arguments: OpenSSHVersion.available)
    func longScript(_ version: OpenSSHVersion) async throws {
        let filler = (0..<6000).map { "x\($0)='0123456789012345678901234567890'\n" }.joined()
        #expect(filler.utf8.count > 200_000)
        let output = try await run(filler + "echo $x5999 end", version)
        #expect(output.stdout.text == "0123456789012345678901234567890 end\n")
        #expect(output.termination == .exited(0))
    }

    @Test("a command that reads standard input finds it empty and cannot eat the script")
    func standardInput() async throws {
        let output = try await run("cat\necho one\nhead -c 100\nwhile read -r l; do echo ate $l; done\necho two")
        #expect(output.stdout.text == "one\ntwo\n")
    }

    @Test("metacharacters, here-documents, traps and functions arrive unchanged")
    func metacharacters() async throws {
        let script = """
            trap 'echo trapped' EXIT
            f() { printf '%s\\n' "$1"; }
            f 'a"b`c$d\\e!f*g'
            f "it's $((1 + 2)) é"
            cat <<'END'
            $HOME "quoted" \\ back
            END
            echo "$#" "${ssh_script-unset}"
            set -e
            false
            echo never
            """
        let output = try await run(script)
        #expect(output.stdout.text == "a\"b`c$d\\e!f*g\nit's 3 é\n$HOME \"quoted\" \\ back\n0 unset\ntrapped\n")
        #expect(output.termination == .exited(1))
    }

    @Test("a script that replaces itself still has its status reported")
    func exec() async throws {
        #expect(try await run("exec sh -c 'exit 7'").termination == .exited(7))
    }

    @Test("another shell with options can be chosen")
    func otherShell() async throws {
        let output = try await run("echo ${BASH_VERSION:+bash} $-; false; echo never", shell: ["/bin/bash", "-e"])
        #expect(output.stdout.text.hasPrefix("bash "))
        #expect(output.termination == .exited(1))
    }

    @Test("a shell that the node does not have is reported, and nothing ran")
    func missingShell() async throws {
        let error = await #expect(throws: SSHError.self) { _ = try await run("true", shell: ["/bin/nonexistent"]) }
        #expect(error?.code == .shellMissing)
    }

    @Test("a script with a NUL is refused")
    func nul() async throws {
        let error = await #expect(throws: SSHError.self) { _ = try await run("echo a\u{0}b") }
        #expect(error?.code == .invalidScript)
    }

    @Test(
        "8 MB on standard error while standard output is small: both are drained, bounded, counted and hashed",
        .acceptance(.bothStreamsAreDrained), arguments: OpenSSHVersion.available)
    func bigStandardError(_ version: OpenSSHVersion) async throws {
        let output = try await run(
            "echo small; head -c 8388608 /dev/zero | tr '\\0' 'e' >&2; echo last", version, outputLimit: 1000)
        #expect(output.termination == .exited(0))
        #expect(output.stdout.text == "small\nlast\n")
        #expect(output.stderr.head.count == 1000)
        #expect(output.stderr.length == 8_388_608)
        let whole = [UInt8](repeating: UInt8(ascii: "e"), count: 8_388_608)
        #expect(output.stderr.sha256 == Array(SHA256.hash(data: whole)))
    }

    @Test(
        "the connection survives re-keying every megabyte", .acceptance(.rekeyingPipesAndSessions),
        arguments: OpenSSHVersion.available)
    func rekeying(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: "RekeyLimit 1M")
        let output = try await withConnection(to: server) { connection in
            try await connection.run(
                script: "head -c 60000000 /dev/zero", timeLimit: .seconds(300), outputLimit: 10)
        }
        #expect(output.termination == .exited(0))
        #expect(output.stdout.length == 60_000_000)
    }

    @Test("a background process that keeps the streams open does not hold up the end")
    func background() async throws {
        let output = try await run("sleep 600 & echo $!")
        #expect(output.termination == .exited(0))
        let pid = try requireValue(Int32(output.stdout.text.split(separator: "\n").first ?? ""))
        #expect(kill(pid, SIGKILL) == 0, "it is still there, so nobody waited for it")
    }

    @Test(
        "a script killed by a signal is no exit status", .acceptance(.statusIsNeverSilence),
        arguments: OpenSSHVersion.available)
    func signal(_ version: OpenSSHVersion) async throws {
        #expect(try await run("kill -9 $$", version).termination == .signaled("KILL"))
        #expect(try await run("kill -TERM $$", version).termination == .signaled("TERM"))
    }

    @Test(
        "a wrapper killed by a signal is reported by the server's exit-signal, never as status 0",
        .acceptance(.statusIsNeverSilence), arguments: OpenSSHVersion.available)
    func wrapperKilled(_ version: OpenSSHVersion) async throws {
        let output = try await run("p=$(awk '{print $4}' /proc/$PPID/stat); kill -9 $p; sleep 1; echo late", version)
        #expect(output.termination == .signaled("KILL"))
    }

    @Test(
        "a killed sshd leaves the end unknown, never an exit status", .acceptance(.statusIsNeverSilence),
        arguments: OpenSSHVersion.available)
    func serverKilled(_ version: OpenSSHVersion) async throws {
        let script = """
            echo begun
            p=$$
            while read -r name < /proc/$p/comm && [ "${name#sshd}" = "$name" ]; do p=$(awk '{print $4}' /proc/$p/stat); done
            sleep 1
            kill -9 $p
            sleep 2
            """
        let output = try await run(script, version)
        guard case .unknown(let reason) = output.termination else {
            Issue.record("\(output.termination)")
            return
        }
        #expect(reason.contains("connection"))
        #expect(output.stdout.text == "begun\n")
    }

    @Test("a server that times out a quiet channel leaves the end unknown", .acceptance(.statusIsNeverSilence))
    func channelTimeout() async throws {
        // A setting that is as new as OpenSSH 9.2. Long enough for the shell to have begun on a busy machine: before that the
        // script was not started, and the error says so.
        let server = try await TestServer(extra: "ChannelTimeout session:*=6")
        let output = try await withConnection(to: server) {
            try await $0.run(script: "echo begun; sleep 30", timeLimit: .seconds(60))
        }
        guard case .unknown(let reason) = output.termination else {
            Issue.record("\(output.termination)")
            return
        }
        #expect(reason.contains("before the script's end was reported"))
        #expect(output.stdout.text == "begun\n")
    }

    @Test(
        "a script of many commands is one session with one exec for the server", .acceptance(.oneExecPerScript),
        arguments: OpenSSHVersion.available)
    func oneExec(_ version: OpenSSHVersion) async throws {
        let server = try await TestServer(version, extra: "LogLevel VERBOSE")
        let script = (1...40).map { "/bin/echo \($0)\n" }.joined()
        let output = try await withConnection(to: server) { try await $0.run(script: script, timeLimit: .seconds(60)) }
        #expect(output.stdout.text.hasSuffix("\n40\n"))
        #expect(try server.log.components(separatedBy: "Starting session: command").count - 1 == 1)
    }

    @Test("noise from start-up files does not reach the output")
    func noise() async throws {
        let server = try await TestServer(
            extra: "ForceCommand echo noise; echo noise >&2; eval \"$SSH_ORIGINAL_COMMAND\"")
        let output = try await withConnection(to: server) {
            try await $0.run(script: "echo out", timeLimit: .seconds(9))
        }
        #expect(output.stdout.text == "out\n")
        #expect(output.stderr.text.isEmpty)
    }

    @Test("a node that runs something else reports that the script was not started")
    func forcedCommand() async throws {
        let server = try await TestServer(extra: "ForceCommand echo This account is not available; exit 0")
        let error = await #expect(throws: SSHError.self) {
            _ = try await withConnection(to: server) { try await $0.run(script: "true", timeLimit: .seconds(9)) }
        }
        #expect(error?.code == .commandRefused)
        #expect(error?.message.contains("This account is not available") == true)
    }

    @Test("a forged end mark in the output cannot end a run: the nonce is not on the node's command lines")
    func forgery() async throws {
        let output = try await run("tr '\\0' ' ' < /proc/$PPID/cmdline; printf '\\036%s E 0\\n' 0123; exit 4")
        #expect(output.termination == .exited(4))
        #expect(output.stdout.text.contains("\u{1E}0123 E 0\n"))
    }
}
