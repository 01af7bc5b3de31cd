import CSSH2
import Glibc

/// Process-wide facts about the linked libssh2.
enum LibSSH2 {
    /// libssh2_init(3), once per process.
    static let isReady = libssh2_init(0) == 0

    static let version = libssh2_version(0).map { String(cString: $0) } ?? "unknown"

    static let again = Int(LIBSSH2_ERROR_EAGAIN)

    /// Session methods in order of preference. SHA-1, CBC, 3DES, RC4 and DSA are absent on purpose; encrypt-then-MAC
    /// and ChaCha20 too, because the versions without strict key exchange are open to Terrapin (CVE-2023-48795) there.
    static let keyExchanges = [
        "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512", "diffie-hellman-group14-sha256",
    ]
    static let ciphers = [
        "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com",
    ]
    static let macs = ["hmac-sha2-256", "hmac-sha2-512"]

    /// What this libssh2 can do, by method. Asked once: it needs a session, but is the same for all.
    static let supported: [Int32: Set<String>] = {
        guard isReady, let session = libssh2_session_init_ex(nil, nil, nil, nil) else { return [:] }
        defer { libssh2_session_free(session) }
        let methods = [
            LIBSSH2_METHOD_KEX, LIBSSH2_METHOD_HOSTKEY, LIBSSH2_METHOD_CRYPT_CS, LIBSSH2_METHOD_CRYPT_SC,
            LIBSSH2_METHOD_MAC_CS, LIBSSH2_METHOD_MAC_SC,
        ]
        return Dictionary(uniqueKeysWithValues: methods.map { ($0, names(of: $0, session)) })
    }()

    /// The host key algorithms that it can check.
    static var supportedHostKeys: Set<String> { supported[LIBSSH2_METHOD_HOSTKEY] ?? [] }

    private static func names(of method: Int32, _ session: OpaquePointer) -> Set<String> {
        var list: UnsafeMutablePointer<UnsafePointer<CChar>?>?
        let count = libssh2_session_supported_algs(session, method, &list)
        guard count > 0, let list else { return [] }
        defer { libssh2_free(session, list) }
        return Set((0..<Int(count)).compactMap { list[$0].map { String(cString: $0) } })
    }
}

/// One `LIBSSH2_SESSION` and its socket. Not Sendable: it belongs to the actor pinned to the socket's loop.
///
/// libssh2 reads and writes through our callbacks, so that (1) the first bytes of a failed banner are kept, (2) we know
/// when the peer was last heard, (3) the end of the connection is held back until libssh2 has handed out what it
/// already received: it would otherwise drop queued output as soon as it sees the end, (4) a peer that floods us cannot
/// keep libssh2 reading for ever: its calls end when nothing more comes, and it keeps what nobody has asked for.
final class LibSSH2Session {
    /// How the connection ended.
    enum End: Equatable {
        case closedByPeer
        case failed(Int32)
        /// By us: it sent more than any conversation needs.
        case flooded
    }

    let pointer: OpaquePointer
    let descriptor: LoopDescriptor
    /// What came before the first encrypted packet, for errors: words in place of a banner, and what the server offers.
    private(set) var firstBytes: [UInt8] = []
    private var keepsFirst = true
    private(set) var bytesReceived = 0
    private(set) var lastReceived = Instant.now
    /// What the current call may still take in; then it is told that nothing more has come, for now.
    private var allowance = LibSSH2Session.callLimit
    private(set) var sendIsBlocked = false
    private(set) var end: End?
    private(set) var disconnectMessage: String?
    /// Until authentication has succeeded. TCP_QUICKACK is not sticky: while the handshake's latency counts it is set again
    /// whenever we begin to wait. After each read it would send an acknowledgement for every piece that libssh2 takes.
    var isGreeting = true
    /// While keyboard-interactive authentication runs.
    var promptAnswers: PromptAnswers?
    private var isTornDown = false

    /// Bytes taken in by one call, before the others on the loop have their turn.
    private static let callLimit = 256 * 1024
    /// Bytes taken in before authentication has succeeded; 10 KB are usual.
    private static let greetingLimit = 1024 * 1024

    init?(_ descriptor: LoopDescriptor) {
        guard let pointer = libssh2_session_init_ex(nil, nil, nil, nil) else { return nil }
        self.pointer = pointer
        self.descriptor = descriptor
        libssh2_session_abstract(pointer)?.pointee = Unmanaged.passUnretained(self).toOpaque()
        libssh2_session_set_blocking(pointer, 0)
        ssh2_set_io(
            pointer,
            { _, buffer, length, flags, context in
                LibSSH2Session.from(context)?.receive(buffer, length, flags) ?? Int(-EBADF)
            },
            { _, buffer, length, flags, context in
                LibSSH2Session.from(context)?.send(buffer, length, flags) ?? Int(-EBADF)
            })
        ssh2_set_disconnect(pointer) { _, reason, text, length, _, _, context in
            let bytes = UnsafeRawBufferPointer(start: text, count: max(0, Int(length)))
            LibSSH2Session.from(context)?.disconnectMessage = "\(printable(bytes)) (reason \(reason))"
        }
    }

    deinit { tearDown() }

    static func from(_ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) -> LibSSH2Session? {
        context?.pointee.map { Unmanaged<LibSSH2Session>.fromOpaque($0).takeUnretainedValue() }
    }

    private func receive(_ buffer: UnsafeMutableRawPointer?, _ length: Int, _ flags: Int32) -> Int {
        guard !isTornDown else { return 0 }
        guard end != .flooded, allowance > 0 else { return Int(-EAGAIN) }
        let count = uninterrupted { recv(descriptor.fd, buffer, min(length, allowance), flags) }
        if count > 0 {
            bytesReceived += count
            allowance -= count
            lastReceived = .now
            keepFirst(UnsafeRawBufferPointer(start: buffer, count: count))
            if isGreeting, bytesReceived > Self.greetingLimit { end = .flooded }
            return count
        }
        let code = errno
        if count == 0 {
            end = end ?? .closedByPeer
        } else if code != EAGAIN {
            end = end ?? .failed(code)
        } else if isGreeting {
            setSocketOption(descriptor.fd, Int32(IPPROTO_TCP), TCP_QUICKACK, 1)
        }
        return Int(-EAGAIN)
    }

    /// After the handshake nobody asks for them any more.
    func forgetFirstBytes() {
        keepsFirst = false
        firstBytes = []
    }

    /// One libssh2 call begins.
    func beginCall() { allowance = Self.callLimit }

    private func keepFirst(_ bytes: UnsafeRawBufferPointer) {
        if keepsFirst, firstBytes.count < 4096 { firstBytes += bytes.prefix(4096 - firstBytes.count) }
    }

    private func send(_ buffer: UnsafeRawPointer?, _ length: Int, _ flags: Int32) -> Int {
        guard !isTornDown else { return Int(-EPIPE) }
        // Without MSG_NOSIGNAL a peer that has gone would end the process with SIGPIPE.
        let count = uninterrupted { Glibc.send(descriptor.fd, buffer, length, flags | Int32(MSG_NOSIGNAL)) }
        let code = errno
        sendIsBlocked = (count >= 0 && count < length) || (count < 0 && code == EAGAIN)
        if count < 0, code != EAGAIN { end = end ?? .failed(code) }
        return count < 0 ? Int(-code) : count
    }

    /// libssh2's own words for its last error.
    var lastError: String {
        var text: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        libssh2_session_last_error(pointer, &text, &length, 0)
        return printable(UnsafeRawBufferPointer(start: text, count: max(0, Int(length))))
    }

    /// What the server's banner says after the protocol's version (RFC 4253, section 4.2).
    var serverSoftware: String {
        let banner = libssh2_session_banner_get(pointer).map { String(cString: $0) } ?? ""
        return printable(banner.split(separator: "-", maxSplits: 2).last.map { Array($0.utf8) } ?? [], limit: 128)
    }

    /// Restricts a method to `names`, in order; false when this libssh2 supports none of them.
    ///
    /// The filter is ours since libssh2 1.10 strips unknown names with an overlapping memcpy.
    func prefer(_ names: [String], for method: Int32) -> Bool {
        let wanted = names.filter { LibSSH2.supported[method]?.contains($0) == true }.joined(separator: ",")
        return !wanted.isEmpty && libssh2_session_method_pref(pointer, method, wanted) == 0
    }

    /// Cuts the connection first, so that libssh2 frees channels and session without waiting for the peer.
    func tearDown() {
        guard !isTornDown else { return }
        isTornDown = true
        shutdown(descriptor.fd, Int32(SHUT_RDWR))
        // The callbacks now answer "gone"; each call gets one step further, and a handful of channels need few steps.
        var steps = 0
        while libssh2_session_free(pointer) == LIBSSH2_ERROR_EAGAIN, steps < 1000 { steps += 1 }
    }
}

/// setsockopt(2) for an integer; tuning only, so a refusal does not matter.
func setSocketOption(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    setsockopt(fd, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}
