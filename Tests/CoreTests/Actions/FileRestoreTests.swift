import Core
import Testing

struct FileRestoreTests {
    private func make(_ path: String = "/etc/app.conf", _ more: [String: String] = [:]) throws -> FileRestore {
        let texts = ["path": path, "from": "/root/app.conf"].merging(more) { $1 }
        return try FileRestore(arguments: Arguments(texts.mapValues { .text($0) }))
    }

    private static func regular(_ base64: String, _ size: Int, mode: String = "640") -> String {
        """
        directory=real
        xattrs=unread
        type=regular
        mode=\(mode)
        owner=0:0
        size=\(size)
        links=1
        content=\(base64)

        """
    }
    private static let old = regular("b2xkCg==", 4)
    private static let kept = regular("a2VwdAo=", 5, mode: "600")
    private static let absent = "directory=real\nxattrs=unread\ntype=absent\n"

    @Test("what is put in place is what the backup held when it was planned; owner and mode stay those of the file")
    func restored() throws {
        let action = try make()
        let before = try action.parse([Fixture.output(Self.old), Fixture.output(Self.kept)])
        let after = try action.predict(before).after
        #expect(after.content("content")?.text == "kept\n")
        #expect(after.text("mode") == "640")
        #expect(action.apply(before).map { $0.input?.text } == ["kept\n"])
        #expect(action.undo(before).map { $0.input?.text } == ["old\n"])
        for field in ["backup", "content", "mode"] { #expect(action.role(of: field) == .footprint) }
    }

    @Test("a file that is gone comes back with its backup's mode, and undo removes it")
    func gone() throws {
        let action = try make()
        let before = try action.parse([Fixture.output(Self.absent), Fixture.output(Self.kept)])
        #expect(try action.predict(before).after.text("mode") == "600")
        #expect(action.apply(before).first.map { Array($0.argv.suffix(2)) } == ["600", "0:0"])
        #expect(action.undo(before).first?.input == nil)
    }

    @Test("a file that is as its backup is left alone")
    func same() throws {
        let action = try make()
        let before = try action.parse([Fixture.output(Self.kept), Fixture.output(Self.kept)])
        #expect(action.apply(before).isEmpty)
        #expect(try action.predict(before).after == before)
    }

    @Test("without a backup nothing is planned, and nothing is written")
    func missing() throws {
        let action = try make()
        let before = try action.parse([Fixture.output(Self.old), Fixture.output(Self.absent)])
        #expect(throws: ObservationError.self) { try action.predict(before) }
        #expect(action.apply(before).isEmpty)
    }

    @Test(
        "a backup that is not a plain file, or not read whole, is none",
        arguments: [
            "directory=real\ntype=symlink\ntarget=/x\n", "directory=real\ntype=directory\n",
            "directory=symlink\ntype=regular\nmode=644\nowner=0:0\nsize=0\nlinks=1\ncontent=\n",
            regular("a2VwdAo=", 6), regular("toolarge", 9), "",
        ])
    func odd(backup: String) throws {
        let action = try make()
        #expect(throws: ObservationError.self) {
            try action.parse([Fixture.output(Self.old), Fixture.output(backup)])
        }
    }

    @Test("neither a backup in the manifests' folder nor a file there is taken: the kubelet runs both")
    func manifests() {
        for (path, from) in [
            ("/etc/app.conf", "/etc/kubernetes/manifests/etcd.yaml"),
            ("/etc/kubernetes/manifests/etcd.yaml", "/root/x"),
            ("/etc/app.conf", "/etc/app.conf"), ("/etc/app.conf", "../x"),
        ] { #expect(throws: ArgumentError.self) { try make(path, ["from": from]) } }
    }

    @Test("a part of a unit is read by systemd before its service is restarted, both ways")
    func unit() throws {
        let path = "/etc/systemd/system/containerd.service.d/http-proxy.conf"
        let action = try make(path, ["service": "containerd", "restart": "true"])
        let service = "LoadState=loaded\nActiveState=active\nSubState=running\nUptime=5\n"
        let before = try action.parse([Self.old, service, Self.kept].map { Fixture.output($0) })
        for commands in [action.apply(before), action.undo(before)] {
            #expect(commands.count == 3)
            #expect(commands[1].argv == ["systemctl", "daemon-reload"])
            #expect(Array(commands[2].argv.suffix(2)) == ["containerd.service", "yes"])
        }
        #expect(action.disrupts == ["runtime", "kubelet"])
        #expect(throws: ArgumentError.self) { try make(path, ["restart": "true"]) }
    }
}
