import Foundation
import Testing

@testable import SSH

private let keyA = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
private let keyB = "AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA"

@Suite("known_hosts")
struct KnownHostsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let names: String
        let host: String
        var port: UInt16 = 22
        var alias: String?
        let matches: Bool
        var testDescription: String { "\(names) ~ \(alias ?? host):\(port) is \(matches)" }
    }

    @Test(
        "a line's names match a host",
        arguments: [
            Case(names: "node1", host: "node1", matches: true),
            Case(names: "node1", host: "NODE1", matches: true),
            Case(names: "Node1", host: "node1", matches: true),
            Case(names: "node1", host: "node10", matches: false),
            Case(names: "a,node1,10.0.0.1", host: "10.0.0.1", matches: true),
            Case(names: "node1", host: "node1", port: 2222, matches: false),
            Case(names: "[node1]:2222", host: "node1", port: 2222, matches: true),
            Case(names: "[node1]:2222", host: "node1", matches: false),
            Case(names: "*.example.org", host: "a.b.example.org", matches: true),
            Case(names: "*.example.org", host: "example.org", matches: false),
            Case(names: "node?", host: "node7", matches: true),
            Case(names: "node?", host: "node77", matches: false),
            Case(names: "*.example.org,!bad.example.org", host: "good.example.org", matches: true),
            Case(names: "*.example.org,!bad.example.org", host: "bad.example.org", matches: false),
            Case(names: "!bad.example.org", host: "good.example.org", matches: false),
            Case(names: "alias", host: "10.0.0.9", port: 2222, alias: "alias", matches: true),
            Case(names: "10.0.0.9", host: "10.0.0.9", alias: "alias", matches: false),
            Case(names: "a*a*a*a*a*a*a*b", host: String(repeating: "a", count: 200), matches: false),
        ])
    func names(_ item: Case) {
        var hosts = KnownHosts()
        hosts.add("\(item.names) ssh-ed25519 \(keyA) comment", file: "test")
        let endpoint = Endpoint(host: item.host, port: item.port, user: "u", hostKeyAlias: item.alias)
        #expect(hosts.record(of: endpoint).trusted.count == (item.matches ? 1 : 0))
    }

    @Test("markers sort keys into trusted, revoked and authorities")
    func markers() {
        var hosts = KnownHosts()
        hosts.add("# comment\n\nn ssh-ed25519 \(keyA)\n@revoked * ssh-ed25519 \(keyB)", file: "one")
        hosts.add("@cert-authority n ssh-ed25519 \(keyB)\r\n", file: "two")
        let record = hosts.record(of: Endpoint(host: "n", user: "u"))
        #expect(record.trusted.map(\.base64) == [keyA])
        #expect(record.revoked.map(\.base64) == [keyB])
        #expect(record.authorities.map(\.base64) == [keyB])
        #expect(hosts.skipped.isEmpty)
    }

    @Test(
        "a line that is not understood trusts nothing and is reported",
        arguments: [
            "n ssh-ed25519", "n ssh-rsa \(keyA)", "@unknown n ssh-ed25519 \(keyA)", "n ssh-ed25519 !!!!",
            "|1|c2FsdA==|c2hvcnQ= ssh-ed25519 \(keyA)", "|2|c2FsdA==|c2hvcnQ= ssh-ed25519 \(keyA)",
        ])
    func skipped(_ line: String) {
        var hosts = KnownHosts()
        hosts.add("\n" + line, file: "f")
        #expect(hosts.skipped == [KnownHosts.Skipped(file: "f", line: 2)])
        #expect(hosts.record(of: Endpoint(host: "n", user: "u")).trusted.isEmpty)
    }

    @Test("names hashed by ssh-keygen are found, with and without a port")
    func hashed() async throws {
        let folder = try TemporaryFolder()
        let text = "node1 ssh-ed25519 \(keyA)\n[node2]:2222 ssh-ed25519 \(keyB)\n"
        let file = try folder.write(text, to: "known_hosts")
        try await runTool("/usr/bin/ssh-keygen", "-H", "-f", file)
        #expect(try folder.read("known_hosts").hasPrefix("|1|"))
        let hosts = try KnownHosts(files: [folder.path + "/missing", file])
        #expect(hosts.record(of: Endpoint(host: "node1", user: "u")).trusted.map(\.base64) == [keyA])
        #expect(hosts.record(of: Endpoint(host: "node2", port: 2222, user: "u")).trusted.map(\.base64) == [keyB])
        #expect(hosts.record(of: Endpoint(host: "node2", user: "u")).trusted.isEmpty)
    }

    @Test("only a key on record is trusted, and revocation wins")
    func verdict() throws {
        let (a, b) = (try #require(PublicKey(base64: keyA)), try #require(PublicKey(base64: keyB)))
        #expect(HostKeyVerdict(a, .init(trusted: [a])) == .trusted)
        #expect(HostKeyVerdict(b, .init(trusted: [a])) == .changed)
        #expect(HostKeyVerdict(a, .init(trusted: [a], revoked: [a])) == .revoked)
        #expect(HostKeyVerdict(a, .init()) == .unknown)
        #expect(HostKeyVerdict(a, .init(authorities: [a])) == .needsCertificate)
    }

    @Test("only the algorithms of known types are asked for, and never SHA-1")
    func algorithms() throws {
        let a = try #require(PublicKey(base64: keyA))
        #expect(HostKeyAlgorithms.names(for: [a]) == ["ssh-ed25519"])
        #expect(HostKeyAlgorithms.names(for: []).contains("ssh-rsa") == false)
        #expect(HostKeyAlgorithms.names(for: []).contains("rsa-sha2-512"))
    }
}
