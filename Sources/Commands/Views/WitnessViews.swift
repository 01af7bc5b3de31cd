import Core
import Engine
import TransparencyLog

/// `belay audit init`: what an auditor and `belay.yaml` need to know of the log.
struct MadeLogView: Sendable {
    let log: Workspace.MadeLog
    let directory: String
    /// The key in `belay.yaml`.
    let configured: String?

    var text: String {
        let (origin, key) = (log.key.name.printable, log.key.description.printable)
        let first = log.isNew ? "Made the log \(origin)." : "The log \(origin) was made before; nothing was changed."
        let pinned =
            configured == key
            ? ["belay.yaml names this key already."]
            : ["In belay.yaml it keeps plans from being made or run in any other log:", "  log:", "    key: \(key)"]
        return
            ([first] + Table.lines([["  folder", directory.printable], ["  key", key]])
            + ["Hand the key to whoever will audit the log, where nobody on this machine can change it."] + pinned
            + [
                log.isKeptByAgent
                    ? "Its secret half is kept by ssh-agent, which every checkpoint is asked of; the folder has none."
                    : "Its secret half is keys/log.skey in the folder, for its owner only: leave it out of copies."
            ]).text
    }
}

/// `belay audit witness sync`: a line for each witness, then what it comes to.
struct WitnessRoundView: Sendable {
    let round: WitnessRound
    /// Whom the policy asks for.
    let quorum: String

    func text(_ style: Style) -> String {
        let checkpoint = round.checkpoint.checkpoint
        let head = "\(checkpoint.origin.printable), \(count(Int(clamping: checkpoint.size), "entry", "entries"))"
        let verdict =
            round.hasQuorum
            ? style.good("WITNESSED") + " (\(quorum.printable))"
            : style.bad("NO QUORUM") + " (\(quorum.printable) must)"
        return ([head] + round.replies.map { line($0, style) } + [verdict]).text
    }

    private func line(_ reply: WitnessRound.Reply, _ style: Style) -> String {
        let name = reply.witness.name.printable
        switch reply.outcome {
        case .cosigned(let time): return style.good("✓ \(name)") + " cosigned, \(cosignatureTime(time))"
        case .failed(let reason): return style.bad("✗ \(name)") + " \(reason.printable)"
        }
    }
}

extension VerificationReport {
    /// Which witnesses vouch for how much, for `belay audit verify`.
    var witnessLines: [String] {
        guard let witnessed else { return [] }
        let later = entries - witnessed.size
        let rest = later == 0 ? "" : ", \(later) after them not"
        return [
            "the first \(count(Int(clamping: witnessed.size), "entry", "entries")) have the quorum of witnesses\(rest)"
        ]
            + witnessed.cosigners.map { "  \($0.key.name.printable) cosigned, \(cosignatureTime($0.time))" }
    }
}

/// What a witness's clock said; any number may stand in a cosignature.
func cosignatureTime(_ seconds: UInt64) -> String {
    // The year 9999: a longer date would be none that anybody reads.
    guard seconds < 253_402_300_800 else { return "\(seconds) s after 1970" }
    return Timestamp(milliseconds: Int64(seconds) * 1000).toSeconds
}
