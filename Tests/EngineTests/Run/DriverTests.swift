import Core
import Engine
import Foundation
import Testing

/// The driver between a journal that may fail and nodes that may not answer.
@Suite("driver", .timeLimit(.minutes(5)))
struct DriverTests {
    /// Everything the driver did, in order.
    actor Trace {
        var entries: [String] = []
        var appended: [(Event, String?)] = []
        /// What scripts told of entries: the kind of the script, and which entry.
        var told: [(kind: String, entry: Int)] = []
        func add(told kind: String, entry: Int) { told.append((kind, entry)) }
        func add(_ entry: String) { entries.append(entry) }
        func append(_ event: Event, _ node: String?) { appended.append((event, node)) }
    }

    struct JournalBroken: Error {}

    /// Fails at the k-th append, and at every one after.
    struct FakeJournal: Journal {
        let trace: Trace
        var failsAt = Int.max

        @discardableResult
        func append(_ event: Event, run: String, node: String?) async throws -> EntryName? {
            let count = await trace.appended.count
            guard count < failsAt else {
                await trace.add("append failed")
                throw JournalBroken()
            }
            await trace.append(event, node)
            await trace.add("append \(event.name)")
            return EntryName(index: UInt64(count), leaf: "f\(count)")
        }
    }

    /// A node told by what a script holds; `answers` says what to print, or how to fail.
    struct FakeNodes: Nodes {
        let trace: Trace
        var failure: @Sendable (_ sends: Int, _ kind: String) -> NodeFailure? = { _, _ in nil }
        var garbled: Set<String> = []

        func run(
            _ script: NodeScript, on host: HostPlan, for node: String, afresh: Bool
        ) async throws(NodeFailure) -> [UInt8] {
            let kind = Self.kind(script)
            let sends = await trace.entries.count { $0.hasPrefix("send") || $0.hasPrefix("fail") }
            let text = (try? script.text()) ?? ""
            if let told = text.firstMatch(of: /run=r1 entry=(\d+) leaf=f(\d+)/), told.1 == told.2 {
                await trace.add(told: kind, entry: Int(told.1) ?? -1)
            }
            if let failure = failure(sends, kind) {
                await trace.add("fail \(kind)")
                throw failure
            }
            await trace.add("send \(kind)\(afresh ? " afresh" : "")")
            if garbled.contains(kind) { return Array("Welcome to this node\n".utf8) }
            return Self.answer(kind, text)
        }

        static func kind(_ script: NodeScript) -> String {
            switch script.request {
            case .acquireLease: "lease"
            case .releaseLease: "release"
            case .armDeadMan: "arm"
            case .disarmDeadMan: "disarm"
            case .fireDeadMan: "fire"
            case .armReturn: "armReturn"
            case .takeReturn: "takeReturn"
            case .lookAtReturn: "lookAtReturn"
            case .forgetReturn: "forgetReturn"
            case .start(let step, _): step.name == "00-apply" ? "apply" : "undo"
            case .lookUp: "lookUp"
            case .read: "read"
            }
        }

        static func answer(_ kind: String, _ script: String) -> [UInt8] {
            switch kind {
            case "lease": Array("granted 1\n".utf8)
            case "arm": Array("armed\n".utf8)
            case "disarm": Array("won\n".utf8)
            case "release": Array("released\n".utf8)
            case "read": frames(script)
            default: Array("done 0 0 b\nout \n".utf8)
            }
        }

        // One empty answer with status 0 for each `look`, behind the script's own nonce.
        static func frames(_ script: String) -> [UInt8] {
            let count = script.matches(of: #/\blook [0-9]+ [0-9]+ /#).count
            guard let start = script.range(of: "say \""), let end = script.range(of: " $i e") else { return [] }
            let nonce = script[start.upperBound..<end.lowerBound]
            return Array((0..<count).map { "\(nonce) \($0) o \n\(nonce) \($0) e CjA=\n" }.joined().utf8)
        }
    }

    /// Time that passes only by sleeping.

    final class FakeClock: Core.Clock, @unchecked Sendable {  // guarded by its lock
        private let lock = NSLock()
        private var elapsed = 0.0
        func now() -> Timestamp { Timestamp(milliseconds: 0) }
        func uptime() -> Double { lock.withLock { elapsed } }
        func sleep(seconds: Double) async throws { lock.withLock { elapsed += seconds } }
    }

    struct FakeNonces: Nonces {
        func next() -> String { "00112233445566778899aabbccddeeff" }
    }

    func plan(cutsPath: Bool = false) -> Plan {
        func argv(_ words: String...) -> ArgumentValue { .list(words.map { .text($0) }) }
        let step = StepPlan(
            name: "s", action: "command",
            arguments: Arguments([
                "apply": argv("touch", "/tmp/x"), "undo": argv("rm", "-f", "/tmp/x"), "cutsPath": .flag(cutsPath),
                "observe": argv("true"),
            ]), reversibility: .compensable, cutsPath: cutsPath, timeoutSeconds: 5,
            before: Observation(["observe.1.status": .text("0"), "observe.1.output": .content(Payload(""))]),
            prediction: Prediction(
                after: Observation(),
                qualities: [
                    "observe.1.status": .unpredictable("x"), "observe.1.output": .unpredictable("x"),
                ]), apply: [Command(["touch", "/tmp/x"])], undo: [Command(["rm", "-f", "/tmp/x"])], verify: [])
        let node = NodePlan(
            name: "n1", identity: NodeIdentity(address: "a:22", hostKey: "k", machineID: "m"), roles: [],
            pool: "default",
            steps: [step], verify: [], services: [], deadManSeconds: cutsPath ? 60 : nil)
        return Plan(
            id: "r1", createdAt: Timestamp(milliseconds: 0), expiresAt: Timestamp(milliseconds: 1), requester: "a",
            runbook: RunbookReference(name: "d", title: "d", author: "d", digest: "d"), parameters: [:],
            cluster: ClusterReference(name: "c", environment: "e"), log: LogReference(origin: "o", key: "k"),
            policySet: "p",
            onFailure: .rollback, nodes: [node])
    }

    /// Nodes of which one answers a step only when another has come to its end.
    struct UnevenNodes: Nodes {
        let trace: Trace

        func run(
            _ script: NodeScript, on host: HostPlan, for node: String, afresh: Bool
        ) async throws(NodeFailure) -> [UInt8] {
            let kind = FakeNodes.kind(script)
            if node == "n1", kind == "apply" {
                for _ in 0..<2000 {
                    if await trace.appended.contains(where: { $0 == (.nodeState(.succeeded, reason: "verified"), "n2") }
                    ) {
                        break
                    }
                    do { try await Task.sleep(for: .milliseconds(5)) } catch { break }
                }
            }
            await trace.add("\(node) \(kind)")
            return FakeNodes.answer(kind, (try? script.text()) ?? "")
        }
    }

    @Test("a node that is slow holds up nobody, and each node's events reach the log in their own order")
    func outOfOrder() async throws {
        let trace = Trace()
        var plan = plan()
        plan.nodes.append(plan.nodes[0])
        plan.nodes[1].name = "n2"
        plan.strategy = Strategy(canary: 0, maxUnavailable: 2)
        let driver = Driver(
            journal: FakeJournal(trace: trace), nodes: UnevenNodes(trace: trace), clock: FakeClock(),
            nonces: FakeNonces(), judge: FakeJudge(trace: trace), planSha256: "d", holder: "e", watch: { _, _ in })
        var state = try RunState(plan: plan)
        try state.apply(.started(holder: "e"), node: nil)
        try await driver.run(&state)
        #expect(state.end == .succeeded)
        let appended = await trace.appended
        let names = ["n1", "n2"].map { name in appended.filter { $0.1 == name }.map(\.0.name) }
        #expect(names[0] == names[1] && names[0].first == "intent")
        let ended = appended.filter { $0.0 == .nodeState(.succeeded, reason: "verified") }.map(\.1)
        #expect(ended == ["n2", "n1"])
    }

    struct FakeJudge: Judge {
        let trace: Trace
        var says: [Finding] = []

        func findings(on node: String) async -> [Finding] {
            await trace.add("judge \(node)")
            return says
        }
    }

    func drive(
        _ journal: FakeJournal, _ nodes: FakeNodes, judge: (any Judge)? = nil, cutsPath: Bool = false
    ) async throws -> RunState {
        let judge = judge ?? FakeJudge(trace: journal.trace)
        let driver = Driver(
            journal: journal, nodes: nodes, clock: FakeClock(), nonces: FakeNonces(),
            judge: judge, planSha256: "d", holder: "e", watch: { _, _ in })
        var state = try RunState(plan: plan(cutsPath: cutsPath))
        try state.apply(.started(holder: "e"), node: nil)
        try await driver.run(&state)
        return state
    }

    @Test("a run goes through, every write behind its intent", arguments: [false, true])
    func order(cutsPath: Bool) async throws {
        let trace = Trace()
        let state = try await drive(FakeJournal(trace: trace), FakeNodes(trace: trace), cutsPath: cutsPath)
        #expect(state.end == .succeeded)
        let entries = await trace.entries
        let writes = ["lease", "arm", "apply", "disarm", "release"].filter {
            cutsPath || !["arm", "disarm"].contains($0)
        }
        #expect(entries.filter { $0.hasPrefix("send") && !$0.hasPrefix("send read") } == writes.map { "send \($0)" })
        for (index, entry) in entries.enumerated() where entry.hasPrefix("send") && !entry.hasPrefix("send read") {
            #expect(entries[index - 1] == "append intent", "\(entry)")
            #expect(entries[index + 1] == "append outcome", "\(entry)")
        }
        #expect(entries.contains("send read afresh") == cutsPath)
        #expect(entries.last == "append run.end")
    }

    @Test("each write tells the node which entry its intent is, sent again or not; what only looks tells nothing")
    func told() async throws {
        let trace = Trace()
        var nodes = FakeNodes(trace: trace)
        nodes.failure = { sends, _ in sends % 2 == 0 ? NodeFailure("reset", remedy: "Wait.", isPassing: true) : nil }
        #expect(try await drive(FakeJournal(trace: trace), nodes, cutsPath: true).end == .succeeded)
        let (told, appended) = await (trace.told, trace.appended)
        let writes: [String: Write] = [
            "lease": .acquireLease(.node, recovering: false), "arm": .armDeadMan, "apply": .apply(step: 0),
            "disarm": .disarmDeadMan, "release": .releaseLease(.node),
        ]
        #expect(Set(told.map(\.kind)) == Set(writes.keys))
        for (kind, entry) in told {
            let intent = if case .intent(let intent) = appended[entry].0 { intent } else { Intent?.none }
            #expect(intent?.write == writes[kind], "\(kind) \(entry)")
        }
    }

    /// A clock of a laptop that sleeps for an hour while the k-th entry is written.
    struct SleepyJournal: Journal {
        let trace: Trace
        let clock: FakeClock
        let sleepsAt: Int

        @discardableResult
        func append(_ event: Event, run: String, node: String?) async throws -> EntryName? {
            if await trace.appended.count == sleepsAt { try await clock.sleep(seconds: 3600) }
            return try await FakeJournal(trace: trace).append(event, run: run, node: node)
        }
    }

    @Test("who slept since a node was looked at looks again, and sends nothing that was made before")
    func slept() async throws {
        let whole = Trace()
        #expect(try await drive(FakeJournal(trace: whole), FakeNodes(trace: whole)).end == .succeeded)
        let appended = await whole.appended.map(\.0)
        let look = try #require(appended.firstIndex { if case .observed(_, .before, _) = $0 { true } else { false } })
        for (sleepsAt, looks, sends) in [(look, 2, 1), (look + 1, 1, 0)] {
            let trace = Trace()
            let clock = FakeClock()
            let driver = Driver(
                journal: SleepyJournal(trace: trace, clock: clock, sleepsAt: sleepsAt), nodes: FakeNodes(trace: trace),
                clock: clock, nonces: FakeNonces(), judge: FakeJudge(trace: trace), planSha256: "d", holder: "e",
                watch: { _, _ in })
            var state = try RunState(plan: plan())
            try state.apply(.started(holder: "e"), node: nil)
            try await driver.run(&state)
            let events = await trace.appended.map(\.0)
            #expect(events.count { if case .observed(_, .before, _) = $0 { true } else { false } } == looks)
            #expect(await trace.entries.count { $0 == "send apply" } == sends)
            #expect(state.end == (sends == 1 ? .succeeded : .rolledBack))
        }
    }

    @Test("a journal that fails at the k-th append ends it there: nothing is sent after", arguments: [false, true])
    func journalFails(cutsPath: Bool) async throws {
        let whole = Trace()
        _ = try await drive(FakeJournal(trace: whole), FakeNodes(trace: whole), cutsPath: cutsPath)
        let total = await whole.appended.count
        #expect(total > 10)
        for k in 0..<total {
            let trace = Trace()
            await #expect(throws: JournalBroken.self) {
                try await drive(FakeJournal(trace: trace, failsAt: k), FakeNodes(trace: trace), cutsPath: cutsPath)
            }
            let entries = await trace.entries
            #expect(entries.last == "append failed", "k = \(k)")
            #expect(entries.count { $0 == "append failed" } == 1, "k = \(k)")
            let intents = entries.count { $0 == "append intent" }
            let writes = entries.count { $0.hasPrefix("send") && !$0.hasPrefix("send read") }
            #expect(writes <= intents, "k = \(k)")
        }
    }

    @Test("a failure that passes is tried again, with the very same write")
    func passing() async throws {
        let trace = Trace()
        let failure = NodeFailure("reset", remedy: "Wait.", isPassing: true)
        var nodes = FakeNodes(trace: trace)
        nodes.failure = { sends, _ in sends % 2 == 0 ? failure : nil }
        #expect(try await drive(FakeJournal(trace: trace), nodes).end == .succeeded)
        let intents = await trace.appended.count { if case (.intent, _) = $0 { true } else { false } }
        #expect(intents == 3)
    }

    @Test(
        "a failure that does not pass, or does not for long enough, leaves the node for recovery",
        arguments: [true, false])
    func unreachable(isPassing: Bool) async throws {
        let trace = Trace()
        let failure = NodeFailure("refused", remedy: "Look.", isPassing: isPassing)
        var nodes = FakeNodes(trace: trace)
        nodes.failure = { _, kind in kind == "apply" ? failure : nil }
        let state = try await drive(FakeJournal(trace: trace), nodes)
        #expect(state.end == nil)
        #expect(state.nodes[0].unreachable[.node] == "refused. Look.")
        #expect(state.nodes[0].open?.write == .apply(step: 0))
        let tries = await trace.entries.count { $0 == "fail apply" }
        #expect(isPassing ? tries > 10 : tries == 1)
    }

    @Test("an answer that no script of ours prints is no answer", arguments: ["lease", "apply", "release"])
    func garbled(kind: String) async throws {
        let trace = Trace()
        var nodes = FakeNodes(trace: trace)
        nodes.garbled = [kind]
        let state = try await drive(FakeJournal(trace: trace), nodes)
        #expect(state.end == nil)
        #expect(state.nodes[0].unreachable[.node]?.contains("no script of ours prints") == true)
        #expect(await trace.entries.last == "append unreachable")
    }

    @Test("what cannot be read is told, and rolled back")
    func unreadable() async throws {
        let trace = Trace()
        var nodes = FakeNodes(trace: trace)
        nodes.garbled = ["read"]
        let state = try await drive(FakeJournal(trace: trace), nodes)
        #expect(state.end == .rolledBack)
        #expect(await trace.entries.contains("append unobservable"))
        #expect(await !trace.entries.contains("send apply"))
    }

    @Test("the policies are asked under the lease and before anything is run; a denial gives the lease back")
    func judged() async throws {
        let denial = Finding(
            policy: "p", enforcement: .hard, place: "", node: "n1", step: nil, outcome: .deny, message: "no",
            remedy: "wait")
        for says in [[], [denial]] {
            let trace = Trace()
            let judge = FakeJudge(trace: trace, says: says)
            let state = try await drive(FakeJournal(trace: trace), FakeNodes(trace: trace), judge: judge)
            #expect(state.end == (says.isEmpty ? .succeeded : .denied))
            let entries = await trace.entries
            let asked = try #require(entries.firstIndex(of: "judge n1"))
            #expect(entries[..<asked].contains("send lease") && !entries[..<asked].contains("send apply"))
            #expect(entries[asked + 1] == "append judged")
            #expect(entries.contains("send apply") == says.isEmpty && entries.contains("send release"))
        }
    }

    @Test("without policies to ask, as in a recovery, no node is begun")
    func nobodyToAsk() async throws {
        let trace = Trace()
        let driver = Driver(
            journal: FakeJournal(trace: trace), nodes: FakeNodes(trace: trace), clock: FakeClock(),
            nonces: FakeNonces(), judge: nil, planSha256: "d", holder: "e", watch: { _, _ in })
        var state = try RunState(plan: plan())
        try state.apply(.started(holder: "e"), node: nil)
        await #expect(throws: IllegalEvent.self) { try await driver.run(&state) }
        #expect(await !trace.entries.contains("send apply"))
    }
}
