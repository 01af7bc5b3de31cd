import Crypto
import Foundation
import Testing

@testable import SSH

@Suite("Hashed names in known_hosts")
struct HashedNamesTests {
    private func hash(_ name: [UInt8], _ salt: [UInt8]) -> [UInt8] {
        Array(HMAC<Insecure.SHA1>.authenticationCode(for: name, using: SymmetricKey(data: salt)))
    }

    @Test("names of every length up to three blocks, random bytes, are found in each lane as HMAC-SHA1 says")
    func lengths() {
        var random = SeededGenerator(seed: 1)
        for length in 0...140 {
            let name = random.bytes(length)
            let salts = (0..<11).map { _ in random.bytes(20) }
            let mine = length % 11
            var names = HashedNames()
            names.append(
                salts.enumerated().map { index, salt in
                    HashedNames.Item(
                        salt: salt, hash: hash(index == mine ? name : name + [0], salt), entry: 100 + index)
                })
            #expect(names.entries(for: name) == [100 + mine])
        }
    }

    @Test("a hash with any one bit changed is not found")
    func changed() {
        var random = SeededGenerator(seed: 2)
        let (name, salt) = (Array("node1".utf8), random.bytes(20))
        let right = hash(name, salt)
        for bit in 0..<160 {
            var wrong = right
            wrong[bit / 8] ^= 1 << (bit % 8)
            var names = HashedNames()
            names.append([HashedNames.Item(salt: salt, hash: wrong, entry: 0)])
            #expect(names.entries(for: name).isEmpty)
        }
    }

    @Test("lanes that no line fills match nothing, and lines of several files keep their order")
    func padding() {
        var random = SeededGenerator(seed: 3)
        let name = Array("node1".utf8)
        var names = HashedNames()
        for file in 0..<3 {
            let salt = random.bytes(20)
            names.append([HashedNames.Item(salt: salt, hash: hash(name, salt), entry: file)])
        }
        #expect(names.entries(for: name) == [0, 1, 2])
        #expect(names.entries(for: Array("node2".utf8)).isEmpty)
    }
}
