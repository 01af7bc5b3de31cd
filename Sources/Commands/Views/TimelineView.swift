import Core
import Engine

/// One entry of the log as one line.
struct TimelineView: Sendable {
    private let record: IndexedRecord
    private let plan: Plan?

    /// - Parameter plan: of the run it belongs to, for the names of steps.
    init(_ record: IndexedRecord, plan: Plan?) {
        self.record = record
        self.plan = plan
    }

    /// `   42 2026-11-22T18:00:00Z worker-1 outcome of running step 'restart': done (alice)`
    /// - Parameter namesRun: where lines of several runs stand together.
    func line(_ style: Style, namesRun: Bool = false) -> String {
        let entry = record.record
        let index = "\(record.index)"
        let margin = String(repeating: " ", count: max(0, 5 - index.count))
        let run = entry.run.map { namesRun ? " " + $0.printable : "" } ?? ""
        let node = entry.node.map { " " + style.strong($0.printable) } ?? ""
        return
            "\(margin)\(style.faint(index)) \(style.faint(entry.at.toSeconds))\(run)\(node) \(words) \(style.faint("(\(entry.by.printable))"))"
    }

    /// What it says.
    var words: String {
        switch record.record.event {
        case .began(let beginning):
            "the log \(beginning.origin.printable) begins, with the key \(beginning.key.printable)"
        case .planned(let planned): "plan signed, sha256 \(planned.planSha256.printable)"
        case .adopted(let record):
            "found on \(record.pieces.map(\.host.name.printable).joined(separator: " and ")), left there by \(record.holder.printable)"
        case .decisionInput(let input):
            "policies (\(input.phase.rawValue)): asked"
        case .decided(let decision):
            "policies (\(decision.phase.rawValue)): "
                + (decision.allowed ? "allowed" : "denied, \(count(decision.denials.count, "finding"))")
        case .approval(let approval): Self.words(approval)
        case .breakGlassUsed(let record): record.words
        case .notified(let told): told.words
        case .reviewed(let signed): signed.words
        case .kept(let signed): signed.words(record.record)
        case .nodeReturn(let record):
            "what the node gives back by itself: \(Self.brief(record.standing.words))"
        case .trusted(let record): Self.words(record)
        case .recoveredLog(let recovery): Self.recovered(recovery)
        case .blobErased(let erasure):
            "the content of entry \(erasure.entry) was erased: \(Self.brief(erasure.reason))"
        case .read(let reading):
            "\(count(reading.entries, "entry", "entries")) read: \(Self.brief(reading.command.joined(separator: " ")))"
        case .keyRotated(let rotation):
            "the log goes on with the key \(rotation.new.printable) in place of \(rotation.old.printable): \(Self.brief(rotation.reason))"
        case .incidentStarted(let start): "INCIDENT \(start.id.printable) begins: \(Self.brief(start.title))"
        case .incidentNoted(let note): "note on incident \(note.incident.printable): \(Self.brief(note.text))"
        case .incidentClosed(let closing):
            "incident \(closing.incident.printable) CLOSED: \(Self.brief(closing.summary))"
        case .incidentTied(let tie): "belongs to incident \(tie.incident.printable)"
        case .triaged(let answer): answer.words
        case .run(let event): words(event)
        case nil: "\(record.record.type.printable) (its content was erased or is not on this disk)"
        }
    }

    private static func recovered(_ recovery: LogRecovery) -> String {
        var parts: [String] = []
        if recovery.tornBytes > 0 { parts.append("\(count(recovery.tornBytes, "torn byte")) cut off its end") }
        if recovery.rebuiltTiles { parts.append("its tiles made again") }
        if !recovery.open.isEmpty {
            let places = recovery.open.map { "\($0.index) (\($0.node.printable))" }.joined(separator: ", ")
            parts.append("without an outcome since: \(count(recovery.open.count, "intent")) at \(places)")
        }
        return "the log was opened after a crash: " + parts.joined(separator: "; ")
    }

    private static func words(_ approval: ApprovalRecord) -> String {
        guard let statement = try? ApprovalStatement(bytes: approval.statement.bytes) else {
            return "an approval that cannot be read"
        }
        let verb = statement.decision == .approve ? "approved" : "DENIED"
        return
            "\(verb) by \(statement.approver.printable) until \(statement.expires.toSeconds): \(statement.comment.printable)"
    }

    private static func words(_ signed: SignedResolution) -> String {
        guard let word = try? Resolution(bytes: signed.statement.bytes) else {
            return "a resolution that cannot be read"
        }
        return "resolved as \(word.verdict.rawValue.uppercased()) by \(word.by.printable): \(word.reason.printable)"
    }

    private func words(_ event: Event) -> String {
        let node = plan?.nodes.first { $0.name == record.record.node }
        func step(_ index: Int) -> String { ProgressView.step(index, node) }
        return switch event {
        case .started: "run started"
        case .recovering: "run taken over after an interruption"
        case .intent(let intent): "intent: " + ProgressView.words(intent.write, node)
        case .outcome(let write, let answer): "outcome of \(ProgressView.words(write, node)): \(Self.words(answer))"
        case .observed(let index, let moment, let seen):
            "\(step(index)): state \(moment.words) observed, \(count(seen.fields.count, "field"))"
        case .unobservable(let index, let moment, let reason):
            "\(step(index)): state \(moment.words) cannot be told: \(reason.printable)"
        case .unchanged(let index): "\(step(index)) had nothing to do"
        case .verified(let index, let failures):
            "\(index.map(step) ?? "the whole node"): "
                + (failures.isEmpty ? "checks hold" : "checks FAILED: \(Self.brief(failures.joined(separator: "; ")))")
        case .stale(let index, let found): "\(step(index)) is STALE in \(Self.fields(found))"
        case .conflict(let index, let found): "someone changed what \(step(index)) did: \(Self.fields(found))"
        case .nodeState(let state, let reason): "\(state.words)\(reason.isEmpty ? "" : ": \(Self.brief(reason))")"
        case .evaluated(let index, let holds, let reason):
            "\(step(index)) \(holds == true ? "is to be run" : "is not to be run"): \(reason.printable)"
        case .skipped(let index, let reason): "\(step(index)) left out: \(reason.printable)"
        case .judged(let findings): Self.words(findings)
        case .admitted(let failures):
            failures.isEmpty
                ? "the preconditions hold" : "preconditions FAILED: \(Self.brief(failures.joined(separator: "; ")))"
        case .resolved(let signed): Self.words(signed)
        case .wave(let number): "wave \(number + 1) begins"
        case .unreachable(_, let cause): "OUT OF REACH: \(cause.printable)"
        case .finished(let end): "run ended: \(end.words)"
        }
    }

    private static func words(_ record: TrustRecord) -> String {
        let keys = record.keys.map(\.description).joined(separator: ", ")
        let old = record.replaced.map(\.description).joined(separator: ", ")
        return "host keys TRUSTED for \(record.name.printable): \(keys.printable)"
            + (old.isEmpty ? "" : ", in place of \(old.printable)") + "; \(record.basis.words.printable)"
    }

    private static func words(_ findings: [Finding]) -> String {
        let denials = findings.filter(\.denies)
        guard !denials.isEmpty else {
            let lifted = Set(findings.filter { $0.liftedBy != nil }.map(\.policy)).sorted()
            return "the policies allow it at its turn"
                + (lifted.isEmpty ? "" : ", lifted by break-glass: \(brief(lifted.joined(separator: ", ")))")
        }
        return "the policies DENY it at its turn: "
            + brief(denials.map { "\($0.policy): \($0.message)" }.joined(separator: "; "))
    }

    // What there is more of stands at the run's end, or in the entry itself.
    private static func brief(_ text: String) -> String { Printable.escape(text, limit: 300) }

    private static func fields(_ differences: [Difference]) -> String {
        differences.map(\.field.printable).joined(separator: ", ")
    }

    /// What a node said of a write.
    static func words(_ answer: NodeAnswer) -> String {
        switch answer {
        case .granted(let epoch, let inMemory):
            "granted, epoch \(epoch)\(inMemory ? "; its record is in memory, since the disk is full" : "")"
        case .released: "released"
        case .ended(let verdict, let by):
            "the run was ended there before, in its state \(verdict.rawValue), by \(by.printable)"
        case .armed: "armed"
        case .won: "disarmed"
        case .reverted(let status, let rebooted, _):
            "the node had reverted by itself\(rebooted ? ", and rebooted" : "")\(status == 0 ? "" : ", with status \(status)")"
        case .ownReturn(let standing): brief(standing.words)
        case .noDeadMan: "there is no dead-man"
        case .done(0, _, _): "done"
        case .done(let status, let index, _): "command \(index + 1) ended with status \(status)"
        case .running: "still running after its time"
        case .lost(let rebooted): rebooted ? "lost: the node rebooted" : "lost: it was stopped from outside"
        case .absent: "never begun"
        case .refused(let why): "refused by the node: \(why.printable)"
        }
    }
}

extension Moment {
    /// As people say it.
    var words: String {
        switch self {
        case .before: "before"
        case .after: "after"
        case .beforeUndo: "before undo"
        case .afterUndo: "after undo"
        }
    }
}
