import SSH

private let names = ["node", "[node]:2222", "a.example.org", "10.0.0.1", "::1"]

/// Trust must come from a line, and hold when that line is written again by us.
func knownHosts(_ bytes: [UInt8]) {
    var hosts = KnownHosts()
    hosts.add(String(decoding: bytes, as: UTF8.self), file: "input")
    let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
    expect(hosts.skipped.allSatisfy { (1...lines).contains($0.line) }, "a skipped line is one of the file")
    for name in names {
        let record = hosts.record(of: Endpoint(host: name, user: "u"))
        for known in record.entries {
            expect((1...lines).contains(known.source.line), "what is known stands in the file")
            var again = KnownHosts()
            again.add("node \(known.key.type) \(known.key.base64)\n", file: "again")
            let trusted = again.record(of: Endpoint(host: "node", user: "u")).trusted
            expect(trusted == [known.key], "a key that was read is read again")
        }
        expect(record.entries.map(\.source.line).isSorted, "the order is the file's")
    }
}

/// A file is refused whole, or has only whole fingerprints in it.
func fingerprints(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let prepared = try? PreparedFingerprints(text: text, file: "input") else { return }
    for fingerprint in prepared.fingerprints(of: names) {
        expect(fingerprint.hasPrefix("SHA256:") && fingerprint.utf8.count == 50, "a fingerprint is whole")
    }
}

/// The first byte of the input says which answer it is; no key or signature is larger than the answer.
func agent(_ bytes: [UInt8]) {
    let keys = AgentMessage.identities(in: bytes) ?? []
    expect(keys.reduce(0) { $0 + $1.blob.count } <= bytes.count, "keys come from the answer")
    for key in keys {
        expect(!key.randomArt.isEmpty && !key.fingerprint.isEmpty, "each key can be shown")
    }
    let signature = AgentMessage.signature(in: bytes, type: "ssh-ed25519")
    expect((signature?.count ?? 0) <= bytes.count, "a signature comes from the answer")
}

/// The file's base64 hides its structure from the fuzzer, so that input is taken both ways.
func privateKey(_ bytes: [UInt8]) {
    _ = try? PrivateKey(text: String(decoding: bytes, as: UTF8.self), name: "input")
    guard let key = try? PrivateKey(container: bytes, name: "input") else { return }
    expect(PublicKey(blob: key.publicKey.blob) == key.publicKey, "a key that was read has a public half")
}

extension Array where Element: Comparable {
    fileprivate var isSorted: Bool { zip(self, dropFirst()).allSatisfy { $0 <= $1 } }
}

/// Whatever `ssh -G` prints, no word of a route can be taken for an option, and a hop has a port.
func sshConfig(_ bytes: [UInt8]) {
    let output = String(decoding: bytes, as: UTF8.self)
    guard let (route, hops) = try? Route.parsed(output, for: Destination("node")) else { return }
    for word in [route.endpoint.host, route.endpoint.user] {
        expect(!word.isEmpty && !word.hasPrefix("-"), "no host or user could be an option")
        expect(!word.utf8.contains { $0 <= 0x20 || $0 == 0x7F }, "hosts and users are words")
    }
    expect(route.endpoint.port > 0, "a port is a port")
    expect(route.knownHostsFiles.allSatisfy { !$0.isEmpty }, "files have names")
    expect(hops?.allSatisfy { !$0.isEmpty } ?? true, "hops have names")
}
