import Engine
import Synchronization

/// The system calls, with a look at the clock: what was written to the journal at once, how long its syncs took, and when which
/// checkpoint was there. While it measures it only notes: what takes time is done when somebody asks.
final class MeasuredFiles: LogFiles {
    struct Batch {
        let segment: String
        let offset: Int
        let length: Int
    }

    struct State {
        fileprivate var writes: [(path: String, offset: Int, length: Int)] = []
        fileprivate var renames: [(path: String, at: ContinuousClock.Instant)] = []
        /// Seconds each.
        fileprivate(set) var syncs: [Double] = []

        var batches: [Batch] {
            writes.compactMap { write in
                name(of: write.path, in: "journal").map {
                    Batch(segment: $0, offset: write.offset, length: write.length)
                }
            }
        }

        var published: [(size: UInt64, at: ContinuousClock.Instant)] {
            renames.compactMap { rename in
                name(of: rename.path, in: "checkpoints").flatMap { UInt64($0) }.map { ($0, rename.at) }
            }
        }

        private func name(of path: String, in folder: String) -> String? {
            let parts = path.split(separator: "/").suffix(2)
            return parts.count == 2 && parts.first == folder[...] ? parts.last.map(String.init) : nil
        }
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
        kept.withLock { $0.writes.append((path, offset, bytes.count)) }
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
        kept.withLock { $0.renames.append((new, .now)) }
    }
}
