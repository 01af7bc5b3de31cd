import Engine
import Synchronization

/// The system calls, with a look at the clock: what was written to the journal at once, how long its syncs took, and when which
/// checkpoint was there.
final class MeasuredFiles: LogFiles {
    struct Batch {
        let segment: String
        let offset: Int
        let length: Int
    }

    struct State {
        var batches: [Batch] = []
        /// Seconds each.
        var syncs: [Double] = []
        var published: [(size: UInt64, at: ContinuousClock.Instant)] = []
    }

    private let files = SystemFiles()
    private let kept = Mutex(State())

    var state: State { kept.withLock { $0 } }

    /// Opening a log writes, too.
    func forget() { kept.withLock { $0 = State() } }

    func open(_ path: String, _ flags: Int32, mode: UInt32) throws -> Int32 {
        try files.open(path, flags, mode: mode)
    }

    func write(_ bytes: [UInt8], to descriptor: Int32, at offset: Int, path: String) throws {
        try files.write(bytes, to: descriptor, at: offset, path: path)
        let parts = path.split(separator: "/").suffix(2)
        guard parts.first == "journal", let segment = parts.last else { return }
        kept.withLock { $0.batches.append(Batch(segment: String(segment), offset: offset, length: bytes.count)) }
    }

    func synchronizeData(_ descriptor: Int32, path: String) throws {
        let start = ContinuousClock.now
        try files.synchronizeData(descriptor, path: path)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        kept.withLock { $0.syncs.append(seconds) }
    }

    func synchronize(_ descriptor: Int32, path: String) throws {
        try files.synchronize(descriptor, path: path)
    }

    func rename(_ old: String, to new: String) throws {
        try files.rename(old, to: new)
        let parts = new.split(separator: "/").suffix(2)
        guard parts.first == "checkpoints", let size = parts.last.flatMap({ UInt64($0) }) else { return }
        kept.withLock { $0.published.append((size, .now)) }
    }
}
