import Testing

@testable import TransparencyLog

@Suite("adding a witness to a policy file")
struct WitnessPolicyAddingTests {
    private func add(_ number: UInt8, to text: String?) throws -> String {
        let bytes = try WitnessPolicy.adding(
            name: "w\(number)", key: WitnessPolicyTests.key(number).description, url: "https://w\(number).example",
            to: text.map { Array($0.utf8) })
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a new file asks for the majority, which grows with its witnesses")
    func majority() throws {
        var text: String?
        for (number, quorum) in [
            (1, "1 of w1"), (2, "2 of w1, w2"), (3, "2 of w1, w2, w3"), (4, "3 of w1, w2, w3, w4"),
        ] as [(UInt8, String)] {
            text = try add(number, to: text)
            let policy = try WitnessPolicyTests.policy(#require(text))
            #expect(policy.quorumDescription == quorum)
            #expect(policy.witnesses.last?.url == "https://w\(number).example")
        }
    }

    @Test("another quorum, comments and order are somebody's own and stay")
    func kept() throws {
        let w1 = try WitnessPolicyTests.witness(1)
        for rest in ["quorum none\n", "quorum w1\n", "group mine all w1\n# why\nquorum mine\n"] {
            let text = try add(2, to: "# ours\n\(w1)\(rest)")
            let added = "witness w2 \(try WitnessPolicyTests.key(2)) https://w2.example\n"
            #expect(text == "# ours\n\(w1)\(added)\(rest)")
        }
        let weaker = "\(w1)group majority 1 w1\nquorum w1\n"
        #expect(try add(2, to: weaker).contains("group majority 1 w1\n"))
    }

    @Test("a majority that somebody made another number is not changed behind their back")
    func ownNumber() throws {
        let both = try WitnessPolicyTests.witness(1) + WitnessPolicyTests.witness(2)
        let text = try add(3, to: "\(both)group majority 1 w1 w2\nquorum majority\n")
        #expect(try WitnessPolicyTests.policy(text).quorumDescription == "1 of w1, w2")
    }

    @Test("what cannot be a witness, or is one already, is refused")
    func refused() throws {
        let first = try add(1, to: nil)
        let key = try WitnessPolicyTests.key(2).description
        for (name, key, url) in [
            ("w 2", key, "https://w2.example"), ("", key, "https://w2.example"), ("#w2", key, "https://w2.example"),
            ("w2", key, "https://w2.example\nquorum none"), ("w1", key, "https://w2.example"),
            ("majority", key, "https://w2.example"), ("none", key, "https://w2.example"),
            ("w2", "nonsense", "https://w2.example"), ("w2", Vectors.proof.log_vkey, "https://w2.example"),
            ("w2", try CosignatureTests.mlDSA44().description, "https://w2.example"),
            ("w2", try WitnessPolicyTests.key(1).description, "https://w2.example"),
        ] {
            #expect(throws: FormatError.self, "\(name) \(url)") {
                try WitnessPolicy.adding(name: name, key: key, url: url, to: Array(first.utf8))
            }
        }
        #expect(throws: FormatError.self) { try add(2, to: "quorum nobody\n") }
    }
}
