import Core
import Foundation
import Testing

/// Which runs a node's record says are not over: exactly those that its lease script would refuse another run for.
@Suite("runs standing on a node", .serialized, .timeLimit(.minutes(3)))
struct RecordStandingTests {
    /// Who stands in another's way by the listing, beside what the node answers to another who asks for its lease.
    private func compare(
        _ node: ScriptNode, target: String? = nil, settled: Set<String> = [], expected: [String],
        _ location: Testing.SourceLocation = #_sourceLocation
    ) async throws {
        let nonce = RecordScriptTests.nonce
        let listing = try RecordListing(parsing: try await node.run(RecordScript.list(nonce: nonce)), nonce: nonce)
        let standing = listing.standing { $0 == target ? settled : [] }
        #expect(
            standing == expected.map { StandingRun(run: $0, target: target) }, sourceLocation: location)
        let answer = try await node.answer(node.acquire("r9", target: target, plan: "d9", settled: settled.sorted()))
        let isGranted = if case .granted = answer { true } else { false }
        #expect(isGranted == expected.isEmpty, "\(answer)", sourceLocation: location)
        guard isGranted else { return }
        for folder in [node.record(""), node.volatile("")] {
            for name in ["r9", "spent/d9", "lease"] {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(target.map { "for/\($0)/" } ?? "")\(name)")
            }
        }
    }

    @Test("a record counts however old it is; a lease without one until it expires, or the node rebooted")
    func expiry() async throws {
        try await ScriptNodes.with { plain in
            var node = plain
            (node.boot, node.uptime) = ("boot-a", 1000)
            try await compare(node, expected: [])
            _ = try await node.lease("r1")
            node.uptime = 100_000
            try await compare(node, expected: ["r1"])
            try FileManager.default.removeItem(atPath: node.record("r1"))
            let lease = try #require(node.text(node.record("lease")))
            for (uptime, boot, expected) in [(2000, "boot-a", []), (1999, "boot-b", []), (1500, "boot-a", ["r1"])] {
                try node.write(lease.replacingOccurrences(of: "1600", with: "2000"), to: node.record("lease"))
                (node.uptime, node.boot) = (uptime, boot)
                try await compare(node, expected: expected)
            }
        }
    }

    @Test("what a settled run left counts only while a dead-man is armed in it")
    func settled() async throws {
        try await ScriptNodes.with { plain in
            var node = plain
            (node.boot, node.uptime) = ("boot-a", 1000)
            let fence = try await node.lease("r1")
            _ = try await node.answer(DeadManScript.arm(fence, seconds: 90))
            try await compare(node, settled: ["r1"], expected: ["r1"])
            _ = try await node.answer(DeadManScript.disarm(fence, wait: 1))
            try await compare(node, settled: ["r2"], expected: ["r1"])
            try await compare(node, settled: ["r1"], expected: [])
        }
    }

    @Test("what lies here for another node is that node's, and a settled run of one is not settled for the other")
    func targets() async throws {
        try await ScriptNodes.with { node in
            _ = try await node.answer(node.acquire("r1", target: "worker-1"))
            try await compare(node, target: "worker-1", expected: ["r1"])
            let nonce = RecordScriptTests.nonce
            let listing = try RecordListing(parsing: try await node.run(RecordScript.list(nonce: nonce)), nonce: nonce)
            let ofNode = listing.standing { $0 == nil ? ["r1"] : [] }
            #expect(ofNode == [StandingRun(run: "r1", target: "worker-1")])
            try await compare(node, target: "worker-1", settled: ["r1"], expected: [])
        }
    }

    @Test("who may not read the record does not say that nothing is there")
    func unreadable() async throws {
        try await ScriptNodes.with { plain in
            _ = try await plain.lease("r1")
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: plain.record(""))
            var node = plain
            node.shell = ["setpriv", "--reuid=65534", "--clear-groups", "/bin/sh"]
            let nonce = RecordScriptTests.nonce
            let printed = try await node.run(RecordScript.list(nonce: nonce))
            #expect(throws: ObservationError.self) { try RecordListing(parsing: printed, nonce: nonce) }
        }
    }
}
