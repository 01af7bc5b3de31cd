import CEL
import Foundation
import Testing

@testable import Core

/// A node as scripts of facts see it: files below a folder, and the programs that the test gives it, nothing else.
struct FactNode: ~Copyable {
    let folder: String
    var root: String { "\(folder)/root" }
    private let shell: [String]

    /// What every node has. What scripts ask for only where it is there is given by the test.
    private static let usual = [
        "awk", "base64", "cat", "cut", "find", "grep", "gzip", "head", "ls", "printf", "rm", "sed", "sha256sum",
        "sleep", "sort",
        "stat", "tail", "timeout", "tr", "date", "getconf", "mktemp", "kill",
    ]

    /// The shells that are `/bin/sh` on Debian's and Red Hat's systems. Busybox's takes its own programs before those of a test;
    /// its awk, which is another than Debian's, is bash's here.
    static let shells = [["/usr/bin/dash"], ["/bin/bash", "--posix"]]

    /// - Parameter shell: of ``shells``.
    init(shell: [String]) throws {
        self.shell = shell
        folder = "/tmp/facts-" + UUID().uuidString.prefix(8)
        for path in ["root", "programs"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
        }
        for name in Self.usual { try take(name) }
        if shell[0].hasSuffix("bash"), FileManager.default.isExecutableFile(atPath: "/bin/busybox") {
            try program("awk", "exec /bin/busybox awk \"$@\"")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Gives it a program of this machine.
    func take(_ name: String) throws {
        for place in ["/usr/bin/", "/bin/", "/usr/sbin/"]
        where FileManager.default.isExecutableFile(atPath: place + name) {
            let path = "\(folder)/programs/\(name)"
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: place + name)
            return
        }
    }

    /// Gives it a program that is a shell text.
    func program(_ name: String, _ text: String) throws {
        let path = "\(folder)/programs/\(name)"
        try (text + "\n").write(toFile: path + ".text", atomically: true, encoding: .utf8)
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(
            atPath: path, withDestinationPath: "\(ModelFixture.fixtures.path)/facts/program")
    }

    /// Gives it a program that prints a recorded answer.
    func program(_ name: String, prints fixture: String) throws {
        try program(name, "exec cat '\(ModelFixture.fixtures.path)/facts/groups/\(fixture)'")
    }

    /// Gives it a file.
    func file(_ path: String, _ text: String) throws {
        let whole = root + path
        try FileManager.default.createDirectory(
            atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: whole, atomically: true, encoding: .utf8)
    }

    /// Gives it the recorded files of a folder.
    func files(of fixture: String) throws {
        try? FileManager.default.removeItem(atPath: root)
        try FileManager.default.copyItem(atPath: "\(ModelFixture.fixtures.path)/facts/\(fixture)", toPath: root)
    }

    /// Gives it a socket that nobody answers at.
    func socket(_ path: String) throws {
        try file(path, "")
        try FileManager.default.removeItem(atPath: root + path)
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: (root + path).utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    /// What it answers to the questions of a group.
    /// - Parameter uptime: what it was, when the probe began.
    func ask(_ group: FactGroup, uptime: String = "1.00 1.00", at now: Core.Timestamp = .init(milliseconds: 0))
        async throws -> Value
    {
        var outputs: [CommandOutput] = [.succeeded(uptime + "\n")]
        for question in group.questions {
            var command = question.command
            command.argv.replaceSubrange(0...0, with: shell)
            #expect(command.argv.last == "", "the folder is the script's last word")
            command.argv[command.argv.count - 1] = root
            var output = try await LocalNode(environment: ["PATH": "\(folder)/programs", "LC_ALL": "C", "TZ": "UTC"])
                .run(command)
            output.truncated = output.output.bytes.count > question.limit
            outputs.append(output)
        }
        let answers = FactAnswers(
            answers: Answers(outputs: outputs), now: now, first: 1, questions: group.questions)
        return .message(name: "Facts", fields: [group.field.name: group.read(answers)])
    }
}

extension Value {
    /// Whether an expression over `facts` holds; nil when it has no value.
    func says(_ expression: String) throws -> Bool? {
        var declarations = Declarations()
        NodeFacts.declare(in: &declarations)
        let program = try Program.compile(expression, declarations: declarations, expecting: .bool)
        guard case .success(.bool(let holds)) = program.evaluate(["facts": self]).result else { return nil }
        return holds
    }

    /// Expects that all of these hold.
    func expect(_ expressions: String..., sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
        for expression in expressions {
            #expect(try says(expression) == true, "\(expression)\n\(json)", sourceLocation: sourceLocation)
        }
    }

    /// Expects that a fact is not known, for a cause that says this.
    func expectUnknown(_ path: String, _ cause: String, sourceLocation: Testing.SourceLocation = #_sourceLocation)
        throws
    {
        var declarations = Declarations()
        NodeFacts.declare(in: &declarations)
        let program = try Program.compile(path, declarations: declarations)
        guard case .failure(let error) = program.evaluate(["facts": self]).result else {
            Issue.record("\(path) is known\n\(json)", sourceLocation: sourceLocation)
            return
        }
        #expect(error.cause.contains(cause), "\(path): \(error)", sourceLocation: sourceLocation)
    }

    private var json: String {
        (try? JSON.encodePretty(FactsJSON(self))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
