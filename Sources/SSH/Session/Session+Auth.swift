import CSSH2
import Glibc

/// Hands data to sign out of libssh2's callback and the signature back in. The callback answers EAGAIN until the
/// signature is there, so that an agent can be asked without blocking the loop.
private struct SignatureExchange {
    var data: [UInt8]?
    var signature: [UInt8]?

    mutating func sign(
        _ data: UnsafeRawBufferPointer, _ result: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
        _ length: UnsafeMutablePointer<Int>
    ) -> Int32 {
        guard let signature else {
            self.data = Array(data)
            return LIBSSH2_ERROR_EAGAIN
        }
        // libssh2 frees it with the session's allocator, which is malloc's.
        guard let memory = malloc(signature.count) else { return LIBSSH2_ERROR_ALLOC }
        signature.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { memcpy(memory, base, bytes.count) }
        }
        result.pointee = memory.assumingMemoryBound(to: UInt8.self)
        length.pointee = signature.count
        return 0
    }
}

private nonisolated func signCallback(
    _ session: OpaquePointer?, _ signature: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?,
    _ length: UnsafeMutablePointer<Int>?, _ data: UnsafePointer<UInt8>?, _ count: Int,
    _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int32 {
    guard let exchange = context?.pointee?.assumingMemoryBound(to: SignatureExchange.self), let signature, let length
    else { return LIBSSH2_ERROR_INVAL }
    return exchange.pointee.sign(UnsafeRawBufferPointer(start: data, count: count), signature, length)
}

/// A key to try and the one who signs with it.
private enum Signer {
    case key(PrivateKey)
    case agent(AgentClient, PublicKey)

    var publicKey: PublicKey {
        switch self {
        case .key(let key): key.publicKey
        case .agent(_, let key): key
        }
    }
}

extension Session {
    /// Tries the credentials in order; says which one let us in. `userauth_list` is skipped: it costs a round trip and
    /// counts as an attempt.
    func authenticate(_ credentials: Credentials) async throws(SSHError) -> String {
        let deadline = Instant.now + options.authenticationTimeout
        var notes: [String] = []
        var left = max(1, options.maxKeysTried)
        for method in credentials.methods {
            switch method {
            case .key(let key):
                if try await authenticate(.key(key), &left, &notes, until: deadline) { return "publickey \(key)" }
            case .agent(let path, let only):
                if let key = try await authenticate(agent: path, only, &left, &notes, until: deadline) {
                    return "publickey \(key) (agent)"
                }
            }
        }
        let tried = notes.isEmpty ? "no key was given" : notes.joined(separator: "; ")
        throw error(
            .authenticationFailed, .authentication, "no key was accepted for user \(endpoint.user): \(tried)",
            "check the user name and the node's authorized_keys")
    }

    private func authenticate(
        agent path: String, _ only: PublicKey?, _ left: inout Int, _ notes: inout [String], until deadline: Instant
    ) async throws(SSHError) -> PublicKey? {
        let agent = try AgentClient(socket: path, for: endpoint.description, on: loop, until: deadline)
        defer { agent.close() }
        let offered = try await agent.identities().filter { only == nil || $0 == only }
        let usable = offered.filter { Self.userKeyTypes.contains($0.type) }
        if usable.isEmpty {
            notes.append(only == nil ? "the agent has no usable key" : "the agent lacks the chosen key")
        }
        if usable.count < offered.count {
            notes.append(
                "\(offered.count - usable.count) agent keys are of types not supported (RSA, FIDO, certificates)")
        }
        for key in usable where try await authenticate(.agent(agent, key), &left, &notes, until: deadline) {
            return key
        }
        return nil
    }

    /// RSA is missing: libssh2 1.10 can only sign with SHA-1, which current servers refuse.
    private static let userKeyTypes: Set<String> = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    ]

    private func authenticate(
        _ signer: Signer, _ left: inout Int, _ notes: inout [String], until deadline: Instant
    ) async throws(SSHError) -> Bool {
        let key = signer.publicKey
        guard left > 0 else {
            notes.append("\(key) was not tried (at most \(options.maxKeysTried) are)")
            return false
        }
        left -= 1
        let result = try await offer(signer, until: deadline)
        switch Int32(result) {
        case 0: return true
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            // The same code stands for a refused key and for a connection that ended meanwhile.
            guard ssh?.end == nil, ssh?.disconnectMessage == nil else { throw broken(result, .authentication) }
            notes.append("\(key) was refused")
            return false
        default: throw broken(result, .authentication)
        }
    }

    /// libssh2_userauth_publickey(3): asks whether the key would do, then signs.
    private func offer(_ signer: Signer, until deadline: Instant) async throws(SSHError) -> Int {
        var exchange = SignatureExchange()
        let call = makeCall()
        while true {
            let result = attempt(call) { pointer in
                step(pointer, signer.publicKey.blob, &exchange)
            }
            guard result == LibSSH2.again else { return result }
            do throws(SSHError) {
                if let data = exchange.data, exchange.signature == nil {
                    exchange.signature = try await sign(data, signer)
                } else {
                    try await pause(.authentication, until: deadline)
                }
            } catch {
                abandon(call, because: error)
                throw error
            }
        }
    }

    private func step(_ pointer: OpaquePointer, _ blob: [UInt8], _ exchange: inout SignatureExchange) -> Int {
        withUnsafeMutablePointer(to: &exchange) { exchange in
            var context: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(exchange)
            return Int(libssh2_userauth_publickey(pointer, endpoint.user, blob, blob.count, signCallback, &context))
        }
    }

    private func sign(_ data: [UInt8], _ signer: Signer) async throws(SSHError) -> [UInt8] {
        switch signer {
        case .agent(let agent, let key): return try await agent.sign(data, with: key)
        case .key(let key):
            do {
                return try key.sign(data)
            } catch {
                throw self.error(.keyUnreadable, .authentication, "cannot sign with \(key)", "replace the key")
            }
        }
    }
}
