import Core
import Foundation
import TransparencyLog

/// A log's folder as its owner, or somebody else, may have left it. Of the bytes each step takes one that says what is done, one
/// for how many bytes follow, and those.
func logFolder(_ bytes: [UInt8]) {
    let folder = FileManager.default.temporaryDirectory.appending(path: "belay-fuzz-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var writer = LogFolderWriter(folder)
    var rest = bytes[...]
    while let step = rest.popFirst(), writer.steps < 40 {
        let content = rest.prefix(Int(rest.popFirst() ?? 0))
        rest = rest.dropFirst(content.count)
        writer.perform(step, Array(content))
    }
    writer.close()
    verify(folder.path, writer)
}

private func verify(_ folder: String, _ writer: LogFolderWriter) {
    var read: [[UInt8]] = []
    if var reader = try? JournalReader(directory: folder) {
        while let entry = try? reader.next() { read.append(entry.bytes) }
    }
    let keys = [nil, FuzzKeys.log.verifier]
    for key in keys {
        guard let report = try? LogVerifier.verify(directory: folder, key: key, since: writer.kept) else {
            expect(!writer.isHonest, "what was written as a log should be is read")
            continue
        }
        expect(!report.summary.isEmpty && report.signedSize <= report.entries, "no more is signed than there is")
        let isOfJournal = report.source == .journal
        expect(!isOfJournal || report.entries <= UInt64(writer.mostEntries), "no entry comes from nowhere")
        guard writer.isHonest else { continue }
        expect(read == writer.entries, "the journal has what was appended")
        let own: Set<VerificationFailure.Kind> = [.unreadableEvent, .outcomeWithoutIntent, .intentAfterEnd, .noKey]
        let others = report.failures.filter { !own.contains($0.kind) }
        expect(others.isEmpty, "what nobody touched verifies: \(others.map(\.description))")
        expect(report.entries == UInt64(writer.entries.count), "all entries are read")
    }
}

/// Writes a log as it should be, until a step does otherwise.
private struct LogFolderWriter {
    let folder: URL
    private(set) var steps = 0
    /// Nobody but the log's owner has written.
    private(set) var isHonest = true
    private(set) var entries: [[UInt8]] = []
    /// A checkpoint that somebody kept.
    private(set) var kept: KeptCheckpoint?
    private var edge = TileEdge()
    private var segment: [UInt8] = []
    private var first: UInt64 = 0

    init(_ folder: URL) {
        self.folder = folder
        for name in [LogLayout.journal, LogLayout.checkpoints, "keys", Tile.folder] {
            try? FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
    }

    private var hasJournal = true

    /// Bytes that are no records may still be read as some.
    var mostEntries: Int { isHonest ? entries.count : entries.count + 16 * steps }

    mutating func perform(_ step: UInt8, _ content: [UInt8]) {
        steps += 1
        switch step % 14 {
        case 0: append(content.isEmpty ? Array("{}".utf8) : content)
        case 1: append(intent(content))
        case 2: for number in 0..<85 { append(Array("{\"n\":\(number)}".utf8)) }
        case 3: append(Self.rotation)
        case 4: publish()
        case 5: beginSegment()
        case 6: write(Array(FuzzKeys.log.verifier.description.utf8), to: LogLayout.verifierKey)
        case 7:
            publish()
            kept = signed().map { KeptCheckpoint(source: "kept", bytes: $0.note.bytes) }
        default: tamper(step % 14, content)
        }
    }

    /// What no owner of a log does.
    private mutating func tamper(_ step: UInt8, _ content: [UInt8]) {
        isHonest = false
        switch step {
        case 8: segment += content
        case 9:
            let start = min(segment.count, Int(content.first ?? 0) * 8)
            segment.replaceSubrange(start..<min(segment.count, start + content.count), with: content.dropFirst())
        case 10: writeNamed(content)
        case 11: kept = KeptCheckpoint(source: "kept", bytes: content)
        case 12: hasJournal = false
        default: segment += JournalFormat.record(JournalEntry(index: UInt64(content.first ?? 0), bytes: [1] + content))
        }
    }

    mutating func close() {
        if hasJournal {
            return write(segment + Array(repeating: 0, count: 512), to: LogLayout.segment(startingAt: first))
        }
        try? FileManager.default.removeItem(at: folder.appending(path: LogLayout.journal))
    }

    private mutating func append(_ entry: [UInt8]) {
        segment += JournalFormat.record(JournalEntry(index: UInt64(entries.count), bytes: entry))
        entries.append(entry)
        for file in (try? edge.append(entry, leaf: Merkle.leaf(entry))) ?? [] { write(file.bytes, to: "\(file.tile)") }
    }

    /// An entry that says of an earlier one, or of none, that it ended.
    private func intent(_ content: [UInt8]) -> [UInt8] {
        let (first, second) = (content.first ?? 0, content.dropFirst().first ?? 0)
        let types = ["intent", "outcome", "run.end", "recovering", "plan", "adopted", "resolved"]
        let named = entries.isEmpty ? nil : Int(first) % entries.count
        let name = named.map { ",\"intent\":{\"index\":\($0),\"leaf\":\"\(Merkle.leaf(entries[$0]).hex)\"}" } ?? ""
        let type = types[Int(second) % types.count]
        let start = "{\"node\":\"n\(second % 2)\",\"run\":\"r\(first % 2)\",\"type\":\"\(type)\""
        return Array((start + (type == "outcome" ? name : "") + "}").utf8)
    }

    private static let rotation: [UInt8] = {
        let keys = "{\"new\":\"\(FuzzKeys.next.verifier)\",\"old\":\"\(FuzzKeys.log.verifier)\"}"
        return Array("{\"event\":{\"key.rotate\":\(keys)},\"type\":\"key.rotate\"}".utf8)
    }()

    private func signed() -> SignedCheckpoint? {
        let checkpoint = try? Checkpoint(origin: FuzzKeys.log.verifier.name, size: edge.size, root: edge.root)
        return checkpoint.flatMap { try? SignedCheckpoint($0, signedBy: FuzzKeys.log) }
    }

    private func publish() {
        guard let note = signed()?.note.bytes else { return }
        for file in edge.partials { write(file.bytes, to: "\(file.tile)") }
        write(note, to: "\(LogLayout.checkpoints)/\(LogLayout.name(of: edge.size))")
        write(note, to: LogLayout.checkpoint)
    }

    private mutating func beginSegment() {
        guard entries.count > Int(first) else { return }
        write(segment, to: LogLayout.segment(startingAt: first))
        (segment, first) = ([], UInt64(entries.count))
    }

    /// A file of the log's, by its path before 0xFF, or else the checkpoint.
    private func writeNamed(_ content: [UInt8]) {
        let pieces = parts(content, 2)
        let path = String(decoding: pieces[0], as: UTF8.self)
        let isTile = Tile(path: path) != nil
        let isName = path == LogLayout.verifierKey || LogLayout.number(named: path) != nil
        write(
            pieces[1],
            to: isTile || path == LogLayout.verifierKey ? path : isName ? "checkpoints/\(path)" : "checkpoint")
    }

    private func write(_ bytes: [UInt8], to path: String) {
        let file = folder.appending(path: path)
        try? FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try? Data(bytes).write(to: file)
    }
}
