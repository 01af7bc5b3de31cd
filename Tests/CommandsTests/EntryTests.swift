import Core
import Engine
import Foundation
import Testing

@testable import Commands

/// The command line as a whole, without any node.
struct EntryTests {
    private let recorder = Recorder()

    @Test(
        "usage errors exit with 2 and speak on standard error",
        arguments: [["bogus"], ["plan"], ["plan", "x", "--nod", "y"], ["runs", "list", "-o", "xml"]])
    func usage(arguments: [String]) async {
        let exit = await run(arguments) { _ in recorder.terminal }
        #expect(exit == .usage)
        #expect(recorder.output.isEmpty && !recorder.complaints.isEmpty)
    }

    @Test(
        "help exits with 0 and speaks on standard output",
        arguments: [["--help"], ["help", "plan"], ["runs"], ["audit", "verify", "-h"], []])
    func help(arguments: [String]) async {
        let exit = await run(arguments) { _ in recorder.terminal }
        #expect(exit == .done)
        #expect(recorder.output.contains("USAGE: belay") && recorder.complaints.isEmpty)
    }

    @Test("a folder without a project is named, with what to do")
    func noProject() async throws {
        let folder = try Folder()
        #expect(await recorder.belay("-C", folder.path, "status") == .usage)
        #expect(recorder.complaints.contains("there is no belay.yaml in \(folder.path)"))
    }

    @Test("a plan without a node is refused before the project is opened")
    func noNode() async {
        #expect(await recorder.belay("plan", "x") == .usage)
        #expect(recorder.complaints.hasPrefix("belay: no node is named\n"))
    }

    @Test("approve wants a reason and a plan that can be read")
    func approve() async throws {
        let folder = try Folder()
        #expect(await recorder.belay("approve", "x.plan", "--comment", " ") == .usage)
        #expect(recorder.complaints.contains("--comment is empty"))
        let file = try folder.write("{}", to: "x.plan")
        #expect(await recorder.belay("approve", file, "--comment", "why") == .usage)
        #expect(recorder.complaints.contains("is not a plan of this version"))
    }

    @Test("lint shows the faults of a runbook with a caret, and exits with 2")
    func lint() async throws {
        let folder = try Folder()
        let file = try folder.write("apiVersion: belay/v1\nkind: Runbok\n", to: "bad.yaml")
        #expect(await recorder.belay("runbook", "lint", file) == .usage)
        #expect(recorder.output.contains("--> \(file):2"))
        #expect(recorder.output.contains("kind: Runbok") && recorder.output.contains("^"))
    }

    @Test("-C is understood before and after the verb, and a project without a log has no runs")
    func emptyProject() async throws {
        let folder = try Folder()
        try folder.makeProject()
        #expect(await recorder.belay("-C", folder.path, "status") == .done)
        #expect(await recorder.belay("runs", "list", "-C", folder.path) == .done)
        #expect(await recorder.belay("policy", "list", "-C", folder.path) == .done)
        #expect(
            recorder.output.hasPrefix(
                "Nothing is under way, and nothing waits for a person.\nThe log has no run.\nall  grant"))
    }

    @Test(
        "a selector that matches nothing is shown with a caret and what there is, before any node is asked",
        arguments: [
            (["plan", "x", "-l", "role=wrker"], " 1 | role=wrker\n   | ^^^^^^^^^^"),
            (["plan", "x", "-l", "role=wrker"], "did you mean 'worker'?"),
            (["plan", "x", "-l", "role="], "a role must stand here"),
            (["plan", "x", "--node", "nobody", "-l", "role=worker"], "there is no node 'nobody'"),
            (["recover", "-l", "rol=worker"], "did you mean 'role'?"),
            (["recover", "--run", "2026", "-l", "role=worker"], "do not go together"),
        ])
    func selector(arguments: [String], words: String) async throws {
        let folder = try Folder()
        try folder.makeProject()
        #expect(await Commands.run(["-C", folder.path] + arguments) { _ in recorder.terminal } == .usage)
        #expect(recorder.complaints.contains(words), "\(recorder.complaints)")
    }

    @Test("an inventory's sources are read from beside it, with their files of variables; what is no file is refused")
    func sources() async throws {
        let folder = try Folder()
        try folder.makeProject()
        let inventory = """
            apiVersion: belay/v1
            kind: Inventory
            cluster: {name: prod, environment: production}
            sources: [{ansible: ansible/hosts, select: group=web}]
            """
        _ = try folder.write(inventory, to: "inventory.yaml")
        _ = try folder.write("[web]\nw[1:2]\n[db]\ndb_1\n", to: "ansible/hosts")
        _ = try folder.write("ansible_host: '{{ x }}'\n", to: "ansible/group_vars/web/x.yml")
        _ = try folder.write("ansible_host: 10.0.0.1\n", to: "ansible/host_vars/w1")
        #expect(await recorder.belay("-C", folder.path, "plan", "x", "-l", "group=wev") == .usage)
        #expect(recorder.complaints.contains("ansible_host of 'w2' is a template"))
        #expect(recorder.complaints.contains("--> \(folder.path)/ansible/group_vars/web/x.yml:1"))
        _ = try folder.write("ansible_host: 10.0.0.2\n", to: "ansible/host_vars/w2")
        let second = Recorder()
        #expect(await second.belay("-C", folder.path, "plan", "x", "-l", "group=wev") == .usage)
        #expect(second.complaints.contains("did you mean 'web'?"), "\(second.complaints)")
        _ = try folder.write(inventory.replacing("ansible/hosts", with: "ansible"), to: "inventory.yaml")
        let third = Recorder()
        #expect(await third.belay("-C", folder.path, "plan", "x", "--node", "w1") == .usage)
        #expect(third.complaints.contains("ansible is no file"), "\(third.complaints)")
    }

    @Test("a policy file that does not load keeps nobody from recovering or reading, and everybody from planning")
    func brokenPolicy() async throws {
        let folder = try Folder()
        try folder.makeProject()
        _ = try folder.write("kind: Policy\nmetadata: [\n", to: "policies/broken.yaml")
        #expect(await recorder.belay("-C", folder.path, "recover") == .done)
        #expect(await recorder.belay("-C", folder.path, "status") == .done)
        #expect(recorder.complaints.isEmpty, "\(recorder.complaints)")
        #expect(await recorder.belay("-C", folder.path, "policy", "list") == .usage)
        #expect(recorder.complaints.contains("broken.yaml"))
    }

    @Test("what resolve and recover cannot act on is said with what to do, and leaves nothing in the log")
    func resolveUsage() async throws {
        let folder = try Folder()
        try folder.makeProject()
        let directory = try await log(in: folder)
        let before = try await RecordReader(directory: directory).records().count
        let run = ["resolve", "2026", "worker-1", "--as", "before"]
        for (arguments, words) in [
            (run, "--reason"), (run + ["--reason", " "], "--reason is empty"),
            (["resolve", "2026", "worker-1", "--as", "maybe", "--reason", "x"], "maybe"),
            (["resolve", "2026", "worker-2", "--as", "before", "--reason", "x"], "did you mean 'worker-1'?"),
            (["resolve", "1999", "worker-1", "--as", "before", "--reason", "x"], "the log has no run '1999'"),
            (run + ["--reason", "x"], "there is no key to sign with"),
            (["recover", "--run", "2026", "--node", "worker-1"], "do not go together"),
            (["recover", "--node", "nobody"], "there is no node 'nobody'"),
        ] {
            let recorder = Recorder()
            #expect(await Commands.run(["-C", folder.path] + arguments) { _ in recorder.terminal } == .usage)
            #expect(recorder.complaints.contains(words), "\(arguments): \(recorder.complaints)")
        }
        #expect(try await RecordReader(directory: directory).records().count == before)
    }

    private func log(in folder: Folder) async throws -> String {
        let directory = folder.path + "/log"
        let log = try await RunLog.open(
            directory: directory, origin: "test.example/log", clock: SystemClock(), by: "test@here:1")
        let decision = try Sample.decision(allowed: true)
        let plan = try JSON.encodePretty(Sample.plan([Sample.node([Sample.restart()])]))
        let record = PlannedRecord(plan: Payload(bytes: plan), planSha256: Digest.sha256(plan), signature: "none")
        try await log.append(.planned(record), by: "alice", run: "20261122-180000-ab12")
        try await log.append(.decided(decision), by: "alice", run: "20261122-180000-ab12")
        for (event, node) in [
            (Event.started(holder: "alice@here:1"), nil),
            (.nodeState(.needsPerson, reason: "evil\u{202E}"), "worker-1"),
            (.finished(.needsPerson), nil),
        ] as [(Event, String?)] {
            try await log.append(.run(event), by: "alice@here:1", run: "20261122-180000-ab12", node: node)
        }
        _ = try await log.log.checkpoint()
        await log.log.close()
        return directory
    }

    @Test("a run that needs a person stands in status, with exit code 7, in list and in show")
    func needsPerson() async throws {
        let folder = try Folder()
        try folder.makeProject()
        _ = try await log(in: folder)
        #expect(await recorder.belay("-C", folder.path, "status") == .needsPerson)
        #expect(
            recorder.output.hasPrefix("20261122-180000-ab12 restart-kubelet: NEEDS A PERSON\n  worker-1 needsPerson\n"))
        #expect(await recorder.belay("-C", folder.path, "runs", "show", "2026") == .done)
        #expect(recorder.output.contains("worker-1 NEEDS A PERSON: evil\\u{202e} (alice@here:1)"))
        #expect(await recorder.belay("-C", folder.path, "runs", "show", "1999") == .usage)
        #expect(recorder.complaints.contains("the log has no run '1999'"))
    }

    @Test("the log is read as JSON Lines that hold the very entries, safe for a terminal")
    func auditLog() async throws {
        let folder = try Folder()
        try folder.makeProject()
        _ = try await log(in: folder)
        #expect(await recorder.belay("-C", folder.path, "audit", "log", "--node", "worker-1", "-o", "json") == .done)
        struct Line: Decodable {
            let index: UInt64
            let leafHash: String
            let entry: LogRecord
        }
        let line = try JSON.decode(Line.self, from: Array(recorder.output.utf8))
        #expect(line.index == 4 && line.leafHash.count == 64)
        #expect(line.entry.event == .run(.nodeState(.needsPerson, reason: "evil\u{202E}")))
        #expect(!recorder.output.unicodeScalars.contains("\u{202E}"))
        #expect(await recorder.belay("-C", folder.path, "audit", "show", "99") == .usage)
    }

    @Test("the last entries alone, and the run only where lines of several stand together")
    func lastEntries() async throws {
        let folder = try Folder()
        try folder.makeProject()
        _ = try await log(in: folder)
        #expect(await recorder.belay("-C", folder.path, "audit", "log", "--last", "2") == .done)
        #expect(recorder.output.split(separator: "\n").map { $0.prefix(6) } == ["    4 ", "    5 "])
        #expect(recorder.output.contains(" 20261122-180000-ab12 "))
        let second = Recorder()
        #expect(await second.belay("-C", folder.path, "audit", "log", "--run", "2026") == .done)
        #expect(second.output.split(separator: "\n").count == 5 && !second.output.contains("20261122-180000-ab12"))
        #expect(await second.belay("-C", folder.path, "audit", "log", "--last", "0") == .usage)
    }

    @Test("an entry of another version is named, with 2 while the log verifies and 9 when it does not")
    func unreadableEntry() async throws {
        let folder = try Folder()
        try folder.makeProject()
        let directory = try await log(in: folder)
        let later = try await RunLog.open(
            directory: directory, origin: "test.example/log", clock: SystemClock(), by: "test@here:1")
        _ = try await later.log.append(Array("{\"of\":\"later\"}".utf8))
        _ = try await later.log.checkpoint()
        await later.log.close()
        #expect(await recorder.belay("-C", folder.path, "audit", "log") == .usage)
        #expect(
            recorder.complaints == """
                belay: entry 6 cannot be read by this version of Belay (it was written by another version or is damaged)
                  `belay audit verify` says what is damaged.

                """)
        try FileManager.default.removeItem(atPath: directory + "/keys/log.vkey")
        #expect(await Recorder().belay("-C", folder.path, "audit", "log") == .logNotIntact)
    }

    @Test("a log verifies until one byte of it is changed; then exit code 9 and the entry first")
    func auditVerify() async throws {
        let folder = try Folder()
        let directory = try await log(in: folder)
        #expect(await recorder.belay("audit", "verify", directory) == .done)
        #expect(recorder.output.hasPrefix("INTACT \(directory)\n  6 entries, root "))
        let segment = directory + "/journal/00000000000000000000.wal"
        var bytes = try #require(FileManager.default.contents(atPath: segment))
        let place = try #require(bytes.range(of: Data("alice@here:1".utf8)))
        bytes[place.lowerBound] = UInt8(ascii: "b")
        try bytes.write(to: URL(fileURLWithPath: segment))
        let second = Recorder()
        #expect(await second.belay("audit", "verify", directory) == .logNotIntact)
        #expect(second.output.hasPrefix("NOT INTACT \(directory)\n✗ "))
        #expect(!second.output.contains(" verified, the largest") && !second.output.contains("after it not yet"))
        #expect(second.output.contains("entry 3") || second.output.contains("entries 3"))
        #expect(await second.belay("audit", "verify", directory, "--key", "nonsense") == .usage)
    }
}
