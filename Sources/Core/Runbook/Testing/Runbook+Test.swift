import CEL

extension RunbookTestFile {
    /// What came of a case.
    public struct Outcome: Sendable {
        /// The case.
        public var test: Case
        /// What is not as expected, a sentence each.
        public var faults: [String]
    }
}

extension Runbook {
    /// Plans each case. Nothing of this machine or of any node is read.
    public func test(_ file: RunbookTestFile) -> [RunbookTestFile.Outcome] {
        file.cases.map { RunbookTestFile.Outcome(test: $0, faults: faults($0)) }
    }

    private func faults(_ test: RunbookTestFile.Case) -> [String] {
        let planned: NodePlan
        do {
            planned = try plan(test)
        } catch {
            let said = "\(error)"
            guard let wanted = test.refused else { return ["there is no plan: \(said)"] }
            return said.contains(wanted) ? [] : ["it is refused with '\(said)' and not for '\(wanted)'"]
        }
        if let wanted = test.refused { return ["there is a plan, and not a refusal for '\(wanted)'"] }
        let known = Set(planned.steps.map(\.name))
        let strange = test.steps.map(\.name).filter { !known.contains($0) }.map { "there is no step '\($0)'" }
        // A plan is shown whole, so a case says something of every step.
        let expected = Dictionary(test.steps.map { ($0.name, $0) }) { first, _ in first }
        return strange
            + planned.steps.flatMap { step in
                expected[step.name].map { $0.faults(step) } ?? ["nothing is said of step '\(step.name)'"]
            }
    }

    /// The plan for a node that stands for any.
    private func plan(_ test: RunbookTestFile.Case) throws -> NodePlan {
        let bound = try bind(parameters: test.parameters)
        let node = Inventory.Node(
            name: "node-1", address: "192.0.2.1", roles: ["worker"], pool: "default", labels: [:], sudo: .auto)
        try Planner.check(bound, against: test.facts, on: node.name)
        let steps = try Planner.steps(
            of: bound, for: Injection(node: node.name, kubeconfig: "/etc/kubernetes/admin.conf", run: "r-test"))
        var frame = Planner.Frame()
        frame.verify = Planner.checks(verify)
        frame.deadManSeconds = deadMan.map { Planner.seconds($0.delay) }
        frame.parameters = bound.parameters
        let identity = NodeIdentity(address: "192.0.2.1:22", hostKey: "SHA256:test", machineID: "test")
        return try Planner.plan(
            steps, frame,
            for: Planner.Subject(
                node: node, identity: identity, host: HostPlan(name: "host", identity: identity),
                kubeconfig: "/etc/kubernetes/admin.conf", facts: test.facts, observations: steps.map(test.observation)))
    }
}

extension RunbookTestFile.Case {
    fileprivate func observation(_ step: Planner.Step) -> Result<Observation, ObservationError> {
        guard let seen = steps.first(where: { $0.name == step.name })?.seen else {
            return .failure(
                ObservationError("the test does not say what is seen of step '\(step.name)'", remedy: "Add 'seen'"))
        }
        return Result { () throws(ObservationError) in try step.action.parse(seen) }
    }
}

extension RunbookTestFile.Step {
    fileprivate func faults(_ step: StepPlan) -> [String] {
        if let wanted = skipped {
            guard let why = step.skipped else { return ["step '\(name)' is planned, and not left out"] }
            return why.contains(wanted) ? [] : ["step '\(name)' is left out for '\(why)' and not for '\(wanted)'"]
        }
        if let why = step.skipped { return ["step '\(name)' is left out: \(why)"] }
        return Self.compare(before, step.before, "before step '\(name)'")
            + Self.compare(after, step.prediction.after, "after step '\(name)'")
            + Self.compare(apply, step.apply, "step '\(name)'")
            + Self.compare(undo, step.undo, "undo of step '\(name)'")
            + notes.filter { note in !step.prediction.notes.contains { $0.contains(note) } }
            .map { "step '\(name)' does not say '\($0)'" }
    }

    private static func compare(
        _ expected: [String: RunbookTestFile.Expected], _ found: Observation, _ when: String
    ) -> [String] {
        expected.sorted { $0.key < $1.key }.compactMap { field, value in
            guard let now = found[field] else {
                return value.matches(.absent) ? nil : "\(when) there is no field \(field)"
            }
            return value.matches(now) ? nil : "\(when) \(field) is \(now.plain)"
        }
    }

    private static func compare(_ expected: [String]?, _ found: [Command], _ what: String) -> [String] {
        guard let expected else { return [] }
        guard expected.count == found.count else {
            let all = found.map(\.plain).joined(separator: "; ")
            return ["\(what) has \(found.count) commands and not \(expected.count): \(all)"]
        }
        return zip(expected, found).filter { !$1.plain.contains($0) }
            .map { "\(what) runs '\($1.plain)' and not '\($0)'" }
    }
}

extension RunbookTestFile.Expected {
    fileprivate func matches(_ value: FieldValue) -> Bool {
        switch (self, value) {
        case (.text(let text), .text(let found)): text == found
        case (.text(let text), .content(let found)): text == found.text
        case (.text(let text), .absent): text == "absent"
        case (.lines(let lines), .lines(let found)): lines == found
        default: false
        }
    }
}

extension Command {
    /// Its words, and what it is given to read, without the text of a script: that is always the same, so what is found in
    /// it says nothing of this step.
    fileprivate var plain: String {
        let words = argv.starts(with: ["/bin/sh", "-c"]) ? Array(argv.dropFirst(4)) : argv
        return (words + [input?.text].compactMap(\.self)).joined(separator: " ")
    }
}

extension FieldValue {
    /// As a case would have it.
    fileprivate var plain: String {
        switch self {
        case .text(let text): "'\(text)'"
        case .lines(let lines): "[\(lines.joined(separator: ", "))]"
        case .content(let payload): "'\(payload.text ?? "bytes that are no text")'"
        case .absent: "absent"
        }
    }
}
