/// Finds out how hosts are reached, by asking `ssh -G`: so `Host`, `Match`, `Include` and all else mean what they mean
/// to ssh(1). Answers are kept; a few are asked for at a time, since each costs a process of 7 ms.
public actor RouteFinder {
    private let configuration: ConfigFile
    private let local: Tokens.Local
    private var asked: [Question: Task<HostConfig, any Error>] = [:]
    private let turns = Turns(4)

    /// ssh(1)'s own limit for the chain of a ProxyJump is what a command line can hold; ours is what people use.
    private static let maxJumps = 4

    private struct Question: Hashable {
        let name: String
        let user: String?
        let port: UInt16?
    }

    /// A finder that reads this configuration.
    public init(configuration: ConfigFile = .standard) {
        self.configuration = configuration
        local = .ofThisProcess()
    }

    /// How a destination is reached.
    /// - Throws: ``SSHError`` when ssh(1) does not take its configuration, or a chain of jumps is too long or a circle.
    public func route(to destination: Destination) async throws(SSHError) -> Route {
        try await route(to: destination, seen: [])
    }

    private func route(to destination: Destination, seen: [String]) async throws(SSHError) -> Route {
        try refuse(destination, seen)
        let config = try await config(
            Question(name: destination.name, user: destination.user, port: destination.port))
        var route = try RouteBuilder(destination, config, local, configuration).route()
        guard let hops = config.hops() else {
            throw failure(
                destination.name, "its ProxyJump cannot be read: \(printable((config.value("proxyjump") ?? "").utf8))")
        }
        for (index, hop) in hops.enumerated() {
            let there = Destination(hop.host, user: hop.user, port: hop.port, transport: destination.transport)
            var jump = try await self.route(to: there, seen: seen + [destination.name])
            // As ssh(1): only the first hop follows a ProxyJump of its own, the others are reached through the one before.
            if index == 0 { route.jumps += jump.jumps }
            jump.jumps = []
            route.jumps.append(jump)
        }
        guard route.jumps.count <= Self.maxJumps else {
            throw failure(
                destination.name, "it lies behind \(route.jumps.count) jumps, at most \(Self.maxJumps) are followed")
        }
        return route
    }

    private func refuse(_ destination: Destination, _ seen: [String]) throws(SSHError) {
        let name = destination.name
        guard !name.isEmpty, !name.hasPrefix("-"), !name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw failure(name, "a host's name must be one word that does not begin with '-'")
        }
        guard !seen.contains(name), seen.count <= Self.maxJumps else {
            throw failure(
                name,
                "its ProxyJump leads in a circle: \((seen + [name]).map { printable($0.utf8) }.joined(separator: " → "))"
            )
        }
    }

    private func config(_ question: Question) async throws(SSHError) -> HostConfig {
        let task =
            asked[question]
            ?? Task { [configuration, turns] in
                try await turns.take { try await Self.ask(question, configuration) }
            }
        asked[question] = task
        do {
            return try await task.value
        } catch {
            asked[question] = nil
            throw error as? SSHError ?? failure(question.name, "\(error)")
        }
    }

    private static func ask(_ question: Question, _ configuration: ConfigFile) async throws -> HostConfig {
        var arguments = ["-G", "-T"] + configuration.arguments
        if let user = question.user { arguments += ["-l", user] }
        if let port = question.port { arguments += ["-p", String(port)] }
        let program = Program(name: "ssh", arguments: arguments + ["--", question.name])
        do {
            let result = try await program.run(within: .seconds(10), limit: HostConfig.limit)
            guard result.status == 0 else {
                throw Self.failure(question.name, "ssh -G says: \(printable(result.errors))")
            }
            return HostConfig(String(decoding: result.output, as: UTF8.self))
        } catch let error as ProgramError {
            // This machine's trouble and not the configuration's: it may pass, and a way back must not end here (law 5).
            throw SSHError(
                .resources, .preparation, host: printable(question.name.utf8), error.message,
                remedy: "check this machine's load and that ssh is installed")
        }
    }

    private func failure(_ name: String, _ cause: String) -> SSHError { Self.failure(name, cause) }

    private static func failure(_ name: String, _ cause: String) -> SSHError {
        SSHError(
            .invalidInput, .preparation, host: printable(name.utf8), cause,
            remedy: "correct ~/.ssh/config (ssh -G \(printable(name.utf8, limit: 64)) shows what it means), "
                + "or let the inventory read none")
    }
}

/// A route from what `ssh -G` prints for one host, without its jumps.
struct RouteBuilder {
    private let destination: Destination
    private let config: HostConfig
    private let configuration: ConfigFile
    private var tokens: Tokens

    init(_ destination: Destination, _ config: HostConfig, _ local: Tokens.Local, _ configuration: ConfigFile) {
        self.destination = destination
        self.config = config
        self.configuration = configuration
        tokens = Tokens(
            host: config.value("hostname") ?? destination.name, original: destination.name,
            port: destination.port ?? config.value("port").flatMap(UInt16.init) ?? 22,
            remoteUser: destination.user ?? config.value("user") ?? local.user, hostKeyAlias: nil, local: local)
        tokens.hostKeyAlias =
            destination.hostKeyAlias ?? config.value("hostkeyalias").flatMap { [tokens] in tokens.expand($0) }
    }

    func route() throws(SSHError) -> Route {
        let endpoint = Endpoint(
            host: tokens.host, port: tokens.port, user: tokens.remoteUser, hostKeyAlias: tokens.hostKeyAlias)
        try endpoint.validate()
        var route = Route(name: destination.name, endpoint: endpoint)
        route.transport = destination.transport
        route.configuration = configuration
        route.connectTimeout = config.connectTimeout
        var unknown: [String] = []
        route.identityFiles = destination.identityFiles ?? expand(config.list("identityfile"), &unknown)
        route.identitiesMustExist = destination.identityFiles != nil
        route.certificateFiles = expand(config.list("certificatefile"), &unknown)
        route.identitiesOnly = config.isOn("identitiesonly")
        route.agentSocket = agent(&unknown)
        route.knownHostsFiles =
            destination.knownHostsFiles
            // ssh -G has expanded these, unlike the others.
            ?? config.paths("userknownhostsfile") + config.paths("globalknownhostsfile")
        route.knownHostsCommand = config.value("knownhostscommand")
        route.openSSHReason = reason(unknown)
        return route
    }

    private func expand(_ texts: [String], _ unknown: inout [String]) -> [String] {
        texts.compactMap { text in
            let expanded = tokens.expand(text)
            if expanded == nil { unknown.append(text) }
            return expanded
        }
    }

    /// ssh_config(5) IdentityAgent: a path, `SSH_AUTH_SOCK`, `$VARIABLE` or `none`.
    private func agent(_ unknown: inout [String]) -> String? {
        let environment = tokens.local.environment
        guard let text = config.list("identityagent").last else {
            let isNone = config.isNone("identityagent")
            return isNone ? nil : environment["SSH_AUTH_SOCK"].flatMap { $0.isEmpty ? nil : $0 }
        }
        if text == "SSH_AUTH_SOCK" { return environment["SSH_AUTH_SOCK"] }
        if text.hasPrefix("$"), !text.hasPrefix("${") { return environment[String(text.dropFirst())] }
        return expand([text], &unknown).first
    }

    /// What libssh2 could not follow without guessing.
    private func reason(_ unknown: [String]) -> String? {
        let settings = [
            "proxycommand": "ProxyCommand", "pkcs11provider": "PKCS11Provider", "bindaddress": "BindAddress",
            "bindinterface": "BindInterface", "knownhostscommand": "KnownHostsCommand",
        ]
        for (name, words) in settings.sorted(by: { $0.key < $1.key }) where config.value(name) != nil {
            return "its ssh configuration has \(words)"
        }
        if let family = config.value("addressfamily"), family != "any" {
            return "its ssh configuration has AddressFamily \(printable(family.utf8, limit: 16))"
        }
        return unknown.first.map {
            "its ssh configuration has \(printable($0.utf8, limit: 64)), which only ssh expands"
        }
    }
}

extension Route {
    /// A route out of what `ssh -G` printed, with its hops as they stand there; the seam for tests of hostile output.
    package static func parsed(
        _ output: String, for destination: Destination
    ) throws(SSHError) -> (route: Route, hops: [String]?) {
        let config = HostConfig(output)
        let route = try RouteBuilder(destination, config, Tokens.Local(), .none).route()
        return (route, config.hops()?.map { "\($0.user ?? "")@\($0.host):\($0.port ?? 22)" })
    }
}
