import Core
import Engine

extension HistoryItem {
    /// How it is to be taken.
    enum Tone: String, Sendable {
        case good, bad, warning, plain, quiet
    }

    var tone: Tone {
        switch record.record.event {
        case .decided(let decision): decision.allowed || decision.waitsForApproval ? .plain : .bad
        case .approval(let approval):
            (try? ApprovalStatement(bytes: approval.statement.bytes))?.decision == .approve ? .good : .bad
        case .breakGlassUsed: .bad
        case .notified(let told): told.failure == nil ? .plain : .bad
        case .reviewed: .good
        case .nodeReturn(let record): record.standing.tone
        case .run(let event): tone(of: event)
        case .began, .planned, .adopted, .trusted, .read, .incidentNoted, .incidentTied: .plain
        case .incidentStarted: .bad
        case .incidentClosed: .good
        case .triaged(let answer): answer.findings.isEmpty ? .plain : .bad
        case .decisionInput: .quiet
        case .recoveredLog, .blobErased, .keyRotated, .kept, nil: .warning
        }
    }

    private func tone(of event: Event) -> Tone {
        switch event {
        case .intent, .outcome: answer.map(\.tone) ?? .warning
        case .nodeState(let state, _): state.tone
        case .finished(let end): end.tone
        case .verified(_, let failures), .admitted(let failures): failures.isEmpty ? .good : .bad
        case .judged(let findings): findings.contains(where: \.denies) ? .bad : .plain
        case .stale, .conflict, .unreachable: .bad
        case .recovering, .unobservable, .resolved: .warning
        case .started, .wave: .plain
        case .observed, .unchanged, .evaluated, .skipped: .quiet
        }
    }
}

extension NodeAnswer {
    fileprivate var tone: HistoryItem.Tone {
        switch self {
        case .done(0, _, _): .good
        case .done, .refused: .bad
        case .reverted, .running, .lost, .absent, .ended: .warning
        case .ownReturn(let standing): standing.tone
        case .granted, .released, .armed, .won, .noDeadMan: .plain
        }
    }
}

extension NodeReturnStanding {
    fileprivate var tone: HistoryItem.Tone {
        switch self {
        case .armed, .none: .plain
        case .taken, .running, .returned: .warning
        case .conflict, .failed, .refused: .bad
        }
    }
}

extension NodeState {
    /// How it is to be taken.
    var tone: HistoryItem.Tone {
        switch self {
        case .succeeded, .holding: .good
        case .rollingBack, .rolledBack, .resolving: .warning
        case .stale, .denied, .needsPerson, .abandoned: .bad
        case .waiting, .running, .skipped: .plain
        }
    }
}

extension RunEnd {
    /// How it is to be taken.
    var tone: HistoryItem.Tone {
        switch self {
        case .succeeded: .good
        case .rolledBack, .stale, .partial: .warning
        case .denied, .needsPerson, .abandoned: .bad
        }
    }
}
