import ArgumentParser
import Core
import Engine

/// `belay approve`: a signed statement about exactly one plan.
struct ApproveVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Approve or deny a saved plan by signing a statement about it.",
        discussion:
            "Shows the plan first. The statement is left beside the plan's file; send both to whoever applies it.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The plan's file.")
    var plan: String

    @Flag(help: "Say no. A denied plan stays denied.")
    var deny = false

    @Option(help: "Why: it goes into the audit log.")
    var comment: String

    @Option(help: ArgumentHelp("How long the approval holds, never longer than the plan.", valueName: "time"))
    var expires = "4h"

    @Option(help: ArgumentHelp("The private key to sign with; the project's unless given.", valueName: "path"))
    var key: String?

    @Flag(help: "Show the input of commands, and long scripts and diffs in full.")
    var verbose = false

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        guard comment.contains(where: { !$0.isWhitespace }) else {
            throw UsageError("--comment is empty", remedy: "Say why: whoever reads the audit log will ask.")
        }
        let seconds = try TimeArguments.seconds(expires, option: "--expires")
        let shown = try InputFile.plan(plan)
        terminal.hiding(shown.plan).write(
            PlanView(plan: shown.plan, planSha256: shown.sha256, file: plan, verbose: verbose).text(terminal.style))
        let (file, verdict, comment, key) = (plan, deny ? ApprovalStatement.Verdict.deny : .approve, comment, key)
        let signed = try await global.workspace().withBelay {
            try await $0.approve(
                planFile: file, shown: shown.sha256, decision: verdict, comment: comment, seconds: seconds, key: key)
        }
        terminal.write(
            ApprovalView(statement: signed.statement, file: signed.file, planFile: plan).text(terminal.style))
        return .done
    }
}
