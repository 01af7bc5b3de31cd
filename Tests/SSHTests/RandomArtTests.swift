import Foundation
import Testing

@testable import SSH

@Suite("Pictures of keys")
struct RandomArtTests {
    @Test(
        "a key's picture is the one that ssh-keygen -lv shows",
        arguments: [("ed25519", nil), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("rsa", 2048), ("rsa", 1024)]
            as [(String, Int?)])
    func picture(_ type: String, _ bits: Int?) async throws {
        let folder = try TemporaryFolder()
        // Several, since a bishop seldom walks into each border.
        for index in 0..<(type == "rsa" ? 1 : 6) {
            let path = try await makeKey(folder, "key\(index)", type: type, bits: bits)
            _ = try await ChildProcess(
                "/usr/bin/ssh-keygen", ["-l", "-v", "-f", path + ".pub"], output: "\(folder.path)/\(index)"
            ).wait()
            let shown = try folder.read("\(index)").split(separator: "\n").dropFirst().joined(separator: "\n")
            #expect(try publicKey(path).randomArt == shown)
        }
    }

    @Test("a type that nobody knows, of any length, has a picture of the same size")
    func unknown() throws {
        for length in [1, 14, 15, 16, 64] {
            let type = [UInt8](repeating: UInt8(ascii: "\\"), count: length)
            let key = try #require(PublicKey(blob: Wire.string(type) + [0]))
            #expect(key.randomArt.split(separator: "\n").map(\.count) == [Int](repeating: 19, count: 11))
        }
    }
}
