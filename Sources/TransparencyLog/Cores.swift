import Dispatch
import Glibc
import Synchronization

/// Work spread over the cores, on Dispatch's own threads and the caller's: the caller returns when all
/// of it is done, and nothing but CPU and reads of files is waited for meanwhile.
enum Cores {
    /// How many there are; more than a few wait for the one that reads.
    static let count = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 8)

    /// What `transform` makes of each, in their order.
    static func map<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ transform: @Sendable (Element) -> Result
    ) -> [Result] {
        let results = Mutex([Result?](repeating: nil, count: elements.count))
        DispatchQueue.concurrentPerform(iterations: elements.count) { index in
            let result = transform(elements[index])
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0.compactMap(\.self) }
    }

    /// Takes pieces one after the other, works on several at once, and gives the results to `collect` one at a time, as they
    /// come. No more than a few pieces are between `next` and the result's being settled.
    ///
    /// - Parameters:
    ///   - piece: without anything in it. Each core has one, which `next` fills again and again: new memory for each would
    ///     cost more than hashing what is in it.
    ///   - next: makes it the next piece; false at the end.
    ///   - work: on one piece, on any core.
    ///   - collect: takes a result, and says how many results it has settled since it was last asked.
    static func pipeline<Source: Sendable, Piece: Sendable, Result: Sendable, Sink: Sendable>(
        _ source: inout Source, _ piece: Piece, _ next: @Sendable (inout Source, inout Piece) -> Bool,
        _ work: @Sendable (Piece) -> Result, into sink: inout Sink, _ collect: @Sendable (inout Sink, Result) -> Int
    ) {
        let (from, to) = (Shared(source), Shared(sink))
        let places = DispatchSemaphore(value: 2 * count)
        DispatchQueue.concurrentPerform(iterations: count) { _ in
            var piece = piece
            while true {
                places.wait()
                guard from.use({ next(&$0, &piece) }) else {
                    places.signal()
                    return
                }
                let result = work(piece)
                let settled = to.use { collect(&$0, result) }
                for _ in 0..<settled { places.signal() }
            }
        }
        (source, sink) = (from.use { $0 }, to.use { $0 })
    }
}

private final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func use<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        value.withLock { body(&$0) }
    }
}
