import Core
import Foundation
import SSH
import Testing
import TransparencyLog

@testable import Commands
@testable import Engine

/// What each view shows of ``HostileRun`` and of what else it may be given, by the view's name.
enum HostileViews {
    typealias Case = @Sendable (HostileRun) throws -> [String]

    /// Every view.
    static let all: [String: Case] = plans.merging(runs) { $1 }.merging(log) { $1 }.merging(files) { $1 }
        .merging(people) { $1 }.merging(facts) { $1 }.merging(triage) { $1 }.merging(incidents) { $1 }

    /// What stands beside the views and makes no text of what others wrote, with why.
    static let parts = [
        "Table": "its cells are printable already", "Span": "makes words of a number",
        "UnifiedDiff": "its lines are printable already: FieldView", "Secrets": "says what is hidden",
        "RunHistory": "values, for views", "RunSummary": "values, for views", "LogStatement": "values, for views",
        "RunFacts": "values, which views make printable", "ReportStyle": "this program's own",
        "IncidentSummary": "values, for views", "IncidentStory": "values, for views",
        "PolicySchemaView": "every text of it is this program's own",
        "FactsSchemaView": "every text of it is this program's own",
    ]

    /// Lines that views which show them set a sign or more blanks before, and those of a page, where elements part them.
    static let marked: Set = ["OutputView", "FieldView", "NodeSection", "RunSection", "ProofSection", "ReportPage"]

    private static func temporary(_ run: HostileRun) -> RunSummary.Temporary {
        RunSummary.Temporary(
            nodes: [Hostile.text], since: run.plan.createdAt, due: run.plan.createdAt,
            returned: [Hostile.text: Hostile.text], onNode: [Hostile.text: Hostile.text],
            returnedAlone: [Hostile.text], stopped: [Hostile.text], stillArmed: [Hostile.text])
    }

    private static let standings: [String: NodeReturnStanding] = [
        Hostile.text: .conflict(step: Hostile.text, output: Payload(Hostile.text)),
        "n2": .refused(Hostile.text), "n3": .armed(secondsLeft: 0, waitingFor: Hostile.text),
        "n4": .failed(step: Hostile.text, status: 1, output: Payload(Hostile.text)),
    ]

    static let plans: [String: Case] = [
        "PlanView": { run in
            let view = PlanView(
                plan: run.plan, planSha256: Hostile.text, file: Hostile.text, decision: run.decision,
                preview: run.decision, verbose: true)
            var allowed = view
            (allowed.decision, allowed.verbose) = (try Hostile.everywhere(Sample.decision(allowed: true)), false)
            return [view.text(.plain), allowed.text(.plain), try view.json()]
        },
        "StepView": { run in
            run.plan.nodes[0].steps.flatMap { StepView($0, number: 1, verbose: true).lines(.plain) }
        },
        "FieldView": { run in
            run.plan.nodes[0].steps.flatMap(FieldView.fields).flatMap { $0.lines(.plain, verbose: true) }
        },
        "CommandView": { run in
            let step = run.plan.nodes[0].steps[1]
            return CommandView(step.apply, secrets: Secrets(step), verbose: true).lines(.plain)
        },
        "FindingView": { run in
            FindingView.views(of: run.decision.findings, verbose: true).flatMap { $0.lines(.plain) + $0.trace }
        },
        "DecisionView": { run in
            DecisionView(run.decision, preview: run.decision, verbose: true).lines(.plain)
                + [run.decision.breakGlassHint]
        },
        "PolicyExplainView": { run in
            let policies = try Self.policies()
            let input = PolicyInput(try Hostile.everywhere(Sample.input()), plan: run.plan)
            let (planning, applying) = (policies.explain(input), policies.explain(input))
            let view = PolicyExplainView(
                Belay.Explained(plan: run.plan, policies: policies, planning: planning, applying: applying))
            return [view.text(.plain), try view.json()]
        },
        "JSONText": { _ in [try JSONText.pretty([Hostile.text: Hostile.text])] },
    ]

    static let runs: [String: Case] = [
        "OutcomeView": { run in
            [OutcomeView(state: try run.run.state, inventory: try run.inventory).text(.plain)]
        },
        "ByHandView": { run in
            let state = try run.run.state
            return try state.byHand.flatMap { hand in
                try [run.inventory, #require(Sample.inventory)].flatMap { inventory in
                    ByHandView(hand: try Hostile.everywhere(hand), node: state.nodes[0], inventory: inventory)
                        .lines(.plain)
                }
            }
        },
        "ProgressView": { run in
            let node = run.plan.nodes[0].name
            let own = run.records.compactMap { entry -> Event? in
                if case .run(let event)? = entry.record.event { event } else { nil }
            }
            let effects =
                try own.map { Effect.record(try Hostile.everywhere($0)) }
                + [.send(Intent(.apply(step: 1))), .lookUp(.undo(step: 0)), .evaluate(step: 1), .judge]
            return effects.compactMap {
                ProgressView(run.plan).line(NextEffect(node: node, effect: $0), at: run.plan.createdAt, .plain)
            }
        },
        "RunsView": { run in
            var temporary = RunSummary(try run.run, isHeld: false)
            temporary.temporary = Self.temporary(run)
            temporary.temporary?.keptBy = Hostile.text
            let view = RunsView(runs: [RunSummary(try run.run, isHeld: false), temporary])
            return [view.text(), try view.json()]
        },
        "StatusView": { run in
            var summary = RunSummary(try run.run, isHeld: false)
            var damaged = summary
            (damaged.standing, damaged.fault) = (.damaged, Hostile.text)
            summary.review = .init(
                by: Hostile.text, incident: Hostile.text, since: run.plan.createdAt, due: run.plan.createdAt)
            summary.temporary = Self.temporary(run)
            var kept = summary
            kept.temporary?.keptBy = Hostile.text
            let incidents = try [IncidentSummary(incident())]
            let view = StatusView([summary, kept, damaged], incidents: incidents, now: run.plan.expiresAt)
            return [view.text(.plain), try view.json()]
        },
        "RunView": { run in
            var view = RunView(run: try run.run, inventory: try run.inventory, isHeld: false, verbose: true)
            view.change = TemporaryChange(
                run: Hostile.text, since: run.plan.createdAt, due: run.plan.createdAt, nodes: [Hostile.text],
                returned: [Hostile.text: Hostile.text], isOnNode: true, standings: Self.standings, kept: nil)
            return [view.text(.plain), try view.json()]
        },
        "ReturnView": { run in
            let conflict = ReturnConflict(run: Hostile.text, changes: [Hostile.text])
            let all: [Belay.Returned] = try [
                .ran(run.run.state), .waits(file: Hostile.text), .denied(run.decision), .refused(file: Hostile.text),
                .conflict(conflict), .stuck(run: Hostile.text), .failed(run: Hostile.text), .foreign,
                .alone(NodeReturnReport(standings)), .underWay(NodeReturnReport(standings)),
                .stopped(NodeReturnReport(standings)),
            ]
            return try all.map {
                try ReturnView(run: Hostile.text, returned: $0, inventory: run.inventory).text(.plain)
            }
        },
        "KeepView": { run in
            let keeping = Keeping(
                run: Hostile.text, planSha256: Sample.sha256, by: Hostile.text, reason: Hostile.text,
                at: run.plan.createdAt, nonce: "n", logOrigin: Hostile.text)
            let failure = NodeFailure(Hostile.text, remedy: Hostile.text, isPassing: true)
            let kept = Belay.Kept(
                keeping: keeping, isOld: true, standings: standings, unreached: [Hostile.text: failure],
                due: run.plan.createdAt, stillArmed: [Hostile.text])
            return [KeepView(kept: kept).text(.plain)]
        },
        "RunEndView": { run in
            [RunEndView(run: try run.run, inventory: try run.inventory, isHeld: false).text(.plain)]
        },
        "RunReadingView": { run in
            [RunReadingView(history: try run.history, inventory: try run.inventory, isHeld: false).text(.plain)]
        },
        "StillInPlace": { run in StillInPlace(try run.history).lines },
        "HistoryItem": { run in
            let history = try run.history
            return (history.whole + history.nodes.flatMap(\.items)).flatMap {
                [$0.title] + ($0.result.map { [$0] } ?? [])
            }
        },
        "OutputView": { run in
            OutputView(Payload(Hostile.printed), run.plan.nodes[0].steps[1])?.beginning(9, index: 1) ?? []
        },
    ]

    /// Policies and a grant from files of hostile names.
    static func policies() throws -> PolicySet {
        let policy = """
            apiVersion: belay/v1
            kind: Policy
            metadata: {name: never}
            spec:
              enforcement: hard
              validations: [{expression: "action.verify", message: "never \\u001b[2J\\u202e", remedy: "none"}]
            """
        let grant = """
            apiVersion: belay/v1
            kind: Grant
            metadata: {name: all}
            spec: {who: {groups: [sre]}, runbooks: ["*"]}
            """
        return try PolicySet.load([
            (Hostile.text + "/p.yaml", Array(policy.utf8)), (Hostile.text + "/g.yaml", Array(grant.utf8)),
        ])
    }

    /// Keys may have names of any visible characters.
    static func key(_ seed: UInt8) throws -> SigningKey {
        try SigningKey(name: "log\u{9B}2J\u{202E}\u{200B}", seed: Array(repeating: seed, count: 32))
    }
}
