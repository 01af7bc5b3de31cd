public import TransparencyLog

/// Carries requests to witnesses. It is given to the engine from outside, which itself speaks with nobody but nodes.
public protocol WitnessService: Sendable {
    /// Sends `POST <prefix>/add-checkpoint` (C2SP tlog-witness) and reads the answer.
    ///
    /// - Parameter prefix: the witness's address as its policy line has it.
    /// - Throws: any error that says why there is no answer; bounded in time. Cancelling the task ends it at once.
    func addCheckpoint(_ request: WitnessRequest, at prefix: String) async throws -> WitnessAnswer
}

/// The witnesses that were asked for have not cosigned.
public struct WitnessFailure: Error, Sendable, CustomStringConvertible {
    /// Who has not, and why.
    public let message: String
    /// What to do.
    public let remedy: String

    init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    /// Both sentences.
    public var description: String { "\(message). \(remedy)" }
}
