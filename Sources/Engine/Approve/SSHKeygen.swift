public import Core
import Foundation
import Glibc
import SSH
import Subprocess
import SystemPackage

/// Signing and verifying with the SSH keys people have, by OpenSSH's own `ssh-keygen -Y` (FIDO keys and agents included).
public struct SSHKeygen: Sendable {
    // Who is asked whether a signature holds must not follow from anybody's PATH.
    private static let program = Executable.path("/usr/bin/ssh-keygen")

    /// A signer.
    public init() {}

    /// The public key that belongs to a private key file: `KEY.pub` beside it.
    public func publicKey(of key: String) throws -> SSHPublicKey {
        let path = key + ".pub"
        guard FileManager.default.fileExists(atPath: path) else {
            throw WorkspaceError("\(path) is missing", remedy: "Make it with `ssh-keygen -y -f \(key) > \(path)`.")
        }
        return try SSHPublicKey(line: String(decoding: ProjectFiles.read(path), as: UTF8.self))
    }

    /// Signs a message; the armoured signature.
    /// - Throws: ``WorkspaceError`` with ssh-keygen's own words.
    public func sign(_ message: [UInt8], key: String, namespace: String) async throws -> [UInt8] {
        let result = try await run(
            Self.program, arguments: ["-Y", "sign", "-q", "-f", key, "-n", namespace],
            input: ProgramInput(message),
            output: .bytes(limit: 1 << 16), error: .string(limit: 1 << 14))
        guard result.terminationStatus.isSuccess else {
            throw WorkspaceError(
                "ssh-keygen could not sign with \(key): \(Printable.escape(result.standardError, limit: 300))",
                remedy: "Try `ssh-add \(key)`, or name another key with --key.")
        }
        return result.standardOutput
    }

    /// Verifies a signature by the key it carries, against the allowed signers.
    /// - Throws: ``SignatureRefusal`` when its key is nobody's, or the signature does not fit the message.
    public func verify(
        _ signature: [UInt8], over message: [UInt8], namespace: String, signers: Guardrails.Signers, at now: Timestamp
    ) async throws -> VerifiedSignature {
        let claimed = try ClaimedSignature(
            armored: signature, over: message, namespace: namespace, signers: signers.list, at: now)
        let folder = try Self.privateFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (file, list) = (folder + "/signature", folder + "/allowed_signers")
        try ProjectFiles.write(signature, to: file)
        try ProjectFiles.write(signers.bytes, to: list)
        let result = try await run(
            Self.program,
            arguments: [
                "-Y", "verify", Self.verifyTime(now), "-f", list, "-I", claimed.signer.principal.name, "-n", namespace,
                "-s", file,
            ],
            environment: .custom(["PATH": "/usr/bin:/bin", "LC_ALL": "C"]), workingDirectory: "/",
            input: ProgramInput(message), output: .discarded, error: .string(limit: 1 << 14))
        guard result.terminationStatus.isSuccess else {
            throw SignatureRefusal(
                .mismatch, "the signature of \(claimed.signer.principal.name) does not fit what it is beside",
                remedy: "The file was changed after it was signed: make it again")
        }
        return claimed.verified()
    }

    /// A new folder of a name that nobody could guess, which is its owner's alone from the start. Not where TMPDIR says: what
    /// ssh-keygen reads there is what it answers for.
    private static func privateFolder() throws -> String {
        var template = Array("/tmp/belay-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw WorkspaceError("no folder can be made in /tmp", remedy: "Check that it is writable and has space.")
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The time zone is part of the format: without the Z ssh-keygen would read local time.
    private static func verifyTime(_ now: Timestamp) -> String {
        let digits = now.description.prefix(19).utf8.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return "-Overify-time=\(String(decoding: digits, as: UTF8.self))Z"
    }
}
