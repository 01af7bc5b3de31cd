import Core
import Engine

/// Broken glass: who answers for it, what it lifted, and who was told.
struct BreakGlassView: Sendable {
    let notice: BreakGlassNotice

    func text(_ style: Style) -> String {
        let record = notice.record
        let lifted =
            record.lifted.isEmpty
            ? "It lifts nothing as things are." : "It lifts: " + record.lifted.map(\.printable).joined(separator: ", ")
        return [
            style.bad("BREAK-GLASS") + " by \(record.principal.name.printable) until \(record.expires.toSeconds), "
                + "\(record.incident.printable): \(record.reason.printable)",
            "  " + lifted, "  " + told(style), "  Somebody else has to review it by \(record.reviewBy.toSeconds).",
        ].text
    }

    private func told(_ style: Style) -> String {
        guard let notification = notice.notification else {
            return style.warning("Nobody was notified:") + " belay.yaml names no program to do that (notify)."
        }
        let program = notification.command.first ?? ""
        guard let failure = notification.failure else { return "Others were notified by \(program.printable)." }
        return style.bad("Perhaps nobody was notified:") + " \(program.printable): \(failure.printable)"
    }
}

extension BreakGlassRecord {
    /// As one line of a timeline, printable.
    var words: String {
        let lifted = lifted.isEmpty ? "nothing" : lifted.map(\.printable).joined(separator: ", ")
        return "BREAK-GLASS by \(principal.name.printable) until \(expires.toSeconds), \(incident.printable): "
            + "\(reason.printable); it lifts \(lifted); to be reviewed by \(reviewBy.toSeconds)"
    }
}

extension NotificationRecord {
    /// As one line of a timeline, printable.
    var words: String {
        let program = (command.first ?? "").printable
        guard let failure else { return "others were notified of it by \(program)" }
        return "others were perhaps NOT notified of it by \(program): \(failure.printable)"
    }
}

extension SignedReview {
    /// As one line of a timeline, printable.
    var words: String {
        guard let review = try? Review(bytes: statement.bytes) else { return "a review that cannot be read" }
        return "break-glass reviewed by \(review.by.printable): \(review.comment.printable)"
    }
}

extension Decision {
    /// Whether breaking the glass would help against what denies, in a sentence.
    var breakGlassHint: String {
        let held = Set(denials.filter { $0.lift == nil }.map(\.policy)).sorted()
        guard held.isEmpty else {
            return "Break-glass would not help: it does not lift \(held.map(\.printable).joined(separator: ", "))."
        }
        let isEnough = denials.allSatisfy { $0.lift == .breakGlass }
        return "In an incident break-glass would lift it, on record (belay apply --break-glass)"
            + (isEnough ? "." : "; for what is not known it takes a second person's approval, too.")
    }
}
