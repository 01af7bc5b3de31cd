import Testing

@testable import Core

struct ManifestEditTests {
    private static let scheduler = """
        apiVersion: v1
        kind: Pod
        metadata:
          annotations: {a.example/b: "1"}
          labels:
            component: kube-scheduler
          name: kube-scheduler
          namespace: kube-system
        spec:
          containers:
          - command:
            - kube-scheduler
            - --authentication-kubeconfig=/etc/kubernetes/scheduler.conf
            - --port=0
            - "--quoted=a: b"
            image: k8s.gcr.io/kube-scheduler:v1.20.2   # kept
            name: kube-scheduler
          hostNetwork: true
        status: {}

        """

    private func make(_ arguments: [String: String]) throws -> ManifestEdit {
        try ManifestEdit(
            arguments: Arguments(["component": "kube-scheduler"].merging(arguments) { $1 }.mapValues { .text($0) }))
    }

    private static func seen(_ text: String?) -> CommandOutput {
        guard let text else { return Fixture.output("directory=real\nxattrs=unread\ntype=absent\n") }
        return Fixture.output(
            """
            directory=real
            xattrs=unread
            type=regular
            mode=600
            owner=0:0
            size=\(text.utf8.count)
            links=1
            content=\(Base64.encode(Array(text.utf8)))

            """)
    }

    private func after(_ arguments: [String: String], _ old: String? = scheduler) throws -> String? {
        let action = try make(arguments)
        return try action.predict(try action.parse([Self.seen(old)])).after.content("content")?.text
    }

    @Test(
        "one flag is set in its own line, and nothing else is touched",
        arguments: [
            ("--port=1", "    - --port=0\n", "    - --port=1\n"),
            ("--quoted=c", "    - \"--quoted=a: b\"\n", "    - --quoted=c\n"),
            ("--port=a: b", "    - --port=0\n", "    - '--port=a: b'\n"),
            ("--port=it's #1", "    - --port=0\n", "    - '--port=it''s #1'\n"),
            ("--port=", "    - --port=0\n", "    - --port=\n"),
            ("--port=a:", "    - --port=0\n", "    - '--port=a:'\n"),
            ("--v=2", "    - \"--quoted=a: b\"\n", "    - \"--quoted=a: b\"\n    - --v=2\n"),
            ("--port=0", "", ""),
        ])
    func set(flag: String, old: String, new: String) throws {
        let expected = old.isEmpty ? Self.scheduler : Self.scheduler.replacing(old, with: new)
        #expect(try after(["set": flag]) == expected)
    }

    @Test("a flag is taken out with its line, and one that is not there is no change")
    func unset() throws {
        #expect(try after(["unset": "--port"]) == Self.scheduler.replacing("    - --port=0\n", with: ""))
        #expect(try after(["unset": "--no-such"]) == Self.scheduler)
        let action = try make(["unset": "--no-such"])
        #expect(action.apply(try action.parse([Self.seen(Self.scheduler)])).isEmpty)
    }

    @Test(
        "a flag whose line cannot be told is not guessed",
        arguments: [
            scheduler.replacing("    - --port=0\n", with: "    - --port=0\n    - --port=1\n"),
            scheduler.replacing("    - --port=0\n", with: "    - --port\n    - '0'\n"),
            scheduler.replacing("    - --port=0\n", with: "    - >-\n      --port=0\n"),
            scheduler.replacing("    - --port=0\n", with: "    - '--port=0\n      1'\n"),
            "apiVersion: v1\nkind: Pod\nmetadata: {name: kube-scheduler, namespace: kube-system}\n"
                + "spec: {containers: [{name: a, command: [x, --port=0]}]}\n",
            scheduler.replacing(
                "    name: kube-scheduler\n  hostNetwork: true\n", with: "    name: a\n  - {name: other}\n"),
            "not: [a pod", "", "kind: Pod\n",
        ])
    func unclear(text: String) throws {
        let action = try make(["set": "--port=5"])
        let before = try action.parse([Self.seen(text)])
        #expect(throws: ObservationError.self) { try action.predict(before) }
        #expect(action.apply(before).isEmpty)
    }

    @Test(
        "what is no pod, or another one, does not take a manifest's place",
        arguments: [
            "", "a\n", "kind: Pod\n", scheduler.replacing("kind: Pod", with: "kind: Service"),
            scheduler.replacing("  name: kube-scheduler", with: "  name: other"),
            scheduler.replacing("  namespace: kube-system\n", with: ""),
            scheduler.replacing("  namespace: kube-system", with: "  namespace: other"),
            scheduler + "---\n" + scheduler, scheduler.replacing("status: {}", with: "status: &a {}"),
        ])
    func others(content: String) throws {
        // Each way alone: the component, and what is there.
        let first = try make(["content": content.isEmpty ? " " : content])
        #expect(throws: ObservationError.self) { try first.predict(try first.parse([Self.seen(nil)])) }
        let second = try ManifestEdit(
            arguments: Arguments([
                "path": .text("/etc/kubernetes/manifests/s.yaml"), "content": .text(content.isEmpty ? " " : content),
            ]))
        #expect(throws: ObservationError.self) { try second.predict(try second.parse([Self.seen(Self.scheduler)])) }
    }

    @Test("a manifest that is broken, or gone, is replaced whole, and the component is waited for")
    func rescue() throws {
        for old in [nil, "not: [a pod"] {
            let action = try make(["content": Self.scheduler, "limit": "60"])
            let before = try action.parse([Self.seen(old)])
            #expect(try action.predict(before).after.content("content")?.text == Self.scheduler)
            let commands = action.apply(before)
            #expect(commands.count == 2)
            #expect(commands[0].argv[6] == "/etc/kubernetes")
            #expect(
                Array(commands[1].argv.dropFirst(4).prefix(4)) == [
                    "edited", "kube-scheduler", "/etc/kubernetes/manifests/kube-scheduler.yaml", "60",
                ])
            #expect(action.undo(before).count == 1)
        }
    }

    @Test("what says the same in other words is written, and no new process is waited for")
    func sameMeaning() throws {
        let action = try make(["content": Self.scheduler + "# a word\n"])
        #expect(action.apply(try action.parse([Self.seen(Self.scheduler)])).count == 1)
        let unwatched = try make(["content": Self.scheduler, "limit": "0"])
        #expect(unwatched.apply(try unwatched.parse([Self.seen(nil)])).count == 1)
    }

    @Test("a backup is read where it lies, and not out of the manifests' folder")
    func backup() throws {
        let action = try make(["from": "/root/scheduler.yaml"])
        let before = try action.parse([Self.seen(nil), Self.seen(Self.scheduler)])
        #expect(try action.predict(before).after.content("content")?.text == Self.scheduler)
        #expect(try action.predict(before).after.text("mode") == "600")
        #expect(throws: ArgumentError.self) { try make(["from": "/etc/kubernetes/manifests/old.yaml"]) }
    }

    @Test("temporary files of a manifest in another folder lie beside that folder")
    func otherFolder() throws {
        let action = try ManifestEdit(
            arguments: Arguments(["path": .text("/srv/pods/a.yaml"), "content": .text(Self.scheduler)]))
        let before = try action.parse([Self.seen(nil)])
        #expect(action.apply(before).first?.argv[6] == "/srv")
        #expect(try make(["set": "--v=1"]).disrupts == ["pods"])
        #expect(
            try ManifestEdit(arguments: Arguments(["component": .text("etcd"), "set": .text("--a=b")])).disrupts == [
                "pods", "etcd",
            ])
    }

    @Test(
        "arguments that name nothing, or two things, are refused",
        arguments: [
            [:], ["set": "--v=1", "unset": "--v"], ["set": "--v"], ["set": "-v=1"], ["set": "v=1"], ["set": "--=1"],
            ["set": "--a b=1"], ["set": "--a=b\nc"], ["unset": "--v=1"], ["unset": "--v'"],
            ["component": "kube-proxy", "set": "--v=1"],
            ["path": "/a/b.yaml", "set": "--v=1"], ["component": "", "path": "/a/b.bak", "set": "--v=1"],
            ["component": "", "path": "/a/.b.yaml", "set": "--v=1"], ["component": "", "set": "--v=1"],
            ["set": "--v=1", "limit": "5"], ["set": "--v=1", "limit": "+60"], ["content": ""],
        ] as [[String: String]])
    func arguments(given: [String: String]) {
        #expect(throws: ArgumentError.self) { try make(given) }
    }

    @Test("file.replace puts nothing into the folder that is no manifest by its name")
    func replace() throws {
        for name in ["etcd.yaml.bak", "etcd.yaml~", "etcd", ".etcd.yaml"] {
            let arguments = Arguments(["path": .text("/etc/kubernetes/manifests/\(name)"), "content": .text("x")])
            #expect(throws: ArgumentError.self) { try FileReplace(arguments: arguments) }
        }
    }
}
