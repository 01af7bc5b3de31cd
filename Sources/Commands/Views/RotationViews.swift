import Engine
import TransparencyLog

/// `belay audit rotate --prepare`.
struct NextKeyView: Sendable {
    let change: KeyChange

    var text: String {
        ([
            "The next key of the log \(change.new.name.printable) waits, and nothing has changed yet."
        ]
            + Table.lines([["  next", change.new.description.printable], ["  now", change.old.description.printable]])
            + ["Add it where the log's witnesses are configured, and tell who audits it; then change with --reason."])
            .text
    }
}

/// `belay audit rotate`.
struct RotatedKeyView: Sendable {
    let change: KeyChange
    /// What both keys signed.
    let checkpoint: Checkpoint
    /// The key in `belay.yaml`.
    let configured: String?

    var text: String {
        let (old, new) = (change.old.description.printable, change.new.description.printable)
        let entries = count(Int(clamping: checkpoint.size), "entry", "entries")
        return
            ([
                "The log \(checkpoint.origin.printable) has a new key. The checkpoint of \(entries) is signed by both, later ones by it alone."
            ]
            + Table.lines([["  key", new], ["  replaced", old]])
            + ["Hand it to whoever audits the log; who verifies with the old key follows by the log itself."]
            + (configured == nil ? [] : ["In belay.yaml put it in place of the old one:", "  log:", "    key: \(new)"])
            + [
                "Witnesses cosign again when they know it. Plans that were made before, and not applied, have to be made again."
            ]).text
    }
}
