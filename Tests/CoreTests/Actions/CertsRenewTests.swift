import Foundation
import Testing

@testable import Core

@Suite("certs.renew")
struct CertsRenewTests {
    static func action(_ certificate: String? = nil) throws -> CertsRenew {
        try CertsRenew(arguments: Arguments(certificate.map { ["certificate": .text($0)] } ?? [:]))
    }

    static let digest = String(repeating: "a", count: 64)

    /// What a node says of one certificate.
    static func said(
        kubeadm: String = "/usr/bin/kubeadm", authority: String = "here", crt: String? = nil, key: String? = nil,
        more: String = ""
    ) -> CommandOutput {
        Fixture.output(
            """
            kubeadm\t\(kubeadm)
            authority\tca\there
            authority\tetcd/ca\t\(authority)
            authority\tfront-proxy-ca\there
            file\tpki/etcd/server.crt\t\(crt ?? "regular 644 0:0 \(digest)")
            file\tpki/etcd/server.key\t\(key ?? "regular 600 0:0 \(digest)")
            expires\tpki/etcd/server.crt\t2026-11-30T10:00:00Z
            \(more)
            """)
    }

    @Test("the archive comes first, then kubeadm; undo is told what was there")
    func commands() throws {
        let action = try Self.action("etcd-server")
        let before = try action.parse([Self.said()])
        let (apply, undo) = (action.apply(before), action.undo(before))
        let words = apply.map { Array($0.argv.dropFirst(4)) }
        try #require(words.count == 2 && undo.count == 1)
        #expect(words[0][0...1] == ["archive", "/etc/kubernetes"] && words[0][3] == "/var/lib/belay/snapshots")
        #expect(words[1] == ["renew", "/etc/kubernetes", "etcd-server", "pki/etcd/server.crt", "pki/etcd/server.key"])
        let archive = words[0][2]
        #expect(archive.hasPrefix("/var/lib/belay/snapshots/certificates-") && archive.hasSuffix(".tar"))
        #expect(undo[0].argv[4] == "restore" && undo[0].argv[6] == archive)
        #expect(
            undo[0].input?.text
                == "pki/etcd/server.crt\tregular 644 0:0 \(Self.digest)\npki/etcd/server.key\tregular 600 0:0 \(Self.digest)"
        )
    }

    @Test("what is new is foreseen as new, and when it ends within bounds")
    func predicts() throws {
        let action = try Self.action("etcd-server")
        let before = try action.parse([Self.said()])
        let prediction = try action.predict(before)
        for field in ["file.pki/etcd/server.crt", "file.pki/etcd/server.key", "expires.pki/etcd/server.crt"] {
            #expect(prediction.quality(of: field) != .exact && prediction.after[field] != before[field])
        }
        #expect(prediction.after["authority.etcd/ca"] == before["authority.etcd/ca"])
        #expect(action.role(of: "file.pki/etcd/server.key") == .footprint)
    }

    @Test(
        "a platform's certificates are not kubeadm's to renew",
        arguments: ["platform\tsalt-minion-rafay", "platform\t/etc/rancher\nplatform\t/etc/rancher"])
    func platforms(more: String) throws {
        let action = try Self.action("etcd-server")
        let error = #expect(throws: ObservationError.self) {
            try action.predict(try action.parse([Self.said(more: more)]))
        }
        #expect(error?.message.contains("management platform") == true)
    }

    @Test("without kubeadm, an authority's key, a whole pair of plain files, there is no plan")
    func refusals() throws {
        let action = try Self.action("etcd-server")
        for output in [
            Self.said(kubeadm: ""), Self.said(authority: "without its key"), Self.said(authority: "expired"),
            Self.said(authority: "absent"), Self.said(crt: "absent"), Self.said(key: "absent"),
            Self.said(key: "unreadable"), Self.said(crt: "symlink"), Self.said(crt: "special"),
            Self.said(crt: "absent", key: "absent"),
        ] {
            let seen = try action.parse([output])
            #expect(throws: ObservationError.self, "\(seen)") { try action.predict(seen) }
        }
    }

    @Test(
        "an answer that is not whole is refused", arguments: ["x", "file\tpki/etcd/server.crt", "\t\t\t", "authority"])
    func hostile(line: String) throws {
        let action = try Self.action("etcd-server")
        #expect(throws: ObservationError.self) { try action.parse([Self.said(more: line)]) }
        #expect(throws: ObservationError.self) { try action.parse([Fixture.output("kubeadm\t/usr/bin/kubeadm")]) }
        #expect(throws: ObservationError.self) { try Self.action().parse([Self.said()]) }
    }

    @Test("only kubeadm's own names are taken", arguments: hostileValues + ["ca", "kubelet.conf", "--help"])
    func names(name: String) { #expect(throws: ArgumentError.self) { try Self.action(name) } }

    // MARK: - The script, on real files

    /// `/etc/kubernetes` in a folder of the test's own, made by openssl, and a kubeadm that signs anew.
    struct Node {
        let folder: URL
        var shell = ["/bin/sh"]
        let node: LocalNode

        init() async throws {
            folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-certs-\(UUID().uuidString)")
            let programs = folder.appending(path: "bin")
            try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
            try Data(CertsRenewTests.kubeadm.utf8).write(to: programs.appending(path: "kubeadm"))
            node = LocalNode(environment: [
                "PATH": "\(programs.path()):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "KUBERNETES": folder.path() + "/kubernetes",
            ])
            try await node.shell(
                "chmod 755 \(programs.path())/kubeadm; \(CertsRenewTests.signing)\n\(CertsRenewTests.making)")
        }

        func remove() { try? FileManager.default.removeItem(at: folder) }

        func run(_ command: Command) async throws -> CommandOutput {
            var command = command
            if command.argv.first == "/bin/sh" { command.argv = shell + command.argv.dropFirst() }
            command.argv = command.argv.enumerated().map { index, word in
                guard index > shell.count + 1 else { return word }
                return word.replacing("/etc/kubernetes", with: folder.path() + "/kubernetes")
                    .replacing("/var/lib/belay", with: folder.path() + "/belay")
            }
            return try await node.run(command)
        }

        func observe(_ action: CertsRenew) async throws -> Observation {
            try action.parse([try await run(action.observe()[0])])
        }

        func truth() async throws -> String {
            try await node.shell(
                """
                cd "$KUBERNETES" && find . | sort | xargs stat -c '%n %F %a %u:%g' && find . -type f | sort | xargs sha256sum
                """)
        }

        func archives() -> [String] {
            let path = folder.path() + "/belay/snapshots"
            return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        }
    }

    static let signing = """
        sign() {
          openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.request" -subj /CN=one 2>/dev/null &&
            openssl x509 -req -in "$1.request" -CA "$2.crt" -CAkey "$2.key" -set_serial 1 -days "$3" -out "$1.crt" 2>/dev/null
          rm -f "$1.request"
        }
        kubeconfig() {
          sign x ca "$2"
          printf 'users:\\n- user:\\n    client-certificate-data: %s\\n    client-key-data: %s\\n' \\
            "$(base64 -w 0 x.crt)" "$(base64 -w 0 x.key)" >"../$1"
          rm x.key x.crt
        }

        """

    static let making = """
        mkdir -p "$KUBERNETES/pki/etcd" && cd "$KUBERNETES/pki" || exit
        for authority in ca etcd/ca front-proxy-ca; do
          openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $authority.key -out $authority.crt \\
            -days 30 -subj /CN=authority 2>/dev/null || exit
        done
        for name in apiserver apiserver-kubelet-client; do sign $name ca 5; done
        for name in apiserver-etcd-client etcd/server etcd/peer etcd/healthcheck-client; do sign $name etcd/ca 5; done
        sign front-proxy-client front-proxy-ca 5
        for name in admin.conf controller-manager.conf scheduler.conf kubelet.conf; do kubeconfig $name 5; done
        chmod 640 etcd/peer.crt apiserver.key
        """

    /// Renews some, and dies before the others where a file says so.
    static let kubeadm = """
        #!/bin/sh
        \(signing)
        [ "$1 $2" = 'certs renew' ] && cd "$KUBERNETES/pki" || exit 9
        case $3 in
          all) sign apiserver ca 20; [ ! -e ../../dies ] || exit 1; kubeconfig admin.conf 20; sign etcd/server etcd/ca 20 ;;
          *) sign "$3" ca 20 ;;
        esac

        """

    static let canRun = RealSystem.isCI || RealSystem.isRoot && RealSystem.has("openssl", "tar")

    @Test(
        "what was there is back, byte by byte, whether kubeadm ended or died", .enabled(if: canRun),
        arguments: [["/bin/sh"], ["bash", "--posix"], ["busybox", "ash"]], [false, true])
    func law(shell: [String], dies: Bool) async throws {
        var node = try await Node()
        defer { node.remove() }
        node.shell = shell
        if dies { try Data().write(to: node.folder.appending(path: "dies")) }
        let action = try Self.action()
        let (before, truth) = (try await node.observe(action), try await node.truth())
        _ = try action.predict(before)
        let commands = action.apply(before)
        let archived = try await node.run(commands[0])
        try #require(archived.status == 0, "\(archived.errorTail.text ?? "")")
        #expect(try await node.run(commands[1]).status == (dies ? 1 : 0))
        let after = try await node.observe(action)
        #expect(after["file.pki/apiserver.crt"] != before["file.pki/apiserver.crt"])
        #expect(after["file.pki/apiserver.key"] != before["file.pki/apiserver.key"])
        #expect((after["expires.admin.conf"] == before["expires.admin.conf"]) == dies)
        for _ in 1...2 {
            let undone = try await node.run(action.undo(before)[0])
            #expect(undone.status == 0, "\(undone.errorTail.text ?? "")")
            #expect(try await node.observe(action) == before)
            #expect(try await node.truth() == truth)
        }
        // What was replaced is kept, so that a rollback can be undone as well.
        #expect(node.archives().count == 1)
        #expect(try await node.run(action.undo(after)[0]).status == 0)
        #expect(try await node.observe(action) == after)
    }

    @Test("what others did meanwhile to what was not renewed stays", .enabled(if: canRun))
    func others() async throws {
        let node = try await Node()
        defer { node.remove() }
        let action = try Self.action("apiserver")
        let before = try await node.observe(action)
        for command in action.apply(before) { #expect(try await node.run(command).status == 0) }
        try await node.node.shell("echo mine >>\"$KUBERNETES/kubelet.conf\"; echo mine >\"$KUBERNETES/pki/sa.pub\"")
        #expect(try await node.run(action.undo(before)[0]).status == 0)
        #expect(try await node.observe(action) == before)
        let kept = try await node.node.shell("tail -qn 1 \"$KUBERNETES/kubelet.conf\" \"$KUBERNETES/pki/sa.pub\"")
        #expect(kept == "mine\nmine\n")
    }

    @Test("an undo whose archive is gone says so, unless nothing was changed", .enabled(if: canRun))
    func archiveGone() async throws {
        let node = try await Node()
        defer { node.remove() }
        let action = try Self.action("apiserver")
        let before = try await node.observe(action)
        #expect(try await node.run(action.undo(before)[0]).status == 0)
        for command in action.apply(before) { #expect(try await node.run(command).status == 0) }
        try await node.node.shell("rm \"$KUBERNETES\"/../belay/snapshots/*")
        let undone = try await node.run(action.undo(before)[0])
        #expect(undone.status == 1 && undone.errorTail.text?.contains("is gone") == true)
    }

    @Test("nothing of a private key is read out", .enabled(if: canRun))
    func secrets() async throws {
        let node = try await Node()
        defer { node.remove() }
        let action = try Self.action()
        let output = try await node.run(action.observe()[0])
        let before = try action.parse([output])
        var said = (output.output.text ?? "") + (output.errorTail.text ?? "")
        for command in action.apply(before) + action.undo(before) {
            let result = try await node.run(command)
            said +=
                command.argv.joined() + (command.input?.text ?? "") + (result.output.text ?? "")
                + (result.errorTail.text ?? "")
        }
        let keys = try await node.node.shell(
            "cd \"$KUBERNETES\" && { cat pki/*.key pki/etcd/*.key; sed -n 's/.*client-key-data: //p' *.conf | base64 -d; } | grep -v -e -----"
        )
        let lines = keys.split(separator: "\n").filter { $0.utf8.count > 20 }
        #expect(lines.count > 10)
        for line in lines { #expect(!said.contains(line)) }
        let digests = try await node.node.shell("cd \"$KUBERNETES/pki\" && sha256sum *.key etcd/*.key | cut -c 1-64")
        for digest in digests.split(separator: "\n") { #expect(!said.contains(digest)) }
    }

    @Test("an authority that has expired, or has no key here, is seen", .enabled(if: canRun))
    func authorities() async throws {
        let node = try await Node()
        defer { node.remove() }
        try await node.node.shell("rm \"$KUBERNETES/pki/etcd/ca.key\" \"$KUBERNETES/pki/front-proxy-ca.crt\"")
        let seen = try await node.observe(Self.action())
        #expect(seen.text("authority.ca") == "here")
        #expect(seen.text("authority.etcd/ca") == "without its key")
        #expect(seen.text("authority.front-proxy-ca") == "absent")
        #expect(throws: ObservationError.self) { try Self.action().predict(seen) }
        _ = try Self.action("apiserver").predict(try await node.observe(Self.action("apiserver")))
    }
}
