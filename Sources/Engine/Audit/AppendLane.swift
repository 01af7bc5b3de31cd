/// A thread that appends. There are two: while the first waits for the disk, and much has come meanwhile, the second writes it
/// and has it synced, too. What is synced includes all that was written before, whoever wrote it, so batches may end in any
/// order.
final class AppendLane: ThreadBody {
    private let lane: AppendQueue.Lane
    private let queue: AppendQueue
    private let writer: GuardedWriter
    private let files: any LogFiles
    private let opening: @Sendable () -> Void

    /// - Parameter opening: what the thread does before anything else.
    init(
        _ lane: AppendQueue.Lane, of queue: AppendQueue, writer: GuardedWriter, files: any LogFiles,
        opening: @escaping @Sendable () -> Void = {}
    ) {
        self.lane = lane
        self.queue = queue
        self.writer = writer
        self.files = files
        self.opening = opening
    }

    func run() {
        opening()
        // The kernel tells each descriptor once that a write failed. One that is shared might have told somebody else.
        var own: Segment?
        while let tickets = queue.next(lane) {
            let answers = append(tickets, &own)
            queue.done(lane, failed: answers.areFailures)
            answers.send()
        }
    }

    private func append(_ tickets: [AppendTicket], _ own: inout Segment?) -> Answers {
        do {
            let batch = try writer.perform { try $0.write(tickets.flatMap(\.entries)) }
            try writer.poisoning {
                let segment = try own.flatMap { $0.path == batch.path ? $0 : nil } ?? Segment(batch.path, files: files)
                own = segment
                try segment.synchronize()
            }
            writer.synced(batch)
            return Answers(to: tickets, from: batch.first)
        } catch {
            return Answers(to: tickets, failing: error)
        }
    }
}
