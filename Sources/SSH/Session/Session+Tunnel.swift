import CSSH2
import Glibc

/// One direct-tcpip channel (RFC 4254, section 7.2) and the near end of the socket pair it is joined to.
///
/// The session of the host behind it has the other end and needs to know nothing of jumps: it may be on another loop,
/// and tunnels nest.
final class Tunnel {
    typealias ID = Session.Call

    fileprivate static let pieceSize = 32768

    fileprivate let channel: OpaquePointer
    fileprivate let socket: LoopDescriptor
    fileprivate let (readCall, writeCall): (Session.Call, Session.Call)
    /// Directions that still carry; the channel is given up after the last.
    fileprivate var directions = 2

    fileprivate init(_ channel: OpaquePointer, _ socket: LoopDescriptor, _ calls: (Session.Call, Session.Call)) {
        self.channel = channel
        self.socket = socket
        (readCall, writeCall) = calls
    }

    /// Ends both directions.
    func close() { socket.close() }
}

extension Session {
    /// Has this host connect to another one.
    /// - Returns: a connected socket, the caller's to close.
    func tunnel(to target: Endpoint) async throws(SSHError) -> Int32 {
        let deadline = Instant.now + options.channelTimeout
        while isOpening { try await pause(.channel, until: deadline) }
        if let failure { throw failure }
        var channel: OpaquePointer?
        let result = try await open(&channel) { pointer in
            libssh2_channel_direct_tcpip_ex(pointer, target.host, Int32(target.port), "127.0.0.1", 0)
        }
        guard let channel else { throw refusal(of: target, result) }
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            let cause = systemMessage(errno)
            retire(channel, isSession: false)
            throw error(.resources, .connection, "no socket: \(cause)", "raise the limit of open files (ulimit -n)")
        }
        start(Tunnel(channel, LoopDescriptor(ends[0], on: loop), (makeCall(), makeCall())))
        return ends[1]
    }

    private func refusal(of target: Endpoint, _ result: Int) -> SSHError {
        guard result == Int(LIBSSH2_ERROR_CHANNEL_FAILURE), let ssh, ssh.end == nil else {
            return broken(result, .channel)
        }
        return SSHError(
            .unreachable, .connection, host: target.description,
            "the jump host \(endpoint) does not connect to it: \(ssh.lastError)",
            remedy: "check from there that it is reachable, and AllowTcpForwarding in the jump host's sshd_config")
    }

    // MARK: Carrying

    /// Moves bytes both ways until both sides have ended, or one is lost.
    private func start(_ tunnel: Tunnel) {
        let id = tunnel.readCall
        tunnels[id] = tunnel
        Task { await carry(id) { tunnel throws(SSHError) in try await self.fromChannel(tunnel) } }
        Task { await carry(id) { tunnel throws(SSHError) in try await self.toChannel(tunnel) } }
    }

    private func carry(_ id: Tunnel.ID, _ direction: (Tunnel) async throws(SSHError) -> Void) async {
        guard let tunnel = tunnels[id] else { return }
        do {
            try await direction(tunnel)
        } catch {
            // What is half sent on the session cannot be taken back.
            for call in [tunnel.readCall, tunnel.writeCall] { abandon(call, because: error) }
            tunnel.socket.close()
        }
        tunnel.directions -= 1
        guard tunnel.directions == 0 else { return }
        tunnel.socket.close()
        tunnels[id] = nil
        retire(tunnel.channel, isSession: false)
    }

    private func fromChannel(_ tunnel: Tunnel) async throws(SSHError) {
        while true {
            let piece = try await piece(of: tunnel)
            guard !piece.isEmpty else { break }
            try await send(piece, to: tunnel.socket)
        }
        shutdown(tunnel.socket.fd, Int32(SHUT_WR))
    }

    /// What came through the channel; empty at its end.
    private func piece(of tunnel: Tunnel) async throws(SSHError) -> [UInt8] {
        while true {
            let buffer = loop.buffer
            let result = attempt(tunnel.readCall, drains: true) { _ in
                libssh2_channel_read_ex(tunnel.channel, 0, buffer.baseAddress, buffer.count)
            }
            if result > 0 { return Array(buffer[..<result]) }
            guard result == 0 || result == LibSSH2.again else { throw broken(result, .command) }
            if tunnel.socket.fd < 0 || libssh2_channel_eof(tunnel.channel) == 1 { return [] }
            try await pause(.tunnel, until: .now + .seconds(86400))
        }
    }

    private func send(_ bytes: [UInt8], to socket: LoopDescriptor) async throws(SSHError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            let code = errno
            if count > 0 {
                rest = rest.dropFirst(count)
            } else {
                try await waitForNearEnd(socket, code, writable: true)
            }
        }
    }

    private func toChannel(_ tunnel: Tunnel) async throws(SSHError) {
        var buffer = [UInt8](repeating: 0, count: Tunnel.pieceSize)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(tunnel.socket.fd, $0.baseAddress, $0.count, 0) }
            let code = errno
            guard count != 0 else { break }
            if count < 0 {
                try await waitForNearEnd(tunnel.socket, code, writable: false)
            } else {
                try await write(buffer[..<count], to: tunnel)
            }
        }
        // The near side has closed: nobody reads what the far side may still send.
        tunnel.socket.close()
        ssh?.descriptor.wakeAll()
    }

    private func write(_ bytes: ArraySlice<UInt8>, to tunnel: Tunnel) async throws(SSHError) {
        var rest = bytes
        while !rest.isEmpty {
            let result = attempt(tunnel.writeCall, drains: true) { _ in
                rest.withUnsafeBytes { libssh2_channel_write_ex(tunnel.channel, 0, $0.baseAddress, $0.count) }
            }
            if result > 0 {
                rest = rest.dropFirst(result)
            } else if result == LibSSH2.again || result == 0 {
                try await pause(.tunnel, until: .now + .seconds(86400))
            } else {
                throw broken(result, .command)
            }
        }
    }

    private func waitForNearEnd(
        _ socket: LoopDescriptor, _ code: Int32, writable: Bool
    ) async throws(SSHError) {
        guard code == EAGAIN || code == EINTR else { throw closedError(.tunnel) }
        _ = await socket.wait(writable: writable, until: .now + .seconds(86400))
        if let failure { throw failure }
    }
}
