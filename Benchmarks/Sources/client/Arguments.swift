import Glibc
import SSH

/// What to do: `client PORT USER-KEY HOST-PUBLIC-KEY hosts|hold|commands COUNT [IN-FLIGHT] SCRIPT`.
struct Arguments {
    enum Mode: String {
        /// Logs in to so many hosts, each runs the script once.
        case hosts
        /// All at once, and they stay until all have run it.
        case hold
        /// One after the other on one connection.
        case commands
    }

    struct Usage: Error {}

    let port: UInt16
    let userKey: String
    let hostKey: String
    let mode: Mode
    let count: Int
    let inFlight: Int
    let script: String

    init(_ words: [String]) throws {
        guard words.count >= 7, let port = UInt16(words[1]), let mode = Mode(rawValue: words[4]),
            let count = Int(words[5])
        else { throw Usage() }
        self.port = port
        userKey = words[2]
        hostKey = words[3]
        self.mode = mode
        self.count = count
        inFlight = mode == .hosts && words.count > 7 ? Int(words[6]) ?? 1 : count
        script = words[words.count - 1]
    }
}

/// Keys, read once.
struct Identity {
    let credentials: Credentials
    let knownHosts: KnownHosts
    let endpoint: Endpoint

    init(_ arguments: Arguments) throws {
        credentials = .key(try PrivateKey(path: arguments.userKey))
        endpoint = Endpoint(host: "127.0.0.1", port: arguments.port, user: "root")
        guard let file = fopen(arguments.hostKey, "r") else { throw Arguments.Usage() }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 1024)
        guard fgets(&line, Int32(line.count), file) != nil else { throw Arguments.Usage() }
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        var known = KnownHosts()
        known.add("\(KnownHosts.name(of: endpoint)) \(text)", file: arguments.hostKey)
        knownHosts = known
    }
}
