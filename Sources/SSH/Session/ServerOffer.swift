import CSSH2

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

    /// What keeps us from talking to it, in words; nil when every list has something in common.
    var lack: String? {
        let lists = [
            ("key exchange", LIBSSH2_METHOD_KEX, LibSSH2.keyExchanges, keyExchanges),
            ("host keys", LIBSSH2_METHOD_HOSTKEY, HostKeyAlgorithms.names(for: []), hostKeys),
            ("ciphers", LIBSSH2_METHOD_CRYPT_CS, LibSSH2.ciphers, ciphers),
            ("MACs", LIBSSH2_METHOD_MAC_CS, LibSSH2.macs, macs),
        ]
        let lacking = lists.compactMap { what, method, wanted, offered -> String? in
            let ours = LibSSH2.supported[method, default: []].intersection(wanted)
            guard ours.isDisjoint(with: offered) else { return nil }
            return "for \(what) it offers only \(printable(offered.joined(separator: ", ").utf8, limit: 300))"
        }
        return lacking.isEmpty ? nil : lacking.joined(separator: "; ")
    }
}
