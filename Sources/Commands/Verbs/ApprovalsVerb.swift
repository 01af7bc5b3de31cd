import ArgumentParser
import Core
import Engine
import Foundation

/// `belay approvals`.
struct ApprovalsVerb: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approvals",
        abstract: "List what waits for approval, show what was said of a plan, verify a statement.",
        subcommands: [List.self, Show.self, ApprovalsVerifyVerb.self])

    /// `belay approvals list`.
    struct List: Verb {
        static let configuration = CommandConfiguration(
            abstract: "List the plans of the log: which wait, are approved, denied, spent or expired.",
            discussion: "A statement that lies beside a plan's file is in the log once somebody has applied the plan.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Flag(help: "Only those that can still be approved or applied.")
        var open = false

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let reader = try ApprovalReader(workspace, at: SystemClock().now())
            var plans: [PlanApprovals] = []
            for run in try await RunStore(workspace.wholeRecords()).runs {
                if let plan = try await reader.read(run) { plans.append(plan) }
            }
            if open { plans.removeAll { ![.waiting, .approved].contains($0.standing) } }
            let view = ApprovalsView(plans: plans)
            terminal.write(output.format == .json ? try view.json() : view.text())
            return .done
        }
    }

    /// `belay approvals show`.
    struct Show: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Show what was said of a plan, what of it counts, and why the rest does not.",
            discussion:
                "A plan's file need not be in the log; statements beside it are read too, and nothing is recorded.")

        @OptionGroup var global: GlobalOptions
        @OptionGroup var output: OutputOption

        @Argument(help: "A plan's file, or the id of a plan of the log, or its beginning.")
        var plan: String

        mutating func perform(_ terminal: Terminal) async throws -> Exit {
            let workspace = try await global.workspace()
            let reader = try ApprovalReader(workspace, at: SystemClock().now())
            let store = try await RunStore(workspace.wholeRecords())
            let read =
                FileManager.default.fileExists(atPath: plan)
                ? try await reader.read(planFile: plan, among: store.runs) : try await reader.read(store.run(plan))
            guard let read else {
                throw UsageError(
                    "\(plan) was found on a node and not planned here",
                    remedy: "Only the log that it was planned in knows who approved it.")
            }
            let view = PlanApprovalsView(read)
            terminal.hiding(read.plan).write(output.format == .json ? try view.json() : view.text(terminal.style))
            return .done
        }
    }
}

/// `belay approvals verify`: needs neither a log nor, with `--signers`, a project.
struct ApprovalsVerifyVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check approvals: signature, time, and with --plan what they are about.",
        discussion: """
            Exits with 0 when every file is an approval that holds, and with 3 when one is not: also when it is a denial. What \
            ssh-keygen and sha256sum say of the same files is in docs/approvals.md.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOption

    @Argument(help: ArgumentHelp("Statements; the signature of each is beside it as .sig.", valueName: "file"))
    var files: [String]

    @Option(help: ArgumentHelp("The plan that they must be about.", valueName: "file"))
    var plan: String?

    @Option(help: ArgumentHelp("The allowed signers; the project's unless given.", valueName: "file"))
    var signers: String?

    @Option(help: ArgumentHelp("When they and their keys must hold; now unless given.", valueName: "instant"))
    var at: String?

    mutating func perform(_ terminal: Terminal) async throws -> Exit {
        let now = try at.map(Self.instant) ?? SystemClock().now()
        let trusted =
            if let signers { try Guardrails.Signers.read(signers) } else { try await global.workspace().signers() }
        let about = try plan.map(InputFile.plan)
        var checks: [ApprovalCheck] = []
        for file in files {
            let found = try FoundStatement(file: file)
            do {
                let approval = try await found.verified(signers: trusted, at: now)
                checks.append(ApprovalCheck(file, approval, plan: about, at: now))
            } catch let refusal as SignatureRefusal {
                checks.append(ApprovalCheck(file, refusal))
            }
        }
        terminal.write(
            output.format == .json
                ? try JSONText.pretty(checks)
                : checks.flatMap { $0.lines(terminal.style) }.text)
        return checks.allSatisfy(\.holds) ? .done : .denied
    }

    private static func instant(_ text: String) throws -> Timestamp {
        guard let instant = Timestamp(text) else {
            throw UsageError("--at '\(text)' is no instant", remedy: "Write 2026-11-22T18:00:00Z.")
        }
        return instant
    }
}
