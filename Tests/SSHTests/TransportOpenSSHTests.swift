import Foundation
import Testing

@testable import SSH

/// What OpenSSH is there for, and what only its way of working can get wrong.
@Suite("The OpenSSH transport", .serialized, .timeLimit(.minutes(5)))
struct TransportOpenSSHTests {
    // MARK: Nothing is left behind

    @Test("after close, and after a refusal, no process, folder or descriptor is left")
    func nothingLeft() async throws {
        let server = try await TestServer()
        var stranger = try server.route(knownHosts: "")
        stranger.name = "stranger"
        _ = try? await SSHConnection.connect(overOpenSSH: stranger, reason: "a test")
        let before = descriptors(of: getpid())
        let (session, _) = try await OpenSSHSession.connect(to: try server.route(), options: Options(), reason: "")
        let folder = session.master.folder.path
        #expect(!processes(with: folder).isEmpty)
        let wrapper = Wrapper(script: "sleep 60", shell: ["/bin/sh"], timeLimit: .seconds(60), privilege: .none)
        async let output = session.run(wrapper, outputLimit: 10)
        #expect(try await eventually { processes(with: folder, wrapper.line).count >= 1 })
        // What we hold of the master's, the watcher's and the run's: their pipes. Tests beside this one have their own.
        let theirs = processes(with: folder).reduce(into: Set<String>()) { $0.formUnion(descriptors(of: $1)) }
        let shared = theirs.intersection(descriptors(of: getpid())).subtracting(before)
        #expect(shared.count >= 4, "\(shared)")
        await session.close()
        _ = try await output
        #expect(processes(with: folder).isEmpty)
        #expect(!FileManager.default.fileExists(atPath: folder))
        #expect(try await eventually { shared.isDisjoint(with: descriptors(of: getpid())) })
        #expect(processes(with: "belay-", "stranger").isEmpty)
    }

    @Test("a session that nobody closes ends with its last user")
    func dropped() async throws {
        let server = try await TestServer()
        var folder = ""
        do {
            let (session, _) = try await OpenSSHSession.connect(to: try server.route(), options: Options(), reason: "")
            folder = session.master.folder.path
        }
        let path = folder
        #expect(try await eventually { !FileManager.default.fileExists(atPath: path) })
        #expect(try await eventually { processes(with: path).isEmpty })
    }

    @Test("a cancelled connect leaves nothing behind")
    func cancelledConnect() async throws {
        let silent = try FakeServer()
        let server = try await TestServer()
        var route = try server.route()
        route.endpoint = Endpoint(host: "127.0.0.1", port: silent.port, user: "nobody")
        let task = Task { [route] in try await OpenSSHSession.connect(to: route, options: Options(), reason: "") }
        #expect(try await eventually { !processes(with: "-N", "ControlMaster=yes", "\(silent.port)").isEmpty })
        task.cancel()
        let error = await #expect(throws: SSHError.self) { _ = try await task.value }
        #expect(error?.code == .cancelled)
        #expect(processes(with: "-N", "\(silent.port)").isEmpty)
    }

    @Test("when the process that started it is killed, the master ends by itself and its folder goes")
    func ownerKilled() async throws {
        let server = try await TestServer()
        let folder = try PrivateFolder(host: "test")
        defer { folder.remove() }
        let master = try OpenSSHArguments(try server.route(), Options(), folder).master()
        // `sleep` holds the pipe that the watcher reads, in place of this process.
        let pid = "\(server.folder.path)/owner"
        let script =
            #"p=$0; { echo $$ >/dev/null; sh -c 'echo $$ > "$0"; exec sleep 600' "$p"; } | setsid -w sh -c "$@""#
        let shell = try ChildProcess(
            "/bin/sh", ["-c", script, pid, Master.watcher, folder.path] + master)
        #expect(try await eventually { folder.hasSocket })
        let owner = try requireValue(Int32(try server.folder.read("owner").split(separator: "\n").first ?? ""))
        kill(owner, SIGKILL)
        #expect(try await eventually { !FileManager.default.fileExists(atPath: folder.path) })
        #expect(try await eventually { processes(with: folder.path, "ControlMaster").isEmpty })
        _ = try await shell.wait()
    }

    @Test("a master that was killed shows as a lost connection, and ssh does not connect by itself instead")
    func masterKilled() async throws {
        let server = try await TestServer(extra: "LogLevel VERBOSE")
        let (session, _) = try await OpenSSHSession.connect(to: try server.route(), options: Options(), reason: "")
        let connection = SSHConnection(
            session, to: server.endpoint,
            ConnectionFacts(
                transport: .openSSH(reason: ""), hostKey: HostKey(type: "", fingerprint: ""), server: "",
                authentication: "", handshake: .zero), Options())
        for pid in processes(with: session.master.folder.path, "ControlMaster=yes")
        where commandName(pid) == "ssh" { kill(pid, SIGKILL) }
        // ssh may have been taken on by the dying master: then nobody knows, and it is not called a result.
        let script = "echo > \(server.folder.path)/ran"
        let first = await Result { try await connection.run(script: script, timeLimit: .seconds(5)).termination }
        switch first {
        case .success(.unknown): break
        case .success(let termination): Issue.record("\(termination)")
        case .failure(let error): #expect((error as? SSHError)?.code == .connectionLost)
        }
        #expect(try await eventually { session.master.log.hasEnded })
        let error = await #expect(throws: SSHError.self) {
            _ = try await connection.run(script: script, timeLimit: .seconds(5))
        }
        #expect(error?.code == .connectionLost)
        await connection.close()
        #expect(!FileManager.default.fileExists(atPath: "\(server.folder.path)/ran"))
        #expect(try server.logged("Connection from").count == 1)
    }

    @Test(
        "a run whose master is gone makes no connection of its own, though it could log in, and says so however slow",
        arguments: [false, true])
    func noMaster(isSlow: Bool) async throws {
        let server = try await TestServer(extra: "LogLevel VERBOSE")
        let folder = try PrivateFolder(host: "test")
        defer { folder.remove() }
        let log = "\(folder.path)/log"
        let run = OpenSSHArguments(try server.route(), Options(), folder).run("true", log: log)
        let ssh = ["/usr/bin/ssh", "-p", String(server.port)] + run
        // Each write comes 20 ms late: what stands in the connection's place has long been started by then.
        let slow = ["/usr/bin/strace", "-qq", "-o", "/dev/null", "-e", "inject=write:delay_enter=20000"] + ssh
        let command = isSlow ? slow : ssh
        let status = try await ChildProcess(command[0], Array(command.dropFirst())).wait()
        #expect(status == 255)
        #expect(ClientLog(file: log).refusal == .noMaster)
        #expect(try server.logged("Connection from").isEmpty)
    }

    private func commandName(_ pid: Int32) -> String? {
        (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.trimmingCharacters(in: .newlines)
    }

    @Test("a frozen peer is given up at the silence limit, and the end is unknown")
    func frozen() async throws {
        let server = try await TestServer()
        var options = Options()
        options.silenceLimit = .seconds(5)
        let script = """
            p=$$
            while read -r name < /proc/$p/comm && [ "$name" != sshd ]; do p=$(awk '{print $4}' /proc/$p/stat); done
            sleep 0.3
            kill -STOP $p
            sleep 30
            kill -KILL $p
            """
        try await withOpenSSH(try server.route(), options: options) { connection in
            let output = try await connection.run(script: script, timeLimit: .seconds(60))
            guard case .unknown(let reason) = output.termination else {
                Issue.record("\(output.termination)")
                return
            }
            #expect(reason.contains("nothing came"))
            let error = await #expect(throws: SSHError.self) {
                _ = try await connection.run(script: "true", timeLimit: .seconds(5))
            }
            #expect(error?.code == .peerSilent)
        }
    }

    @Test("a quiet command outlives the silence limit, because the node answers when asked")
    func quiet() async throws {
        let server = try await TestServer()
        var options = Options()
        options.silenceLimit = .seconds(5)
        let output = try await withOpenSSH(try server.route(), options: options) {
            try await $0.run(script: "sleep 12; exit 5", timeLimit: .seconds(60))
        }
        #expect(output.termination == .exited(5))
    }

    @Test("30 connections at once, with runs on each, leave nothing behind")
    func manyConnections() async throws {
        let server = try await TestServer()
        let route = try server.route()
        let before = openDescriptors()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<30 {
                group.addTask {
                    let output = try await withOpenSSH(route) {
                        try await $0.run(script: "echo \(index)", timeLimit: .seconds(120))
                    }
                    #expect(output.stdout.text == "\(index)\n")
                }
            }
            try await group.waitForAll()
        }
        #expect(try await eventually { openDescriptors() <= before })
    }

    // MARK: The user's configuration

    @Test("the user's configuration of multiplexing, forwardings, commands and key checking changes nothing")
    func hostileConfiguration() async throws {
        let server = try await TestServer(extra: "LogLevel VERBOSE")
        let folder = server.folder
        var route = try server.route()
        let config = """
            ControlMaster auto
            ControlPath \(folder.path)/theirs
            ControlPersist 60
            RemoteCommand echo theirs
            RequestTTY force
            LocalForward \(try freePort()) 127.0.0.1:1
            PermitLocalCommand yes
            LocalCommand echo > \(folder.path)/local
            StrictHostKeyChecking no
            UserKnownHostsFile \(folder.path)/recorded
            SendEnv *
            ForkAfterAuthentication yes
            SessionType subsystem
            StdinNull yes
            EscapeChar q
            BatchMode no
            Host web
              HostName 127.0.0.1
            """
        route.configuration = .file(try folder.write(config, to: "config"))
        route.name = "web"
        let master = try ChildProcess(
            "/usr/bin/ssh",
            [
                "-F", "none", "-N", "-M", "-S", "\(folder.path)/theirs", "-o", "StrictHostKeyChecking=no", "-o",
                "UserKnownHostsFile=/dev/null", "-i", server.userKey, "-p", String(server.port), "127.0.0.1",
            ])
        defer { master.end() }
        #expect(try await eventually { FileManager.default.fileExists(atPath: "\(folder.path)/theirs") })
        let output = try await withOpenSSH(route) { try await $0.run(script: "echo ours", timeLimit: .seconds(60)) }
        #expect(output.stdout.text == "ours\n")
        #expect(try server.logged("Connection from").count == 2, "theirs and ours")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/local"))
        // Strict checking holds although the configuration waives it.
        route.knownHostsFiles = [try folder.write("", to: "nothing")]
        let error = await refusal(of: route)
        #expect(error?.code == .hostUnknown)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/recorded"))
    }

    @Test("a host that the configuration sends elsewhere than the route says is refused")
    func elsewhere() async throws {
        let server = try await TestServer()
        var route = try server.route(
            knownHosts: server.knownHostsText().replacing("127.0.0.1", with: "localhost")
                + server.knownHostsText())
        route.configuration = .file(try server.folder.write("Host web\nHostName localhost\n", to: "config"))
        route.name = "web"
        let error = await refusal(of: route)
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("localhost") == true)
    }

    @Test("a ProxyCommand and a KnownHostsCommand of the configuration are followed, by RouteFinder's route")
    func commands() async throws {
        let server = try await TestServer(extra: "LogLevel VERBOSE")
        let keys = try server.folder.write(server.knownHostsText(), to: "the keys")
        let config = """
            Host web
              HostName 127.0.0.1
              Port \(server.port)
              IdentityFile \(server.userKey)
              UserKnownHostsFile none
              KnownHostsCommand /bin/cat "\(keys)"
              ProxyCommand ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no \
            -o UserKnownHostsFile=/dev/null -i \(server.userKey) -p \(server.port) -W %h:%p 127.0.0.1
            """
        let finder = RouteFinder(configuration: .file(try server.folder.write(config, to: "config")))
        let route = try await finder.route(to: Destination("web", user: server.endpoint.user))
        #expect(route.openSSHReason != nil)
        let output = try await withOpenSSH(route) { connection in
            #expect(try connection.hostKey == HostKey(publicKey("\(server.folder.path)/host_ed25519")))
            return try await connection.run(script: "echo through", timeLimit: .seconds(60))
        }
        #expect(output.stdout.text == "through\n")
        #expect(try server.logged("Accepted publickey").count == 2)
    }

    @Test("jumps are strictly verified too, and followed in their order")
    func jumps() async throws {
        let (first, second, node) = (try await TestServer(), try await TestServer(), try await TestServer())
        var route = try node.route()
        route.jumps = [try first.route(), try second.route()]
        let output = try await withOpenSSH(route) { try await $0.run(script: "echo far", timeLimit: .seconds(60)) }
        #expect(output.stdout.text == "far\n")
        for server in [first, second, node] { #expect(try server.logged("Accepted publickey").count == 1) }
        route.jumps[1] = try second.route(knownHosts: "")
        let error = await refusal(of: route)
        #expect(error?.code == .hostUnknown)
        #expect(try second.logged("Accepted publickey").count == 1)
        #expect(try node.logged("Accepted publickey").count == 1)
    }

    @Test("odd characters in paths mean themselves")
    func oddPaths() async throws {
        let server = try await TestServer()
        let folder = "\(server.folder.path)/a b%h\"q\\#'\"\u{301} '\u{301} %\u{301}"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (from, to) in [(server.userKey, "key"), (try server.route().knownHostsFiles[0], "known")] {
            try FileManager.default.copyItem(atPath: from, toPath: "\(folder)/\(to)")
        }
        var route = try server.route()
        route.identityFiles = ["\(folder)/key"]
        route.knownHostsFiles = ["\(folder)/known"]
        let output = try await withOpenSSH(route) { try await $0.run(script: "echo odd", timeLimit: .seconds(60)) }
        #expect(output.stdout.text == "odd\n")
        for path in ["/tmp/${HOME}", "/tmp/${\u{301}HOME}", "relative", "/tmp/a\nb"] {
            route.knownHostsFiles = [path]
            #expect(await refusal(of: route)?.code == .invalidInput, "\(path)")
        }
    }

    @Test("the zone of a link-local address and a lone % mean themselves, where no configuration is read")
    func zones() async throws {
        for host in ["fe80::1%lo", "a%h", "100%"] {
            var route = Route(name: "n", endpoint: Endpoint(host: host, user: "u"))
            route.configuration = .none
            let folder = try PrivateFolder(host: "n")
            defer { folder.remove() }
            let arguments = try OpenSSHArguments(route, Options(), folder).master()
            let asked = try await Program(name: "ssh", arguments: ["-G"] + arguments).run(
                within: .seconds(20), limit: 1 << 16)
            let said = String(decoding: asked.output, as: UTF8.self).split(separator: "\n")
            #expect(said.contains { $0 == "hostname \(host)" }, "\(printable(asked.errors))")
        }
    }

    @Test("a banner that imitates ssh's log does not change the host key that is known")
    func forgedBanner() async throws {
        let banner = """
            debug1: Server host key: ssh-ed25519 SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
            Host key verification failed.
            Authenticated to evil ([1.2.3.4]:22) using "none".
            debug1: channel 0: new mux listener
            debug1: Entering interactive session.

            """
        let folder = try TemporaryFolder()
        let server = try await TestServer(extra: "Banner \(try folder.write(banner, to: "banner"))")
        let facts = try await withOpenSSH(try server.route()) { $0.facts }
        #expect(try facts.hostKey == HostKey(publicKey("\(server.folder.path)/host_ed25519")))
        #expect(facts.authentication.hasPrefix("publickey "))
    }

    @Test("an encrypted key is asked for by nobody, and the remedy names the agent")
    func encryptedKey() async throws {
        let server = try await TestServer()
        let path = try await makeKey(server.folder, "locked", type: "ed25519", passphrase: "secret words")
        try server.authorize(path)
        var route = try server.route()
        route.identityFiles = [path]
        let error = await refusal(of: route)
        #expect(error?.code == .authenticationFailed)
        #expect(error?.remedy.contains("ssh-agent") == true)
        let agent = try await TestAgent(server.folder, keys: [server.userKey])
        route.agentSocket = agent.socket
        let facts = try await withOpenSSH(route) { $0.facts }
        #expect(facts.authentication.hasSuffix("agent"))
    }
}
