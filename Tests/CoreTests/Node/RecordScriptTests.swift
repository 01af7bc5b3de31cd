import Core
import Foundation
import RandomStates
import Testing

/// What another machine reads of a record, and what it makes of a node that prints something else.
@Suite("record script", .serialized, .timeLimit(.minutes(3)))
struct RecordScriptTests {
    static let nonce = "00112233445566778899aabbccddeeff"

    func read(_ node: ScriptNode, _ run: String = "r1", target: String? = nil) async throws -> RecordContents {
        let printed = try await node.run(RecordScript.read(run: run, target: target, nonce: Self.nonce))
        return try RecordContents(parsing: printed, nonce: Self.nonce)
    }

    func list(_ node: ScriptNode) async throws -> RecordListing {
        let printed = try await node.run(RecordScript.list(nonce: Self.nonce))
        return try RecordListing(parsing: printed, nonce: Self.nonce)
    }

    @Test("everything that recovering needs is read, and nothing changes", arguments: ScriptNodes.installed)
    func contents(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { plain in
            var node = plain
            node.boot = "boot-a"
            node.uptime = 1000
            let plan = Array("{\"plan\":\"\u{1}é\"}\n".utf8) + [0, 255]
            _ = try await node.answer(node.acquire("r1", plan: "digest", json: plan))
            let fence = NodeRecord.Fence(run: "r1", epoch: 1)
            _ = try await node.answer(DeadManScript.arm(fence, seconds: 90))
            let before = Array("{\"fields\":{}}".utf8)
            let first = StepScript(fence: fence, name: "00-apply", seconds: 5)
            let commands = [Command(["true"]), Command(["sh", "-c", "echo why; exit 7"])]
            _ = try await node.answer(
                first.start(commands, undo: [Command(["echo", "it's"])], before: before, cutsPath: true))
            for name in ["01-apply", "00-undo1", "00-undo2"] {
                _ = try await node.answer(StepScript(fence: fence, name: name, seconds: 5).start([]))
            }
            let files = try FileManager.default.subpathsOfDirectory(atPath: node.record("")).sorted()
            let contents = try await read(node)
            #expect(try FileManager.default.subpathsOfDirectory(atPath: node.record("")).sorted() == files)
            #expect(contents.run == "r1" && contents.target == nil && contents.exists)
            #expect(!contents.isInMemory && !contents.isRemade)
            #expect(contents.machine.boot == "boot-a" && contents.machine.uptime == 1000)
            #expect(contents.machine.machineID == node.machineID)
            #expect(contents.epoch == 1 && contents.lease?.holder == "alice" && contents.lease?.expiry == 1600)
            #expect(contents.planSha256 == "digest" && contents.plan?.bytes == plan)
            #expect(
                contents.deadMan.state == .armed && contents.deadMan.boot == "boot-a" && contents.deadMan.status == nil)
            #expect(contents.steps.map(\.index) == [0, 0, 0, 1])
            #expect(contents.steps.map(\.undoAttempt) == [nil, 1, 2, nil])
            let step = try #require(contents.steps.first)
            #expect(step.boot == "boot-a" && step.cutsPath && step.at == 1 && step.status == 7)
            #expect(step.before?.bytes == before && step.output == Payload("why\n"))
            #expect(step.undoScript?.text?.contains("echo") == true)
            #expect(contents.steps.last?.cutsPath == false && contents.steps.last?.before == nil)
            _ = try await node.run("exec /bin/sh /var/lib/belay/r1/deadman.sh")
            let fired = try await read(node)
            #expect(fired.deadMan.state == .fired && fired.deadMan.status == 0)
            #expect(fired.deadMan.output.text?.contains("undo ") == true)
        }
    }

    @Test("a run that left nothing is read as just that")
    func nothing() async throws {
        try await ScriptNodes.with { node in
            let empty = try await read(node)
            #expect(!empty.exists && empty.lease == nil && empty.epoch == 0 && empty.steps.isEmpty && empty.plan == nil)
            let fence = try await node.lease("r2")
            let other = try await read(node)
            #expect(!other.exists && other.lease?.run == "r2" && other.epoch == fence.epoch)
        }
    }

    @Test("what lies in memory, on disk and for other nodes is listed and read", arguments: ScriptNodes.installed)
    func places(shell: [String]) async throws {
        try await ScriptNodes.with(shell: shell) { node in
            try await node.withSmallDisk {
                _ = try await node.lease("r1")
                for target in ["worker-1", "worker-2.example.org"] {
                    _ = try await node.answer(node.acquire("r2", target: target, plan: "d2"))
                }
                try await node.fill()
                _ = try await node.answer(node.acquire("r1", recovering: true, mayUseMemory: true))
                let fence = NodeRecord.Fence(run: "r1", epoch: 2)
                _ = try await node.answer(DeadManScript.arm(fence, seconds: 90))
                try FileManager.default.createDirectory(
                    atPath: node.volatile("for/bad name;x"), withIntermediateDirectories: true)
                let listing = try await list(node)
                #expect(listing.machine.machineID == node.machineID)
                #expect(
                    listing.bases.map(\.target) == [
                        nil, nil, "worker-1", "worker-1", "worker-2.example.org", "worker-2.example.org",
                    ])
                #expect(listing.bases.map(\.isInMemory) == [true, false, true, false, true, false])
                #expect(listing.bases.map { $0.runs.map(\.run) } == [["r1"], ["r1"], [], ["r2"], [], ["r2"]])
                #expect(listing.bases.map { $0.lease?.epoch } == [2, nil, nil, 1, nil, 1])
                #expect(listing.bases[0].runs[0].deadMan == .armed && listing.bases[1].runs[0].deadMan == .none)
                #expect(listing.bases[3].runs[0].planSha256 == "d2")
                #expect(listing.strangers == ["for/bad name;x"])
                let contents = try await read(node)
                #expect(contents.isInMemory && contents.epoch == 2 && contents.lease?.epoch == 2)
                #expect(contents.plan?.text == "{}")
                #expect(try await read(node, "r2", target: "worker-1").planSha256 == "d2")
                _ = try await node.answer(DeadManScript.disarm(fence, wait: 1))
            }
        }
    }

    @Test("a flood in the record is bounded, and what is needed whole is not read in part")
    func bounded() async throws {
        try await ScriptNodes.with { node in
            let fence = try await node.lease()
            _ = try await node.answer(StepScript(fence: fence, name: "00-apply", seconds: 5).start([]))
            try Data(count: 3_000_000).write(to: URL(fileURLWithPath: node.record("r1/steps/00-apply/out")))
            #expect(try await read(node).steps[0].output.bytes.count == 16384)
            try Data(count: RecordContents.fileLimit + 1).write(
                to: URL(fileURLWithPath: node.record("r1/steps/00-apply/before.json")))
            await #expect(throws: ObservationError.self) { try await read(node) }
            try FileManager.default.removeItem(atPath: node.record("r1/steps/00-apply/before.json"))
            for index in 0..<300 {
                try FileManager.default.createDirectory(
                    atPath: node.record("r1/steps/00-undo\(index + 1)"), withIntermediateDirectories: true)
                try node.write("", to: node.record("r1/steps/00-undo\(index + 1)/cuts"))
            }
            await #expect(throws: ObservationError.self) { try await read(node) }
        }
    }

    @Test("names that no shell may read are not read by one")
    func names() async throws {
        try await ScriptNodes.with { node in
            for run in ["$(touch /x)", "'; touch /x; '", "../..", "é"] {
                let contents = try await read(node, run, target: run)
                #expect(!contents.exists && contents.run == run)
            }
            #expect(!node.exists("/x"))
        }
    }
}

/// The parser alone, on what a node may print.
@Suite("record contents")
struct RecordContentsTests {
    static let nonce = RecordScriptTests.nonce

    func line(_ kind: String, _ words: String..., raw: [String] = []) -> String {
        ([Self.nonce, kind] + words.map { Base64.encode(Array($0.utf8)) } + raw).joined(separator: " ") + "\n"
    }

    func file(_ name: String, _ content: String, place: String = "disk", size: Int? = nil) -> String {
        let words = [
            place, Base64.encode(Array(name.utf8)), "\(size ?? content.utf8.count)", Base64.encode(Array(content.utf8)),
        ]
        return line("file", raw: words)
    }

    var head: String { line("head", "boot-a", "7", "m", "r1", "") }
    var end: String { "\(Self.nonce) end\n" }

    func parse(_ text: String) throws -> RecordContents {
        try RecordContents(parsing: Array(text.utf8), nonce: Self.nonce)
    }

    @Test("lines of others are passed over, before, between and behind")
    func noise() throws {
        let contents = try parse(
            "Welcome!\n" + head + "\nother nonce end\n\u{1b}[2J\n" + line("run", "disk") + end + head)
        #expect(contents.exists && contents.machine.uptime == 7)
    }

    @Test("what memory and disk both have is memory's, and the higher lease counts")
    func twoPlaces() throws {
        let text =
            head + line("base", "memory", "9", "r1 9 bob boot-a 5 t")
            + line("base", "disk", "3", "r1 3 alice boot-a 5 t")
            + file("plan", "old\n") + file("plan", "new\n", place: "memory")
            + file("steps/00-apply/started", "boot-a\n")
            + file("steps/00-apply/result", "0 0 boot-a\n", place: "memory") + end
        let contents = try parse(text)
        #expect(contents.planSha256 == "new" && contents.epoch == 9 && contents.lease?.holder == "bob")
        #expect(contents.steps.count == 1 && contents.steps[0].status == 0 && contents.steps[0].boot == "boot-a")
    }

    @Test(
        "an answer that is torn, forged or not ours is an error that shows nothing a terminal would act on",
        arguments: [
            "", "HEAD", "HEAD BASE", "END", "BASE END", "HEAD SHORT END", "HEAD UNKNOWN END", "HEAD CONTROL END",
            "HEAD LEASE END", "HEAD TWICE END", "HEAD STEP END", "HEAD UNDO0 END", "HEAD CUT END", "HEAD PLAN END",
            "HEAD NOBASE64 END", "HEAD NEGATIVE END", "HEAD RESULT END", "OTHERHEAD END",
        ])
    func hostile(shape: String) throws {
        let pieces = [
            "HEAD": head, "END": end, "BASE": line("base", "disk", "1", ""), "SHORT": line("base", "disk"),
            "UNKNOWN": line("\u{1b}[2J", "x"), "CONTROL": line("base", "disk", "1", "r1 1 \u{1b}[2J b 5"),
            "LEASE": line("base", "disk", "1", "../.. 1 a b 5"), "TWICE": file("plan", "a\n") + file("plan", "b\n"),
            "STEP": file("steps/\u{1b}[2J/at", "0\n"), "UNDO0": file("steps/00-undo0/at", "0\n"),
            "CUT": file("plan.json", "{}", size: 3), "PLAN": file("plan", "two words\n"),
            "NOBASE64": line("file", raw: ["disk", "%%%", "0", ""]), "NEGATIVE": file("plan", "", size: -1),
            "RESULT": file("steps/00-apply/result", "gone\n"), "OTHERHEAD": line("head", "boot-a", "x", "m", "r1", ""),
        ]
        let text = shape.split(separator: " ").map { pieces[String($0)] ?? "" }.joined()
        #expect {
            try parse(text)
        } throws: { error in
            guard let error = error as? ObservationError else { return false }
            return error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 } && !error.remedy.isEmpty
        }
    }

    @Test("random bytes and torn answers never stop the reader")
    func random() throws {
        var generator = SeededGenerator(seed: 11)
        let whole = Array(
            (head + line("base", "disk", "1", "r1 1 a b 5") + file("steps/00-apply/at", "1\n") + end).utf8)
        #expect(throws: Never.self) { try RecordContents(parsing: whole, nonce: Self.nonce) }
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? RecordContents(parsing: bytes, nonce: Self.nonce)
            _ = try? RecordListing(parsing: bytes, nonce: Self.nonce)
        }
        // All but the last newline is whole.
        for count in whole.indices.dropLast() {
            #expect(throws: ObservationError.self) {
                try RecordContents(parsing: Array(whole[..<count]), nonce: Self.nonce)
            }
        }
    }
}
