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
        Self.makeBrokenPipesErrors()
        let count = max(1, count ?? sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var loops: [EventLoop] = []
        for _ in 0..<count { loops.append(try EventLoop()) }
        self.loops = loops
        // libssh2_init(3) is not thread-safe, a static's initialiser is.
        _ = LibSSH2.isReady
    }

    /// A program that ends before it has read its input would take this process with it. A handler that does nothing, unless
    /// the process has one: an ignored signal would be inherited by those programs, a handler is not.
    private static func makeBrokenPipesErrors() {
        var current = sigaction()
        guard sigaction(SIGPIPE, nil, &current) == 0, current.__sigaction_handler.sa_handler == nil else { return }
        signal(SIGPIPE) { _ in }
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
