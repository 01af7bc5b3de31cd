import Foundation
import Testing

@testable import SSH

@Suite("The command line around a script", .timeLimit(.minutes(5)))
struct WrapperTests {
    private func wrapper(_ script: String = "true", seconds: Int = 10, privilege: Options.Privilege = .none) -> Wrapper
    {
        Wrapper(script: script, shell: ["/bin/sh"], timeLimit: .seconds(seconds), privilege: privilege)
    }

    @Test("the line is constant: neither nonce nor script is in it, and each run has its own nonce")
    func constant() {
        let (one, two) = (wrapper("first"), wrapper("second"))
        #expect(one.line == two.line)
        #expect(one.nonce != two.nonce)
        #expect(!one.line.contains(one.nonce))
        #expect(one.line.utf8.count < 1000)
        #expect(wrapper(privilege: .sudo).line == "sudo -n -- " + one.line)
    }

    @Test("any login shell can pass the line on")
    func plainCharacters() {
        #expect(!wrapper().line.contains { "!\n\r\u{0}`".contains($0) })
    }

    @Test("a time limit is rounded up, and never zero, which would mean none")
    func rounding() {
        let limits: [(Duration, Int)] = [(.milliseconds(1), 1), (.zero, 1), (.milliseconds(1500), 2), (.seconds(3), 3)]
        for (limit, seconds) in limits {
            #expect(Wrapper(script: "", shell: ["sh"], timeLimit: limit, privilege: .none).seconds == seconds)
        }
    }

    @Test(
        "the reported status tells how the script ended",
        arguments: [
            ("0", 1, .exited(0)), ("3", 1, .exited(3)), ("255", 1, .exited(255)), ("200", 1, .exited(200)),
            ("137", 1, .signaled("KILL")), ("143", 1, .signaled("TERM")), ("124", 1, .exited(124)),
            ("124", 10, .timedOut), ("143", 10, .timedOut), ("137", 10, .signaled("KILL")), ("137", 15, .timedOut),
            ("256", 1, nil), ("-1", 1, nil), ("", 1, nil), ("notimeout", 1, nil),
        ] as [(String, Int, Termination?)])
    func termination(_ status: String, _ elapsed: Int, _ expected: Termination?) {
        #expect(wrapper().termination(status: status, elapsed: .seconds(elapsed)) == expected)
    }

    @Test(
        "a quoted word is read back unchanged",
        arguments: ["", "a b", "it's", "$HOME `id` \"x\"", "*", "-c", "'", "'\u{301}; exit 9; '\u{301}"])
    func quoting(_ word: String) async throws {
        let output = try await runLocally("/bin/sh", ["-c", "printf %s \(Wrapper.quoted(word))"], input: [])
        #expect(output.stdout == Array(word.utf8))
    }

    @Test(
        "every kind of shell runs it, as login shell and as /bin/sh",
        arguments: [
            ["/bin/dash"], ["/bin/bash"], ["/bin/busybox", "sh"], ["/bin/tcsh"], ["/bin/csh"], ["/usr/bin/fish"],
            ["/usr/bin/zsh"],
        ].filter { FileManager.default.isExecutableFile(atPath: $0[0]) })
    func shells(_ shell: [String]) async throws {
        let script = "read -r line; echo \"$line|$#\"; printf 'a\\\\b' >&2; cat; exit 9"
        var wrapper = wrapper(script)
        try await expectRuns(wrapper, shell, wrapper.line)
        guard shell[0].hasSuffix("bash") || shell[0].hasSuffix("dash") || shell[0].hasSuffix("busybox") else { return }
        let line = wrapper.line.replacingOccurrences(of: "/bin/sh", with: shell.joined(separator: " "))
        wrapper = self.wrapper(script)
        try await expectRuns(wrapper, shell, line)
    }

    @Test(
        "a script of which only a part arrived does nothing at all",
        arguments: ["/bin/dash", "/bin/bash", "/bin/busybox sh"])
    func truncated(_ shell: String) async throws {
        let wrapper = wrapper("echo ran; echo more\ncat <<'END'\nran\nEND\nif true\nthen echo ran; fi\n")
        let line = wrapper.line.replacingOccurrences(of: "/bin/sh", with: shell)
        let whole = try await runLocally("/bin/sh", ["-c", line], input: wrapper.input)
        #expect(String(decoding: whole.stdout, as: UTF8.self).contains("ran\nmore\nran\nran\n"))
        // Up to the last brace: then the script is whole.
        let end = try #require(wrapper.input.lastIndex(of: UInt8(ascii: "}")))
        for length in (wrapper.nonce.utf8.count + 1)...end {
            let part = try await runLocally("/bin/sh", ["-c", line], input: Array(wrapper.input.prefix(length)))
            #expect(!String(decoding: part.stdout, as: UTF8.self).contains("ran"), "after \(length) bytes")
        }
    }

    @Test(
        "a script that a stray word would end early is an error, and nothing of it is left out in silence",
        arguments: ["/bin/dash", "/bin/bash", "/bin/busybox sh"])
    func unbalanced(_ shell: String) async throws {
        for (script, ran) in [
            ("echo a; }\necho b", ""), ("echo a\nfi\necho b", ""), ("echo a; ;; echo b", ""), ("", ""), ("# only", ""),
            // Both ended: what it ran it ran, and says that it went wrong.
            ("echo a\nfi\n}\nfi", "a\n"),
        ] {
            let wrapper = wrapper(script)
            let line = wrapper.line.replacingOccurrences(of: "/bin/sh", with: shell)
            let result = try await runLocally("/bin/sh", ["-c", line], input: wrapper.input)
            var out = StreamCapture(nonce: wrapper.nonce, limit: 1000)
            result.stdout.withUnsafeBytes { out.append($0) }
            let isValid = script.isEmpty || script.hasPrefix("#")
            #expect((out.status == "0") == isValid && out.hasEnded, "\(script): \(out.status ?? "")")
            #expect(out.captured.text == ran, "\(script)")
        }
    }

    @Test("the benchmark's floor sends the very same line and input")
    func floor() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Benchmarks/Sources/floor/session.c")
        // C's escapes of quotes and backslashes are Swift's; its adjacent literals are one.
        let text = try String(contentsOf: file, encoding: .utf8).replacingOccurrences(of: "\"\n    \"", with: "")
        func inC(_ text: String) -> String {
            text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
                .replacingOccurrences(of: "\n", with: "\\n")
        }
        let wrapper = wrapper("%s", seconds: 300)
        let input = String(decoding: wrapper.input, as: UTF8.self).replacingOccurrences(of: wrapper.nonce, with: "%s")
        #expect(text.contains("\"\(inC(wrapper.line))\";"))
        #expect(text.contains("\"\(inC(input))\""))
    }

    private func expectRuns(_ wrapper: Wrapper, _ shell: [String], _ line: String) async throws {
        let result = try await runLocally(shell[0], Array(shell.dropFirst()) + ["-c", line], input: wrapper.input)
        var (out, err) = (
            StreamCapture(nonce: wrapper.nonce, limit: 1000), StreamCapture(nonce: wrapper.nonce, limit: 1000)
        )
        result.stdout.withUnsafeBytes { out.append($0) }
        result.stderr.withUnsafeBytes { err.append($0) }
        #expect(out.status == "9")
        #expect(err.status == "9")
        #expect(out.captured.text == "|0\n")
        #expect(err.captured.text == "a\\b")
    }

    private func runLocally(_ tool: String, _ arguments: [String], input: [UInt8]) async throws
        -> (stdout: [UInt8], stderr: [UInt8])
    {
        let folder = try TemporaryFolder()
        for (name, bytes) in [("in", input), ("out", []), ("err", [])] {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        let status = try await ChildProcess(
            tool, arguments, input: "\(folder.path)/in", output: "\(folder.path)/out", errors: "\(folder.path)/err"
        ).wait()
        #expect(status == 0)
        func read(_ name: String) throws -> [UInt8] {
            Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)")))
        }
        return (try read("out"), try read("err"))
    }
}
