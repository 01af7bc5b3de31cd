import CSSH2
import Glibc

extension Session {
    /// TCP, handshake, host key, authentication: returns what was learnt on the way.
    /// - Parameter jump: the host to go through, nil for the direct way.
    func establish(
        _ credentials: Credentials, _ knownHosts: KnownHosts, through jump: Session? = nil
    ) async throws(SSHError) -> ConnectionFacts {
        let start = Instant.now
        let ssh = try adopt(try await dial(through: jump))
        let record = knownHosts.record(of: endpoint)
        try await handshake(ssh, record)
        let hostKey = try verifyHostKey(ssh, record)
        let method = try await authenticate(credentials)
        ssh.isGreeting = false
        return ConnectionFacts(
            transport: .libssh2, hostKey: HostKey(hostKey), server: ssh.serverSoftware, authentication: method,
            handshake: .now - start)
    }

    /// The node's host key of one type, proven by a handshake after which nothing is asked; nil when it has none.
    func hostKey(ofType type: String, through jump: Session?) async throws(SSHError) -> PublicKey? {
        let ssh = try adopt(try await dial(through: jump))
        guard ssh.prefer(HostKeyAlgorithms.names(ofTypes: [type]), for: LIBSSH2_METHOD_HOSTKEY) else { return nil }
        try setPreferences(ssh)
        do throws(SSHError) {
            try await handshake(ssh)
        } catch {
            guard error.code == .noCommonAlgorithm else { throw error }
            return nil
        }
        return try shownHostKey(ssh)
    }

    // MARK: TCP

    private func dial(through jump: Session?) async throws(SSHError) -> LoopDescriptor {
        if let jump { return LoopDescriptor(try await jump.tunnel(to: endpoint), on: loop) }
        let deadline = Instant.now + options.connectTimeout
        return try await dial(try await addresses(until: deadline), until: deadline)
    }

    private func addresses(until deadline: Instant) async throws(SSHError) -> [SocketAddress] {
        // Numeric addresses need no thread.
        if case .success(let found) = lookUp(endpoint.host, port: endpoint.port, flags: AI_NUMERICHOST) { return found }
        let box = AnswerBox()
        resolver.resolve(endpoint.host, port: endpoint.port, into: box)
        let timer = loop.schedule(box.waiter, at: deadline)
        let wake = await box.waiter.wait()
        loop.cancel(timer)
        switch (box.value, wake) {
        case (.success(let found), .changed): return found
        case (.failure(let failure), .changed):
            throw error(
                .nameNotFound, .resolution, "cannot resolve \(printable(endpoint.host.utf8)): \(failure.message)",
                "check the name, or use an address")
        case (_, .cancelled): throw error(.cancelled, .resolution, "cancelled", "nothing was started on the node")
        default: throw timeoutError(.resolution)
        }
    }

    private func dial(_ addresses: [SocketAddress], until deadline: Instant) async throws(SSHError) -> LoopDescriptor {
        var failure = error(.nameNotFound, .resolution, "the name has no address", "check the name")
        for (index, address) in addresses.enumerated() {
            // A share of what is left, so that one dead address does not use up the time of the others.
            let share = (deadline - Instant.now) / (addresses.count - index)
            do throws(SSHError) {
                return try await dial(address, until: .now + share)
            } catch {
                guard error.code != .cancelled else { throw error }
                failure = error
            }
        }
        throw failure
    }

    private func dial(_ address: SocketAddress, until deadline: Instant) async throws(SSHError) -> LoopDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let fd = socket(address.family, type, 0)
        guard fd >= 0 else {
            throw error(
                .resources, .connection, "no socket: \(systemMessage(errno))",
                "raise the limit of open files (ulimit -n)")
        }
        let descriptor = LoopDescriptor(fd, on: loop)
        do throws(SSHError) {
            try await finishConnecting(descriptor, to: address, until: deadline)
        } catch {
            descriptor.close()
            throw error
        }
        setSocketOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        setSocketOption(fd, Int32(IPPROTO_TCP), TCP_QUICKACK, 1)
        let silence = Int32(clamping: options.silenceLimit.components.seconds * 1000)
        setSocketOption(fd, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, max(1000, silence))
        return descriptor
    }

    private func finishConnecting(
        _ descriptor: LoopDescriptor, to address: SocketAddress, until deadline: Instant
    ) async throws(SSHError) {
        let result = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                connect(descriptor.fd, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        var code = result == 0 ? 0 : errno
        while code == EINPROGRESS || code == EINTR {
            switch await descriptor.wait(writable: true, until: deadline) {
            case .cancelled: throw error(.cancelled, .connection, "cancelled", "nothing was started on the node")
            case .deadline: throw timeoutError(.connection)
            case .changed: code = connectResult(descriptor.fd)
            }
        }
        guard code == 0 else {
            throw error(
                .unreachable, .connection, "cannot connect: \(systemMessage(code))",
                "check that the node is up and sshd listens on port \(endpoint.port)")
        }
    }

    private func connectResult(_ fd: Int32) -> Int32 {
        var poll = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
        guard Glibc.poll(&poll, 1, 0) > 0 else { return EINPROGRESS }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? code : errno
    }

    // MARK: Handshake

    private func handshake(_ ssh: LibSSH2Session, _ record: KnownHosts.Record) async throws(SSHError) {
        try preferHostKeys(ssh, record)
        try setPreferences(ssh)
        try await handshake(ssh, knowing: record)
    }

    private func handshake(
        _ ssh: LibSSH2Session, knowing record: KnownHosts.Record = KnownHosts.Record()
    ) async throws(SSHError) {
        let fd = ssh.descriptor.fd
        let result = try await performHandshake(ssh, fd)
        guard result == 0 else { throw handshakeError(ssh, result, record) }
        ssh.forgetFirstBytes()
    }

    /// A server that never finishes its banner is named with what it sent.
    private func performHandshake(_ ssh: LibSSH2Session, _ fd: Int32) async throws(SSHError) -> Int {
        do throws(SSHError) {
            return try await perform(self.handshakePhase, until: .now + options.handshakeTimeout) {
                Int(libssh2_session_handshake($0, fd))
            }
        } catch {
            guard error.phase == .banner, error.code == .timedOut || error.code == .connectionLost else { throw error }
            throw SSHError(
                error.code, .banner, host: error.host, error.message + bannerWords(ssh), remedy: error.remedy)
        }
    }

    /// libssh2 keeps any first line as the banner, "Exceeded MaxStartups" too.
    private var handshakePhase: SSHError.Phase {
        guard let ssh, let banner = libssh2_session_banner_get(ssh.pointer) else { return .banner }
        return strncmp(banner, "SSH-", 4) == 0 ? .keyExchange : .banner
    }

    /// Keys of known types first, the others after them: what is shown then is refused with its fingerprint.
    private func preferHostKeys(_ ssh: LibSSH2Session, _ record: KnownHosts.Record) throws(SSHError) {
        let known = HostKeyAlgorithms.names(for: record.trusted)
        guard ssh.prefer(known, for: LIBSSH2_METHOD_HOSTKEY) else {
            throw error(
                .hostKeyUnsupported, .keyExchange,
                "libssh2 \(LibSSH2.version) supports none of: \(known.joined(separator: ", "))",
                "record the host's ed25519 or ecdsa key in known_hosts, or use a newer libssh2")
        }
        let others = HostKeyAlgorithms.names(for: []).filter { !known.contains($0) }
        _ = ssh.prefer(known + others, for: LIBSSH2_METHOD_HOSTKEY)
    }

    private func setPreferences(_ ssh: LibSSH2Session) throws(SSHError) {
        let lists = [
            (LIBSSH2_METHOD_KEX, LibSSH2.keyExchanges),
            (LIBSSH2_METHOD_CRYPT_CS, LibSSH2.ciphers), (LIBSSH2_METHOD_CRYPT_SC, LibSSH2.ciphers),
            (LIBSSH2_METHOD_MAC_CS, LibSSH2.macs), (LIBSSH2_METHOD_MAC_SC, LibSSH2.macs),
        ]
        for (method, names) in lists where !ssh.prefer(names, for: method) {
            throw error(
                .noCommonAlgorithm, .keyExchange,
                "libssh2 \(LibSSH2.version) supports none of: \(names.joined(separator: ", "))", "use a newer libssh2")
        }
    }

    private func handshakeError(_ ssh: LibSSH2Session, _ result: Int, _ record: KnownHosts.Record) -> SSHError {
        let phase = handshakePhase
        guard phase == .keyExchange else { return bannerError(ssh, result) }
        if result == Int(LIBSSH2_ERROR_KEX_FAILURE) || result == Int(LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE),
            ssh.end == nil
        {
            return algorithmError(ssh, record)
        }
        return broken(result, phase)
    }

    /// sshd says "Exceeded MaxStartups" or "Not allowed at this time" only in place of its banner.
    private func bannerError(_ ssh: LibSSH2Session, _ result: Int) -> SSHError {
        let words = bannerWords(ssh)
        if let end = ssh.end, ssh.firstBytes.isEmpty { return lost(end, .banner) }
        return error(
            .bannerRefused, .banner, "no SSH banner came\(words)",
            "check the port; if sshd limits new connections (MaxStartups, PerSourcePenalties), try again later")
    }

    private func bannerWords(_ ssh: LibSSH2Session) -> String {
        ssh.firstBytes.isEmpty ? "; the node sent nothing" : "; the node sent: \(printable(ssh.firstBytes))"
    }

    private func algorithmError(_ ssh: LibSSH2Session, _ record: KnownHosts.Record) -> SSHError {
        let hint = record.list(.trusted).map { "; known: \($0)" } ?? ""
        let offer = ServerOffer(firstBytes: ssh.firstBytes)
        let lack = offer?.lack ?? ssh.lastError
        return error(
            .noCommonAlgorithm, .keyExchange,
            "no algorithms in common with \(ssh.serverSoftware)\(hint): \(lack) (libssh2 \(LibSSH2.version))",
            "allow curve25519-sha256, aes128-ctr, hmac-sha2-256 and an ed25519 or ecdsa host key in the node's sshd_config"
        )
    }
}
