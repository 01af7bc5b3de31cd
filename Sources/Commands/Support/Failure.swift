import ArgumentParser
import Core
import Engine
import Foundation
import Services
import TransparencyLog

/// Whatever was thrown, as an exit code and as words: what, where, why, what to do.
struct Failure: Sendable {
    /// The code.
    let exit: Exit
    /// What happened and where.
    private(set) var message: String
    /// What to do; empty when the message says it.
    let remedy: String
    /// What stood in the way, one by one.
    private(set) var findings: [Finding] = []
    /// Approvals that do not count, and why.
    private(set) var ignored: [IgnoredApproval] = []
    /// True when the message has the only finding's own sentence.
    private var saysFinding = false

    /// Explains an error of any layer.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as UsageError: Failure(.usage, error.message, error.remedy)
            case let error as Diagnostics: Failure(.usage, DiagnosticsView(error).text, "")
            case let error as WorkspaceError: Failure(.usage, error.message, error.remedy)
            case let error as ArgumentError: Failure(.usage, error.description, "")
            case let error as PlanError: Failure(error)
            case let error as NodeFailure: Failure(.couldNotStart, error.message, error.remedy)
            case let error as ObservationError: Failure(.couldNotStart, error.message, error.remedy)
            case let error as PermitRefusal: Failure(error)
            case let error as ClockFailure: Failure(.couldNotStart, error.message, error.remedy)
            case let error as WitnessFailure: Failure(.couldNotStart, error.message, error.remedy)
            case let error as SignatureRefusal:
                Failure(error.code == .malformed ? .usage : .denied, error.message, error.remedy)
            default: Failure(log: error)
            }
    }

    private init(_ exit: Exit, _ message: String, _ remedy: String) {
        self.exit = exit
        self.message = message
        self.remedy = remedy
    }

    // About no node = about what was asked for; about a node = its state does not allow it.
    private init(_ error: PlanError) {
        let about = [error.node, error.step.map { "step '\($0)'" }, error.message].compactMap(\.self)
        self.init(error.node == nil ? .usage : .couldNotStart, about.joined(separator: ": "), error.remedy)
    }

    // What approvals are missing for says the finding, and what to do about it.
    private init(_ refusal: PermitRefusal) {
        let saysAll = refusal.code == .approvalMissing && !refusal.findings.isEmpty
        self.init(Exit(refusal.code), refusal.message, saysAll ? "" : refusal.remedy)
        (findings, ignored) = (refusal.findings, refusal.ignored)
        saysFinding = saysAll && FindingView.views(of: findings).count == 1
        if saysAll, !saysFinding { message = "approvals are missing" }
    }

    private init(log error: any Error) {
        let verify = "`belay audit verify` says what is damaged."
        self =
            switch error {
            case let error as AuditError:
                Failure(error.code == .damaged ? .logNotIntact : .couldNotStart, error.description, "")
            case let error as JournalError: Failure(.logNotIntact, "the audit log is damaged: \(error)", verify)
            case let error as IllegalEvent: Failure(.logNotIntact, "the audit log does not fit: \(error)", verify)
            case let error as UnreadableEntry:
                Failure(error.logVerifies ? .usage : .logNotIntact, error.message, verify)
            case is DecodingError:
                Failure(.usage, "what was read is not of this version of Belay: \(error)", verify)
            case let error as LogReadError: Failure(.usage, error.description, "Check the folder's name.")
            case let error as IndexError: Failure(.couldNotStart, error.description, "")
            case let error as FormatError: Failure(.usage, error.description, "")
            default: Failure(.couldNotStart, "\(error)", "This is not expected: report it.")
            }
    }

    /// For standard error.
    func text(_ style: Style) -> String {
        var lines = message.split(separator: "\n", omittingEmptySubsequences: false).map {
            Printable.escape(String($0))
        }
        lines[0] = style.bad("belay: ") + lines[0]
        lines += FindingView.views(of: findings).flatMap { $0.lines(style, saysMessage: !saysFinding) }.indented(2)
        lines += ignored.map { "  not counted of \($0.approver.printable): \($0.reason.printable)" }
        if !remedy.isEmpty { lines += ["  " + Printable.escape(remedy)] }
        return lines.joined(separator: "\n")
    }
}

/// What the command line asks for cannot be.
struct UsageError: Error, Sendable, Hashable {
    /// What and why.
    let message: String
    /// What to do.
    let remedy: String

    init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }
}
