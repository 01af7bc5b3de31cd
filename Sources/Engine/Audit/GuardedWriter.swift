import Synchronization
import TransparencyLog

/// A log's writer, which those who append and those who ask take turns with. After the first failure it is poisoned: that was
/// the last attempt, and nothing more is signed.
final class GuardedWriter: Sendable {
    private struct State {
        var writer: JournalWriter?
        var poison: AuditError?
    }

    private let state = Mutex(State())
    /// By itself, since the state is not to be had while somebody writes.
    private let loop = Mutex<PublishLoop?>(nil)
    private let directory: String
    private let writing = WritingState()

    init(_ directory: String) {
        self.directory = directory
    }

    /// Opens the log, or creates it.
    func open(
        keys: LogKeys, anchor: String?, pace: PublishPace, first: (@Sendable (VerifierKey) throws -> [UInt8])?
    ) throws {
        do {
            try state.withLock { state in
                let writer = try JournalWriter(keys: keys, anchor: anchor, state: writing)
                if let first { try writer.begin(with: first) }
                let publishing = try PublishLoop(try writer.publisher(), durable: writing.durable, pace: pace)
                loop.withLock { $0 = publishing }
                state.writer = writer
            }
        } catch {
            throw AuditError(explaining: error, in: directory)
        }
    }

    /// Lends the writer.
    func perform<Value: Sendable>(_ body: @Sendable (JournalWriter) throws -> Value) throws -> Value {
        try state.withLock { state in
            let writer = try usable(&state)
            do {
                return try body(writer)
            } catch {
                throw poison(&state, by: error)
            }
        }
    }

    /// Does what has to do with the log's files but not with its writer.
    func poisoning(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch {
            throw state.withLock { poison(&$0, by: error) }
        }
    }

    /// Looks at the writer, poisoned or not; nil when the log is closed.
    func look<Value: Sendable>(_ body: @Sendable (JournalWriter) -> Value) -> Value? {
        state.withLock { $0.writer.map(body) }
    }

    /// What publishes; nil when the log is closed.
    var publishing: PublishLoop? { loop.withLock { $0 } }

    /// Throws unless the log may be used.
    func check() throws { try state.withLock { _ = try usable(&$0) } }

    /// A batch's segment was synced after it was written: it is durable, and all before it.
    func synced(_ batch: UnsyncedBatch) { writing.advance(to: batch.entries.upperBound) }

    /// Tells who publishes how far that may go.
    func allowPublishing() {
        publishing?.advance(to: writing.durable, needsSpare: writing.takeNeedOfSpare())
    }

    /// Throws when there is no room for another segment.
    func ensureSpace() throws {
        try state.withLock { state in
            let writer = try usable(&state)
            do {
                try writer.ensureSpace()
            } catch let error as AuditError where error.code == .noSpace {
                // Nothing was lost: runs under way can still record their end in the current segment.
                throw error
            } catch {
                throw poison(&state, by: error)
            }
        }
    }

    func close() {
        state.withLock { state in
            publishing?.stop()
            loop.withLock { $0 = nil }
            state.writer = nil
        }
    }

    private func poison(_ state: inout State, by error: any Error) -> AuditError {
        let reason = AuditError(explaining: error, in: directory)
        state.poison = state.poison ?? reason
        publishing?.stopSigning(reason)
        return reason
    }

    private func usable(_ state: inout State) throws -> JournalWriter {
        // A full disk, or a key that is out of reach, stops what is published, and thereby the next run. After any other
        // failure nothing on this disk is trusted.
        if state.poison == nil, let failure = publishing?.failure, !failure.sparesJournal {
            state.poison = failure
        }
        if let poison = state.poison {
            throw AuditError(
                .poisoned,
                "the log \(directory) takes no more entries after an error (\(poison)). "
                    + "Mend the cause, then open the log again")
        }
        guard let writer = state.writer else { throw AuditError(.closed, "the log \(directory) is closed") }
        return writer
    }
}
