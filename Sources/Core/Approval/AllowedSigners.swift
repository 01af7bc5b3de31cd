/// Who may sign: a file in OpenSSH's allowed-signers format (ssh-keygen(1), ALLOWED SIGNERS), so that an outsider checks
/// every signature with `ssh-keygen -Y verify` and the same file.
///
/// Belay reads a strict subset. Whatever OpenSSH would act on and this does not is refused, never skipped: else the two
/// would disagree about who may sign.
///
///     alice@example.com,group:sre namespaces="belay-plan@v1,belay-approval@v1" ssh-ed25519 AAAA… laptop
public struct AllowedSigners: Sendable, Hashable {
    /// One for each line that has a key.
    public let signers: [Signer]
    /// SHA-256 of the file's bytes, hex.
    public let digest: String

    /// The most bytes a file may have.
    public static let sizeLimit = 1 << 20

    /// Parses the file.
    /// - Throws: everything wrong in it, with line and column.
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostics) -> AllowedSigners {
        guard bytes.count <= sizeLimit, let text = String(validating: bytes, as: UTF8.self) else {
            let summary = "the file is not UTF-8 text of at most \(sizeLimit) bytes"
            throw Diagnostics([Diagnostic(summary, at: SourceLocation(file: file))])
        }
        var signers: [Signer] = []
        var faults: [Diagnostic] = []
        var lines: [SSHPublicKey: Int] = [:]
        for (index, line) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var reader = SignerLineReader(line, place: SourceLocation(file: file, line: index + 1))
            do throws(Diagnostics) {
                guard let signer = try reader.signer() else { continue }
                if let other = lines[signer.key] { throw reader.refusal("this key is already on line \(other)") }
                lines[signer.key] = index + 1
                signers.append(signer)
            } catch {
                faults += error.all
            }
        }
        guard faults.isEmpty else { throw Diagnostics(faults) }
        return AllowedSigners(signers: signers, digest: Digest.sha256(bytes))
    }

    /// Whose key it is, if it may sign for this purpose at this time.
    public func signer(of key: SSHPublicKey, namespace: String, at now: Timestamp) throws(SignatureRefusal) -> Signer {
        guard let signer = signers.first(where: { $0.key == key }) else {
            throw SignatureRefusal(
                .unknownKey, "the key \(key.fingerprint) is not in the allowed-signers file",
                remedy: "Sign with a key that is there, or have this one added by whoever keeps the file")
        }
        let who = "the key \(key.fingerprint) of \(signer.principal.name)"
        if let namespaces = signer.namespaces, !namespaces.contains(namespace) {
            throw SignatureRefusal(
                .notAllowed, "\(who) may not sign for \(namespace)",
                remedy: "It may sign for \(namespaces.joined(separator: ", "))")
        }
        if let after = signer.validAfter, now < after {
            throw SignatureRefusal(
                .notAllowed, "\(who) is not valid before \(after)", remedy: "Use another key until then")
        }
        if let before = signer.validBefore, now > before {
            throw SignatureRefusal(.notAllowed, "\(who) was valid until \(before)", remedy: "Use a key that still is")
        }
        return signer
    }
}

/// A key that may sign and whose it is.
public struct Signer: Codable, Sendable, Hashable {
    /// Whose key it is: the line's first name that is not a `group:…`, and the groups.
    public var principal: Principal
    /// Other names on the same line: the same person.
    public var aliases: [String]
    /// The key.
    public var key: SSHPublicKey
    /// What it may sign for; nil = everything.
    public var namespaces: [String]?
    /// Not valid before this instant.
    public var validAfter: Timestamp?
    /// Not valid after this instant.
    public var validBefore: Timestamp?

    /// True when both are one person, as far as keys and names tell.
    public func isSamePerson(as other: Signer) -> Bool {
        key == other.key
            || !Set(aliases + [principal.name]).isDisjoint(with: other.aliases + [other.principal.name])
    }
}
