import Testing

@testable import TransparencyLog

@Suite("witness policies")
struct WitnessPolicyTests {
    static let log = Vectors.proof.log_vkey

    static func key(_ number: UInt8) throws -> VerifierKey {
        try SigningKey(name: "w\(number)", type: .witness, seed: Array(repeating: number, count: 32)).verifier
    }

    static func witness(_ number: UInt8) throws -> String { "witness w\(number) \(try key(number))\n" }

    static func policy(_ text: String) throws -> WitnessPolicy { try WitnessPolicy(Array(text.utf8)) }

    func line(_ text: String) -> String {
        (#expect(throws: FormatError.self) { try Self.policy(text) })?.description ?? ""
    }

    @Test("the known policy asks for both of its witnesses")
    func vector() throws {
        let policy = try Self.policy(Vectors.proof.policy)
        #expect(policy.logs.map(\.key.description) == [Vectors.proof.log_vkey])
        #expect(policy.witnesses.map(\.key.description) == Vectors.proof.witness_vkeys)
        let keys = policy.witnesses.map(\.key)
        #expect(policy.isSatisfied(by: Set(keys)))
        for key in keys { #expect(!policy.isSatisfied(by: [key])) }
        #expect(!policy.isSatisfied(by: []))
    }

    @Test("addresses, comments, tabs and empty lines are read")
    func layout() throws {
        let key = try Self.key(1)
        let policy = try Self.policy(
            " # a comment\n\n\tlog\t\(Self.log)  https://log.example/\nwitness w é\nquorum none\n"
                .replacing("w é", with: "é \(key) https://w.example"))
        #expect(policy.logs[0].url == "https://log.example/")
        #expect(policy.witnesses == [.init(name: "é", key: key, url: "https://w.example")])
        #expect(policy.isSatisfied(by: []))
    }

    @Test("groups of groups: two of three here and any of three there")
    func nested() throws {
        var text = try (1...6).map(Self.witness).joined()
        text += "group x 2 w1 w2 w3\ngroup y any w4 w5 w6\ngroup both all x y\nquorum both\n"
        let policy = try Self.policy(text)
        for subset in 0..<64 {
            let signed = try (1...6).filter { subset >> ($0 - 1) & 1 == 1 }.map { try Self.key(UInt8($0)) }
            let (x, y) = ((subset & 0b111).nonzeroBitCount, (subset >> 3).nonzeroBitCount)
            #expect(policy.isSatisfied(by: Set(signed)) == (x >= 2 && y >= 1), "\(subset)")
        }
    }

    @Test("a single witness can be the quorum; witnesses the policy does not name count for nothing")
    func single() throws {
        let policy = try Self.policy(Self.witness(1) + Self.witness(2) + "quorum w1\n")
        #expect(try policy.isSatisfied(by: [Self.key(1)]))
        #expect(try !policy.isSatisfied(by: [Self.key(2), Self.key(3)]))
    }

    @Test("a witness of type 06 is read, and others must make up the quorum")
    func mlDSA44() throws {
        let text = try "witness pq \(CosignatureTests.mlDSA44())\n" + Self.witness(1) + "group g any pq w1\nquorum g\n"
        let policy = try Self.policy(text)
        #expect(policy.witnesses.map(\.key.type) == [.witnessMLDSA44, .witness])
        #expect(try policy.isSatisfied(by: [Self.key(1)]))
        #expect(!policy.isSatisfied(by: []))
    }

    @Test("what is wrong is said with its line")
    func errors() throws {
        let (w1, w2) = (try Self.witness(1), try Self.witness(2))
        let cases = [
            ("group g all g\nquorum g\n", "line 1", "not defined"),
            ("group a any b\ngroup b any a\nquorum a\n", "line 1", "not defined"),
            ("quorum w1\n" + w1, "line 1", "not defined"),
            ("# x\n\nquorum w9\n", "line 3", "'w9' is not defined"),
            (w1 + w2.replacing("w2 ", with: "w1 "), "line 2", "defined already"),
            (w1 + "group w1 all w1\n", "line 2", "defined already"),
            (w1 + w1.replacing("w1 ", with: "w2 "), "line 2", "public key"),
            ("log \(Self.log)\nlog \(Self.log)\n", "line 2", "public key"),
            (w1 + "group g all w1 w1\n", "line 2", "already a member"),
            (w1 + "group g all w1\ngroup h all g w1\n", "line 3", "already a member"),
            (w1 + w2 + "group g 3 w1 w2\n", "line 3", "from 1 to 2"),
            (w1 + "group g 0 w1\n", "line 2", "from 1 to 1"),
            (w1 + "group g 01 w1\n", "line 2", "from 1 to 1"),
            (w1 + "group g some w1\n", "line 2", "from 1 to 1"),
            (w1 + "group g all\n", "line 2", "MEMBER"),
            (w1 + "group g all none\n", "line 2", "'none' is not defined"),
            (w1 + "group none all w1\n", "line 2", "'none' is taken"),
            (w1.replacing("w1 ", with: "none "), "line 1", "'none' is taken"),
            ("quorum none\nquorum none\n", "line 2", "already"),
            ("quorum\n", "line 1", "quorum NAME"), ("quorum a b\n", "line 1", "quorum NAME"),
            ("log\n", "line 1", "log VKEY"), ("log \(Self.log) u v\n", "line 1", "log VKEY"),
            ("witness w\n", "line 1", "witness NAME"), (w1.dropLast() + " u v\n", "line 1", "witness NAME"),
            ("log \(try Self.key(1))\n", "line 1", "key of a log"),
            ("witness w \(Self.log)\n", "line 1", "key of a witness"),
            ("Log \(Self.log)\n", "line 1", "none of log"), ("quorum none\r\n", "line 1", "control characters"),
        ]
        for (text, place, reason) in cases {
            let error = line(text)
            #expect(error.hasPrefix("\(place) of the witness policy: ") && error.contains(reason), "\(text): \(error)")
        }
    }

    @Test("a policy without quorum, or cut off, is refused as a whole")
    func incomplete() throws {
        #expect(line(try Self.witness(1)).contains("no quorum"))
        #expect(line("\n").contains("no quorum"))
        #expect(line("").contains("cut off"))
        #expect(line("quorum none").contains("cut off"))
        #expect(throws: FormatError.self) { try WitnessPolicy([0x23, 0xE9, 0x0A] + Array("quorum none\n".utf8)) }
    }

    @Test("names are bytes: two spellings of one letter are two names")
    func opaqueNames() throws {
        let composed = try Self.witness(1).replacing("w1 ", with: "\u{E9} ")
        let decomposed = try Self.witness(2).replacing("w2 ", with: "e\u{301} ")
        let policy = try Self.policy(composed + decomposed + "quorum e\u{301}\n")
        #expect(try policy.isSatisfied(by: [Self.key(2)]))
        #expect(try !policy.isSatisfied(by: [Self.key(1)]))
    }

    @Test("size and number of definitions are bounded, far above what the specification asks for")
    func bounds() throws {
        func groups(_ count: Int) throws -> String {
            let lines = (1...count).map { "group g\($0) all g\($0 - 1)\n" }.joined()
            return try Self.witness(1).replacing("w1 ", with: "g0 ") + lines + "quorum g\(count)\n"
        }
        #expect(try Self.policy(groups(255)).isSatisfied(by: [Self.key(1)]))
        #expect(line(try groups(256)).contains("at most 256"))
        #expect(line(String(repeating: "#\n", count: WitnessPolicy.maxBytes)).contains("bytes"))
    }
}
