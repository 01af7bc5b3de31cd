import Core

/// What a run leaves on a machine, as ``NodeRecord`` says.
struct SimRecord {
    struct DeadMan {
        enum Token { case armed, won, fired }
        var token = Token.armed
        var boot: Int
        var seconds: Int
        var atBoot: Bool
        /// Which timer counts; another one is of an earlier arming.
        var timer = 0
        var status: Int?
        /// It is at work until then, in that boot.
        var firing: (boot: Int, until: Double)?
    }

    struct Step {
        var request: StepRequest
        var boot: Int
        /// Which process it is; nil once it is gone.
        var process: Int?
        var status: Int?
        /// When its commands have had their effect.
        var appliedAt: Double?
    }

    var planSha256: String
    var plan: Plan
    var prior: Set<String> = []
    var isRemade = false
    var deadMan: DeadMan?
    var steps: [String: Step] = [:]
}

/// One place where leases and records lie: on disk, or in memory.
struct SimStore {
    struct Lease {
        var run: String
        var epoch: Int
        var holder: String
        var boot: Int
        var expiry: Double
        var ticket: String
    }

    struct Spent {
        var run: String
        var ending: (verdict: Resolution.Verdict, by: String)?
    }

    var epoch = 0
    var lease: Lease?
    var spent: [String: Spent] = [:]
    var runs: [String: SimRecord] = [:]
}

/// Both places, of a machine itself or of a target that it works on.
struct SimBase {
    var disk = SimStore()
    var memory = SimStore()

    subscript(inMemory inMemory: Bool) -> SimStore {
        get { inMemory ? memory : disk }
        set { if inMemory { memory = newValue } else { disk = newValue } }
    }

    /// The lease that counts, and where it lies.
    var held: (lease: SimStore.Lease, inMemory: Bool)? {
        let leases = [(memory.lease, true), (disk.lease, false)].compactMap { lease, inMemory in
            lease.map { (lease: $0, inMemory: inMemory) }
        }
        return leases.reduce(nil) { best, each in (best?.lease.epoch ?? 0) < each.lease.epoch ? each : best }
    }

    func place(of run: String) -> Bool? { memory.runs[run] != nil ? true : disk.runs[run] != nil ? false : nil }

    func record(_ run: String) -> SimRecord? { place(of: run).flatMap { self[inMemory: $0].runs[run] } }

    mutating func change(_ run: String, _ body: (inout SimRecord) -> Void) {
        guard let place = place(of: run) else { return }
        if place { body(&memory.runs[run]!) } else { body(&disk.runs[run]!) }
    }
}

/// A simulated machine: what its scripts answer, by the rules that the real scripts follow, and what becomes of its state.
// @unchecked: the loop's one thread alone touches it.
final class Machine: @unchecked Sendable {
    let number: Int
    let name: String
    let identity: NodeIdentity
    unowned let world: World
    var boot = 1
    var isUp = true
    var bootedAt = 0.0
    var diskIsFull = false
    /// By target; the machine's own under "".
    var bases: [String: SimBase] = [:]
    /// By run: the ways back that it has by itself.
    var returns: [String: SimReturn] = [:]
    /// Connections of before are gone: after a reboot, or when a path was cut.
    var connections = 0
    /// Subjects whose state keeps anybody from connecting.
    var cuts: Set<SubjectKey> = []
    /// Subjects whose state makes its checks fail.
    var ills: Set<SubjectKey> = []

    init(_ number: Int, _ name: String, world: World, machineID: String? = nil) {
        self.number = number
        self.name = name
        self.world = world
        identity = NodeIdentity(
            address: "192.0.2.\(number):22", hostKey: "SHA256:k\(number)", machineID: machineID ?? "m\(number)")
    }

    var uptime: Double { world.loop.now - bootedAt }
    var bootID: String { "b\(boot)" }

    func base(_ target: String?) -> SimBase { bases[target ?? ""] ?? SimBase() }

    func change(_ fence: NodeRecord.Fence, _ body: (inout SimRecord) -> Void) {
        bases[fence.target ?? "", default: SimBase()].change(fence.run, body)
    }

    func record(_ fence: NodeRecord.Fence) -> SimRecord? { base(fence.target).record(fence.run) }

    /// Whether a dead-man is at work now.
    func isReverting(_ record: SimRecord?) -> Bool {
        guard let firing = record?.deadMan?.firing else { return false }
        return firing.boot == boot && record?.deadMan?.status == nil
    }

    /// What a script prints.
    func answer(_ request: NodeScript.Request) async throws(SimEnd) -> String {
        switch request {
        case .acquireLease(let lease): acquire(lease)
        case .releaseLease(let fence, let verdict, let holder): release(fence, verdict, holder)
        case .armDeadMan(let fence, let seconds, let atBoot): arm(fence, seconds: seconds, atBoot: atBoot)
        case .disarmDeadMan(let fence): try await disarm(fence)
        case .fireDeadMan(let fence): try await fireNow(fence)
        case .start(let step, let request): try await start(step, request)
        case .lookUp(let step): try await lookUp(step)
        case .armReturn(let fence, let request, let seconds): armReturn(fence, request, seconds: seconds)
        case .takeReturn(let run, _): try await takeReturn(run)
        case .lookAtReturn(let run): standing(of: run)
        case .forgetReturn(let run): forgetReturn(run)
        case .read: ""
        }
    }

    // MARK: Rules that several scripts share

    /// What is wrong with a fence; nil when its write may go on.
    func refusal(_ fence: NodeRecord.Fence) -> String? {
        guard let lease = base(fence.target).held?.lease else { return "refused lease none" }
        guard lease.run == fence.run, lease.epoch == fence.epoch else {
            return "refused lease \(lease.run) \(lease.epoch)"
        }
        return nil
    }

    /// The answer where a run has no record.
    func lostWithoutRecord(_ fence: NodeRecord.Fence) -> String? {
        let base = base(fence.target)
        guard base.place(of: fence.run) == nil else { return nil }
        for store in [base.memory, base.disk] {
            for spent in store.spent.values where spent.run == fence.run {
                if let ending = spent.ending { return "ended \(ending.verdict.rawValue) \(ending.by)" }
            }
        }
        return "lost gone \(bootID)"
    }
}
