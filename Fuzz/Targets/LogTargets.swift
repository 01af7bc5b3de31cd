import Core
import TransparencyLog

/// The keys of a log and of a witness; anybody may know these.
enum FuzzKeys {
    static let log = key("log.example/a", .log, 1)
    static let next = key("log.example/a", .log, 2)
    static let witness = key("witness.example/w", .witness, 3)

    private static func key(_ name: String, _ type: KeyType, _ seed: UInt8) -> SigningKey {
        do {
            return try SigningKey(name: name, type: type, seed: Array(repeating: seed, count: 32))
        } catch {
            fatalError("a seed of 32 bytes is a key: \(error)")
        }
    }
}

/// A key as text, a note; and the bytes as the text of a checkpoint that is signed, cosigned and read again.
func note(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let key = try? VerifierKey(text) { expect(key.description == text, "a key has one spelling") }
    if let key = try? VerifierKey(witness: text) { expect(key.description == text, "a key has one spelling") }
    if let key = try? SigningKey(skey: text) { expect(key.skey == text, "a key has one spelling") }
    if let note = try? SignedNote(bytes) {
        expect(note.bytes == bytes, "a note has one spelling")
        let signers = (try? note.verified(by: [FuzzKeys.log.verifier])) ?? []
        expect(signers.isEmpty || note.signatures.contains { $0.name == signers[0].name }, "who signed has a line")
        _ = try? SignedCheckpoint(bytes, verifiedBy: FuzzKeys.log.verifier)
    }
    _ = try? Cosignature(payload: bytes)
    guard let checkpoint = try? Checkpoint(text: text) else { return }
    expect(checkpoint.text == text, "a checkpoint has one spelling")
    sign(checkpoint)
}

private func sign(_ checkpoint: Checkpoint) {
    let key = FuzzKeys.log
    guard let signed = try? SignedCheckpoint(checkpoint, signedBy: key) else { return }
    let read = try? SignedCheckpoint(signed.note.bytes, verifiedBy: key.verifier)
    expect((read == signed) == (checkpoint.origin == key.verifier.name), "a log's own checkpoint is read again")
    let witness = FuzzKeys.witness
    guard let cosignature = try? Cosignature(of: checkpoint, at: 1, by: witness) else {
        return expect(false, "every checkpoint can be cosigned")
    }
    let line = cosignature.line(by: witness.verifier)
    guard let both = try? signed.adding([line], by: [witness.verifier]) else {
        return expect(false, "a cosignature can be added")
    }
    expect((try? both.cosigners(among: [witness.verifier]).count) == 1, "who cosigned is found")
}

/// A proof of an entry, or of growth.
func logProof(_ bytes: [UInt8]) {
    let logs = [FuzzKeys.log.verifier]
    if let proof = try? LogProof(bytes) {
        expect(proof.bytes == bytes, "a proof has one spelling")
        _ = try? proof.verify(entry: [], logs: logs, policy: .noWitnesses)
    }
    if let proof = try? GrowthProof(bytes) {
        expect(GrowthProof.isMeant(by: bytes) && proof.bytes == bytes, "a proof has one spelling")
        _ = try? proof.verify(old: proof.note, logs: logs, policy: .noWitnesses)
    }
    verifyUnsigned(bytes)
}

/// Signatures hide the rest from the fuzzer: here the bytes are sizes, and hashes of one byte each.
private func verifyUnsigned(_ bytes: [UInt8]) {
    guard bytes.count > 4 else { return }
    let hashes = bytes.dropFirst(4).prefix(70).compactMap { TreeHash(Array(repeating: $0, count: 32)) }
    let (first, second) = (UInt64(bytes[0]) << bytes[1] % 64, UInt64(bytes[2]) << bytes[3] % 64)
    _ = InclusionProof(hashes: hashes).verify(leaf: hashes[0], index: first, size: second, root: hashes[0])
    let proves = ConsistencyProof(hashes: hashes).verify(
        oldSize: first, oldRoot: hashes[0], newSize: second, newRoot: hashes[hashes.count - 1])
    expect(!proves || first <= second, "a log does not shrink")
}

/// A tile's path, 0xFF, and a bundle, of which the first byte says how many entries it has.
func tile(_ bytes: [UInt8]) {
    let pieces = parts(bytes, 2)
    let path = String(decoding: pieces[0], as: UTF8.self)
    if let tile = Tile(path: path) {
        expect(tile.description == path, "a tile has one path")
        expect(!tile.exists(inTreeOf: 0) && (1...Tile.fullWidth).contains(tile.width), "no tile is empty")
    }
    let count = Int(pieces[1].first ?? 0)
    let bundle = Array(pieces[1].dropFirst())
    guard let entries = try? EntryBundle.entries(bundle, count: count) else { return }
    var again: [UInt8] = []
    var edge = TileEdge()
    for entry in entries {
        guard (try? EntryBundle.append(entry, to: &again)) != nil,
            (try? edge.append(entry, leaf: Merkle.leaf(entry))) != nil
        else { return expect(false, "an entry that was read can be appended") }
    }
    expect(again == bundle, "a bundle has one spelling")
    expect(edge.root == Merkle.root(of: entries.map(Merkle.leaf)), "the tiles' edge has the tree's root")
    let files = Dictionary(uniqueKeysWithValues: edge.partials.map { ($0.tile, $0.bytes) })
    expect((try? TileEdge(size: edge.size) { files[$0] ?? [] }) == edge, "an edge is read from its tiles")
    // Hashes that are not those of the entries.
    _ = try? TileEdge(size: UInt64(count) << 8 | UInt64(count)) { files[$0] ?? bundle }
}

func witnessPolicy(_ bytes: [UInt8]) {
    guard let policy = try? WitnessPolicy(bytes) else { return }
    _ = policy.quorumDescription
    let all = Set(policy.witnesses.map(\.key))
    expect(policy.isSatisfied(by: all), "all witnesses are every quorum")
    let key = FuzzKeys.witness.verifier.description
    guard let more = try? WitnessPolicy.adding(name: "added", key: key, url: "https://a.example", to: bytes) else {
        return
    }
    guard let longer = try? WitnessPolicy(more) else { return expect(false, "a policy with one more witness is read") }
    expect(longer.witnesses.count == policy.witnesses.count + 1 && longer.logs == policy.logs, "one witness was added")
}

/// The HTTP status, 0xFF, the type of the content, 0xFF, and the body.
func witnessAnswer(_ bytes: [UInt8]) {
    let pieces = parts(bytes, 3)
    let (status, type) = (String(decoding: pieces[0], as: UTF8.self), String(decoding: pieces[1], as: UTF8.self))
    let answer = try? WitnessAnswer(status: Int(status) ?? 200, contentType: type.isEmpty ? nil : type, body: pieces[2])
    switch answer {
    case .cosigned(let lines):
        expect(!lines.isEmpty, "who cosigned has a line")
        guard let root = TreeHash(Array(repeating: 1, count: 32)),
            let checkpoint = try? Checkpoint(origin: "log.example/a", size: 7, root: root),
            let signed = try? SignedCheckpoint(checkpoint, signedBy: FuzzKeys.log)
        else { return expect(false, "the checkpoint is one") }
        let both = try? signed.adding(lines, by: [FuzzKeys.witness.verifier])
        expect(both == nil || lines.contains { $0.name == FuzzKeys.witness.verifier.name }, "others do not count")
    case .conflict(let size): expect(size < 1 << 63, "a size is one")
    case .refused(let why):
        expect(why.utf8.count < 1000 && why.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "a reason can be shown")
    case nil: return
    }
}

/// What the verifier lets pass no other reader may refuse, or read in another way.
func logJSON(_ bytes: [UInt8]) {
    if let defect = JSONCheck.entry(bytes) {
        return expect((0...bytes.count).contains(defect.offset) && !defect.what.isEmpty, "a defect has its place")
    }
    guard let tree = try? JSON.decode(JSONTree.self, from: bytes), case .object = tree else {
        return expect(false, "an entry that the verifier reads is an object to everyone")
    }
    expectSame(tree)
    expect((try? JSON.encode(tree)).map(JSONCheck.entry) == .some(nil), "what was read can be written")
}
