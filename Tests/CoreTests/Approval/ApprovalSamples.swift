import Foundation

@testable import Core

/// People and their keys: the files beside this one were made by `ssh-keygen`, the private halves thrown away.
enum ApprovalSamples {
    static let now = Timestamp("2026-11-22T12:00:00Z")!
    static let origin = "example.com/log"

    static func bytes(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    static func keyLine(_ who: String) throws -> String {
        try text("\(who).pub").split(separator: " ").prefix(2).joined(separator: " ")
    }

    static func key(_ who: String) throws -> SSHPublicKey { try SSHPublicKey(line: text("\(who).pub")) }

    /// alice, bob and carol are engineers, robot is a program.
    static func signers() throws -> AllowedSigners {
        let lines = [
            "# who may sign",
            "alice,group:sre namespaces=\"belay-plan@v1,belay-approval@v1\" \(try keyLine("alice")) laptop",
            "bob,group:sre,group:lead \(try keyLine("bob"))", "", "carol,alice@home,group:sre \(try keyLine("carol"))",
            "robot,group:automation \(try keyLine("robot"))",
        ]
        return try AllowedSigners.parse(Array(lines.joined(separator: "\n").utf8), file: "allowed_signers")
    }

    static func signer(_ who: String, key: String? = nil, groups: [String] = ["sre"], aliases: [String] = []) throws
        -> Signer
    {
        Signer(
            principal: Principal(name: who, groups: groups, kind: .human), aliases: aliases,
            key: try Self.key(key ?? who),
            namespaces: nil, validAfter: nil, validBefore: nil)
    }

    static func statement(
        of digest: String, by who: String, _ decision: ApprovalStatement.Verdict = .approve, notBefore: Int = -60,
        expires: Int = 3600, origin: String = origin
    ) -> ApprovalStatement {
        ApprovalStatement(
            planSha256: digest, decision: decision, approver: who, comment: "looked at the diff",
            notBefore: now.adding(seconds: notBefore), expires: now.adding(seconds: expires),
            nonce: String(repeating: "0f", count: 16), logOrigin: origin)
    }

    static func approval(_ statement: ApprovalStatement, by signer: Signer) throws -> VerifiedApproval {
        let bytes = try statement.encoded()
        return try VerifiedApproval(
            statement: bytes, signature: VerifiedSignature.sample(signer, over: bytes, SignatureNamespace.approval))
    }
}

extension VerifiedSignature {
    /// What ssh-keygen's yes would make; tests of the pure part have no ssh-keygen.
    static func sample(_ signer: Signer, over message: [UInt8], _ namespace: String) -> VerifiedSignature {
        VerifiedSignature(signer: signer, namespace: namespace, messageSha256: Digest.sha256(message))
    }
}
