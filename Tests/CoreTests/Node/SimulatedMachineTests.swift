import Core
import Foundation
import RandomStates
import Testing

@testable import Simulation

/// The machines of the simulation are believed because of this: asked the same, they answer what the real scripts answer.
@Suite("simulated machine", .timeLimit(.minutes(10)))
struct SimulatedMachineTests {
    /// What is asked next, of both.
    struct Conversation {
        var generator: SeededGenerator
        let machineID: String
        let plan: Plan
        /// The last epoch that each executor was granted for a run.
        var epochs: [String: Int] = [:]
        var settled: Set<String> = []

        static let runs = ["r1", "r2", "r3"]

        init(seed: UInt64, machineID: String) throws {
            generator = SeededGenerator(seed: seed)
            self.machineID = machineID
            plan = RunSamples.plan([try RunSamples.node("n1", [RunSamples.command()])])
        }

        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

        mutating func next() -> (executor: String, request: NodeScript.Request) {
            let run = Self.runs[below(10) < 6 ? 0 : below(3)]
            let executor = below(4) == 0 ? "bob" : "alice"
            let fence = NodeRecord.Fence(run: run, epoch: epochs["\(run) \(executor)"] ?? below(3))
            let step = StepScript(fence: fence, name: ["00-apply", "00-undo1", "01-apply"][below(3)], seconds: 5)
            let cuts = step.name == "01-apply"
            let request: NodeScript.Request =
                switch below(20) {
                case 0...6: .acquireLease(lease(run, executor))
                case 7...8: .releaseLease(fence, as: [.before, .after][below(2)], by: executor)
                case 9...10: .armDeadMan(fence, seconds: 600, atBoot: false)
                case 11: .disarmDeadMan(fence)
                case 12: .fireDeadMan(fence)
                case 13...17:
                    .start(
                        step,
                        StepRequest(
                            commands: [Command(["true"])], undo: [Command(["true"])], before: Observation(),
                            cutsPath: cuts))
                default: .lookUp(step)
                }
            return (executor, request)
        }

        /// The same of ways back that the machine has by itself; none of them is due.
        mutating func nextOfReturns() -> (executor: String, request: NodeScript.Request) {
            let run = Self.runs[below(10) < 7 ? 0 : 1]
            let executor = below(4) == 0 ? "bob" : "alice"
            let fence = NodeRecord.Fence(run: run, epoch: epochs["\(run) \(executor)"] ?? below(3))
            let step = NodeReturn.Step(name: "s", look: Command(["true"]), undo: [Command(["true"])], seconds: 5)
            let request: NodeScript.Request =
                switch below(12) {
                case 0...2: .acquireLease(lease(run, executor))
                case 3: .releaseLease(fence, as: .after, by: executor)
                case 4...6: .armReturn(fence, NodeReturn(steps: [step]), seconds: 600)
                case 7: .takeReturn(run: run, by: executor)
                case 8: .forgetReturn(run: run)
                default: .lookAtReturn(run: run)
                }
            return (executor, request)
        }

        private mutating func lease(_ run: String, _ executor: String) -> LeaseRequest {
            LeaseRequest(
                run: run, target: nil, folder: nil, planSha256: "d\(run)", plan: plan, machineID: machineID,
                holder: executor, ticket: executor, seconds: 600, settled: settled.sorted(), recovering: below(2) == 0,
                above: below(8) == 0 ? 3 : 0, mayUseMemory: false)
        }

        mutating func learn(_ executor: String, _ request: NodeScript.Request, _ answer: NodeAnswer) {
            switch (request, answer) {
            case (.acquireLease(let lease), .granted(let epoch, _)): epochs["\(lease.run) \(executor)"] = epoch
            case (.releaseLease(let fence, _, _), .released): if below(2) == 0 { settled.insert(fence.run) }
            default: break
            }
        }
    }

    @Test(
        "asked the same by two executors of three runs, reboots between, it answers what the scripts answer",
        arguments: 1...6)
    func same(seed: UInt64) async throws {
        try await ScriptNodes.with { node in
            var node = node
            try node.reboot()
            var talk = try Conversation(seed: seed, machineID: node.machineID)
            let machine = SimulatedMachine(machineID: node.machineID)
            var kinds: Set<String> = []
            var said: [String] = []
            for _ in 0..<40 {
                if talk.below(25) == 0 {
                    try node.reboot()
                    machine.reboot()
                    said.append("reboot")
                }
                let (executor, request) = talk.next()
                let script = NodeScript(request, seconds: 60)
                let real = try await node.answer(try script.text())
                let simulated = try NodeAnswer(parsing: machine.answer(request))
                said.append("\(executor) \(Self.words(request)): \(Self.words(real))")
                kinds.insert(Self.words(real).prefix { $0 != " " }.description)
                try #require(Self.words(real) == Self.words(simulated), "seed \(seed): \(said.suffix(12))")
                talk.learn(executor, request, real)
            }
            #expect(kinds.count >= 6, "\(kinds)")
        }
    }

    @Test(
        "asked about ways back that it has by itself, reboots between, it answers what the scripts answer",
        arguments: 1...4)
    func sameReturns(seed: UInt64) async throws {
        try await ScriptNodes.with { node in
            var node = node
            try node.reboot()
            node.hasSystemd = true
            var talk = try Conversation(seed: seed, machineID: node.machineID)
            let machine = SimulatedMachine(machineID: node.machineID)
            var kinds: Set<String> = []
            var said: [String] = []
            for _ in 0..<50 {
                if talk.below(25) == 0 {
                    try node.reboot()
                    machine.reboot()
                    said.append("reboot")
                }
                let (executor, request) = talk.nextOfReturns()
                let real = try Self.words(try await node.run(NodeScript(request, seconds: 60).text()), to: request)
                let simulated = try Self.words(machine.answer(request), to: request)
                said.append("\(executor) \(Self.words(request)): \(real.text)")
                kinds.insert(real.text.prefix { $0 != "(" }.description)
                try #require(real.text == simulated.text, "seed \(seed): \(said.suffix(12))")
                if let answer = real.answer { talk.learn(executor, request, answer) }
            }
            #expect(kinds.count >= 5, "\(kinds)")
        }
    }

    // The one waits for its answers, the other has no time: how long is left differs.
    private static func words(
        _ printed: [UInt8], to request: NodeScript.Request
    ) throws -> (text: String, answer: NodeAnswer?) {
        switch request {
        case .armReturn, .takeReturn, .lookAtReturn, .forgetReturn:
            let standing = try NodeReturnStanding(parsing: printed)
            if case .armed(let left, let run) = standing { return ("armed(\(left > 0) \(run ?? ""))", nil) }
            return ("\(standing)", nil)
        default:
            let answer = try NodeAnswer(parsing: printed)
            return (words(answer), answer)
        }
    }

    // Boot ids differ, and what was printed is not simulated.
    private static func words(_ answer: NodeAnswer) -> String {
        switch answer {
        case .done(let status, _, _): "done \(status)"
        case .reverted(let status, let rebooted, _): "reverted \(status) \(rebooted)"
        default: "\(answer)"
        }
    }

    private static func words(_ request: NodeScript.Request) -> String {
        switch request {
        case .acquireLease(let lease): "acquire \(lease.run) recovering \(lease.recovering) settled \(lease.settled)"
        case .releaseLease(let fence, let verdict, _): "release \(fence.run) \(fence.epoch) \(verdict)"
        case .armDeadMan(let fence, _, _): "arm \(fence.run) \(fence.epoch)"
        case .disarmDeadMan(let fence): "disarm \(fence.run) \(fence.epoch)"
        case .fireDeadMan(let fence): "fire \(fence.run) \(fence.epoch)"
        case .start(let step, _): "start \(step.name) \(step.fence.run) \(step.fence.epoch)"
        case .lookUp(let step): "look up \(step.name) \(step.fence.run)"
        case .armReturn(let fence, _, _): "arm the return of \(fence.run) \(fence.epoch)"
        case .takeReturn(let run, _): "take the return of \(run)"
        case .lookAtReturn(let run): "look at the return of \(run)"
        case .forgetReturn(let run): "forget the return of \(run)"
        case .read: "read"
        }
    }
}
