/// A thread that appends. There are two: while one waits for the disk, the other writes what has come meanwhile, and has it
/// synced too. What is synced includes all that was written before, whoever wrote it, so batches may end in any order.
final class AppendLane: ThreadBody {
    private let queue: AppendQueue
    private let writer: GuardedWriter
    private let files: any LogFiles

    init(_ queue: AppendQueue, writer: GuardedWriter, files: any LogFiles) {
        self.queue = queue
        self.writer = writer
        self.files = files
    }

    func run() {
        // The kernel tells each descriptor once that a write failed. One that is shared might have told somebody else.
        var own: Segment?
        while let tickets = queue.next() {
            let answers = append(tickets, &own)
            queue.done(failed: answers.areFailures)
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
