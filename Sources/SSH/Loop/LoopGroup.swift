import Glibc
import Synchronization

/// The event loops of the process, one thread each. Connections are handed out to them in turn.
public final class LoopGroup: Sendable {
    private let loops: [EventLoop]
    private let turn = Atomic<Int>(0)
    let resolver = Resolver()

    /// Makes `count` loops, one per core unless told.
    public init(count: Int? = nil) throws(SSHError) {
        Self.raiseDescriptorLimit()
        BrokenPipe.isAnError
        let count = max(1, count ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var loops: [EventLoop] = []
        for _ in 0..<count { loops.append(try EventLoop()) }
        self.loops = loops
        // libssh2_init(3) is not thread-safe, a static's initialiser is.
        _ = LibSSH2.isReady
    }

    /// One descriptor a session, thousands at once: as many as the system permits without asking anybody.
    private static func raiseDescriptorLimit() {
        // Glibc's constant is of a type that its own function does not take.
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(files, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(files, &limit)
    }

    func next() -> EventLoop {
        loops[turn.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }

    /// Ends the loops' threads; close the connections first.
    public func shutdown() async {
        for loop in loops { await loop.stop() }
    }
}
