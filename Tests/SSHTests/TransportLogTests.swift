import Foundation
import Testing

@testable import SSH

/// Logs as OpenSSH 9.2p1 has written them, shortened to the lines that matter.
@Suite("What ssh says, read")
struct TransportLogTests {
    private let connected = """
        debug1: Connecting to 127.0.0.1 [127.0.0.1] port 42201.
        debug1: Connection established.
        debug1: Local version string SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10
        debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 Debian-2+deb12u10

        """

    private let accepted = """
        debug1: SSH2_MSG_NEWKEYS received
        debug1: Offering public key: /k/u ED25519 SHA256:tc+AilWgLz0h5s4XtL3/8eDxi/2APYFZM2OS7Y1DUoM explicit
        debug1: Server accepts key: /k/u ED25519 SHA256:tc+AilWgLz0h5s4XtL3/8eDxi/2APYFZM2OS7Y1DUoM explicit
        Authenticated to 127.0.0.1 ([127.0.0.1]:42201) using "publickey".
        debug1: channel 0: new mux listener [/tmp/d/s] (inactive timeout: 0)

        """

    @Test("server and method are read, though the banner imitates them")
    func facts() {
        let banner = """
            debug1: Remote protocol version 2.0, remote software version Forged_1.0
            Authenticated to evil ([1.2.3.4]:22) using "none".

            """
        let log = OpenSSHLog(connected + banner + accepted)
        #expect(log.server == "OpenSSH_9.2p1 Debian-2+deb12u10")
        #expect(
            log.authentication
                == "publickey /k/u ED25519 SHA256:tc+AilWgLz0h5s4XtL3/8eDxi/2APYFZM2OS7Y1DUoM explicit")
        #expect(OpenSSHLog("").authentication == "")
        #expect(OpenSSHLog("").server == "")
    }

    @Test("control characters of a server's name do not reach a terminal")
    func escaping() {
        let line = "debug1: Remote protocol version 2.0, remote software version X\u{1B}[31m"
        #expect(OpenSSHLog(line).server == "X\\x1b[31m")
    }

    @Test("progress is known from ssh's steps")
    func phases() {
        let lines = (connected + accepted).split(separator: "\n")
        let seen = (0...5).map { OpenSSHLog(lines.prefix($0).joined(separator: "\n")).phase }
        #expect(seen == [.resolution, .connection, .banner, .banner, .keyExchange, .authentication])
        let proxied = OpenSSHLog("debug1: Executing proxy command: exec ssh -W 127.0.0.1:42201 jump\r\n")
        #expect(proxied.goesThroughProxy)
        #expect(proxied.phase == .connection)
    }

    @Test(
        "how ssh ends is a typed error",
        arguments: [
            ("ssh: Could not resolve hostname a.invalid: Name or service not known", .nameNotFound, .resolution),
            ("ssh: connect to host 127.0.0.1 port 1: Connection refused", .unreachable, .connection),
            ("ssh: connect to host 127.0.0.1 port 1: Connection timed out", .timedOut, .connection),
            ("Connection timed out during banner exchange", .timedOut, .banner),
            (
                "Unable to negotiate with 127.0.0.1 port 42201: no matching cipher found. Their offer: aes128-ctr",
                .noCommonAlgorithm, .keyExchange
            ),
            ("Host key verification failed.", .hostUnknown, .hostKey),
            (
                "root@127.0.0.1: Permission denied (publickey,password,keyboard-interactive).",
                .authenticationFailed, .authentication
            ),
            (
                "Received disconnect from 127.0.0.1 port 1:2: Too many authentication failures",
                .authenticationFailed, .authentication
            ),
            ("command-line: line 0: Bad configuration option: nosuchopt", .invalidInput, .preparation),
            ("sh: 1: ssh: not found", .invalidInput, .preparation),
            (
                """
                debug1: Connection established.
                debug1: kex_exchange_identification: banner line 0: Exceeded MaxStartups
                kex_exchange_identification: Connection closed by remote host
                Connection closed by 127.0.0.1 port 42203
                """, .bannerRefused, .banner
            ),
            (
                """
                debug1: Connection established.
                kex_exchange_identification: read: Connection reset by peer
                Connection reset by 127.0.0.1 port 42203
                """, .connectionLost, .banner
            ),
            (
                """
                debug1: Executing proxy command: exec ssh -W 127.0.0.1:42201 -p 1 127.0.0.1
                ssh: connect to host 127.0.0.1 port 1: Connection refused
                kex_exchange_identification: Connection closed by remote host
                Connection closed by UNKNOWN port 65535
                """, .unreachable, .connection
            ),
        ] as [(String, SSHError.Code, SSHError.Phase)])
    func failures(_ text: String, _ code: SSHError.Code, _ phase: SSHError.Phase) {
        let failure = OpenSSHLog(text).failure
        #expect(failure?.code == code)
        #expect(failure?.phase == phase)
    }

    @Test("debug lines alone are no failure")
    func noFailure() {
        #expect(OpenSSHLog("debug1: Remote: Permission denied (x)\r\ndebug1: pledge: id").failure == nil)
    }

    @Test("the host key is the last one asked for by name; an order is none")
    func plainKey() throws {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIFluhjQfiQ7BX6CYk+j60SlHpdavgp0SB0gKgYoEHMb8"
        let print = "SHA256:OQcOqElzUG48PxGwH9GU5p+4x3sol/4eGWwYbqcBpyw"
        let order = "ORDER NONE NONE NONE 127.0.0.1 42201\n"
        let line = "HOSTNAME ssh-ed25519 \(print) \(key) 127.0.0.1 42201\n"
        let shown = try requireValue(ShownKey(record: order + line))
        #expect(shown.hostKey == HostKey(type: "ssh-ed25519", fingerprint: print))
        #expect(shown.host == "127.0.0.1")
        #expect(shown.port == 42201)
        for bad in [
            "", order, line.replacing("SHA256:O", with: "SHA256:P"), line.replacing("HOSTNAME", with: "ADDRESS"),
            line.replacing("ssh-ed25519", with: "ssh-rsa"), line.replacing(" 42201", with: ""),
            line.replacing(key, with: "NONE"),
        ] { #expect(ShownKey(record: bad) == nil, "\(bad)") }
    }

    @Test("a certificate stands for the key in it")
    func certificate() throws {
        let blob = """
            AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIC5x6GUiRQz79beXM4GWVow0PuLc+65KvhjfAQZnK3aPAAAAIFluhj\
            QfiQ7BX6CYk+j60SlHpdavgp0SB0gKgYoEHMb8AAAAAAAAAAAAAAACAAAABG5vZGUAAAANAAAACTEyNy4wLjAuMQAAAAAAAAAA//////////8A\
            AAAAAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIEhosLNA1mdZaz62XhPrzto68/lo+OaEuEMQxKqr9XxMAAAAUwAAAAtzc2gtZWQyNT\
            UxOQAAAECHasi7YMbCe5cqr1zzofLe+zPum19l19AK57HbKwhbCVmU2bzvp7TvF36pSskOUhwzFmRGcdZJDxJqW0Rm+KQF
            """
        let print = "SHA256:OQcOqElzUG48PxGwH9GU5p+4x3sol/4eGWwYbqcBpyw"
        let record = "HOSTNAME ssh-ed25519-cert-v01@openssh.com \(print) \(blob) 127.0.0.1 42201\n"
        let shown = try requireValue(ShownKey(record: record))
        #expect(shown.authority?.fingerprint == "SHA256:tRirCeg5d6+ir/qLt99/j9WX/0MSXwkh9//RMj3n194")
        #expect(ShownKey(record: record.replacing("KQF", with: "")) == nil, "cut short")
        #expect(shown.hostKey == HostKey(type: "ssh-ed25519", fingerprint: print))
    }

    @Test("only a first line that ssh ends with before it asks for a session says that nothing ran")
    func clientLogs() {
        let direct = "kex_exchange_identification: Connection closed by remote host"
        #expect(ClientLog(direct).refusal == .noMaster)
        #expect(ClientLog("Control socket connect(/tmp/s): Connection refused\r\n" + direct).refusal == .noMaster)
        let refused = "mux_client_request_session: session request failed: Session open refused by peer\r\n"
        #expect(ClientLog(refused + direct).refusal == .session)
        #expect(ClientLog("mux_client_request_session: read from master failed\r\n" + direct).refusal == nil)
        #expect(ClientLog("").refusal == nil)
    }

    @Test("the folder's path is short and plain, whatever TMPDIR is")
    func folders() throws {
        for (given, base) in [
            (nil, "/tmp"), ("", "/tmp"), ("/var/tmp/", "/var/tmp"), ("relative", "/tmp"), ("/a b", "/tmp"),
            ("/a%h", "/tmp"), ("/" + String(repeating: "x", count: 60), "/tmp"), ("/", "/tmp"),
        ] as [(String?, String)] { #expect(PrivateFolder.base(given) == base) }
        let folder = try PrivateFolder(host: "test")
        defer { folder.remove() }
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        // ssh binds a name of 17 more bytes first, and a NUL ends it.
        #expect(folder.socket.utf8.count + 18 <= 108)
    }

    @Test("a log keeps its beginning and its end")
    func boundedLog() {
        let keeper = LogKeeper()
        for text in ["begin\n", String(repeating: "x", count: 500_000), "\nend\n"] {
            Array(text.utf8).withUnsafeBytes(keeper.append)
        }
        keeper.end()
        let (log, hasEnded, _) = keeper.snapshot()
        #expect(hasEnded)
        #expect(log.lines.first == "begin")
        #expect(log.lines.last == "end")
        #expect(log.lines.reduce(0) { $0 + $1.utf8.count } < 80_000)
    }
}
