import Glibc

/// The keys that routes name, read once for all hosts.
actor Identities {
    /// What a key file turned out to be.
    private enum Identity {
        case missing
        case key(PrivateKey)
        case locked(PublicKey)
        /// Only the public half is here: the agent may hold the other.
        case publicHalf(PublicKey)
        /// OpenSSH may be able to use it.
        case unusable(String)
    }

    private let unlocker: KeyUnlocker?
    private let password: SharedPassword?
    private var known: [String: Result<Identity, SSHError>] = [:]

    /// - Parameters:
    ///   - unlocker: opens keys that have a passphrase; nil leaves them closed.
    ///   - password: answers keyboard-interactive prompts; nil answers none.
    init(unlocker: KeyUnlocker?, password: SharedPassword?) {
        self.unlocker = unlocker
        self.password = password
    }

    /// The ways to log in along a route: keys of its files first, then what else the agent holds.
    func credentials(for route: Route) throws(SSHError) -> Credentials {
        var credentials = Credentials([])
        for path in route.identityFiles {
            switch try identity(path).get() {
            case .missing where route.identitiesMustExist: throw missing(path)
            case .missing: break
            case .key(let key): credentials.methods.append(.key(key))
            case .publicHalf(let key): append(agentsKey: key, route, &credentials)
            case .locked(let key):
                append(agentsKey: key, route, &credentials)
                append(locked: key, path, &credentials)
            case .unusable(let reason): credentials.unusable.append(reason)
            }
        }
        credentials.unusable += certificates(route)
        if !route.identitiesOnly, let socket = route.agentSocket { credentials.methods.append(.agent(socket: socket)) }
        if let password { credentials.methods.append(.keyboardInteractive(password)) }
        return credentials
    }

    private func append(agentsKey key: PublicKey, _ route: Route, _ credentials: inout Credentials) {
        guard let socket = route.agentSocket else { return }
        credentials.methods.append(.agent(socket: socket, only: [key]))
    }

    private func append(locked key: PublicKey, _ path: String, _ credentials: inout Credentials) {
        guard let unlocker else {
            return credentials.unusable.append("\(path) has a passphrase; load it with ssh-add")
        }
        credentials.methods.append(
            .locked(LockedKey(publicKey: key) { () throws(SSHError) in try await unlocker.unlock(path) }))
    }

    /// A certificate goes before its plain key, as with ssh(1): who has one is usually let in by it alone.
    private func certificates(_ route: Route) -> [String] {
        let beside = route.identityFiles.map { $0 + "-cert.pub" }
        return (route.certificateFiles + beside).filter { access($0, R_OK) == 0 }.map { "\($0) is a user certificate" }
    }

    // MARK: Files

    private func identity(_ path: String) -> Result<Identity, SSHError> {
        if let known = known[path] { return known }
        let read = Result { () throws(SSHError) in try Self.read(path) }
        known[path] = read
        return read
    }

    private static func read(_ path: String) throws(SSHError) -> Identity {
        guard access(path, F_OK) == 0 else {
            guard access(path + ".pub", R_OK) == 0 else { return .missing }
            return try publicHalf(path + ".pub")
        }
        do throws(SSHError) {
            return .key(try PrivateKey(path: path))
        } catch {
            switch error.code {
            case .keyEncrypted:
                let file = try readFile(path, limit: 65536, what: "key file")
                let key = try PrivateKey.publicHalf(text: String(decoding: file.bytes, as: UTF8.self), name: path)
                return PublicKey.usableTypes.contains(key.type) ? .locked(key) : .unusable("\(path): \(key.type)")
            case .keyUnsupported: return .unusable("\(path): \(error.message)")
            default: throw error
            }
        }
    }

    private static func publicHalf(_ path: String) throws(SSHError) -> Identity {
        let fields = String(decoding: try readFile(path, limit: 65536, what: "public key file").bytes, as: UTF8.self)
            .split(whereSeparator: \.isWhitespace)
        guard fields.count >= 2, let key = PublicKey(base64: String(fields[1])) else { return .missing }
        return PublicKey.usableTypes.contains(key.type) ? .publicHalf(key) : .unusable("\(path): \(key.type)")
    }

    private func missing(_ path: String) -> SSHError {
        SSHError(
            .keyUnreadable, .preparation, host: path, "this key file does not exist",
            remedy: "correct identityFiles in the inventory")
    }
}
