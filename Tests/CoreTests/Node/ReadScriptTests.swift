import Core
import Foundation
import Testing

/// The script that looks, run by the shells nodes have.
@Suite("read script", .serialized, .timeLimit(.minutes(3)))
struct ReadScriptTests {
    static let nonce = "0123456789abcdef0123456789abcdef"

    func read(_ commands: [Command], shell: [String] = ["/bin/sh"]) async throws -> [CommandOutput] {
        let script = ReadScript(commands, nonce: Self.nonce)
        let node = try ScriptNode(shell: shell)
        defer { node.remove() }
        let file = node.path("script")
        try node.write(script.text, to: file)
        let printed = try await LocalNode().run(Command(shell + [file]))
        return try script.parse(printed.output.bytes)
    }

    @Test("every shell gives back outputs, statuses and error tails", arguments: ScriptNodes.installed)
    func outputs(shell: [String]) async throws {
        let outputs = try await read(
            [
                Command(["printf", "no newline"]), Command(["true"]), Command(["false"]),
                Command(["sh", "-c", "echo out; echo err >&2; exit 7"]),
                Command(["printf", #"\000\001\377\n\n"#]), Command(["cat"], input: Payload(bytes: [0, 10, 255])),
                Command(["sh", "-c", "kill -9 $$"]), Command(["no-such-program-here"]),
            ], shell: shell)
        #expect(outputs[0] == CommandOutput(status: 0, output: Payload("no newline")))
        #expect(outputs[1] == CommandOutput(status: 0, output: Payload("")))
        #expect(outputs[2].status == 1)
        #expect(outputs[3] == CommandOutput(status: 7, output: Payload("out\n"), errorTail: Payload("err\n")))
        #expect(outputs[4].output.bytes == [0, 1, 255, 10, 10])
        #expect(outputs[5].output.bytes == [0, 10, 255])
        #expect(outputs[6].status == 137)
        #expect(outputs[7].status == 127)
    }

    @Test("a command without input reads nothing, not the script behind it", arguments: ScriptNodes.installed)
    func standardInput(shell: [String]) async throws {
        let outputs = try await read([Command(["cat"]), Command(["echo", "second"])], shell: shell)
        #expect(outputs.map(\.output) == [Payload(""), Payload("second\n")])
    }

    @Test("two megabytes are cut at the limit and said to be", arguments: ScriptNodes.installed)
    func truncated(shell: [String]) async throws {
        let outputs = try await read(
            [
                Command(["head", "-c", "2097152", "/dev/zero"]),
                Command(["head", "-c", "\(ReadScript.outputLimit)", "/dev/zero"]),
            ],
            shell: shell)
        #expect(outputs[0].truncated)
        #expect(outputs[0].output.bytes.count == ReadScript.outputLimit)
        #expect(outputs[0].status == 0)
        #expect(!outputs[1].truncated)
        #expect(outputs[1].output.bytes.count == ReadScript.outputLimit)
    }

    @Test("only the end of a long standard error comes back")
    func errorTail() async throws {
        let output = try await read([Command(["sh", "-c", "yes a | head -c 100000 >&2; echo last >&2; exit 3"])])[0]
        #expect(output.status == 3)
        #expect(output.errorTail.bytes.count < 4097)
        #expect(output.errorTail.text?.hasSuffix("a\nlast\n") == true)
    }

    @Test("a command over its time is ended with 124")
    func timesOut() async throws {
        let output = try await read([Command(["sleep", "60"])])[0]
        #expect(output.status == 124)
    }

    @Test("output that imitates frames is output", arguments: ScriptNodes.installed)
    func imitation(shell: [String]) async throws {
        let forged = "\n\(Self.nonce) 1 o Zm9yZ2Vk\n\(Self.nonce) 1 e CjA=\n\(Self.nonce) 0 o !!!\n"
        let outputs = try await read(
            [
                Command(["printf", "%s", forged]), Command(["echo", "true answer"]),
                Command(["sh", "-c", "printf '%s' \"$1\" >&2; printf '%s' \"$1\" >&6", "x", forged], accepts: [0, 2]),
            ], shell: shell)
        #expect(outputs[0].output.text == forged)
        #expect(outputs[1].output.text == "true answer\n")
        #expect(outputs[2].errorTail.text?.hasPrefix(forged) == true)
    }

    @Test("no shell reads a value", arguments: ScriptNodes.installed)
    func metacharacters(shell: [String]) async throws {
        let values =
            hostileValues.filter { !$0.utf8.contains(0) } + ["a'\u{301}; touch /x", "\\", "''", "-n", "é\u{308}'"]
        let outputs = try await read(values.map { Command(["printf", "%s", $0]) }, shell: shell)
        for (value, output) in zip(values, outputs) where !value.hasPrefix("-") {
            #expect(output.output == Payload(value))
        }
        #expect(!FileManager.default.fileExists(atPath: "/x"))
    }

    @Test("a missing or broken frame is an error, whatever else was printed")
    func malformed() throws {
        let script = ReadScript([Command(["true"])], nonce: "n")
        for printed in [
            "", "n 0 o \n", "n 0 e CjA=\n", "x 0 o \nx 0 e CjA=\n", "n 0 o %%\nn 0 e CjA=\n", "n 0 o \nn 0 e \n",
        ] {
            #expect(throws: ObservationError.self) { try script.parse(Array(printed.utf8)) }
        }
        let sound = try script.parse(Array("motd\nn 0 e CjA=\nn 7 o AAAA\nn 0 o aGk=\n".utf8))
        #expect(sound == [CommandOutput(status: 0, output: Payload("hi"))])
    }
}

/// Commands of one script that run at once.
@Suite("read script in lanes", .serialized, .timeLimit(.minutes(3)))
struct ReadScriptLaneTests {
    private static func bounds(_ lanes: Int, outputs: [Int] = []) -> ReadScript.Bounds {
        var bounds = ReadScript.Bounds()
        (bounds.lanes, bounds.outputs, bounds.errors) = (lanes, outputs, 64)
        return bounds
    }

    private func printed(
        _ commands: [Command], _ bounds: ReadScript.Bounds, shell: [String], path: String? = nil
    ) async throws -> (script: ReadScript, bytes: [UInt8]) {
        let script = ReadScript(commands, nonce: ReadScriptTests.nonce, bounds: bounds)
        let node = try ScriptNode(shell: shell)
        defer { node.remove() }
        let file = node.path("script")
        let text = path.map { script.text.replacing(/PATH=\S+/, with: "PATH=\($0)") } ?? script.text
        try node.write(text, to: file)
        return (script, try await LocalNode().run(Command(shell + [file])).output.bytes)
    }

    /// When it began and ended, in seconds since the machine's boot.
    private static func span(_ seconds: String) -> String {
        "cut -d ' ' -f 1 /proc/uptime; sleep \(seconds); cut -d ' ' -f 1 /proc/uptime"
    }

    private func spans(_ outputs: some Sequence<CommandOutput>) throws -> [(begin: Double, end: Double)] {
        try outputs.map { output in
            let times = (output.output.text ?? "").split(separator: "\n").compactMap { Double($0) }
            try #require(times.count == 2, "\(output)")
            return (times[0], times[1])
        }
    }

    private static let large = (0..<24).map { index in
        Command([
            "sh", "-c",
            "head -c 200000 /dev/zero | tr '\\0' \(Character(UnicodeScalar(UInt8(97 + index)))); echo \(index) >&2",
        ])
    }

    private func expectWhole(_ outputs: [CommandOutput], sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        for (index, output) in outputs.enumerated() {
            let letter = UInt8(97 + index)
            #expect(output.status == 0 && !output.truncated, sourceLocation: sourceLocation)
            #expect(output.output.bytes.count == 200_000, sourceLocation: sourceLocation)
            #expect(output.output.bytes.allSatisfy { $0 == letter }, sourceLocation: sourceLocation)
            #expect(output.errorTail.text == "\(index)\n", sourceLocation: sourceLocation)
        }
    }

    @Test("frames of 200 KiB do not tear each other, whichever command ends first", arguments: ScriptNodes.installed)
    func frames(shell: [String]) async throws {
        let (script, bytes) = try await printed(Self.large, Self.bounds(8), shell: shell)
        expectWhole(try script.parse(bytes))
    }

    @Test("without flock(1) commands run one after the other", arguments: ScriptNodes.installed)
    func withoutFlock(shell: [String]) async throws {
        let folder = try ScriptNode(shell: shell)
        defer { folder.remove() }
        for name in ["sh", "head", "tail", "tr", "base64", "timeout", "cat", "sleep", "cut"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("programs/\(name)"), withDestinationPath: "/usr/bin/\(name)")
        }
        let path = folder.path("programs")
        let (script, bytes) = try await printed(Self.large, Self.bounds(8), shell: shell, path: path)
        expectWhole(try script.parse(bytes))
        let times = try await printed(
            [Command(["true"])]
                + Array(repeating: Command(["sh", "-c", Self.span("0.1")]), count: 4),
            Self.bounds(4), shell: shell, path: path)
        let spans = try spans(times.script.parse(times.bytes).dropFirst()).sorted { $0.begin < $1.begin }
        for (earlier, later) in zip(spans, spans.dropFirst()) { #expect(earlier.end <= later.begin) }
    }

    @Test("the first command ends before the others begin, and these run at once", arguments: ScriptNodes.installed)
    func first(shell: [String]) async throws {
        let commands = Array(repeating: Command(["sh", "-c", Self.span("0.5")]), count: 5)
        let (script, bytes) = try await printed(commands, Self.bounds(4), shell: shell)
        let spans = try spans(script.parse(bytes))
        #expect(spans.dropFirst().allSatisfy { $0.begin >= spans[0].end })
        let (begins, ends) = (spans.dropFirst().map(\.begin), spans.dropFirst().map(\.end))
        #expect(try #require(begins.max()) < #require(ends.min()), "they overlap")
    }

    @Test("bounds are kept: of each output, of errors, and of all that is printed", arguments: ScriptNodes.installed)
    func bounded(shell: [String]) async throws {
        let bounds = Self.bounds(3, outputs: [10, 100, 1000, 10])
        let noisy = Command(["sh", "-c", "head -c 5000 /dev/zero; head -c 5000 /dev/zero | tr '\\0' x >&2; exit 3"])
        let commands = Array(repeating: noisy, count: 4)
        let (script, bytes) = try await printed(commands, bounds, shell: shell)
        #expect(bytes.count <= bounds.printed(by: commands.count))
        let outputs = try script.parse(bytes)
        #expect(outputs.map(\.output.bytes.count) == [10, 100, 1000, 10])
        #expect(outputs.allSatisfy { $0.truncated && $0.status == 3 })
    }

    @Test("more lanes than commands, and a single command", arguments: ScriptNodes.installed)
    func few(shell: [String]) async throws {
        for count in 1...3 {
            let commands = (0..<count).map { Command(["echo", "\($0)"]) }
            let (script, bytes) = try await printed(commands, Self.bounds(8), shell: shell)
            #expect(try script.parse(bytes).map(\.output) == (0..<count).map { Payload("\($0)\n") })
        }
    }
}
