import TransparencyLog

/// What a verifier trusts, as options name it.
enum VerifierArguments {
    /// A log's public key: the key itself, or else a file that holds it.
    static func key(_ text: String) throws -> VerifierKey {
        if let key = try? VerifierKey(text) { return key }
        return try VerifierKey(try InputFile.text(text).filter { !$0.isWhitespace })
    }

    /// The witnesses in a policy file.
    static func policy(_ file: String) throws -> WitnessPolicy {
        do { return try WitnessPolicy(try InputFile.read(file)) } catch let error as FormatError {
            throw UsageError("\(file): \(error)", remedy: "Give the policy that you trust: audit/README.md.")
        }
    }
}
