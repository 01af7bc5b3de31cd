public import TransparencyLog

/// What came of asking every witness of a policy once.
public struct WitnessRound: Sendable {
    /// One witness and what it said.
    public struct Reply: Sendable {
        /// Who.
        public let witness: WitnessPolicy.Witness
        /// What.
        public let outcome: Outcome
    }

    /// What a witness said.
    public enum Outcome: Sendable, Equatable {
        /// It cosigned, at this time in POSIX seconds by its clock.
        case cosigned(at: UInt64)
        /// Why it did not. Partly its own words: they are to be escaped where they are shown.
        case failed(String)
    }

    /// The checkpoint as it is stored now, with all cosignatures.
    public let checkpoint: SignedCheckpoint
    /// In the order of the policy.
    public let replies: [Reply]
    /// Whether those who cosigned are the policy's quorum.
    public let hasQuorum: Bool

    /// `NAME: reason` of those who did not cosign.
    var failures: String {
        replies.compactMap { reply in
            guard case .failed(let reason) = reply.outcome else { return nil }
            return "\(reply.witness.name): \(reason)"
        }.joined(separator: "; ")
    }
}
