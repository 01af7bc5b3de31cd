import Foundation
import Testing

@testable import SSH

@Suite("Writing known_hosts")
struct KnownHostsFileTests {
    private let keys = [1, 2, 3].map { key($0) }

    private static func key(_ seed: UInt8) -> PublicKey {
        let blob = Wire.string(Array("ssh-ed25519".utf8)) + Wire.string([UInt8](repeating: seed, count: 32))
        guard let key = PublicKey(blob: blob) else { preconditionFailure("a sound key") }
        return key
    }

    private func line(_ names: String, _ index: Int) -> String {
        "\(names) \(keys[index].type) \(keys[index].base64)\n"
    }

    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test("a file that is missing is made for its owner alone, its folder too")
    func missing() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/ssh/known_hosts"
        #expect(try KnownHostsFile.append([keys[0]], for: "[node]:2222", to: path) == [keys[0]])
        #expect(try folder.read("ssh/known_hosts") == line("[node]:2222", 0))
        #expect(try mode(path) == 0o600)
        #expect(try mode("\(folder.path)/ssh") == 0o700)
    }

    @Test("nothing that stands in the file is touched, and a last line without newline stays a line of its own")
    func keepsLines() throws {
        let folder = try TemporaryFolder()
        let before = "# comment\r\n\tbroken line \u{0}\n" + line("other", 1).dropLast()
        let path = try folder.write(before, to: "known_hosts")
        chmod(path, 0o644)
        try KnownHostsFile.append([keys[0], keys[0], keys[2]], for: "node", to: path)
        #expect(try folder.read("known_hosts") == before + "\n" + line("node", 0) + line("node", 2))
        #expect(try mode(path) == 0o644)
    }

    @Test("what is recorded already, plain or hashed, is not recorded twice")
    func idempotent() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(line("node", 0), to: "known_hosts")
        try await runTool("/usr/bin/ssh-keygen", "-H", "-f", path)
        let before = try folder.read("known_hosts")
        #expect(try KnownHostsFile.append([keys[0]], for: "node", to: path).isEmpty)
        #expect(try folder.read("known_hosts") == before)
    }

    @Test("a revoked key is not recorded")
    func revoked() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("@revoked * " + line("", 0).dropFirst(), to: "known_hosts")
        for write in [KnownHostsFile.append, { try KnownHostsFile.replace(with: $0, for: $1, in: $2).map(\.key) }] {
            let error = #expect(throws: SSHError.self) { _ = try write([keys[0]], "node", path) }
            #expect(error?.code == .hostKeyRevoked)
            #expect(error?.message.contains("known_hosts:1") == true)
        }
        #expect(try folder.read("known_hosts").split(separator: "\n").count == 1)
    }

    @Test(
        "a name that would mean something else in the file is refused",
        arguments: ["", "a b", "a,b", "*", "n?", "!n", "#n", "@n", "|1|a|b", "a\nb", "a\tb", "\u{E9}", "a\u{0}"])
    func names(_ name: String) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/known_hosts"
        let error = #expect(throws: SSHError.self) { try KnownHostsFile.append([keys[0]], for: name, to: path) }
        #expect(error?.code == .invalidInput)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("many writers at once lose no line", .timeLimit(.minutes(1)))
    func concurrent() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/known_hosts"
        try KnownHostsFile.append([keys[1]], for: "changed", to: path)
        let keys = keys
        try await withThrowingTaskGroup { group in
            for index in 0..<20 {
                group.addTask { _ = try KnownHostsFile.append([keys[0]], for: "node\(index)", to: path) }
                if index % 5 == 0 {
                    group.addTask {
                        _ = try KnownHostsFile.replace(with: [keys[index / 5 % 2]], for: "changed", in: path)
                    }
                }
            }
            try await group.waitForAll()
        }
        let hosts = try KnownHosts(files: [path])
        for index in 0..<20 { #expect(hosts.record(named: "node\(index)").trusted == [keys[0]]) }
        #expect(hosts.record(named: "changed").trusted.count == 1)
    }

    @Test("a changed key is replaced under exactly its name; the rest stays, and the old file is kept")
    func replace() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(line("node", 0), to: "known_hosts")
        try await runTool("/usr/bin/ssh-keygen", "-H", "-f", path)
        let before =
            try folder.read("known_hosts") + "# node\n" + line("a,Node,b", 0) + line("[node]:2222", 0)
            + line("node2", 0)
            + "@revoked node " + line("", 1).dropFirst() + line(" node", 2) + line("node,!x", 0).dropLast()
        _ = try folder.write(before, to: "known_hosts")
        chmod(path, 0o640)
        let removed = try KnownHostsFile.replace(with: [keys[2]], for: "NODE", in: path)
        #expect(removed.map(\.source.line) == [1, 3, 8])
        #expect(
            try folder.read("known_hosts") == "# node\n" + line("a,b", 0) + line("[node]:2222", 0) + line("node2", 0)
                + "@revoked node " + line("", 1).dropFirst() + line(" node", 2))
        #expect(try folder.read("known_hosts.old") == before)
        #expect(try mode(path) == 0o640)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".new") } == [])
    }

    @Test("ssh-keygen finds the new key after a replacement, and no other")
    func replaceOracle() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(line("node", 0) + line("*.org", 0), to: "known_hosts")
        try KnownHostsFile.replace(with: [keys[1]], for: "node", in: path)
        let output = "\(folder.path)/out"
        let status = try await ChildProcess("/usr/bin/ssh-keygen", ["-F", "node", "-f", path], output: output).wait()
        #expect(status == 0)
        #expect(try folder.read("out") == "# Host node found: line 2 \n" + line("node", 1))
    }

    @Test("a symbolic link stays one, and what it names is replaced")
    func link() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(line("node", 0), to: "real")
        let path = "\(folder.path)/known_hosts"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "real")
        try KnownHostsFile.replace(with: [keys[1]], for: "node", in: path)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "real")
        #expect(try folder.read("real") == line("node", 1))
    }

    @Test("a line with wildcards that trusts the old key is named, and nothing is changed")
    func wildcard() throws {
        let folder = try TemporaryFolder()
        let before = line("node", 0) + line("no*,!x", 0)
        let path = try folder.write(before, to: "known_hosts")
        let error = #expect(throws: SSHError.self) {
            try KnownHostsFile.replace(with: [keys[1]], for: "node", in: path)
        }
        #expect(error?.message.contains(keys[0].fingerprint) == true)
        #expect(try folder.read("known_hosts") == before)
        #expect(!FileManager.default.fileExists(atPath: path + ".old"))
    }
}
