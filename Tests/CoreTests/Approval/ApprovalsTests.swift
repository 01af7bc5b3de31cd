import Testing

@testable import Core

@Suite struct ApprovalStatementTests {
    private typealias Samples = ApprovalSamples
    private static let digest = String(repeating: "a", count: 64)

    @Test("a statement reads back from the bytes that are signed")
    func roundTrip() throws {
        let statement = Samples.statement(of: Self.digest, by: "bob")
        #expect(try ApprovalStatement(bytes: statement.encoded()) == statement)
    }

    @Test(
        "a statement that two readers could read in two ways is refused",
        arguments: [
            ("\"decision\" : \"approve\"", "\"decision\" : \"approve\", \"decision\" : \"deny\""),
            ("\"decision\" : \"approve\"", "\"decision\" : \"approve\", \"decisi\\u006fn\" : \"deny\""),
            ("\"decision\" : \"approve\"", "\"decision\" : \"approve\", \"note\" : \"x\""),
            ("\"decision\" : \"approve\"", "\"decision\" : \"maybe\""), ("\"approver\" : \"bob\",", ""),
            ("\"approver\" : \"bob\"", "approver: bob"), ("0f0f", "0F0F"), ("aaaa", "zzzz"),
            ("2026-11-22T13:00:00", "2026-11-22T01:00:00"), ("{", " {"),
        ])
    func refused(part: String, replacement: String) throws {
        let text = String(decoding: try Samples.statement(of: Self.digest, by: "bob").encoded(), as: UTF8.self)
        let spoiled = text.replacing(part, with: replacement)
        #expect(spoiled != text)
        #expect(throws: SignatureRefusal.self) { try ApprovalStatement(bytes: Array(spoiled.utf8)) }
    }

    @Test("statement and signature must belong together: bytes, namespace and the approver's name")
    func together() throws {
        let bytes = try Samples.statement(of: Self.digest, by: "bob").encoded()
        let bob = try Samples.signer("bob")
        let cases: [(VerifiedSignature, SignatureRefusal.Code?)] = [
            (.sample(bob, over: bytes, SignatureNamespace.approval), nil),
            (.sample(bob, over: bytes, SignatureNamespace.plan), .wrongNamespace),
            (.sample(bob, over: bytes + [10], SignatureNamespace.approval), .mismatch),
            (.sample(try Samples.signer("carol"), over: bytes, SignatureNamespace.approval), .mismatch),
        ]
        for (signature, code) in cases {
            do throws(SignatureRefusal) {
                _ = try VerifiedApproval(statement: bytes, signature: signature)
                #expect(code == nil)
            } catch { #expect(error.code == code) }
        }
    }
}

@Suite struct ApprovalTallyTests {
    private typealias Samples = ApprovalSamples
    private static let digest = String(repeating: "a", count: 64)
    private static let other = String(repeating: "b", count: 64)

    private func tally(_ approvals: [VerifiedApproval]) throws -> ApprovalTally {
        ApprovalTally(
            approvals, planSha256: Self.digest, logOrigin: Samples.origin,
            requester: try Samples.signer("alice", aliases: ["al"]), now: Samples.now)
    }

    private func by(_ who: String, _ statement: ApprovalStatement, key: String? = nil, aliases: [String] = []) throws
        -> VerifiedApproval
    { try Samples.approval(statement, by: Samples.signer(who, key: key, aliases: aliases)) }

    @Test("an approval of this plan by someone else counts")
    func counts() throws {
        let tally = try tally([by("bob", Samples.statement(of: Self.digest, by: "bob"))])
        #expect(tally.counted.map(\.principal.name) == ["bob"])
        #expect(tally.counted.first?.keyFingerprint == "SHA256:aDOu7eHKhKFrAts5LGbW7RO36b5mXQu4jOCKvNDUi7E")
        #expect(tally.ignored.isEmpty && tally.denials.isEmpty)
    }

    @Test(
        "an approval does not count outside its time, for another plan or another log; the reason is said",
        arguments: [
            (Samples.statement(of: digest, by: "bob", notBefore: -60, expires: 0), "expired"),
            (Samples.statement(of: digest, by: "bob", notBefore: 1), "not valid before"),
            (Samples.statement(of: other, by: "bob"), "another plan"),
            (Samples.statement(of: digest, by: "bob", origin: "evil.com/log"), "for the log evil.com/log"),
        ])
    func ignored(statement: ApprovalStatement, reason: String) throws {
        let tally = try tally([by("bob", statement)])
        #expect(tally.counted.isEmpty)
        #expect(tally.ignored.first?.reason.contains(reason) == true, "\(tally)")
    }

    @Test(
        "the requester cannot approve: not in the own name with another key, not with the own key in another name, not by an alias"
    )
    func selfApproval() throws {
        let approvals = [
            try by("alice", Samples.statement(of: Self.digest, by: "alice"), key: "carol"),
            try by("bob", Samples.statement(of: Self.digest, by: "bob"), key: "alice"),
            try by("carol", Samples.statement(of: Self.digest, by: "carol"), aliases: ["al"]),
        ]
        for approval in approvals {
            let tally = try tally([approval])
            #expect(tally.counted.isEmpty && tally.ignored.count == 1)
        }
    }

    @Test("a program cannot approve, and can say no")
    func program() throws {
        var robot = try Samples.signer("robot", groups: ["automation", "sre"])
        robot.principal.kind = .automation
        let yes = try Samples.approval(Samples.statement(of: Self.digest, by: "robot"), by: robot)
        #expect(try tally([yes]).counted.isEmpty)
        #expect(try tally([yes]).ignored.map(\.reason) == ["a program cannot approve"])
        let no = try Samples.approval(Samples.statement(of: Self.digest, by: "robot", .deny), by: robot)
        #expect(try tally([no]).denials.map(\.approver) == ["robot"])
    }

    @Test("two approvals by one person are one")
    func distinct() throws {
        let statement = Samples.statement(of: Self.digest, by: "bob")
        let tally = try tally([by("bob", statement), by("bob", statement, key: "carol")])
        #expect(tally.counted.count == 1 && tally.ignored.count == 1)
    }

    @Test("a denial of this plan wins over approvals, and does not lapse; one of another plan is nothing")
    func denial() throws {
        let yes = try by("bob", Samples.statement(of: Self.digest, by: "bob"))
        let no = try by("carol", Samples.statement(of: Self.digest, by: "carol", .deny, expires: -1))
        #expect(try tally([yes, no]).denials.map(\.approver) == ["carol"])
        #expect(try tally([no, yes]) == tally([yes, no]))
        let elsewhere = try by("carol", Samples.statement(of: Self.other, by: "carol", .deny))
        #expect(try tally([yes, elsewhere]).denials.isEmpty)
    }
}
