import Foundation
import Testing

@testable import SSH

@Suite("known_hosts as OpenSSH reads it")
struct KnownHostsOracleTests {
    /// One line that is about a host: where, what it says, and of which key.
    struct Finding: Equatable, CustomStringConvertible {
        let line: Int
        let marker: String
        let fingerprint: String
        var description: String { "\(line) \(marker) \(fingerprint)" }
    }

    @Test(
        "random files, sound and unsound: each host has the keys that ssh-keygen finds, and no other", arguments: 1...40
    )
    func random(_ seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        var maker = KnownHostsMaker(keys: try await keys(), seed: seed)
        let text = maker.file(lines: 60)
        let file = try folder.write(text, to: "known_hosts")
        let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false)
        let hosts = try KnownHosts(files: [file])
        for name in KnownHostsMaker.lookups {
            let record = hosts.record(named: name)
            let ours = record.entries.map {
                Finding(line: $0.source.line, marker: Self.markers[$0.role] ?? "", fingerprint: $0.key.fingerprint)
            }
            let theirs = try await ask(folder, file, name)
            let differing = Set(ours.map(\.line)).symmetricDifference(theirs.findings.map(\.line)).map {
                Substring(lines[$0 - 1])
            }
            #expect(ours == theirs.findings, "\(name): \(differing)")
            #expect(record.entries.isEmpty == (theirs.status == 1), "\(name)")
        }
    }

    @Test("a marker that a tab follows counts, although ssh ignores such a line")
    func tab() async throws {
        let folder = try TemporaryFolder()
        let key = try #require(try await keys().first)
        let file = try folder.write("@revoked\talpha \(key.type) \(key.base64)\n", to: "known_hosts")
        #expect(try KnownHosts(files: [file]).record(named: "alpha").revoked == [key])
        #expect(try await ask(folder, file, "alpha").findings.isEmpty)
    }

    @Test("a certificate that is revoked takes its key with it", arguments: ["ed25519", "ecdsa", "rsa"])
    func certificate(_ type: String) async throws {
        let folder = try TemporaryFolder()
        let path = try await makeKey(folder, "host", type: type)
        let authority = try await makeKey(folder, "ca", type: "ed25519")
        try await runTool("/usr/bin/ssh-keygen", "-q", "-s", authority, "-I", "id", "-h", "-n", "alpha", path + ".pub")
        let words = try folder.read("host-cert.pub").split(separator: " ")
        let file = try folder.write("@revoked alpha \(words[0]) \(words[1])\n", to: "known_hosts")
        let key = try publicKey(path)
        #expect(try KnownHosts(files: [file]).record(named: "alpha").revoked == [key])
        #expect(try await ask(folder, file, "alpha").findings.map(\.fingerprint) == [key.fingerprint])
    }

    @Test("a last line without its newline counts")
    func lastLine() async throws {
        let folder = try TemporaryFolder()
        let key = try #require(try await keys().first)
        let file = try folder.write("# first\nalpha \(key.type) \(key.base64)", to: "known_hosts")
        #expect(try KnownHosts(files: [file]).record(named: "alpha").trusted == [key])
        #expect(try await ask(folder, file, "alpha").findings.map(\.line) == [2])
    }

    private static let markers: [KnownHosts.Role: String] = [.trusted: "", .revoked: "REVOKED", .authority: "CA"]

    /// Keys of all types, made once.
    private func keys() async throws -> [PublicKey] { try await Self.made.value }

    private static let made = Task {
        let folder = try TemporaryFolder()
        var keys: [PublicKey] = []
        for (type, bits) in [("ed25519", nil), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 2048)] {
            keys.append(try publicKey(try await makeKey(folder, "\(type)\(bits ?? 0)", type: type, bits: bits)))
        }
        return keys
    }

    /// `ssh-keygen -l` parses the keys as ssh does; two lines each: where, and the key.
    private func ask(_ folder: TemporaryFolder, _ file: String, _ name: String) async throws -> (
        findings: [Finding], status: Int32
    ) {
        let output = "answer-\(UUID().uuidString)"
        let status = try await ChildProcess(
            "/usr/bin/ssh-keygen", ["-l", "-F", name, "-f", file], output: "\(folder.path)/\(output)"
        ).wait()
        let lines = try folder.read(output).utf8.split(separator: 10).map { String(Substring($0)) }
        let findings = stride(from: 0, to: lines.count - 1, by: 2).compactMap { index -> Finding? in
            let place = lines[index].split(separator: " ")
            guard let at = place.lastIndex(of: "line"), let line = Int(place[at + 1]) else { return nil }
            let words = lines[index + 1].split(separator: " ")
            return Finding(line: line, marker: place.dropFirst(at + 2).joined(), fingerprint: String(words[2]))
        }
        return (findings, status)
    }
}
