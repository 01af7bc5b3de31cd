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
    case locked(LockedKey)

    var publicKey: PublicKey {
        switch self {
        case .key(let key): key.publicKey
        case .agent(_, let key): key
        case .locked(let key): key.publicKey
        }
    }
}

/// What was tried, and how much may still be.
struct LoginAttempts {
    var keysLeft: Int
    var tried: Set<PublicKey> = []
    var notes: [String] = []
    /// Whether there are keys that only OpenSSH could try.
    var hasSkipped = false
    var deadline: Instant
}

extension Session {
    /// Tries the credentials in order; says which one let us in. `userauth_list` is skipped: it costs a round trip and
    /// counts as an attempt.
    func authenticate(_ credentials: Credentials) async throws(SSHError) -> String {
        var attempts = LoginAttempts(
            keysLeft: max(1, options.maxKeysTried), deadline: .now + options.authenticationTimeout)
        for method in credentials.methods {
            if let success = try await authenticate(by: method, &attempts) { return success }
        }
        attempts.notes += credentials.unusable
        let tried = attempts.notes.isEmpty ? "no key was given" : attempts.notes.joined(separator: "; ")
        // A server that ends the connection after the last key has said enough.
        let offered = try? await offeredMethods(until: attempts.deadline)
        let methods = (offered ?? nil).map { " (it takes: \($0))" } ?? ""
        throw error(
            .authenticationFailed, .authentication,
            "nothing was accepted for user \(endpoint.user)\(methods): \(tried)",
            "check the user name and the node's authorized_keys")
    }

    /// The methods that the server takes. Asked for only after all has failed: it costs a round trip.
    private func offeredMethods(until deadline: Instant) async throws(SSHError) -> String? {
        var methods: String?
        _ = try await perform(.authentication, until: deadline) { pointer in
            let list = libssh2_userauth_list(pointer, endpoint.user, UInt32(endpoint.user.utf8.count))
            guard let list else { return Int(libssh2_session_last_errno(pointer)) }
            methods = printable(String(cString: list).utf8, limit: 100)
            return 0
        }
        return methods
    }

    private func authenticate(
        by method: Credentials.Method, _ attempts: inout LoginAttempts
    ) async throws(SSHError) -> String? {
        switch method {
        case .key(let key):
            try await offer(.key(key), &attempts) ? "publickey \(key)" : nil
        case .locked(let key):
            try await offer(.locked(key), &attempts) ? "publickey \(key.publicKey)" : nil
        case .agent(let path, let only):
            try await authenticate(agent: path, only, &attempts).map { "publickey \($0) (agent)" }
        case .keyboardInteractive(let password):
            try await answer(with: password, &attempts) ? "keyboard-interactive" : nil
        }
    }

    private func authenticate(
        agent path: String, _ only: [PublicKey]?, _ attempts: inout LoginAttempts
    ) async throws(SSHError) -> PublicKey? {
        let agent = try AgentClient(socket: path, for: endpoint.description, on: loop, until: attempts.deadline)
        defer { agent.close() }
        let held = try await agent.identities()
        let offered = only.map { $0.filter(held.contains) } ?? held
        let usable = offered.filter { PublicKey.usableTypes.contains($0.type) }
        if usable.isEmpty {
            attempts.notes.append(only == nil ? "the agent has no usable key" : "the agent lacks the chosen key")
        }
        if usable.count < offered.count {
            attempts.hasSkipped = true
            attempts.notes.append(
                "\(offered.count - usable.count) agent keys are of types not supported (RSA, FIDO, certificates)")
        }
        for key in usable where try await offer(.agent(agent, key), &attempts) { return key }
        return nil
    }

    private func offer(_ signer: Signer, _ attempts: inout LoginAttempts) async throws(SSHError) -> Bool {
        let key = signer.publicKey
        guard !attempts.tried.contains(key) else { return false }
        guard attempts.keysLeft > 0 else {
            attempts.notes.append("\(key) was not tried (at most \(options.maxKeysTried) are)")
            return false
        }
        attempts.keysLeft -= 1
        attempts.tried.insert(key)
        return try wasAccepted(try await prove(signer, &attempts.deadline), "\(key)", &attempts)
    }

    /// What a libssh2_userauth_* call has answered.
    func wasAccepted(_ result: Int, _ what: String, _ attempts: inout LoginAttempts) throws(SSHError) -> Bool {
        switch Int32(result) {
        case 0: return true
        case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
            // The same code stands for a refused key and for a connection that ended meanwhile.
            guard ssh?.end == nil, ssh?.disconnectMessage == nil else { throw broken(result, .authentication) }
            attempts.notes.append("\(what) was refused")
            return false
        default: throw broken(result, .authentication)
        }
    }

    /// libssh2_userauth_publickey(3): asks whether the key would do, and only then signs.
    private func prove(_ signer: Signer, _ deadline: inout Instant) async throws(SSHError) -> Int {
        var exchange = SignatureExchange()
        let call = makeCall()
        while true {
            let result = attempt(call) { pointer in
                step(pointer, signer.publicKey.blob, &exchange)
            }
            guard result == LibSSH2.again else { return result }
            do throws(SSHError) {
                if let data = exchange.data, exchange.signature == nil {
                    exchange.signature = try await sign(data, signer, &deadline)
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

    private func sign(_ data: [UInt8], _ signer: Signer, _ deadline: inout Instant) async throws(SSHError) -> [UInt8] {
        switch signer {
        case .agent(let agent, let key): return try await agent.sign(data, with: key)
        case .locked(let key):
            let socket = try await key.unlock()
            // A person's time is not the node's.
            deadline = .now + options.authenticationTimeout
            let agent = try AgentClient(socket: socket, for: endpoint.description, on: loop, until: deadline)
            defer { agent.close() }
            return try await agent.sign(data, with: key.publicKey)
        case .key(let key):
            do {
                return try key.sign(data)
            } catch {
                throw self.error(.keyUnreadable, .authentication, "cannot sign with \(key)", "replace the key")
            }
        }
    }
}

extension PublicKey {
    /// RSA is missing: libssh2 1.10 can only sign with SHA-1, which current servers refuse. So are FIDO keys and
    /// certificates; OpenSSH does these.
    static let usableTypes: Set<String> = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
    ]
}
