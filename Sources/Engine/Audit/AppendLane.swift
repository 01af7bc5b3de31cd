/// A thread that appends. There are two: while one waits for the disk, and much has come meanwhile, the other writes it
/// and has it synced, too. What is synced includes all that was written before, whoever wrote it, so batches may end in any
/// order.
final class AppendLane: ThreadBody {
    private let lane: Int
    private let queue: AppendQueue
    private let writer: GuardedWriter
    private let opening: @Sendable () -> Void

    /// - Parameter opening: what the thread does before anything else.
    init(
        _ lane: Int, of queue: AppendQueue, writer: GuardedWriter, opening: @escaping @Sendable () -> Void = {}
    ) {
        self.lane = lane
        self.queue = queue
        self.writer = writer
        self.opening = opening
    }

    func run() {
        opening()
        // One that is shared might have told somebody else that a write failed.
        var own: Segment?
        while let tickets = queue.next(lane) {
            do {
                let batch = try append(tickets, &own)
                queue.done(failed: false)
                tickets.answer(from: batch.first)
                // Who publishes may learn of it later: another lane may have the writer just now.
                writer.allowPublishing()
            } catch {
                queue.done(failed: true)
                tickets.answer(error)
            }
        }
    }

    /// Writes entries, and has them durable when it returns.
    private func append(_ tickets: [AppendTicket], _ own: inout Segment?) throws -> UnsyncedBatch {
        let batch = try writer.perform { [own] in try $0.write(tickets.flatMap(\.entries), syncedBy: own) }
        own = batch.segment
        try writer.poisoning { try batch.segment.synchronize() }
        writer.synced(batch)
        return batch
    }
}
