import Foundation
import Testing

@testable import Commands
@testable import Core
@testable import Engine

/// What a node printed, what a file of others says and what people wrote cannot act on a terminal, nor pass for a line of
/// ours, whichever view shows it. `Terminal` would stop it, too (`TerminalTests`); here each view is held to it by itself.
@Suite("Hostile texts in every view")
struct HostileViewTests {
    @Test(
        "no control or bidi character comes out of a view, and no line that is not ours",
        arguments: HostileViews.all.keys.sorted())
    func neutral(view: String) throws {
        let show = try #require(HostileViews.all[view])
        let texts = try show(try HostileRun.shared.get())
        for text in texts {
            #expect(Hostile.found(in: text) == [], "\(view): \(text.prefix(2000).debugDescription)")
            // Deeper than anything of ours: the lines around a change in a diff.
            for line in text.split(separator: "\n") where !HostileViews.marked.contains(view) {
                let blanks = line.prefix { $0 == " " }.count
                #expect(blanks > 6 || !line.dropFirst(blanks).hasPrefix(Hostile.forged), "\(view): \(line)")
            }
        }
        #expect(Hostile.isSpelled(in: texts.joined()), "nothing was tried: \(texts.joined().prefix(2000))")
    }

    @Test("every view that there is is among these: a new one has to be added")
    func complete() throws {
        let views = URL(fileURLWithPath: "\(SignedProject.root)/Sources/Commands/Views")
        let files = try #require(FileManager.default.enumerator(at: views, includingPropertiesForKeys: nil))
        let form = /(?m)^(?:final )?(?:struct|enum|class|actor) (\w+)/
        var found: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            found.formUnion(try String(contentsOf: file, encoding: .utf8).matches(of: form).map { String($0.1) })
        }
        #expect(found == Set(HostileViews.all.keys).union(HostileViews.parts.keys))
    }

    private static let errors: [any Error & Sendable] = [
        UsageError(Hostile.text, remedy: Hostile.text), HostileViews.faults,
        WorkspaceError(Hostile.text, remedy: Hostile.text), ArgumentError(Hostile.text, Hostile.text),
        PlanError(node: Hostile.text, step: Hostile.text, message: Hostile.text, remedy: Hostile.text),
        NodeFailure(Hostile.text, remedy: Hostile.text, isPassing: false),
        SignatureRefusal(.mismatch, Hostile.text, remedy: Hostile.text),
    ]

    @Test("no error says it either", arguments: errors.indices)
    func failures(index: Int) {
        let text = Failure(Self.errors[index]).text(.plain)
        #expect(Hostile.found(in: text) == [] && Hostile.isSpelled(in: text), "\(text.debugDescription)")
    }

    @Test("a hostile run is hostile in all that it is named by, and still reads as a run")
    func sample() throws {
        let sample = try HostileRun.shared.get()
        let (plan, run) = (sample.plan, try sample.run)
        let step = plan.nodes[0].steps[1]
        let texts = [
            plan.id, plan.requester, plan.reason ?? "", plan.runbook.name, plan.runbook.title, plan.cluster.name,
            plan.nodes[0].name, plan.nodes[0].roles[0], plan.nodes[0].identity?.hostKey ?? "", step.name,
            step.when ?? "", step.prediction.notes[0], step.apply[0].argv[0], sample.decision.findings[0].message,
            sample.decision.grants[0], sample.glass.incident, sample.records[0].record.by,
        ]
        for text in texts { #expect(text.contains(Hostile.forged), "\(text)") }
        #expect(run.fault == nil && run.state.end == .needsPerson)
        #expect(
            try sample.history.nodes[0].items.contains {
                $0.output?.lines.contains { $0.contains(Hostile.forged) } == true
            })
    }
}
