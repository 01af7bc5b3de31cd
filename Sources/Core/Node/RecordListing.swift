/// What runs and leases lie on a node.
public struct RecordListing: Sendable, Hashable {
    /// One place with a lease of its own.
    public struct Base: Sendable, Hashable {
        /// The node it is about, nil for the node itself.
        public var target: String?
        /// Whether it lies in memory, where a reboot takes it.
        public var isInMemory: Bool
        /// The last epoch granted there; nil when none was.
        public var epoch: Int?
        /// Who may write there now.
        public var lease: RecordLease?
        /// The runs that left a record, by name.
        public var runs: [Run]

        package init(target: String?, isInMemory: Bool, epoch: Int?, lease: RecordLease?, runs: [Run]) {
            self.target = target
            self.isInMemory = isInMemory
            self.epoch = epoch
            self.lease = lease
            self.runs = runs
        }
    }

    /// A run's record.
    public struct Run: Sendable, Hashable {
        /// The run's id.
        public var run: String
        /// The digest of its whole plan.
        public var planSha256: String
        /// What became of its dead-man.
        public var deadMan: RecordContents.DeadMan.State

        package init(run: String, planSha256: String, deadMan: RecordContents.DeadMan.State) {
            self.run = run
            self.planSha256 = planSha256
            self.deadMan = deadMan
        }
    }

    /// The machine that was read.
    public var machine: RecordMachine
    /// The node's own place first, then those of targets, by name; what lies in memory before what lies on disk.
    public var bases: [Base]
    /// Folders that look like a record and have no name of ours, escaped; nothing is done about them.
    public var strangers: [String]

    package init(machine: RecordMachine, bases: [Base]) {
        self.machine = machine
        self.bases = bases
        strangers = []
    }

    /// Reads what ``RecordScript/list(nonce:)`` printed.
    /// - Throws: ``ObservationError`` when it is not whole or no script of ours prints that.
    public init(parsing printed: [UInt8], nonce: String) throws(ObservationError) {
        let frames = try RecordFrames(printed, nonce: nonce).frames
        machine = try RecordMachine(RecordFrames.head(of: frames, words: 3))
        bases = []
        strangers = []
        for frame in frames.dropFirst() {
            switch frame.kind {
            case "base": try add(base: RecordFrames.texts(frame, 4))
            case "run": try add(run: RecordFrames.texts(frame, 5))
            default: throw RecordFrames.malformed("a line '\(RecordFrames.name(frame.kind))'")
            }
        }
        bases.sort { ($0.target ?? "", $0.isInMemory ? 0 : 1) < ($1.target ?? "", $1.isInMemory ? 0 : 1) }
        for index in bases.indices { bases[index].runs.sort { $0.run < $1.run } }
    }

    private mutating func add(base words: [String]) throws(ObservationError) {
        guard let target = self.target(words[1]) else { return }
        bases.append(
            Base(
                target: target, isInMemory: words[0] == "memory", epoch: Int(words[2]),
                lease: try RecordLease(words[3]),
                runs: []))
    }

    private mutating func add(run words: [String]) throws(ObservationError) {
        guard let target = self.target(words[1]) else { return }
        guard NodeRecord.isRun(words[2]) else {
            strangers.append(RecordFrames.name(words[2]))
            return
        }
        guard let index = bases.firstIndex(where: { $0.target == target && $0.isInMemory == (words[0] == "memory") }),
            let state = RecordContents.DeadMan.State(word: words[4])
        else { throw RecordFrames.malformed("the run '\(RecordFrames.name(words[2]))' belongs nowhere") }
        bases[index].runs.append(Run(run: words[2], planSha256: words[3], deadMan: state))
    }

    // The outer nil: no name of ours.
    private mutating func target(_ word: String) -> String?? {
        if word.isEmpty { return .some(nil) }
        if NodeRecord.isTarget(word) { return .some(word) }
        strangers.append("for/" + RecordFrames.name(word))
        return nil
    }
}
