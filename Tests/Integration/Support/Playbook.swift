import Foundation
import Testing

/// The cluster of `belay-testbed up --kubernetes`, its faults, and how triage is asked.
enum Playbook {
    static let isUp: Bool = {
        if let inventory = Testbed.environment["BELAY_TESTBED_KUBERNETES"], !inventory.isEmpty { return true }
        // And then every test fails, which it must.
        if Testbed.environment["BELAY_TESTBED"] == "required" { return true }
        print("NOT RUN: the tests of triage need a real cluster; ./test and ./check-deep playbook bring one up")
        return false
    }()

    /// Whether all of it is asked for: `./test` has time for a part.
    static let isWhole = Deep.asks(for: "playbook")

    struct Round: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var quick: Bool?
        var faults: [Fault]

        var testDescription: String { name }
    }

    struct Fault: Decodable, Sendable {
        /// Its name in the testbed, and where it is injected.
        var fault: String
        var on: String
        /// What triage must say, and a symptom that must follow from it.
        var rule: String
        var symptom: String?
        /// What it is said of, where that is not where it is injected.
        var about: String?
        /// What may be found besides, since it is true as well.
        var mayShow: [String]?
        /// What mends it: one runbook, which triage must offer, more than once where there is more than one thing to mend.
        var mend: [Mend]?
        /// Those of them that are tried now.
        var mends: [Mend] { (mend ?? []).filter { Playbook.isWhole || $0.quick == true } }
        /// Whether taking that back must bring the fault back; tried where there is time for all of it.
        var undone: Bool?
        /// Whether the API is gone by it, so that policies which ask it cannot decide: two people break the glass then.
        var breakGlass: Bool?
        /// False where nobody can tell whether the runbook mends it, as a stand-in says what a file says.
        var heals: Bool?
        /// Whether the platform's agent is away meanwhile, since the runbook leaves alone what a platform owns.
        var withoutAgent: Bool?
        /// How many seconds what follows from it goes on changing, so that a plan of now would be stale.
        var settles: Int?
    }

    /// How a person who reads the offered line goes on.
    struct Mend: Decodable, Sendable {
        /// The runbook whose line is taken.
        var runbook: String
        /// Words of `belay plan` for a run before anything is wrong, such as a snapshot's.
        var before: [String]?
        /// What a person fills in for VALUE.
        var parameters: [String: String]?
        /// The same from files that lie on the node before anything is wrong.
        var files: [String: String]?
        /// Whether `./test` has time for it.
        var quick: Bool?
    }

    static func rounds() throws -> [Round] {
        let file = URL(fileURLWithPath: "\(Testbed.root)/Tests/Integration/Playbook/rounds.json")
        let all = try JSONDecoder().decode([Round].self, from: Data(contentsOf: file))
        return all.filter { Deep.asks(for: "playbook") ? Deep.isWanted($0.name) : $0.quick == true }
    }

    /// What `belay triage -o json` printed.
    struct Report: Decodable {
        var findings: [Finding]
        var scope: Scope
        var layer: String?
        var unseen: [String: String] = [:]
        var plans: [[Plan]] = []
        var text = ""
        var seconds = 0.0

        var unchecked: [Unchecked]
        /// Whether all was seen and could be checked.
        var isWhole: Bool { unseen.isEmpty && unchecked.isEmpty }

        private enum CodingKeys: String, CodingKey { case findings, scope, layer, unchecked }

        struct Unchecked: Decodable { var rule: String }

        /// A runbook that is offered.
        struct Plan: Decodable {
            var runbook: String
            var command: String
            var reversibility: String?
        }

        struct Scope: Decodable {
            var kind: String
            var names: [String]
        }

        struct Finding: Decodable {
            var rule: String
            var set: String
            var title: String
            var layer: String
            var places: [Place]
            var consequences: [Consequence]
        }

        struct Place: Decodable {
            var subject: String
            var evidence: [String]
        }

        struct Consequence: Decodable {
            var rule: String
            var title: String
            var subjects: [String]
        }
    }

    /// A project over the cluster's inventory.
    struct Cluster: ~Copyable {
        let project: Project

        init() async throws {
            let made = try await Project(inventory: Testbed.value("BELAY_TESTBED_KUBERNETES"))
            try made.letAliceBreakGlass()
            project = made
        }

        func triage() async throws -> Report { try await Report.ask(project) }

        /// Until triage says exactly what was injected, for as long as Kubernetes may take to notice.
        func expect(_ round: Round) async throws -> Report {
            let start = ContinuousClock().now
            var report = try await triage()
            while !round.isTold(by: report), ContinuousClock().now - start < .seconds(150) {
                try await Task.sleep(for: .seconds(2))
                report = try await triage()
            }
            try #require(round.isTold(by: report), "\(report.text)")
            let seconds = (ContinuousClock().now - start) / .seconds(1)
            for fault in round.faults {
                let index = try #require(report.findings.firstIndex { $0.rule == fault.rule })
                let finding = report.findings[index]
                let place = try #require(finding.places.first { fault.isAbout($0.subject) })
                try Results.append(
                    FaultLine(
                        round: round.name, fault: fault.fault, on: fault.on, rule: finding.rule, set: finding.set,
                        title: finding.title, layer: finding.layer,
                        scope: ([report.scope.kind] + report.scope.names).joined(separator: " "), place: place.subject,
                        evidence: place.evidence, consequences: finding.consequences.map(\.title),
                        plans: report.plans[index].map(\.command), others: round.faults.count - 1, seconds: seconds))
            }
            return report
        }

        func lift(_ round: Round) async throws {
            for fault in round.faults.reversed() { try await Testbed.call("lift", fault.on, fault.fault) }
        }

        func untilHealthy() async throws {
            let start = ContinuousClock().now
            var report = try await triage()
            while !(report.findings.isEmpty && report.unseen.isEmpty), ContinuousClock().now - start < .seconds(300) {
                try await Task.sleep(for: .seconds(2))
                report = try await triage()
            }
            try #require(report.findings.isEmpty && report.unseen.isEmpty, "not healthy again: \(report.text)")
        }
    }
}

extension Playbook.Report {
    /// Asks triage of the nodes named, or of all where none is.
    static func ask(_ project: borrowing Project, _ nodes: String...) async throws -> Self {
        let clock = ContinuousClock()
        let start = clock.now
        let result = try await project.belay(["triage", "-o", "json"] + nodes)
        let seconds = (clock.now - start) / .seconds(1)
        struct Answer: Decodable {
            var report: Playbook.Report
            var remedies: [[Plan]]
            var unseen: [String: String]
        }
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
        } catch {
            Issue.record("\(error)\n\(result.output)\n\(result.error)")
            throw error
        }
        var report = answer.report
        (report.text, report.seconds, report.unseen) = (result.output, seconds, answer.unseen)
        report.plans = answer.remedies
        #expect(result.status == (report.findings.isEmpty ? (report.isWhole ? 0 : 10) : 11))
        return report
    }
}

extension Playbook.Round {
    /// Whether all of it was found where it is, with what follows from it, and nothing besides.
    fileprivate func isTold(by report: Playbook.Report) -> Bool {
        let rules = Set(faults.map(\.rule)).union(faults.flatMap { $0.mayShow ?? [] })
        return Set(report.findings.map(\.rule)).isSubset(of: rules) && faults.allSatisfy { $0.isTold(by: report) }
    }
}

extension Playbook.Fault {
    fileprivate func isTold(by report: Playbook.Report) -> Bool {
        guard let finding = report.findings.first(where: { $0.rule == rule }),
            finding.places.contains(where: { isAbout($0.subject) })
        else { return false }
        return symptom.map { wanted in finding.consequences.contains { $0.rule == wanted } } ?? true
    }

    /// Objects of the API bear the fault's name; what they do to a node is told of that node.
    func isAbout(_ subject: String) -> Bool {
        if let about { return subject.hasPrefix(about) }
        return on == "cluster" ? subject.contains(fault) || subject.hasPrefix("node ") : subject == "node \(on)"
    }
}
