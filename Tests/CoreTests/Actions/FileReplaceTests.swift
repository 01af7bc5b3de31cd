import Core
import Testing

struct FileReplaceTests {
    private func make(_ path: String = "/etc/app.conf", _ more: [String: String] = [:]) throws -> FileReplace {
        let texts = ["path": path, "content": "new\n"].merging(more) { $1 }
        return try FileReplace(arguments: Arguments(texts.mapValues { .text($0) }))
    }

    private static let regular = """
        directory=real
        xattrs=read
        type=regular
        mode=640
        owner=0:0
        size=4
        links=1
        content=b2xkCg==
        xattr user.k=0x61

        """

    @Test("the old content, mode, owner and attributes are what undo puts back")
    func undo() throws {
        let action = try make("/etc/app.conf", ["service": "app"])
        let service = "LoadState=loaded\nActiveState=active\nSubState=running\nUptime=5\n"
        let before = try action.parse([Fixture.output(Self.regular), Fixture.output(service)])
        #expect(before.content("content")?.text == "old\n")
        #expect(before.lines("xattrs") == ["user.k=0x61"])
        let commands = action.undo(before)
        #expect(
            commands.map { Array($0.argv.dropFirst(4)) } == [
                ["/etc/app.conf", "/etc", "/etc", "640", "0:0", "user.k", "0x61"], ["app.service", "yes"],
            ])
        #expect(commands.first?.input?.text == "old\n")
        #expect(try action.predict(before).after.content("content")?.text == "new\n")
    }

    @Test("the same file is no change, another mode is one")
    func same() throws {
        let before = try make().parse([Fixture.output(Self.regular)])
        #expect(try make("/etc/app.conf", ["content": "old\n"]).apply(before).isEmpty)
        #expect(try make("/etc/app.conf", ["content": "old\n", "mode": "0640"]).apply(before).isEmpty)
        #expect(try make("/etc/app.conf", ["content": "old\n", "mode": "0600"]).apply(before).count == 1)
    }

    @Test("the temporary file of a static pod's manifest lies outside the folder the kubelet runs")
    func manifest() throws {
        let action = try make("/etc/kubernetes/manifests/etcd.yaml")
        let before = try action.parse([Fixture.output("directory=real\nxattrs=unread\ntype=absent\n")])
        #expect(action.apply(before).first?.argv[6] == "/etc/kubernetes")
        #expect(action.disrupts == ["pods"])
    }

    @Test(
        "what a rename would turn into something else is refused",
        arguments: [
            "directory=real\ntype=symlink\ntarget=/x\n", "directory=real\ntype=directory\n",
            "directory=missing\ntype=absent\n", "directory=symlink\ntype=absent\n",
            "directory=real\ntype=special file\n",
            regular.replacing("links=1", with: "links=2"),
        ])
    func refused(text: String) throws {
        let action = try make()
        let before = try action.parse([Fixture.output(text)])
        #expect(throws: ObservationError.self) { try action.predict(before) }
    }

    @Test(
        "a file that was not read whole is never replaced",
        arguments: [
            "", regular.replacing("size=4", with: "size=5"),
            regular.replacing("content=b2xkCg==", with: "content=toolarge"),
            regular.replacing("content=b2xkCg==", with: "content=b2xkC"), regular.replacing("mode=640", with: ""),
        ])
    func unread(text: String) throws {
        let action = try make()
        #expect(throws: ObservationError.self) { try action.parse([Fixture.output(text)]) }
    }

    @Test(
        "what keeps people out of a node cuts the path",
        arguments: [
            ("/etc/ssh/sshd_config", true), ("/etc/sudoers.d/x", true), ("/etc/netplan/01.yaml", true),
            ("/root/.ssh/authorized_keys", true), ("/home/x/.ssh/authorized_keys", true), ("/etc/shadow", true),
            ("/etc/hosts.deny", true), ("/etc/systemd/system/ssh.service.d/x.conf", true),
            ("/etc/resolv.conf", false), ("/var/lib/kubelet/config.yaml", false), ("/etc/sshx", false),
        ])
    func cutsPath(path: String, cuts: Bool) throws {
        #expect(try make(path).cutsPath == cuts)
        #expect(try make("/etc/app.conf", ["service": "sshd"]).cutsPath)
    }

    @Test(
        "paths that are not what they look like are refused",
        arguments: ["etc/x", "/etc/../x", "/etc//x", "/etc/./x", "/etc/", "/", "/a\nb", "/a\u{0}b", "/a\u{7F}"])
    func paths(path: String) {
        #expect(throws: ArgumentError.self) { try make(path) }
    }

    @Test(
        "modes and owners that chmod and chown could misread are refused",
        arguments: hostileValues + ["8", "0x1", "u+s", "-755", "+755", "99999", ":", "0:", "1:2:3", "+1:2"])
    func attributes(value: String) {
        #expect(throws: ArgumentError.self) { try make("/etc/a", ["mode": value]) }
        #expect(throws: ArgumentError.self) { try make("/etc/a", ["owner": value]) }
    }
}
