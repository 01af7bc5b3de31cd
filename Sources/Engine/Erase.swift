public import Core

extension Belay {
    /// Erases the content of an entry, for personal data or secrets: what only the blob held is gone for good, and the log
    /// still verifies.
    ///
    /// The entry that says so comes first: a crash in between leaves a blob to be erased again, and never a gap without a word.
    /// - Parameters:
    ///   - blob: its commitment, or the beginning of it.
    ///   - reason: why, for whoever reads the log.
    /// - Throws: ``WorkspaceError`` where there is no such blob, or a run that has not ended needs it (law 7).
    public func erase(blob: String, reason: String) async throws -> BlobErasure {
        let records = try await log.records()
        let named = records.compactMap { record in record.record.blob.map { (record, $0) } }
            .filter { $0.1.commitment.hasPrefix(blob) }
        guard let (record, name) = named.first, Set(named.map(\.1.commitment)).count == 1 else {
            throw WorkspaceError(
                named.isEmpty ? "no entry has a blob '\(blob)'" : "'\(blob)' is the beginning of several blobs",
                remedy: "`belay audit show INDEX` names the blob of an entry.")
        }
        if let run = record.record.run, try RunLock.isHeld(run: run, in: workspace.logDirectory) || isOpen(run, records)
        {
            throw WorkspaceError(
                "run \(run) has not ended, and its way back may need this blob",
                remedy: "Bring it to its end (`belay recover`, `belay resolve`), then erase.")
        }
        let erasure = BlobErasure(commitment: name.commitment, entry: record.index, reason: reason)
        try await log.append(
            .blobErased(erasure), by: Environment.holder, run: record.record.run, node: record.record.node)
        try await log.log.blobs.erase(BlobReference(commitment: name.commitment, length: UInt64(name.length)))
        return erasure
    }

    // By its records alone: what is erased already must not keep the rest from being erased.
    private func isOpen(_ run: String, _ records: [IndexedRecord]) -> Bool {
        let types = records.filter { $0.record.run == run }.map(\.record.type)
        guard let begun = types.lastIndex(where: { ["run.start", "adopted", "recovering", "resolved"].contains($0) })
        else {
            return false
        }
        return !types[begun...].contains("run.end")
    }
}
