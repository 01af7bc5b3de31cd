/// The checkpoints an auditor has of a log: those in its directory and those kept elsewhere. Nothing in them is verified yet: with
/// which keys that is to be done, the entries say.
struct CheckpointFiles {
    struct Claim: Sendable {
        let source: String
        let note: SignedNote
        let checkpoint: Checkpoint

        var size: UInt64 { checkpoint.size }

        /// In the folder of all checkpoints a file's name is its size.
        var hasItsName: Bool {
            let folder = "\(LogLayout.checkpoints)/"
            return !source.hasPrefix(folder) || source == folder + LogLayout.name(of: size)
        }
    }

    /// In the order they were found.
    private(set) var claims: [Claim] = []
    /// Files that hold no checkpoint, and why.
    private(set) var unreadable: [(source: String, reason: FormatError)] = []
    /// How many are of a smaller size than was asked for.
    private(set) var skipped = 0

    var count: Int { claims.count + unreadable.count }

    /// - Parameter smallest: those of fewer entries are left out.
    init(directory: String, kept: [KeptCheckpoint], from smallest: UInt64) throws {
        let names = try Files.list("\(directory)/\(LogLayout.checkpoints)") ?? []
        let wanted = names.filter { LogLayout.number(named: $0).map { $0 >= smallest } ?? true }
        for file in kept { add(file) }
        for file in wanted.map({ "\(LogLayout.checkpoints)/\($0)" }) + [LogLayout.checkpoint] {
            guard let bytes = try Files.read("\(directory)/\(file)", limit: SignedNote.maxBytes) else { continue }
            add(KeptCheckpoint(source: file, bytes: bytes))
        }
        let count = claims.count
        claims.removeAll { $0.size < smallest }
        skipped = names.count - wanted.count + count - claims.count
    }

    private mutating func add(_ file: KeptCheckpoint) {
        do {
            let note = try SignedNote(file.bytes)
            claims.append(Claim(source: file.source, note: note, checkpoint: try Checkpoint(text: note.text)))
        } catch let error as FormatError {
            unreadable.append((file.source, error))
        } catch {
            unreadable.append((file.source, FormatError("\(error)")))
        }
    }
}
