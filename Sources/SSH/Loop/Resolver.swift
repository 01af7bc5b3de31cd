import Glibc
import Synchronization

/// A socket address as the kernel wants it.
struct SocketAddress: Sendable {
    let family: Int32
    let bytes: [UInt8]
}

/// Names to addresses, off the loops: getaddrinfo(3) blocks, for half a minute when a name server is down.
///
/// A few detached threads work off the queue and end when it is empty.
final class Resolver: Sendable {
    typealias Answer = Result<[SocketAddress], ResolutionFailure>

    struct ResolutionFailure: Error {
        let message: String
    }

    private struct Request {
        let host: String
        let port: UInt16
        let box: AnswerBox
    }

    private struct State {
        var queue: [Request] = []
        var threads = 0
    }

    private static let maxThreads = 8
    private let state = Mutex(State())

    /// Starts a lookup whose answer arrives in `box`, which wakes its waiter.
    func resolve(_ host: String, port: UInt16, into box: AnswerBox) {
        let mustStart = state.withLock { state in
            state.queue.append(Request(host: host, port: port, box: box))
            guard state.threads < Self.maxThreads else { return false }
            state.threads += 1
            return true
        }
        guard mustStart else { return }
        var id = pthread_t()
        let context = Unmanaged.passRetained(self)
        guard startDetachedThread(&id, resolverThread, context.toOpaque()) != 0 else { return }
        context.release()
        state.withLock { state in state.threads -= 1 }
        box.deliver(.failure(ResolutionFailure(message: "no thread for name resolution")))
    }

    fileprivate func work() {
        while let request = nextRequest() {
            request.box.deliver(lookUp(request.host, port: request.port, flags: AI_ADDRCONFIG))
        }
    }

    private func nextRequest() -> Request? {
        state.withLock { state in
            guard state.queue.isEmpty else { return state.queue.removeFirst() }
            state.threads -= 1
            return nil
        }
    }
}

/// Where a resolver thread leaves its answer for a task that may have stopped waiting.
final class AnswerBox: Sendable {
    private let answer = Mutex<Resolver.Answer?>(nil)
    let waiter = Waiter()

    var value: Resolver.Answer? { answer.withLock { $0 } }

    func deliver(_ result: Resolver.Answer) {
        answer.withLock { $0 = result }
        waiter.wake(.changed)
    }
}

/// getaddrinfo(3) for TCP; with AI_NUMERICHOST it never blocks.
func lookUp(_ host: String, port: UInt16, flags: Int32) -> Resolver.Answer {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = flags | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, String(port), &hints, &list)
    guard result == 0 else {
        let cause = result == EAI_SYSTEM ? systemMessage(errno) : String(cString: gai_strerror(result))
        return .failure(Resolver.ResolutionFailure(message: cause))
    }
    defer { freeaddrinfo(list) }
    let addresses = sequence(first: list, next: { $0?.pointee.ai_next }).compactMap { entry -> SocketAddress? in
        guard let entry, let address = entry.pointee.ai_addr else { return nil }
        let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.pointee.ai_addrlen))
        return SocketAddress(family: entry.pointee.ai_family, bytes: Array(bytes))
    }
    return .success(addresses)
}

/// Top-level and nonisolated for the same reason as the loop's entry.
private nonisolated func resolverThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Resolver>.fromOpaque(context).takeRetainedValue().work()
    return nil
}
