import Testing

@testable import Core

@Suite("paths of files on nodes")
struct FilePathTests {
    @Test(
        "a path that is not what it seems is refused",
        arguments: [
            "", "etc/x", "/", "/etc/", "/etc//x", "/etc/./x", "/etc/../x", "/..", "/a\nb", "/a\u{0}b", "/a\u{1B}b",
            "/etc/../\u{301}x", "/etc/./\u{301}x", "/etc//\u{301}x/..", "/" + String(repeating: "x", count: 1024),
        ])
    func refused(path: String) {
        #expect(throws: ArgumentError.self) { try FilePath(path) }
    }

    @Test(
        "what can keep people out is known, with a combining mark behind a slash too",
        arguments: [
            ("/etc/ssh/sshd_config", true), ("/etc/ssh/sshd_config.d/\u{301}x.conf", true),
            ("/etc/ssh/\u{301}x", true), ("/etc/passwd\u{301}", true), ("/home/a/.ssh/\u{301}keys", true),
            ("/home/a/.ssh/authorized_keys", true), ("/etc/systemd/system/ssh.service.d/\u{301}x.conf", true),
            ("/etc/systemd/system/ssh.service", true), ("/etc/sshx/a", false), ("/etc/kubelet.conf", false),
            ("/opt/a.ssh/b", false),
        ])
    func cutsPath(path: String, cuts: Bool) throws {
        #expect(try FilePath(path).cutsPath == cuts)
    }

    @Test("the directory is what the kernel takes for it")
    func directory() throws {
        #expect(try FilePath("/etc/kubernetes/manifests/\u{301}x.yaml").isManifest)
        #expect(try FilePath("/x").directory == "/")
    }
}
