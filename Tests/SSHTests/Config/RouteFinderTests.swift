import Foundation
import Testing

@testable import SSH

@Suite("ssh's configuration, asked for with ssh -G")
struct RouteFinderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func finder(_ text: String) throws -> RouteFinder {
        RouteFinder(configuration: .file(try folder.write(text, to: "config")))
    }

    @Test("Host, HostName, User, Port, HostKeyAlias, IdentitiesOnly and ConnectTimeout mean what they mean to ssh")
    func settings() async throws {
        let routes = try finder(
            """
            Host web
              HostName 10.0.0.%h
              User deploy
              Port 2222
              HostKeyAlias key-of-web
              IdentitiesOnly yes
              ConnectTimeout 7
              IdentityAgent none
            """)
        let route = try await routes.route(to: Destination("web"))
        #expect(
            route.endpoint
                == Endpoint(host: "10.0.0.web", port: 2222, user: "deploy", hostKeyAlias: "key-of-web"))
        #expect(route.identitiesOnly)
        #expect(route.connectTimeout == .seconds(7))
        #expect(route.agentSocket == nil)
        #expect(route.openSSHReason == nil)
    }

    @Test("tokens, ~ and blanks in IdentityFile, CertificateFile and UserKnownHostsFile are expanded")
    func files() async throws {
        let routes = try finder(
            """
            Host web
              User deploy
              IdentityFile ~/.ssh/%r_at_%n
              CertificateFile %d/certs/%h-%p.pub
              UserKnownHostsFile ~/.ssh/one "/tmp/with two blanks" /tmp/%%h
              GlobalKnownHostsFile none
            """)
        let route = try await routes.route(to: Destination("web"))
        let home = Tokens.Local.ofThisProcess().home
        #expect(route.identityFiles == ["\(home)/.ssh/deploy_at_web"])
        #expect(route.certificateFiles == ["\(home)/certs/web-22.pub"])
        #expect(route.knownHostsFiles == ["\(home)/.ssh/one", "/tmp/with two blanks", "/tmp/%h"])
    }

    @Test("what the caller says goes before the configuration, and Match user sees it")
    func callerFirst() async throws {
        let routes = try finder(
            """
            Match user ops
              Port 99
            Host web
              User deploy
              IdentityFile /config/key
            """)
        let plain = try await routes.route(to: Destination("web"))
        #expect(plain.endpoint == Endpoint(host: "web", user: "deploy"))
        let told = try await routes.route(
            to: Destination("web", user: "ops", identityFiles: ["/my/key"], knownHostsFiles: ["/my/hosts"]))
        #expect(told.endpoint == Endpoint(host: "web", port: 99, user: "ops"))
        #expect(told.identityFiles == ["/my/key"])
        #expect(told.knownHostsFiles == ["/my/hosts"])
        #expect(told.identitiesMustExist)
    }

    @Test("a chain of two jumps: each hop has its own settings, the first one reached directly")
    func jumps() async throws {
        let routes = try finder(
            """
            Host web
              ProxyJump alice@one:2201,two
            Host one
              HostName 10.1.1.1
            Host two
              HostName 10.2.2.2
              User bob
              Port 2202
              ProxyJump nobody-asks-for-this
            """)
        let route = try await routes.route(to: Destination("web", user: "root"))
        #expect(
            route.jumps.map(\.endpoint) == [
                Endpoint(host: "10.1.1.1", port: 2201, user: "alice"),
                Endpoint(host: "10.2.2.2", port: 2202, user: "bob"),
            ])
    }

    @Test("the first hop may lie behind a jump of its own")
    func nestedJumps() async throws {
        let routes = try finder("Host web\n  ProxyJump inner\nHost inner\n  ProxyJump outer\n")
        let route = try await routes.route(to: Destination("web"))
        #expect(route.jumps.map(\.name) == ["outer", "inner"])
        #expect(route.jumps.allSatisfy { $0.jumps.isEmpty })
    }

    @Test("a circle of jumps is refused, with the circle; so is a host that is its own jump, as ssh does")
    func circles() async throws {
        let routes = try finder("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\nHost *\n  ProxyJump own\n")
        let error = await #expect(throws: SSHError.self) { _ = try await routes.route(to: Destination("a")) }
        #expect(error?.message.contains("a → b → a") == true)
        let own = await #expect(throws: SSHError.self) { _ = try await routes.route(to: Destination("own")) }
        #expect(own?.message.contains("loop via own") == true)
    }

    @Test(
        "what only OpenSSH can follow is named, and is a reason to let it",
        arguments: [
            ("ProxyCommand nc %h %p", "ProxyCommand"), ("BindAddress 127.0.0.9", "BindAddress"),
            ("PKCS11Provider /usr/lib/p.so", "PKCS11Provider"), ("AddressFamily inet6", "AddressFamily inet6"),
            ("IdentityFile /keys/%C", "/keys/%C"), ("ProxyCommand none", nil), ("Compression yes", nil),
        ] as [(String, String?)])
    func onlyOpenSSH(_ setting: String, _ reason: String?) async throws {
        let routes = try finder("Host *\n  \(setting)\n")
        let route = try await routes.route(to: Destination("web"))
        if let reason {
            #expect(route.openSSHReason?.contains(reason) == true)
        } else {
            #expect(route.openSSHReason == nil)
        }
    }

    @Test("a configuration that ssh does not take is an error with ssh's words and the way to see it")
    func broken() async throws {
        let routes = try finder("Host web\n  NoSuchSetting yes\n")
        let error = await #expect(throws: SSHError.self) { _ = try await routes.route(to: Destination("web")) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("nosuchsetting") == true)
        #expect(error?.remedy.contains("ssh -G web") == true)
    }

    @Test(
        "a name that could be an option or two words never reaches ssh",
        arguments: ["-oProxyCommand=x", "a b", "", "a\n"])
    func hostileNames(_ name: String) async throws {
        let routes = try finder("")
        let error = await #expect(throws: SSHError.self) { _ = try await routes.route(to: Destination(name)) }
        #expect(error?.code == .invalidInput)
    }

    @Test("without a configuration the user is the one who runs this, the port 22, the known hosts those of ssh")
    func none() async throws {
        let route = try await RouteFinder(configuration: .none).route(to: Destination("web"))
        let local = Tokens.Local.ofThisProcess()
        #expect(route.endpoint == Endpoint(host: "web", user: local.user))
        #expect(route.knownHostsFiles.first == "\(local.home)/.ssh/known_hosts")
        #expect(route.identityFiles.contains("\(local.home)/.ssh/id_ed25519"))
        #expect(!route.identitiesMustExist)
    }
}

@Suite("Hops of a ProxyJump")
struct HopTests {
    @Test(
        "user, address in brackets, port and URI are read",
        arguments: [
            ("one", nil, "one", nil), ("a@one:22", "a", "one", 22), ("a@b@one", "a@b", "one", nil),
            ("[fe80::1]:2200", nil, "fe80::1", 2200), ("fe80::1", nil, "fe80::1", nil),
            ("ssh://a@one:2200", "a", "one", 2200), ("ssh://one/", nil, "one", nil),
        ] as [(String, String?, String, UInt16?)])
    func reads(_ text: String, _ user: String?, _ host: String, _ port: UInt16?) throws {
        let hop = try #require(HostConfig.Hop(text))
        #expect(hop.user == user)
        #expect(hop.host == host)
        #expect(hop.port == port)
    }

    @Test("nonsense is no hop", arguments: ["", "@one", "one:0", "one:x", "one:65536", "[one", "[one]x", "a@"])
    func refuses(_ text: String) { #expect(HostConfig.Hop(text) == nil) }
}
