import Testing

@testable import SSH

@Suite("What a server offers")
struct ServerOfferTests {
    /// A banner and a KEXINIT (RFC 4253, section 7.1) with these lists, as they come on the wire.
    private func firstBytes(
        _ lists: [String], before: String = "", cut: Int = 0
    ) -> [UInt8] {
        let names = lists + [String](repeating: "", count: max(0, 10 - lists.count))
        let payload =
            [20] + [UInt8](repeating: 7, count: 16) + names.flatMap { Wire.string(Array($0.utf8)) } + [0, 0, 0, 0, 0]
        let packet = Wire.uint32(payload.count + 5) + [4] + payload + [0, 0, 0, 0]
        return Array(Array("\(before)SSH-2.0-Test_1\r\n".utf8) + packet.dropLast(cut))
    }

    private let usual = [
        "curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256",
    ]

    @Test("the lists are read, after lines before the banner too")
    func reads() throws {
        let offer = try #require(ServerOffer(firstBytes: firstBytes(usual, before: "welcome\r\nhello\r\n")))
        #expect(offer.keyExchanges == ["curve25519-sha256"])
        #expect(offer.hostKeys == ["ssh-ed25519"])
        #expect(offer.ciphers == ["aes128-ctr"])
        #expect(offer.macs == ["hmac-sha2-256"])
        #expect(offer.lack == nil)
    }

    @Test(
        "each list that has nothing of ours is named, with what it has",
        arguments: [
            (
                0, "sntrup761x25519-sha512@openssh.com",
                "for key exchange it offers only sntrup761x25519-sha512@openssh.com"
            ),
            (1, "ssh-dss", "for host keys it offers only ssh-dss"),
            (3, "3des-cbc", "for ciphers it offers only 3des-cbc"),
            (5, "hmac-md5", "for MACs it offers only hmac-md5"),
        ])
    func lacks(_ index: Int, _ name: String, _ words: String) throws {
        var lists = usual
        lists[index] = name
        let offer = try #require(ServerOffer(firstBytes: firstBytes(lists)))
        #expect(offer.lack == words)
    }

    @Test("an offer is hostile: its names are escaped and bounded")
    func hostile() throws {
        var lists = usual
        lists[0] = "\u{1B}[31m" + String(repeating: "x", count: 3000)
        let lack = try #require(ServerOffer(firstBytes: firstBytes(lists))?.lack)
        #expect(!lack.utf8.contains(0x1B) && lack.utf8.count < 600)
    }

    @Test("one cut short anywhere, or no banner at all, is none, and never crashes")
    func cut() {
        let whole = firstBytes(usual)
        for count in 0..<(whole.count - 60) { #expect(ServerOffer(firstBytes: Array(whole.prefix(count))) == nil) }
        #expect(ServerOffer(firstBytes: Array("Exceeded MaxStartups\r\n".utf8)) == nil)
    }
}
