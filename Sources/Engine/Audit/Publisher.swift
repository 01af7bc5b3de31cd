import Glibc
import TransparencyLog

/// Derives tiles and checkpoints from the durable journal (C2SP tlog-tiles). Tiles are never a source: made again from the
/// same journal they are the same bytes. Processes take turns by a lock that appending does not need.
final class Publisher {
    private let directory: String
    private let files: any LogFiles
    private let lock: FileLock
    private let spare: SpareSegment
    private var store: CheckpointStore
    private var edge: TileEdge
    private var position: JournalPosition

    /// The number of entries that are published, as far as this process knows.
    var size: UInt64 { edge.size }

    init(directory: String, files: any LogFiles, lock: FileLock, store: CheckpointStore, start: LogStart) throws {
        self.directory = directory
        self.files = files
        self.lock = lock
        spare = try SpareSegment(directory: directory, files: files)
        self.store = store
        edge = start.edge
        position = start.position
    }

    /// The key that the last checkpoint was signed with, as far as this process knows.
    var verifierKey: VerifierKey { store.key.verifier }

    /// Writes the tiles of the first `size` entries, which are durable, and signs them, unless another process has.
    ///
    /// - Parameter succession: the change of keys that one of these entries says; then both sign, even what is signed already.
    func publish(upTo size: UInt64, _ succession: Succession? = nil) throws -> SignedCheckpoint {
        try prepareSpare()
        return try lock.exclusively {
            try store.settle()
            if let last = try store.latest() {
                try follow(last.checkpoint)
                if succession == nil, last.checkpoint.size >= size { return last }
            }
            let full = try extend(to: size)
            let signed =
                try succession.map { try store.sign(size: edge.size, root: edge.root, $0) }
                ?? store.sign(size: edge.size, root: edge.root)
            for tile in full { removePartials(of: tile) }
            return signed
        }
    }

    /// The segment that the writer needs next. That there is no room for it stops the next run, not what is published.
    func prepareSpare() throws {
        do {
            try spare.ensure()
        } catch let error as AuditError where error.code == .noSpace {}
    }

    func explain(_ error: any Error) -> AuditError { AuditError(explaining: error, in: directory) }

    /// To where another process has published. Whatever is signed must be what the journal says.
    private func follow(_ signed: Checkpoint) throws {
        guard signed.size >= edge.size else { throw AuditError(contradicting: signed, edge.frontier, in: directory) }
        try read(to: signed.size) { _ in }
        guard signed.root == edge.root else { throw AuditError(contradicting: signed, edge.frontier, in: directory) }
    }

    /// Writes what follows; gives the tiles that are full now.
    private func extend(to size: UInt64) throws -> [Tile] {
        let writer = TileWriter(directory: directory, files: files)
        var full: [Tile] = []
        try read(to: size) { file in
            // Much to publish takes long, and a writer may need the segment meanwhile.
            if try writer.write(file) { try prepareSpare() }
            full.append(file.tile)
        }
        for file in edge.partials { try writer.write(file) }
        try writer.finish()
        return full
    }

    private func read(to size: UInt64, _ completed: (TileFile) throws -> Void) throws {
        guard edge.size < size else { return }
        var reader = try JournalReader(directory: directory, at: position)
        while edge.size < size {
            guard let entry = try reader.next() else {
                throw AuditError(
                    .damaged, "\(directory): the journal ends after \(edge.size) entries, of \(size) durable ones")
            }
            position = reader.position
            for file in try edge.append(entry.bytes, leaf: Merkle.leaf(entry.bytes)) { try completed(file) }
        }
    }

    /// A full tile has all that its partial ones had. Whether they go matters to nobody.
    private func removePartials(of tile: Tile) {
        let folder = "\(directory)/\(tile).p"
        guard let names = try? Files.list(folder) else { return }
        for name in names { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }
}

/// Puts tiles into place, each whole or not at all. They are synced many at a time: the file system then commits what it
/// knows of their names and places once for all of them, and appending, which shares the disk, is held up less.
final class TileWriter {
    private static let limit = 32
    private let directory: String
    private let files: any LogFiles
    private var folders: Set<String> = []
    private var written: [(descriptor: Int32, temporary: String, path: String)] = []

    init(directory: String, files: any LogFiles) {
        self.directory = directory
        self.files = files
    }

    deinit { for file in written { close(file.descriptor) } }

    /// Durable only after `finish`. True when those before are in place.
    @discardableResult func write(_ file: TileFile) throws -> Bool {
        if written.count == Self.limit { try place() }
        let path = "\(directory)/\(file.tile)"
        let folder = files.parent(of: path)
        if folders.insert(folder).inserted { try files.createFolder(folder) }
        // Below tmp/, never beside tiles: a leftover there would look like one.
        let temporary = "\(directory)/tmp/tile.new.\(written.count)"
        let descriptor = try files.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o644)
        written.append((descriptor, temporary, path))
        try files.write(file.bytes, to: descriptor, at: 0, path: temporary)
        // Linux begins to write at once. What comes of it the sync tells.
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        return written.count == 1
    }

    /// Makes all of them durable, and their names.
    func finish() throws {
        try place()
        for folder in folders.sorted() { try files.synchronizeFolder(folder) }
        folders = []
    }

    private func place() throws {
        for file in written { try files.synchronize(file.descriptor, path: file.temporary) }
        for file in written { try files.rename(file.temporary, to: file.path) }
        for file in written { close(file.descriptor) }
        written = []
    }
}
