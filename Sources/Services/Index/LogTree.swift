import TransparencyLog

/// The tree of a log as its folder has it: from the tiles where those have what was signed, otherwise from the journal.
struct LogTree {
    private let directory: String
    /// The log's public key as its folder has it; empty where it has none.
    let key: String
    private let signed: Checkpoint?

    init(directory: String) {
        self.directory = directory
        // What cannot be read, or is not signed by that key, is as good as not there: the journal is read instead.
        func text(_ file: String) -> String? {
            let bytes = try? Files.read("\(directory)/\(file)", limit: SignedNote.maxBytes)
            return bytes.map { String(decoding: $0, as: UTF8.self) }
        }
        key = text(LogLayout.verifierKey)?.split(separator: "\n").first.map(String.init) ?? ""
        let note = text(LogLayout.checkpoint).map { Array($0.utf8) }
        if let verifier = try? VerifierKey(key), let note {
            signed = (try? SignedCheckpoint(note, verifiedBy: verifier))?.checkpoint
        } else {
            signed = nil
        }
    }

    /// The tree of the first `size` entries; nil when there are fewer.
    /// - Throws: ``IndexError`` when the journal is not what was signed, a `JournalError` when it is damaged.
    func frontier(ofSize size: UInt64) throws -> Frontier? {
        var frontier = published(upTo: size)
        guard frontier.size < size else { return frontier }
        var reader = try JournalReader(directory: directory, from: frontier.size)
        while frontier.size < size {
            guard let entry = try reader.next() else { return nil }
            frontier.append(Merkle.leaf(entry.bytes))
            guard let signed, frontier.size == signed.size, frontier.root != signed.root else { continue }
            throw IndexError(
                "\(directory): the first \(signed.size) entries do not have the root that is signed: "
                    + "`belay audit verify` says more")
        }
        return frontier
    }

    /// As much of it as the tiles have.
    private func published(upTo size: UInt64) -> Frontier {
        let tiles = TileReader(directory: directory)
        guard let signed, (try? tiles.edge(ofSize: signed.size))?.root == signed.root,
            let edge = try? tiles.edge(ofSize: min(size, signed.size), inTreeOf: signed.size)
        else { return Frontier() }
        return edge.frontier
    }
}
