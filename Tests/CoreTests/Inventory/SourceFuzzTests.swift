import Foundation
import RandomStates
import Testing

@testable import Core

/// Sources are files of others: whatever their bytes, they are read or refused, within bounds.
@Suite("Sources of any bytes")
struct SourceFuzzTests {
    /// The seam for a fuzzer: pure functions of bytes.
    static func parse(_ bytes: [UInt8], kind: Int) {
        let path = ["h.ini", "h.yml", "h", "n.json"][kind]
        let source = kind == 3 ? "kubernetes" : "ansible"
        let text =
            "apiVersion: belay/v1\nkind: Inventory\ncluster: {name: a, environment: b}\nsources: [{\(source): \(path)}]"
        let file = try? InventoryFile.parse(Array(text.utf8), file: "f")
        let beside = kind == 2 ? ["group_vars/all": bytes, "host_vars/w1": bytes] : [:]
        let inventory = try? file?.inventory(sources: [.init(main: bytes, beside: beside)])
        for node in inventory?.nodes ?? [] {
            #expect(Name.fault(of: node.name) == nil && Endpoint.fault(ofHost: node.address) == nil)
            #expect(node.user.map { Endpoint.fault(ofUser: $0) == nil } ?? true)
            #expect(node.port.map(Endpoint.ports.contains) ?? true)
        }
    }

    @Test("random bytes and random words of the formats", arguments: 0..<4)
    func random(kind: Int) {
        var random = SeededGenerator(seed: 11)
        let words = [
            "[", "]", ":", "=", "a", "w1", "[a:c]", "\n", " ", "#", "\"", "'", "\\", "ansible_host", "ansible_port",
            "22", "all",
            "children", "vars", "hosts", "{", "}", ",", "- ", "\t", "é", "[1:99999999]", "{{", "$ANSIBLE_VAULT",
            "!vault", "\u{0}",
            "\"kind\":\"List\"", "\"items\":", "\"metadata\":", "\"name\":", "&a", "*a", "0x1", "1_0",
        ]
        for round in 0..<500 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                bytes +=
                    round % 3 == 0
                    ? [UInt8.random(in: 0...255, using: &random)]
                    : Array(words[Int.random(in: 0..<words.count, using: &random)].utf8)
            }
            Self.parse(bytes, kind: kind)
        }
    }

    @Test(
        "true files with bytes changed, left out and doubled",
        arguments: ["quoting/hosts.ini", "groups/hosts.ini", "yaml/hosts.yml"])
    func mutated(path: String) throws {
        var random = SeededGenerator(seed: 5)
        let original = try ModelFixture.bytes("ansible/\(path)")
        for _ in 0..<150 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes[place], at: place)
                }
            }
            Self.parse(bytes, kind: path.hasSuffix("yml") ? 1 : 0)
        }
    }

    @Test(
        "what would stand for too many hosts, or go round in a circle, is refused at once",
        arguments: [
            "w[1:1000000000]", "w[1:99][1:99][1:99]", "[a]\nw[1:9000]\n[b]\nx[1:9000]", "w[1:9223372036854775807:2]",
            "[a:children]\nb\n[b:children]\na", "[a:children]\na", "[a:children]\nall", "w[1:99999999999999999999]",
        ])
    func bounds(text: String) {
        #expect(throws: Diagnostics.self) {
            let inventory = try AnsibleNodes.parse(Array(text.utf8), file: "h.ini")
            _ = try AnsibleGroups(inventory, file: "h.ini")
        }
    }

    @Test("thousands of hosts and a chain of hundreds of groups are read")
    func large() throws {
        let chain = (1..<500).map { "[g\($0):children]\ng\($0 + 1)" }.joined(separator: "\n")
        let text = "\(chain)\n[g500]\nw[0001:5000] ansible_user=ops\n[g1:vars]\nansible_port=22\n"
        let inventory = try AnsibleNodes.parse(Array(text.utf8), file: "h.ini")
        let groups = try AnsibleGroups(inventory, file: "h.ini")
        #expect(inventory.hostNames.count == 5000)
        #expect(try groups.groups(of: #require(inventory.hosts["w2500"])).first == "g1")
    }
}
