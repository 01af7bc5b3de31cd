/// The algorithms a server offers: its KEXINIT (RFC 4253, section 7.1), which it sends in the clear after its banner.
///
/// libssh2 says only "Unable to exchange encryption keys"; a person needs to know what is missing.
struct ServerOffer: Equatable {
    let keyExchanges: [String]
    let hostKeys: [String]
    let ciphers: [String]
    let macs: [String]

    /// Reads the first bytes of a connection; nil when there is no whole KEXINIT in them.
    init?(firstBytes bytes: [UInt8]) {
        // Lines before the banner are permitted (RFC 4253, section 4.2).
        let lines = bytes.split(separator: 0x0A, maxSplits: 16, omittingEmptySubsequences: false)
        guard let banner = lines.dropLast().first(where: { $0.starts(with: "SSH-".utf8) }) else { return nil }
        var reader = WireReader(bytes[(banner.endIndex + 1)...])
        guard let length = reader.uint32(), length < 35000, let padding = reader.byte(), Int(length) > Int(padding),
            reader.byte() == 20, reader.bytes(16) != nil
        else { return nil }
        var lists: [[String]] = []
        while lists.count < 6, let list = reader.text() { lists.append(list.split(separator: ",").map(String.init)) }
        guard lists.count == 6 else { return nil }
        (keyExchanges, hostKeys, ciphers, macs) = (lists[0], lists[1], lists[3], lists[5])
    }

    /// What keeps us from talking, in words; nil when each list has something in common with ours.
    func lack(hostKeys wanted: [String], supported: (String) -> Bool) -> String? {
        let aead: Set<String> = ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com"]
        let cipher = LibSSH2.ciphers.first { ciphers.contains($0) && supported($0) }
        var rows = [
            ("key exchange", keyExchanges, LibSSH2.keyExchanges), ("host keys", hostKeys, wanted),
            ("ciphers", ciphers, LibSSH2.ciphers),
        ]
        if !(cipher.map(aead.contains) ?? false) { rows.append(("MACs", macs, LibSSH2.macs)) }
        let lacking = rows.filter { _, offered, ours in !ours.contains { offered.contains($0) && supported($0) } }
        guard !lacking.isEmpty else { return nil }
        return lacking.map { what, offered, _ in
            "for \(what) it offers only \(printable(offered.joined(separator: ", ").utf8, limit: 300))"
        }.joined(separator: "; ")
    }
}
