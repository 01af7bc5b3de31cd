import Crypto
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
        #expect(hosts.skipped == [KnownHosts.Source(file: "f", line: 2)])
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
        func record(_ entries: (PublicKey, KnownHosts.Role)...) -> KnownHosts.Record {
            let source = KnownHosts.Source(file: "f", line: 1)
            return KnownHosts.Record(entries: entries.map { KnownHosts.Known(key: $0.0, role: $0.1, source: source) })
        }
        #expect(HostKeyVerdict(a, record((a, .trusted))) == .trusted)
        #expect(HostKeyVerdict(b, record((a, .trusted))) == .changed)
        #expect(HostKeyVerdict(a, record((a, .trusted), (a, .revoked))) == .revoked)
        #expect(HostKeyVerdict(a, record()) == .unknown)
        #expect(HostKeyVerdict(a, record((a, .authority))) == .needsCertificate)
    }

    @Test("what is known of a host keeps the order of the files, however its lines name it, and says where it stands")
    func order() throws {
        var hosts = KnownHosts()
        hosts.add("x ssh-ed25519 \(keyA)\n*de ssh-ed25519 \(keyB)\n\nnode ssh-ed25519 \(keyA)", file: "/one")
        // The hash of "node" under a salt of zeros.
        let hash = "|1|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|\(try hashOfNode())"
        hosts.add("\(hash) ssh-ed25519 \(keyB)\nNODE,y ssh-ed25519 \(keyA)", file: "/two")
        let record = hosts.record(of: Endpoint(host: "node", user: "u"))
        #expect(record.entries.map(\.source.description) == ["/one:2", "/one:4", "/two:1", "/two:2"])
        let first = try #require(PublicKey(base64: keyB))
        #expect(record.list(.trusted)?.hasPrefix("\(first) (/one:2), ") == true)
        #expect(record.list(.revoked) == nil)
    }

    private func hashOfNode() throws -> String {
        let key = SymmetricKey(data: [UInt8](repeating: 0, count: 20))
        return Data(HMAC<Insecure.SHA1>.authenticationCode(for: Data("node".utf8), using: key)).base64EncodedString()
    }

    @Test("lines that end in CR LF are lines of their own")
    func carriageReturns() {
        var hosts = KnownHosts()
        hosts.add("a ssh-ed25519 \(keyA)\r\nb ssh-ed25519 \(keyB)\r\n\r\n", file: "f")
        #expect(hosts.record(of: Endpoint(host: "b", user: "u")).trusted.map(\.base64) == [keyB])
    }

    @Test("another port is another host: the bare name's key does not vouch for it, and an alias has no port")
    func ports() {
        var hosts = KnownHosts()
        hosts.add("node ssh-ed25519 \(keyA)", file: "f")
        #expect(hosts.record(of: Endpoint(host: "node", port: 2222, user: "u")).entries.isEmpty)
        let alias = Endpoint(host: "10.0.0.1", port: 2222, user: "u", hostKeyAlias: "Node")
        #expect(hosts.record(of: alias).trusted.map(\.base64) == [keyA])
    }

    @Test("only the algorithms of known types are asked for, and never SHA-1")
    func algorithms() throws {
        let a = try #require(PublicKey(base64: keyA))
        #expect(HostKeyAlgorithms.names(for: [a]) == ["ssh-ed25519"])
        #expect(HostKeyAlgorithms.names(for: []).contains("ssh-rsa") == false)
        #expect(HostKeyAlgorithms.names(for: []).contains("rsa-sha2-512"))
    }
}
