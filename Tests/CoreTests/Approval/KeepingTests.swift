import Testing

@testable import Core

@Suite("Keeping what is temporary")
struct KeepingTests {
    static func keeping(
        run: String = "r1", plan: String = String(repeating: "ab", count: 32), by: String = "alice",
        reason: String = "the cause is not found yet"
    ) -> Keeping {
        Keeping(
            run: run, planSha256: plan, by: by, reason: reason, at: ApprovalSamples.now,
            nonce: String(repeating: "0f", count: 16), logOrigin: ApprovalSamples.origin)
    }

    @Test("a statement is read as it was meant")
    func read() throws {
        #expect(try Keeping(bytes: Self.keeping().encoded()) == Self.keeping())
    }

    static let changes: [(String, @Sendable (inout Keeping) -> Void)] = [
        ("planSha256", { $0.planSha256 = "AB" }), ("nonce", { $0.nonce = "0f" }), ("reason", { $0.reason = " \n" }),
        ("reason", { $0.reason = String(repeating: "x", count: 1001) }),
    ]

    @Test("a statement that is none is refused, in words", arguments: changes.indices)
    func malformed(index: Int) throws {
        var keeping = Self.keeping()
        Self.changes[index].1(&keeping)
        let bytes = try keeping.encoded()
        let refusal = #expect(throws: SignatureRefusal.self) { try Keeping(bytes: bytes) }
        #expect(refusal?.code == .malformed && refusal?.message.contains(Self.changes[index].0) == true)
    }

    @Test("a field more, twice or too few is refused, and so is another statement")
    func fields() throws {
        let text = String(decoding: try Self.keeping().encoded(), as: UTF8.self)
        for changed in [
            text.replacing("\"run\"", with: "\"node\" : \"n1\",\n  \"run\""),
            text.replacing("\"run\"", with: "\"run\" : \"r2\",\n  \"run\""),
            text.replacing("\"reason\"", with: "\"comment\""), "",
        ] {
            #expect(throws: SignatureRefusal.self, "\(changed)") { try Keeping(bytes: Array(changed.utf8)) }
        }
        let approval = try ApprovalSamples.statement(of: String(repeating: "ab", count: 32), by: "alice").encoded()
        #expect(throws: SignatureRefusal.self) { try Keeping(bytes: approval) }
    }

    @Test(
        "an entry that is about another run or plan, by another name, or with another purpose's signature keeps nothing"
    )
    func entries() throws {
        func refusal(
            _ keeping: Keeping, by: String = "alice", signature: String? = nil
        ) throws -> SignatureRefusal.Code? {
            let signed = SignedKeeping(
                statement: Payload(bytes: try keeping.encoded()),
                signature: try signature ?? ApprovalSamples.text("message.alice.sig"))
            let digest = String(repeating: "ab", count: 32)
            return #expect(throws: SignatureRefusal.self) { try signed.keeping(of: "r1", planSha256: digest, by: by) }?
                .code
        }
        #expect(try refusal(Self.keeping(run: "r2")) == .mismatch)
        #expect(try refusal(Self.keeping(plan: String(repeating: "cd", count: 32))) == .mismatch)
        #expect(try refusal(Self.keeping(), by: "bob") == .mismatch)
        #expect(try refusal(Self.keeping(), signature: "none") == .malformed)
        #expect(try refusal(Self.keeping()) == .wrongNamespace)
    }

    private func misfit(
        _ keeper: Signer, signedBy other: Signer? = nil, _ obligations: [String] = [Keeping.another]
    ) throws -> String? {
        Keeping.misfit(keeper, of: "alice", signedBy: other, obligations: obligations)
    }

    @Test("a person may keep their own run, unless the policies want another one; a program never")
    func who() throws {
        let (alice, bob) = (try ApprovalSamples.signer("alice"), try ApprovalSamples.signer("bob"))
        #expect(try misfit(alice, ["page:lead"]) == nil)
        #expect(try misfit(alice)?.contains("alice asked for the run") == true)
        #expect(try misfit(bob, signedBy: alice) == nil)
        var robot = try ApprovalSamples.signer("robot", key: "bob")
        robot.principal.kind = .automation
        #expect(try misfit(robot, []) == "robot is a program")
    }

    @Test("where another person is wanted, no other key and no other name of the same one will do")
    func same() throws {
        let alice = try ApprovalSamples.signer("alice")
        #expect(try misfit(ApprovalSamples.signer("alice", key: "bob"), signedBy: alice) != nil)
        #expect(try misfit(ApprovalSamples.signer("eve", key: "alice"), signedBy: alice) != nil)
        #expect(try misfit(ApprovalSamples.signer("eve", key: "bob", aliases: ["alice"])) != nil)
    }
}
