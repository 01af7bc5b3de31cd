import Foundation
import Testing

@testable import Core

/// The script of a full flush on this machine, with stand-ins for systemctl and iptables-save.
@Suite("kube-proxy is restarted, and its rules and a Service are waited for")
struct KubeProxyTests {
    /// Where the stand-ins are; `rules` is what iptables-save prints once the unit was restarted.
    private final class Place {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory()).appending(path: "belay-proxy-\(UUID().uuidString)")
        var node = LocalNode()

        init(rules: String, isThere: Bool) throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try rules.write(to: folder.appending(path: "rules"), atomically: true, encoding: .utf8)
            let restarted = folder.appending(path: "restarted").path()
            if isThere { try "".write(toFile: restarted, atomically: true, encoding: .utf8) }
            // As `-t nat` prints what was saved with counters.
            let table = #"sed -n -e 's/^\[[0-9:]*\] //' -e '/^\*nat/,/^COMMIT/p'"#
            let save = "#!/bin/sh\n[ ! -e '\(restarted)' ] || \(table) '\(folder.path())/rules'\n"
            for name in ["iptables-save", "ip6tables-save"] {
                try StandInProgram.install(save, at: folder.appending(path: name).path())
            }
            try StandInProgram.install(
                """
                #!/bin/sh
                case "$*" in
                    'restart kube-proxy.service') : >'\(restarted)' ;;
                    'show kubelet.service -p ActiveState') echo ActiveState=active ;;
                    *) echo ActiveState=inactive ;;
                esac

                """, at: folder.appending(path: "systemctl").path())
            node.environment["PATH"] = folder.path() + ":" + (node.environment["PATH"] ?? "")
        }

        deinit { try? FileManager.default.removeItem(at: folder) }
    }

    /// A port of this machine, at which somebody listens or nobody does.
    private final class Port {
        private let socket: Int32
        let address: ServiceAddress

        init(listens: Bool) throws {
            socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_addr.s_addr = inet_addr("127.0.0.1")
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let socket = socket
            let isBound = withUnsafeMutablePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bare in
                    bind(socket, bare, size) == 0 && getsockname(socket, bare, &size) == 0
                }
            }
            try #require(isBound && (!listens || listen(socket, 8) == 0))
            address = try #require(ServiceAddress("127.0.0.1:\(UInt16(bigEndian: name.sin_port))"))
        }

        deinit { close(socket) }
    }

    @Test("the Service of the API is found in kube-proxy's own rules")
    func look() async throws {
        let place = try Place(rules: Fixture.text("kube-proxy-save.txt"), isThere: true)
        let seen = try await place.node.run(KubeProxy.look(nil))
        #expect(seen.status == 0)
        let lines = (seen.output.text ?? "").split(separator: "\n")
        #expect(lines.contains("service=10.96.0.1:443") && lines.contains("kubelet=active"))
    }

    @Test("a Service that is given is asked, and without kube-proxy's rules none is known", arguments: [true, false])
    func answers(listens: Bool) async throws {
        let place = try Place(rules: "", isThere: true)
        let port = try Port(listens: listens)
        let seen = try await place.node.run(KubeProxy.look(port.address)).output.text ?? ""
        #expect(seen.contains("answers=\(listens ? "yes" : "no")\n"))
        let none = try await place.node.run(KubeProxy.look(nil)).output.text ?? ""
        #expect(none.contains("service=none\nanswers=no\n"))
    }

    @Test("the restart brings the rules, the Service answers, and the step is done")
    func renewed() async throws {
        let place = try Place(rules: Fixture.text("kube-proxy-save.txt"), isThere: false)
        let port = try Port(listens: true)
        let done = try await place.node.run(
            KubeProxy.renew("unit", port.address, limit: 10, families: IptablesFamily.allCases))
        #expect(done.status == 0, "\(done.errorTail.text ?? "")")
    }

    @Test(
        "rules that do not come back and a Service that does not answer fail the step",
        arguments: [
            ("cni-save.txt", false, "does not answer"), ("after-nat-flush-save.txt", true, "shows no way to Services"),
        ])
    func failed(rules: String, listens: Bool, why: String) async throws {
        let place = try Place(rules: Fixture.text(rules), isThere: false)
        let port = try Port(listens: listens)
        let done = try await place.node.run(KubeProxy.renew("unit", port.address, limit: 1, families: [.ipv4]))
        #expect(done.status == 1)
        #expect((done.errorTail.text ?? "").contains("after 1 seconds: ") && (done.errorTail.text ?? "").contains(why))
    }
}
