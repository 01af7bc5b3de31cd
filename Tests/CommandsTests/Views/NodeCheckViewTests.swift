import Core
import Engine
import Foundation
import Testing

@testable import Commands

@Suite("belay inventory check, as text")
struct NodeCheckViewTests {
    private func text(_ json: String) throws -> [String] {
        let check = try JSON.decode(NodeCheck.self, from: Array(json.utf8))
        let columns = NodeCheckView.columns(named: [check.node, "a-longer-name"])
        return NodeCheckView(check).text(columns, .plain).split(separator: "\n").map(String.init)
    }

    @Test("a node that works is one line, with key and login below; columns stand below their heads")
    func works() throws {
        let lines = try text(
            """
            {"node": "node-1", "address": "root@10.0.0.1:22", "jumps": [], "transport": "libssh2", "server": "OpenSSH_9.2p1",
             "hostKey": "ssh-ed25519 SHA256:k", "authentication": "publickey ssh-ed25519 SHA256:u", "root": "login",
             "clockSkewMilliseconds": -3, "systemd": true, "handshakeMicroseconds": 41200, "commandMicroseconds": 4250,
             "warnings": []}
            """)
        let header = NodeCheckView.columns(named: ["node-1", "a-longer-name"]).header
        #expect(lines[0].hasPrefix("node-1         root@10.0.0.1:22"))
        for (head, cell) in [("ADDRESS", "root@"), ("TRANSPORT", "libssh2"), ("CLOCK", "-3 ms"), ("COMMAND", "4.2 ms")]
        {
            let column = try #require(header.range(of: head)).lowerBound.utf16Offset(in: header)
            #expect(try #require(lines[0].range(of: cell)).lowerBound.utf16Offset(in: lines[0]) == column, "\(head)")
        }
        #expect(
            lines[1...] == ["    host key ssh-ed25519 SHA256:k", "    logged in by publickey ssh-ed25519 SHA256:u"])
    }

    @Test(
        "a node that fails says FAILED, the phase, the cause and the remedy; what a node says cannot touch the terminal"
    )
    func fails() throws {
        let lines = try text(
            """
            {"node": "node-1", "address": "root@10.0.0.1:22", "jumps": ["ops@gate:22"], "warnings": [],
             "problem": {"code": "bannerRefused", "phase": "banner", "message": "it sent \\u001b[31m", "remedy": "try later"}}
            """)
        #expect(lines[0].contains("FAILED"))
        #expect(lines[1] == "    through ops@gate:22")
        #expect(lines[2].hasPrefix("    banner: it sent ") && !lines[2].utf8.contains(0x1B))
        #expect(lines[3] == "    → try later")
    }

    @Test("why OpenSSH carries a node, and what should not stay as it is, stand below its line")
    func reasons() throws {
        let lines = try text(
            """
            {"node": "node-1", "address": "a", "jumps": [], "transport": "openssh", "transportReason": "it is so",
             "warnings": ["its clock is 9 s ahead"]}
            """)
        #expect(lines[1...] == ["    openssh because it is so", "    warning: its clock is 9 s ahead"])
    }
}
