import Testing

@testable import Core

/// The manifest is the one that kubeadm wrote on a real control plane; what etcd says is as recorded.
@Suite("etcd.restore and etcd.move")
struct EtcdDataTests {
    static let digest = String(repeating: "0a", count: 32)
    static let snapshot = "snapshot\tregular\t600\t0:0\t491552\nsha256\t\(digest)\nnoted\t\(digest)\n"
    static let empty = "to\tfolder\tnothing\t700\t0:0\t65025\t98000000000\nmount\t/mnt/fast\txfs\t/run/x.mount\n"

    /// What is seen of a control plane that is well.
    struct Node {
        var manifest: String?
        var mode = "600"
        var etcd = "manifest=0a\nkubelet=active\nprocesses=1\nprocess=7.9\nhealth=healthy\n"
        var api = "manifest=5a\nkubelet=active\nprocesses=1\nprocess=8.9\nhealth=healthy\n"
        var cluster = Fixture.output(EtcdTests.Cluster().said)
        var data = "folder\t/var/lib/etcd\tyes\t128000000\t9000000000\nfolder\t/etc/kubernetes/pki/etcd\tno\t0\t9\n"
        var more = ""

        init() throws {
            manifest = try Fixture.text("../../Fixtures/facts/node/etc/kubernetes/manifests/etcd.yaml")
        }

        var outputs: [CommandOutput] {
            let content = manifest.map { text in
                "type=regular\nmode=\(mode)\nowner=0:0\nsize=\(text.utf8.count)\nlinks=1\ncontent=\(Base64.encode(Array(text.utf8)))\n"
            }
            return [
                Fixture.output("directory=real\nxattrs=read\n" + (content ?? "type=absent\n")), Fixture.output(etcd),
                Fixture.output(api), cluster, Fixture.output(data + "reader\tetcdctl\n" + more),
            ]
        }
    }

    static func restore(_ more: [String: ArgumentValue] = [:]) throws -> EtcdRestore {
        try EtcdRestore(arguments: Arguments(["snapshot": .text("/root/good.db")].merging(more) { $1 }))
    }

    static func move(_ to: String = "/mnt/fast/etcd") throws -> EtcdMove {
        try EtcdMove(arguments: Arguments(["to": .text(to)]))
    }

    static func seen(_ action: any Action, _ more: String, _ change: (inout Node) -> Void = { _ in }) throws
        -> Observation
    {
        var node = try Node()
        node.more = more
        change(&node)
        return try action.parse(node.outputs)
    }

    /// The words behind the script, without where the manifests lie.
    static func words(_ commands: [Command]) -> [[String]] {
        commands.map { command in
            let words = Array(command.argv.dropFirst(4))
            return words.count > 2 && words[2] == EtcdDataScript.aside ? [words[0]] + words.dropFirst(3) : words
        }
    }

    // MARK: - Restore

    @Test("a snapshot is restored beside the data, put in its place, and proven; undo takes it out again")
    func restores() throws {
        let action = try Self.restore()
        let before = try Self.seen(action, Self.snapshot)
        let prediction = try action.predict(before)
        let kept = try #require(prediction.after.lines("data.kept")?.first)
        #expect(kept.hasPrefix("belay-old-") && prediction.after.text("data") == "/var/lib/etcd")
        #expect(prediction.quality(of: "data.kept") == .exact && prediction.quality(of: "cluster") != .exact)
        let peer = "https://10.77.0.241:2380"
        #expect(
            Self.words(action.apply(before)) == [
                [
                    "prepare", "/var/lib/etcd", kept, "/root/good.db", Self.digest, "kube-1", "kube-1=\(peer)",
                    "etcd-cluster", peer,
                ],
                ["swap", "/var/lib/etcd", kept, "330"],
                ["returned", "etcd", "/etc/kubernetes/manifests/etcd.yaml", "330", "1", "healthy"],
                ["serve", ""],
                ["returned", "kube-apiserver", "/etc/kubernetes/manifests/kube-apiserver.yaml", "330", "1", "healthy"],
            ])
        let undo = Self.words(action.undo(before))
        #expect(undo.first == ["unswap", "/var/lib/etcd", kept, "330", "http://127.0.0.1:2381"] && undo.count == 3)
        #expect(action.reversibility == .compensable && action.leastTimeout == 1380 && !action.cutsPath)
        #expect(action.disrupts == ["pods", "etcd"])
    }

    @Test("each restore keeps the data before it under a name of its own, which its undo knows from the state alone")
    func names() throws {
        let action = try Self.restore()
        let first = try Self.seen(action, Self.snapshot)
        let one = try #require(try action.predict(first).after.lines("data.kept")?.first)
        let second = try Self.seen(action, Self.snapshot) { $0.data += "kept\t/var/lib/etcd\t\(one)\n" }
        let both = try #require(try action.predict(second).after.lines("data.kept"))
        #expect(both.count == 2 && both.contains(one))
        // A rollback that is taken back finds what it had put in place.
        #expect(action.undo(second).first?.argv.last == one)
    }

    @Test("only the one member of a cluster is restored, and who cannot be asked only where somebody says so")
    func alone() throws {
        let two = Fixture.output(EtcdTests.Cluster(more: EtcdTests.other).said)
        let sure = try Self.restore(["alone": .flag(true)])
        let several = try Self.seen(sure, Self.snapshot) { $0.cluster = two }
        let error = #expect(throws: ObservationError.self) { try sure.predict(several) }
        #expect(error?.message.contains("2 members") == true)
        let silent = Fixture.output("", status: 1)
        let action = try Self.restore()
        let seen = try Self.seen(action, Self.snapshot) { $0.cluster = silent }
        #expect(seen["members"] == .absent)
        #expect(throws: ObservationError.self) { try action.predict(seen) }
        let said = try Self.restore(["alone": .flag(true)])
        #expect(try said.predict(seen).notes.contains { $0.contains("is what you say") })
    }

    @Test("what does not run is not waited for by undo, and may run afterwards")
    func damaged() throws {
        let action = try Self.restore(["alone": .flag(true)])
        let stopped = "manifest=0a\nkubelet=active\nprocesses=0\nhealth=none\n"
        let before = try Self.seen(action, Self.snapshot) {
            ($0.etcd, $0.api, $0.cluster) = (stopped, stopped, Fixture.output("", status: 1))
        }
        let after = try action.predict(before).after
        #expect(after.text("etcd.health") == "healthy" && after.text("api.health") == "healthy")
        #expect(action.undo(before).count == 1 && action.undo(before)[0].argv.last == "")
        #expect(action.isEquivalent("etcd.health", before: .text("none"), now: .text("healthy")))
        #expect(!action.isEquivalent("etcd.health", before: .text("healthy"), now: .text("none")))
        #expect(action.isEquivalent("members", before: .absent, now: .lines(["cp1 (1)"])))
        #expect(!action.isEquivalent("members", before: .lines(["cp1 (1)"]), now: .absent))
    }

    @Test(
        "a snapshot that is none, or that others can write, is refused",
        arguments: [
            "snapshot\tabsent\n", "snapshot\tsymlink\n", "snapshot\tspecial\n",
            snapshot.replacing("600", with: "660"), snapshot.replacing("600", with: "602"),
            snapshot.replacing("0:0", with: "1000:0"), snapshot.replacing("noted\t0a", with: "noted\t0b"),
            // No room for it twice.
            snapshot.replacing("491552", with: "5000000000"), snapshot.replacing("491552", with: "\(Int.max)"),
        ])
    func snapshots(said: String) throws {
        let action = try Self.restore()
        let seen = try Self.seen(action, said)
        #expect(throws: ObservationError.self) { try action.predict(seen) }
    }

    @Test("of a snapshot of which nothing was noted the plan says so")
    func unnoted() throws {
        let action = try Self.restore()
        let seen = try Self.seen(action, Self.snapshot.replacing("noted\t\(Self.digest)\n", with: ""))
        #expect(try action.predict(seen).notes.contains { $0.contains("nothing was noted") })
    }

    // MARK: - Move

    @Test("etcd's manifest leads to the new folder, which must be there, and not a word of it besides is another one")
    func moves() throws {
        let action = try Self.move()
        let before = try Self.seen(action, Self.empty)
        let prediction = try action.predict(before)
        let old = try #require(before.content("content")?.text)
        let wanted = old.replacing(
            "path: /var/lib/etcd\n      type: DirectoryOrCreate", with: "path: /mnt/fast/etcd\n      type: Directory")
        #expect(wanted != old && prediction.after.content("content")?.text == wanted)
        #expect(prediction.after.text("data") == "/mnt/fast/etcd" && prediction.after.text("to") == "holds member")
        let apply = action.apply(before)
        #expect(apply.first?.input?.text == wanted)
        #expect(
            Self.words(apply).map { $0.prefix(2) } == [
                ["move", "/var/lib/etcd"], ["returned", "etcd"], ["serve", "/mnt/fast/etcd"],
                ["returned", "kube-apiserver"],
            ])
        let undo = action.undo(before)
        #expect(undo.first?.input?.text == old && undo.count == 3)
        #expect(
            Self.words(undo).first == [
                "unmove", "/var/lib/etcd", "/mnt/fast/etcd", "330", "http://127.0.0.1:2381", "yes", "600", "0:0",
            ])
    }

    @Test("a member among others is moved too, and its undo never takes data that is older than what it has answered")
    func member() throws {
        let action = try Self.move()
        let two = Fixture.output(EtcdTests.Cluster(more: EtcdTests.other).said)
        let before = try Self.seen(action, Self.empty) { $0.cluster = two }
        _ = try action.predict(before)
        #expect(Self.words(action.undo(before)).first?[5] == "no")
        let silent = try Self.seen(action, Self.empty) { $0.cluster = Fixture.output("", status: 1) }
        #expect(Self.words(action.undo(silent)).first?[5] == "no")
    }

    @Test("what is there already is left alone, and its undo only sees to it that it stays")
    func already() throws {
        let action = try Self.move("/var/lib/etcd")
        let seen = try Self.seen(action, Self.empty.replacing("nothing", with: "member"))
        #expect(try action.predict(seen).after == seen)
        #expect(action.apply(seen).isEmpty && Self.words(action.undo(seen)).first?.first == "stay")
    }

    @Test(
        "a folder that is no place for it is refused",
        arguments: [
            "to\tabsent\n", "to\tno folder, or by the way of a symlink\n", empty.replacing("nothing", with: "other"),
            empty.replacing("700", with: "755"), empty.replacing("0:0", with: "7:0"),
            empty.replacing("mount\t/mnt/fast", with: "mount\t/mnt/fast/etcd"), empty.replacing("xfs", with: "tmpfs"),
            empty.replacing("98000000000", with: "255999999"),
        ])
    func folders(said: String) throws {
        let action = try Self.move()
        let seen = try Self.seen(action, said)
        #expect(throws: ObservationError.self) { try action.predict(seen) }
    }

    @Test("a disk that nothing mounts at boot is told")
    func boot() throws {
        let action = try Self.move()
        let seen = try Self.seen(action, Self.empty.replacing("/run/x.mount", with: ""))
        #expect(try action.predict(seen).notes.contains { $0.contains("/etc/fstab") })
    }

    // MARK: - Both

    @Test("what neither can work on is refused, with the reason")
    func refused() throws {
        let changes: [(String, (inout Node) -> Void)] = [
            ("no static pod", { $0.manifest = nil }),
            ("--wal-dir", { $0.manifest = $0.manifest?.replacing("--snapshot-count=10000", with: "--wal-dir=/x") }),
            (
                "configuration file",
                { $0.manifest = $0.manifest?.replacing("--snapshot-count=10000", with: "--config-file=/x") }
            ),
            ("no --data-dir", { $0.manifest = $0.manifest?.replacing("--data-dir=", with: "--other=") }),
            (
                "not one volume",
                { $0.manifest = $0.manifest?.replacing("mountPath: /var/lib/etcd", with: "mountPath: /var") }
            ),
            ("kubelet is inactive", { $0.api = $0.api.replacing("=active", with: "=inactive") }),
            ("holds etcd.yaml", { $0.data += "aside\tetcd.yaml\n" }),
            ("runs 2 times", { $0.etcd = $0.etcd.replacing("processes=1", with: "processes=2") }),
            ("no folder of this node", { $0.data = "" }),
            ("no data of etcd", { $0.data = $0.data.replacing("yes", with: "no") }),
        ]
        for (why, change) in changes {
            for (action, more) in [
                (try Self.restore() as any Action, Self.snapshot), (try Self.move(), Self.empty),
            ] {
                let seen = try Self.seen(action, more, change)
                let error = #expect(throws: ObservationError.self, "\(why)") { try action.predict(seen) }
                #expect(error.map { "\($0)" }?.contains(why) == true, "\(why): \(error.map { "\($0)" } ?? "")")
                #expect(action.apply(seen).isEmpty || why == "no data of etcd")
            }
        }
    }

    @Test("without an API server here those elsewhere would go on over other data; a move does not mind them")
    func noServer() throws {
        let change: (inout Node) -> Void = {
            $0.api = "manifest=absent\nkubelet=active\nprocesses=0\nhealth=none\n"
        }
        let (restore, move) = (try Self.restore(), try Self.move())
        let seen = try Self.seen(restore, Self.snapshot, change)
        #expect(throws: ObservationError.self) { try restore.predict(seen) }
        let other = try Self.seen(move, Self.empty, change)
        _ = try move.predict(other)
        #expect(Self.words(move.apply(other)).map(\.first) == ["move", "returned", "serve"])
    }

    @Test(
        "an answer that is not whole is none",
        arguments: [
            "folder\t/var/lib/etcd\tyes\t1\n", "folder\t/var/lib/etcd\tmaybe\t1\t1\n",
            "folder\t/var/lib/etcd\tyes\t-1\t1\n",
            "hello\n", "\u{1B}[2J\n",
        ])
    func hostile(data: String) throws {
        for (action, more) in [(try Self.restore() as any Action, Self.snapshot), (try Self.move(), Self.empty)] {
            #expect(throws: ObservationError.self) { try Self.seen(action, more) { $0.data = data } }
            #expect(throws: ObservationError.self) { try Self.seen(action, "") }
            #expect(throws: ObservationError.self) { try Self.seen(action, more) { $0.etcd = "kubelet=active\n" } }
            #expect(throws: ObservationError.self) { try action.parse([]) }
        }
        let short = Self.snapshot.replacing(Self.digest, with: "0a")
        #expect(throws: ObservationError.self) { try Self.seen(try Self.restore(), short) }
    }

    @Test("a path that leads elsewhere, or would be another word of the manifest, is refused", arguments: hostileValues)
    func arguments(text: String) {
        #expect(throws: ArgumentError.self) { try Self.move(text) }
        // What begins with a dash is no option behind a slash.
        if text != "-rf" { #expect(throws: ArgumentError.self) { try Self.move("/mnt/\(text)") } }
        #expect(throws: ArgumentError.self) { try Self.restore(["snapshot": .text(text)]) }
    }

    @Test("times and places that are none are refused", arguments: ["29", "601", "x", "+60", ""])
    func times(limit: String) {
        #expect(throws: ArgumentError.self) { try Self.restore(["limit": .text(limit)]) }
        #expect(throws: ArgumentError.self) {
            try Self.restore(["snapshot": .text("/etc/kubernetes/manifests/good.db")])
        }
        #expect(throws: ArgumentError.self) { try Self.move("/etc/kubernetes/etcd") }
    }

    @Test("a volume without a type gets one; one that is not written on lines of its own is not guessed at")
    func volumes() throws {
        let text = try #require(try Node().manifest)
        let plain = text.replacing("path: /var/lib/etcd\n      type: DirectoryOrCreate", with: "path: /var/lib/etcd")
        #expect(plain != text)
        let moved = try EtcdPod(Payload(plain), of: "it").moved(to: "/mnt/x")
        #expect(moved.content.text?.contains("      path: /mnt/x\n      type: Directory\n    name: etcd-data") == true)
        let flow = text.replacing(
            "hostPath:\n      path: /var/lib/etcd\n      type: DirectoryOrCreate",
            with: "hostPath: {path: /var/lib/etcd}")
        #expect(flow != text)
        #expect(throws: ObservationError.self) { try EtcdPod(Payload(flow), of: "it").moved(to: "/mnt/x") }
    }
}
