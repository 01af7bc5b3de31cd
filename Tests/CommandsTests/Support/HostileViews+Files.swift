import Foundation
import SSH
import Testing

@testable import Commands
@testable import Core
@testable import Engine

extension HostileViews {
    /// A fault in a file, hostile in name and content.
    static let faults = Diagnostics([
        Diagnostic(
            Hostile.text, detail: Hostile.text,
            at: SourceLocation(file: Hostile.text, line: 2, column: 3, length: 2), field: Hostile.text,
            remedy: Hostile.text)
    ])

    static let files: [String: Case] = [
        "DiagnosticsView": { _ in
            let source = "a: 1\nb: \(Hostile.text)\n"
            return [DiagnosticsView(faults) { _ in source }.text, DiagnosticsView(faults) { _ in nil }.text]
        },
        "LintView": { _ in [LintView(files: 1, faults: [faults]).text(.plain)] },
        "PolicyLintView": { _ in
            [PolicyLintView(files: 1, faults: faults.all, warnings: faults.all).text(.plain)]
        },
        "PoliciesView": { _ in [PoliciesView(try policies()).text()] },
        "ConfigView": { _ in
            let setting = Setting(name: Hostile.text, value: Hostile.text, layer: .user, place: Hostile.text)
            let view = ConfigView(settings: [setting], policySet: "abc")
            return [view.text(.plain), try view.json()]
        },
        "RunbooksView": { _ in
            let view = RunbooksView(items: [
                .init(name: Hostile.text, runbook: .failure(faults)),
                .init(name: Hostile.text, runbook: .success(try runbook())),
            ])
            return [view.text(.plain), try view.json()]
        },
        "RunbookView": { _ in [RunbookView(try runbook()).text(.plain)] },
        "InventoryView": { run in
            let view = InventoryView(nodes: try run.inventory.nodes)
            return [view.text(), try view.json()]
        },
        "NodeCheckView": { _ in
            let problem = NodeCheck.Problem(code: "c", phase: "p", message: "m", remedy: "r")
            let plain = NodeCheck(
                node: "n", address: "a", jumps: ["j"], transport: "libssh2", transportReason: "t", server: "s",
                hostKey: "h", authentication: "a", warnings: ["w"], problem: problem)
            let check = try Hostile.everywhere(plain)
            let columns = NodeCheckView.columns(named: [check.node])
            return [
                columns.header, NodeCheckView(check).text(columns, .plain), try NodeCheckView.json([check]),
            ]
        },
        "HostKeysView": { _ in
            let line = "AAAAC3NzaC1lZDI1NTE5AAAAI" + String(repeating: "A", count: 43)
            let publicKey = try #require(PublicKey(base64: line))
            let key = try Hostile.everywhere(TrustRecord.Key(type: "t", fingerprint: "f"))
            let standings: [HostKeySight.Standing] = [.known, .new, .changed(from: [key]), .revoked]
            let sight = HostKeySight(
                node: Hostile.text, address: Hostile.text, name: Hostile.text, file: Hostile.text,
                keys: standings.map { .init(key: key, art: "+--+\n|  |", standing: $0, publicKey: publicKey) },
                others: [key])
            return [HostKeysView(sight).text(.plain), HostKeysView(sight).recorded]
        },
        "PolicyTestView": { _ in
            let view = try tests()
            return [view.text(.plain), try view.json()]
        },
        "JUnitView": { _ in [JUnitView(try tests()).xml] },
    ]

    /// A runbook with as much in it as its file may have.
    private static func runbook() throws -> Runbook {
        let text = """
            apiVersion: belay/v1
            kind: Runbook
            metadata:
              name: odd
              title: "odd \\u001b[2J\\u202e"
              author: "a\\u001b[2J"
              layer: node
              symptoms: ["s\\u009b2J\\u202e"]
              description: "d\\u0007\\u202e\\n\\u001b[2J"
            spec:
              parameters:
                p: {type: string, description: "p\\u001b[2J", default: "d\\u202e"}
              steps:
                - {name: s, action: service.restart, with: {service: kubelet}}
            """
        return try Runbook.parse(Array(text.utf8), file: "odd.yaml")
    }

    private static func tests() throws -> PolicyTestView {
        let place = SourceLocation(file: Hostile.text, line: 1)
        let test = PolicyTestFile.Case(
            name: Hostile.text, expectation: .pass, says: Hostile.text, location: place, expectationLocation: place,
            params: [:], paramsLocation: place, document: PolicyDocument(bindings: [:]))
        let trace = Finding.Trace(expression: Hostile.text, value: Hostile.text)
        let report = PolicyTestReport(
            outcomes: [
                .init(
                    policy: Hostile.text, test: test, found: .deny, messages: [Hostile.text],
                    looks: [.init(place: Hostile.text, trace: [trace])])
            ], gaps: [.init(policy: Hostile.text, part: Hostile.text, location: place, seen: nil)],
            untested: [.init(policy: Hostile.text, location: place)])
        let survivor = PolicyMutationReport.Survivor(
            policy: Hostile.text, location: place, original: Hostile.text, mutant: Hostile.text)
        return PolicyTestView(
            report: report, demandsCoverage: true, mutation: PolicyMutationReport(tried: 1, survivors: [survivor]))
    }
}
