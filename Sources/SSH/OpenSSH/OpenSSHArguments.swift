import FoundationEssentials
import Glibc

/// The command lines of ssh(1). Options on the command line come before those of any configuration file, so nothing the
/// user has configured can loosen or disturb them.
struct OpenSSHArguments {
    private let route: Route
    private let options: Options
    private let folder: PrivateFolder

    init(_ route: Route, _ options: Options, _ folder: PrivateFolder) {
        self.route = route
        self.options = options
        self.folder = folder
    }

    // MARK: The master

    /// Strict, silent, and without side effects: for the master and each ssh on the way.
    private static let strict = [
        "BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "VerifyHostKeyDNS=no", "CheckHostIP=no",
        "NoHostAuthenticationForLocalhost=no", "GlobalKnownHostsFile=none", "ControlPersist=no",
        "ClearAllForwardings=yes", "ForwardAgent=no", "ForwardX11=no", "Tunnel=no", "PermitLocalCommand=no",
        "RemoteCommand=none", "AddKeysToAgent=no", "RequestTTY=no", "ForkAfterAuthentication=no", "VisualHostKey=no",
        "FingerprintHash=sha256",
    ]

    /// The one connection of a session, which runs nothing itself: a handshake of its own, never somebody's socket.
    func master() throws(SSHError) -> [String] {
        var settings =
            Self.strict + [
                "LogLevel=DEBUG1", "ControlMaster=yes", "ControlPath=\(folder.socket)",
                "KnownHostsCommand=\(ShownKey.recorder(file: folder.keys, then: route.knownHostsCommand))",
            ]
        settings += try Self.knownHosts(route) + Self.time(options)
        settings += try Self.identities(route)
        if route.configuration == .none { settings.append(Self.hostName(route)) }
        if let command = try Self.proxyCommand(through: route.jumps, to: route.endpoint, options) {
            settings += ["ProxyCommand=\(command)", "ProxyJump=none", "ProxyUseFdpass=no"]
        }
        return try ["-N", "-T"] + Self.words(settings) + Self.destination(route)
    }

    /// `%` begins a token there, and the zone of a link-local address: `fe80::1%eth0`.
    private static func hostName(_ route: Route) -> String {
        "HostName=\(doubled(["%"], in: route.endpoint.host))"
    }

    private static func words(_ settings: [String]) -> [String] { settings.flatMap { ["-o", $0] } }

    private static func destination(_ route: Route) throws(SSHError) -> [String] {
        let alias = try nameToLookUp(route).map { words(["HostKeyAlias=\($0)"]) } ?? []
        return route.configuration.arguments + alias
            + ["-l", route.endpoint.user, "-p", String(route.endpoint.port), "--", route.name]
    }

    /// The exact name, since ssh would otherwise take a key of the same host's port 22 for any port's. But the names in
    /// a certificate have no port, so it is left to ssh where one may be shown.
    private static func nameToLookUp(_ route: Route) throws(SSHError) -> String? {
        if let alias = route.endpoint.hostKeyAlias { return alias }
        guard let record = try knownHosts(of: route), record.authorities.isEmpty else { return nil }
        return KnownHosts.name(of: route.endpoint)
    }

    /// What the files say of a route's end; nil when a command has the last word.
    static func knownHosts(of route: Route) throws(SSHError) -> KnownHosts.Record? {
        guard route.knownHostsCommand == nil else { return nil }
        let hosts = try KnownHosts(files: route.knownHostsFiles)
        var record = hosts.record(of: route.endpoint)
        if route.endpoint.port != 22, route.endpoint.hostKeyAlias == nil {
            // An authority vouches for a host's name, whatever the port: ssh asks for it without, too.
            let plain = hosts.record(of: Endpoint(host: route.endpoint.host, user: ""))
            record.entries += plain.entries.filter { $0.role == .authority }
        }
        return record
    }

    private static func time(_ options: Options) -> [String] {
        // ssh counts the banner and the key exchange too, and gives no phase; our own deadlines come first.
        let connecting = seconds(options.connectTimeout + options.handshakeTimeout) + 1
        // It gives up at the second interval in a row without any answer.
        let silence = max(2, seconds(options.silenceLimit) / 2)
        return ["ConnectTimeout=\(connecting)", "ServerAliveInterval=\(silence)", "ServerAliveCountMax=1"]
    }

    private static func seconds(_ duration: Duration) -> Int { max(1, Int(clamping: duration.components.seconds)) }

    private static func knownHosts(_ route: Route) throws(SSHError) -> [String] {
        var files: [String] = []
        for file in route.knownHostsFiles { files.append(try path(file, route)) }
        return ["UserKnownHostsFile=\(files.isEmpty ? "none" : files.joined(separator: " "))"]
    }

    /// The route's keys first, in their order; ssh tries those of its configuration after them.
    private static func identities(_ route: Route) throws(SSHError) -> [String] {
        var settings: [String] = []
        for file in route.identityFiles where access(file, F_OK) == 0 {
            settings.append("IdentityFile=\(try path(file, route))")
        }
        for file in route.certificateFiles { settings.append("CertificateFile=\(try path(file, route))") }
        guard route.configuration == .none else { return settings }
        if settings.isEmpty { settings.append("IdentityFile=none") }
        let agent = try route.agentSocket.map { path throws(SSHError) in try Self.path(path, route) }
        settings.append("IdentityAgent=\(agent ?? "none")")
        return settings + (route.identitiesOnly ? ["IdentitiesOnly=yes"] : [])
    }

    /// A path as one word of ssh_config(5) that means just itself. `${` cannot be escaped there.
    static func path(_ path: String, _ route: Route) throws(SSHError) -> String {
        let isPlain = path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard path.utf8.first == UInt8(ascii: "/"), !path.utf8.contains("${".utf8), isPlain else {
            throw SSHError(
                .invalidInput, .preparation, host: route.endpoint.description,
                "ssh cannot be given this path: \(printable(path.utf8))",
                remedy: "use an absolute path without ${ and control characters")
        }
        var escaped = ""
        for scalar in doubled(["%", "\\"], in: path).unicodeScalars {
            escaped += (scalar == "\"" ? "\\" : "") + String(scalar)
        }
        return "\"\(escaped)\""
    }

    // By unicode scalar, as ssh reads it: to a Character a sign and a combining mark behind it are one.
    private static func doubled(_ signs: Set<Unicode.Scalar>, in text: String) -> String {
        text.unicodeScalars.map { signs.contains($0) ? "\($0)\($0)" : String($0) }.joined()
    }

    // MARK: Jumps

    /// A command that ends at `target`'s port through all hops, each as strictly verified as the target: with a
    /// ProxyJump, ssh would run the hops without our options. Nil when there is no hop.
    static func proxyCommand(
        through jumps: [Route], to target: Endpoint, _ options: Options
    ) throws(SSHError) -> String? {
        guard let last = jumps.last else { return nil }
        var settings = try strict + ["LogLevel=ERROR", "ControlMaster=no", "ControlPath=none"] + knownHosts(last)
        settings += try time(options) + identities(last)
        if last.configuration == .none { settings.append(hostName(last)) }
        let inner = try proxyCommand(through: jumps.dropLast(), to: last.endpoint, options)
        settings += inner.map { ["ProxyCommand=\($0)", "ProxyUseFdpass=no"] } ?? []
        // The next hop follows no ProxyJump of its own, as ssh(1) has it: the hops before it are listed already.
        settings.append("ProxyJump=none")
        let host = target.host.contains(":") ? "[\(target.host)]" : target.host
        let command = try ["ssh", "-W", "\(host):\(target.port)"] + words(settings) + destination(last)
        // It is expanded before the shell sees it.
        return doubled(["%"], in: command.map(Wrapper.quoted).joined(separator: " "))
    }

    // MARK: A run

    /// A command over the master. Without the master it must fail: the ProxyCommand keeps ssh from connecting on its
    /// own, and no configuration is read that could say otherwise. It waits for ssh's banner: an ssh that finds the
    /// pipe broken when it writes that ends without a word, and then nobody knows that nothing ran.
    func run(_ line: String, log: String) -> [String] {
        let settings = [
            "ControlMaster=no", "ControlPath=\(folder.socket)", "ProxyCommand=sh -c 'read _'", "BatchMode=yes",
            "StrictHostKeyChecking=yes", "UserKnownHostsFile=none", "GlobalKnownHostsFile=none", "IdentityFile=none",
            "IdentityAgent=none", "EscapeChar=none", "LogLevel=ERROR",
        ]
        return ["-F", "none", "-T", "-E", log] + Self.words(settings) + ["--", route.name, line]
    }
}
