/// Whether a quorum of witnesses vouches for a checkpoint that verifies.
struct WitnessCheck {
    /// The largest that has the quorum.
    let witnessed: WitnessedCheckpoint?
    let failures: [VerificationFailure]

    init(_ checked: [CheckedCheckpoint], _ policy: WitnessPolicy) {
        // The same checkpoint may lie in several files, each with other cosignatures: all of them have the entries' root.
        let bySize = Dictionary(grouping: checked, by: \.size).map { size, files in
            var cosigners: [Cosigner] = []
            for cosigner in files.flatMap(\.cosigners) where !cosigners.contains(where: { $0.key == cosigner.key }) {
                cosigners.append(cosigner)
            }
            return WitnessedCheckpoint(size: size, cosigners: cosigners)
        }.sorted { $0.size < $1.size }
        witnessed = bySize.last { policy.isSatisfied(by: Set($0.cosigners.map(\.key))) }
        failures = witnessed == nil && !policy.isSatisfied(by: []) ? [Self.notWitnessed(bySize, policy)] : []
    }

    private static func notWitnessed(_ bySize: [WitnessedCheckpoint], _ policy: WitnessPolicy) -> VerificationFailure {
        let most = bySize.last { !$0.cosigners.isEmpty }
        let found = most.map {
            "; size \($0.size) was cosigned by \($0.cosigners.map(\.key.name).joined(separator: ", "))"
        }
        return VerificationFailure(
            .notWitnessed,
            what: "No checkpoint that verifies has the quorum of the policy, \(policy.quorumDescription)"
                + (found ?? ": no known witness has cosigned one"),
            meaning: "Nobody but the log's key vouches that this is its only history. Ask the witnesses with "
                + "`belay audit witness sync`, or find out who took their cosignatures away.")
    }
}
