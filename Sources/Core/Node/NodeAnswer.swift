/// What a node said of a write: the one line protocol of lease, dead-man and step scripts.
public enum NodeAnswer: Codable, Sendable, Hashable {
    /// The lease is ours, under this epoch; a record that lies in memory ends with the next reboot.
    case granted(epoch: Int, inMemory: Bool)
    /// The lease and the record are gone.
    case released
    /// The run was ended on this node before, by whom, and in which state; there is nothing left of it.
    case ended(Resolution.Verdict, by: String)
    /// The dead-man will fire unless disarmed.
    case armed
    /// We won the token: the node will not revert by itself.
    case won
    /// The node won the token and has reverted; `status` is 0 when every undo of it succeeded, `rebooted` says that it is
    /// not the boot any more in which it was armed.
    case reverted(status: Int, rebooted: Bool, output: Payload)
    /// How the way back that the node has by itself stands.
    case ownReturn(NodeReturnStanding)
    /// There is no dead-man in this run.
    case noDeadMan
    /// The step ended with this status; `failedAt` is the index of the command begun last.
    case done(status: Int, failedAt: Int, output: Payload)
    /// It is still running after the time it was given.
    case running
    /// It began, or may have, and is gone without a result: its effect is unknown and must be observed.
    case lost(rebooted: Bool)
    /// It never began.
    case absent
    /// The node did not let it begin; the words say why (`lease …`, `held …`, `unfinished …`, `busy`, `disk`, `spent`,
    /// `unit …`, `deadman`, `boot …`, `name`).
    case refused(String)

    // The names that unlabelled values have in the log's JSON.
    private enum OwnReturnCodingKeys: String, CodingKey { case _0 = "standing" }
    private enum RefusedCodingKeys: String, CodingKey { case _0 = "reason" }
    private enum EndedCodingKeys: String, CodingKey { case _0 = "verdict", by }

    /// Reads what the script of a write printed.
    /// - Throws: ``ObservationError`` when no script of ours prints that.
    public init(parsing printed: [UInt8], to write: Write) throws(ObservationError) {
        switch write {
        case .armReturn, .takeReturn:
            let standing = try NodeReturnStanding(parsing: printed)
            if case .refused(let why) = standing { self = .refused(why) } else { self = .ownReturn(standing) }
        default: try self.init(parsing: printed)
        }
    }

    /// Reads what any other write script printed.
    /// - Throws: ``ObservationError`` when no script of ours prints that.
    public init(parsing printed: [UInt8]) throws(ObservationError) {
        let lines = String(decoding: printed, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
        guard let words = lines.first, let verb = words.first else { throw Self.malformed(printed) }
        let out = lines.dropFirst().first { $0.first == "out" && $0.count > 1 }.flatMap { Base64.decode($0[1]) }
        let numbers = words.dropFirst().map { Int($0) }
        guard let answer = Self.read(verb, words, numbers, Payload(bytes: out ?? [])) else {
            throw Self.malformed(printed)
        }
        self = answer
    }

    private static func read(_ verb: String, _ words: [String], _ numbers: [Int?], _ out: Payload) -> NodeAnswer? {
        switch (verb, numbers.count) {
        case ("granted", 1): numbers[0].map { .granted(epoch: $0, inMemory: false) }
        case ("granted", 2) where words[2] == "memory": numbers[0].map { .granted(epoch: $0, inMemory: true) }
        case ("released", 0): .released
        case ("ended", 2): Resolution.Verdict(rawValue: words[1]).map { .ended($0, by: words[2]) }
        case ("armed", 0): .armed
        case ("won", 0): .won
        case ("none", 0): .noDeadMan
        case ("running", 0): .running
        case ("absent", 0): .absent
        case ("lost", 2): .lost(rebooted: words[1] != words[2])
        case ("reverted", 1): numbers[0].map { .reverted(status: $0, rebooted: false, output: out) }
        case ("reverted", 2) where words[2] == "rebooted":
            numbers[0].map { .reverted(status: $0, rebooted: true, output: out) }
        case ("done", 2...):
            numbers[0].flatMap { status in
                numbers[1].map { .done(status: status, failedAt: $0, output: out) }
            }
        case ("refused", 1...): .refused(words.dropFirst().joined(separator: " "))
        default: nil
        }
    }

    static func malformed(_ printed: [UInt8]) -> ObservationError {
        let start = String(decoding: printed.prefix(120), as: UTF8.self).unicodeScalars
            .map { $0.value < 32 || $0.value > 126 ? "·" : String($0) }.joined()
        return ObservationError(
            "the node answered '\(start)', which no script of ours prints",
            remedy: "Check root's shell start-up files on the node: they must print nothing.")
    }
}
