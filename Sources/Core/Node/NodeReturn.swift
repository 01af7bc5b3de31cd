/// What a node needs to give a temporary run back alone: the run's steps, each with the look that tells whether somebody
/// else changed what it left.
public struct NodeReturn: Sendable, Hashable {
    /// One step of the run that changed something.
    public struct Step: Sendable, Hashable {
        /// The step's name in the plan.
        public var name: String
        /// Read-only: exit status 0 when the node is as the step left it, or as it was before it; 10 when somebody changed
        /// it. With any other it cannot be told, which counts as changed.
        public var look: Command
        /// The commands of the action's undo, from the state before alone.
        public var undo: [Command]
        /// How long the look, and each time the undo, may take.
        public var seconds: Int

        /// Names a step and what its way back is.
        public init(name: String, look: Command, undo: [Command], seconds: Int) {
            self.name = name
            self.look = look
            self.undo = undo
            self.seconds = seconds
        }

        /// The way back of a step as it was run; nil where the node cannot give it back alone.
        public init?(name: String, action: any Action, left: Observation, before: Observation, seconds: Int) {
            guard let look = action.stillAsLeft(left, before: before) else { return nil }
            self.init(name: name, look: look, undo: action.undo(before), seconds: seconds)
        }
    }

    /// In the plan's order; the last one is given back first. Steps that changed nothing are left out.
    public var steps: [Step]

    /// Collects the steps, in the plan's order.
    public init(steps: [Step]) {
        self.steps = steps
    }
}

/// How a temporary run's way back stands on its node.
public enum NodeReturnStanding: Codable, Sendable, Hashable {
    /// The node will give it back; from zero on it is due and waits, for a run that has the node where one is named.
    case armed(secondsLeft: Int, waitingFor: String?)
    /// An executor has it, and the node leaves it alone: somebody keeps it, or gives it back by a plan.
    case taken
    /// The node is at it.
    case running
    /// The node gave it all back.
    case returned(output: Payload)
    /// The node stopped before this step: somebody had changed what it left. The steps after it are back.
    case conflict(step: String, output: Payload)
    /// The node stopped in this step: its undo ended with this status.
    case failed(step: String, status: Int, output: Payload)
    /// Nothing of the run lies there.
    case none
    /// Nothing was done; the words say why (`lease …`, `busy`, `disk`, `unit …`, `name`, `place …`, `open`).
    case refused(String)

    // The name that an unlabelled value has in the log's JSON.
    private enum RefusedCodingKeys: String, CodingKey { case _0 = "reason" }

    /// Whether it will not change any more, so that it can be forgotten once it is in the log.
    public var isSettled: Bool {
        switch self {
        case .taken, .returned, .conflict, .failed: true
        case .armed, .running, .none, .refused: false
        }
    }

    /// Reads what a script of ``NodeReturnScript`` printed.
    /// - Throws: ``ObservationError`` when no script of ours prints that.
    public init(parsing printed: [UInt8]) throws(ObservationError) {
        let lines = String(decoding: printed, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
        let out = lines.dropFirst().first { $0.first == "out" }.map { $0.count > 1 ? Base64.decode($0[1]) : [] }
        let isWhole = lines.count <= 2 && printed.count <= Self.limit && out != .some(nil)
        guard isWhole, let words = lines.first, let standing = Self.read(words, Payload(bytes: (out ?? []) ?? []))
        else {
            throw NodeAnswer.malformed(printed)
        }
        self = standing
    }

    /// More than a script prints: 16 KiB of output in base64, and a line before it.
    private static let limit = 32 << 10

    private static func read(_ words: [String], _ out: Payload) -> NodeReturnStanding? {
        switch (words.first, words.count - 1) {
        case ("armed", 1): Int(words[1]).map { .armed(secondsLeft: $0, waitingFor: nil) }
        case ("armed", 2) where NodeRecord.isRun(words[2]):
            Int(words[1]).map { .armed(secondsLeft: $0, waitingFor: words[2]) }
        case ("taken", 0): .taken
        case ("running", 0): .running
        case ("none", 0): NodeReturnStanding.none
        case ("returned", 0): .returned(output: out)
        case ("conflict", 1): step(words[1]).map { .conflict(step: $0, output: out) }
        case ("failed", 2):
            step(words[1]).flatMap { step in Int(words[2]).map { .failed(step: step, status: $0, output: out) } }
        case ("refused", 1...): .refused(words.dropFirst().joined(separator: " "))
        default: nil
        }
    }

    /// The name of a step, as it was sent to the node.
    private static func step(_ word: String) -> String? {
        guard let name = Base64.decode(word).flatMap({ Payload(bytes: $0).text }), (1...256).contains(name.utf8.count),
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { return nil }
        return name
    }
}
