import ArgumentParser
import Core
import Engine

/// `belay approve`: a signed statement about exactly one plan.
struct ApproveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Approve or deny a saved plan by signing a statement about it.",
        discussion: """
            Shows the plan first. The statement is left in PLAN.approvals; send it with its .sig to whoever applies the plan. To take \
            an approval back, deny the plan before it is applied, where its log is: then no file has to reach anybody.
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The plan's file.")
    var plan: String

    @Flag(help: "Say no, or take an approval back. A denied plan stays denied.")
    var deny = false

    @Option(help: "Why: it goes into the audit log.")
    var comment: String

    @Option(
        help: ArgumentHelp(
            "When the approval begins to hold: an instant, or a time from now on. Now unless given.", valueName: "time")
    )
    var notBefore: String?

    @Option(
        help: ArgumentHelp(
            "When it ends: an instant, or a time after its beginning; never later than the plan.", valueName: "time"))
    var expires = "4h"

    @Option(help: ArgumentHelp("The private key to sign with; the project's unless given.", valueName: "path"))
    var key: String?

    @Flag(help: "Show the input of commands, and long scripts and diffs in full.")
    var verbose = false

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        guard comment.contains(where: { !$0.isWhitespace }) else {
            throw UsageError("--comment is empty", remedy: "Say why: whoever reads the audit log will ask.")
        }
        let validity = try validity(now: SystemClock().now())
        let shown = try InputFile.plan(plan)
        terminal.hiding(shown.plan).write(
            PlanView(plan: shown.plan, planSha256: shown.sha256, file: plan, verbose: verbose).text(terminal.style))
        let (file, verdict, comment, key) = (plan, deny ? ApprovalStatement.Verdict.deny : .approve, comment, key)
        let signed = try await global.workspace().withBelay {
            try await $0.approve(
                planFile: file, shown: shown.sha256, decision: verdict, comment: comment, validity: validity, key: key)
        }
        terminal.write(ApprovalView(signed: signed, planFile: plan).text(terminal.style))
        return .done
    }

    private func validity(now: Timestamp) throws -> Belay.Validity {
        guard let notBefore else {
            return .init(until: try TimeArguments.later(expires, option: "--expires", than: now))
        }
        guard !deny else {
            throw UsageError("a denial has no --not-before", remedy: "It holds at once, and does not lapse.")
        }
        let from = try TimeArguments.later(notBefore, option: "--not-before", than: now)
        guard now < from else {
            throw UsageError("--not-before '\(notBefore)' is over", remedy: "Leave it out to approve from now on.")
        }
        return .init(from: from, until: try TimeArguments.later(expires, option: "--expires", than: from))
    }
}
