import Foundation
import Testing

@testable import SSH

private let base64 = "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
private let print = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"

@Suite("Prepared fingerprints")
struct PreparedFingerprintsTests {
    @Test(
        "every form of line vouches for the key under its name, and under no other",
        arguments: [
            "node \(print)", "\tNODE  \(print)=  set up by hand\r", "other,node,10.0.0.1 \(print)",
            "256 \(print) node (ED25519)", "node ssh-ed25519 \(base64) comment", "no* ssh-ed25519 \(base64)",
            "# first\n\nnode \(print)\n",
        ])
    func forms(_ text: String) throws {
        let key = try #require(PublicKey(base64: base64))
        let prepared = try PreparedFingerprints(text: text, file: "f")
        #expect(prepared.contain(key, of: ["else", "node"]))
        #expect(prepared.fingerprints(of: ["node"]) == [print])
        #expect(prepared.fingerprints(of: ["else", "[node]:2222", "256"]).isEmpty)
    }

    @Test(
        "a line that is unclear is refused with its number",
        arguments: [
            ("node", "neither"), ("node SHA256:abc", "damaged"), ("node \(print)A", "damaged"),
            ("node \(print.dropLast())B", "damaged"), ("node \(print)==", "damaged"),
            ("256 MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48 node (RSA)", "not a SHA256"),
            ("256 \(print) root@node (ED25519)", "which host"), ("256 \(print) no comment (ED25519)", "which host"),
            ("no* \(print)", "wildcards"), ("!node \(print)", "wildcards"), (", \(print)", "wildcards"),
            ("@revoked node ssh-ed25519 \(base64)", "markers"), ("node ssh-rsa \(base64)", "neither"),
            ("\u{1B}[2J x", "\\x1b[2J"),
        ])
    func unclear(_ line: String, _ words: String) {
        let error = #expect(throws: SSHError.self) { try PreparedFingerprints(text: "# one\n\(line)\n", file: "f") }
        #expect(error?.code == .invalidInput)
        #expect(error?.host == "f:2")
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("what ssh-keygen -l shows of a known_hosts file is read as it is, hashed known_hosts lines too")
    func tools() async throws {
        let folder = try TemporaryFolder()
        let key = try #require(PublicKey(base64: base64))
        let file = try folder.write(
            "node ssh-ed25519 \(base64)\n[node]:2222 ssh-ed25519 \(base64)\n", to: "known_hosts")
        let output = "\(folder.path)/list"
        _ = try await ChildProcess("/usr/bin/ssh-keygen", ["-l", "-f", file], output: output).wait()
        try await runTool("/usr/bin/ssh-keygen", "-H", "-f", file)
        for path in [output, file] {
            let prepared = try PreparedFingerprints(path: path)
            #expect(prepared.contain(key, of: ["node"]) && prepared.contain(key, of: ["[node]:2222"]))
            #expect(!prepared.contain(key, of: ["node2"]))
        }
    }
}
