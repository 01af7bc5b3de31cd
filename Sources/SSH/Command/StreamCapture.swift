import Crypto
import Glibc

/// Cuts a script's own output out of a stream: it lies between a begin and an end mark that carry the run's nonce.
///
///     <start-up noise> 0x1E NONCE " B\n" <output> 0x1E NONCE " E " STATUS "\n" <ignored>
struct StreamCapture {
    private enum State {
        case preamble, body, ended
    }

    private static let noiseLimit = 4096
    /// " E " and the longest status word.
    private static let longestTail = 24

    private let mark: [UInt8]
    private let limit: Int
    private var state = State.preamble
    private var pending: [UInt8] = []
    private var head: [UInt8] = []
    private var length = 0
    private var hash = SHA256()

    /// What came before the begin mark, bounded: start-up files, or the words of a sudo that refused.
    private(set) var noise: [UInt8] = []
    /// What the end mark says.
    private(set) var status: String?

    var hasBegun: Bool { state != .preamble }
    var hasEnded: Bool { state == .ended }

    init(nonce: String, limit: Int) {
        mark = [0x1E] + Array(nonce.utf8)
        self.limit = limit
    }

    var captured: CapturedStream {
        CapturedStream(head: head, length: length, sha256: Array(hash.finalize()))
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard !pending.isEmpty else { return scan(bytes) }
        let joined = pending + bytes
        pending = []
        joined.withUnsafeBytes { scan($0) }
    }

    /// No more will come: what looked like the start of a mark was output after all.
    mutating func finish() {
        let rest = pending
        pending = []
        rest.withUnsafeBytes { accept($0) }
    }

    private mutating func scan(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty, state != .ended {
            guard let start = rest.firstIndex(of: 0x1E) else { return accept(UnsafeRawBufferPointer(rebasing: rest)) }
            accept(UnsafeRawBufferPointer(rebasing: rest[..<start]))
            rest = rest[start...]
            switch match(rest) {
            case .incomplete:
                pending = Array(rest)
                return
            case .none:
                accept(UnsafeRawBufferPointer(rebasing: rest.prefix(1)))
                rest = rest.dropFirst()
            case .mark(let tail, let length):
                apply(tail)
                rest = rest.dropFirst(length)
            }
        }
    }

    private enum Match {
        case none, incomplete
        case mark(tail: String, length: Int)
    }

    private func match(_ bytes: Slice<UnsafeRawBufferPointer>) -> Match {
        guard bytes.prefix(mark.count).elementsEqual(mark.prefix(bytes.count)) else { return .none }
        let tail = bytes.dropFirst(mark.count).prefix(Self.longestTail)
        guard let end = tail.firstIndex(of: 0x0A) else { return tail.count < Self.longestTail ? .incomplete : .none }
        let text = String(decoding: tail[..<end], as: UTF8.self)
        guard isExpected(text) else { return .none }
        return .mark(tail: text, length: mark.count + text.utf8.count + 1)
    }

    private func isExpected(_ tail: String) -> Bool {
        state == .preamble ? tail == " B" : tail.hasPrefix(" E ")
    }

    private mutating func apply(_ tail: String) {
        if state == .preamble {
            state = .body
        } else {
            status = String(tail.dropFirst(3))
            state = .ended
        }
    }

    private mutating func accept(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .preamble: noise += bytes.prefix(max(0, Self.noiseLimit - noise.count))
        case .body:
            head += bytes.prefix(max(0, limit - head.count))
            length += bytes.count
            hash.update(bufferPointer: bytes)
        case .ended: break
        }
    }
}
