import CEL
import Core

private let name = "input.yaml"

func runbook(_ bytes: [UInt8]) {
    do throws(Diagnostics) {
        let runbook = try Runbook.parse(bytes, file: name)
        expect(!runbook.steps.isEmpty && runbook.targets.max > 0, "a runbook does something, somewhere")
        expect(Set(runbook.steps.map(\.name)).count == runbook.steps.count, "steps have names of their own")
        let names = runbook.parameters.map(\.name)
        bind(runbook, [:], bytes)
        for text in ["a", "1", "true", "{{ parameters.a }}", "-o; $(x)\n"] {
            bind(runbook, Dictionary(names.map { ($0, text) }) { $1 }, bytes)
        }
    } catch {
        check(error, of: bytes, file: name)
    }
}

private func bind(_ runbook: Runbook, _ parameters: [String: String], _ bytes: [UInt8]) {
    do throws(Diagnostics) {
        let bound = try runbook.bind(parameters: parameters)
        expect(bound.steps.count == runbook.steps.count, "every step is bound")
        expect(!bound.services.contains(""), "services have names")
        for step in bound.steps {
            expect(step.action.observe().allSatisfy { $0.argv.first?.isEmpty == false }, "what is asked is a program")
            expectSame(step.arguments)
        }
        let checks = runbook.preconditions.map(\.condition) + runbook.verify.map(\.condition)
        for check in checks { _ = check.program.evaluate(bound.bindings(facts: knownFacts)) }
    } catch {
        check(error, of: bytes, file: name)
    }
}

func policy(_ bytes: [UInt8]) {
    guard let set = load(bytes) else { return }
    judge(set, set.policies.map { ($0.name, "pass") } + set.grants.map { ($0.name, "granted") })
}

/// A policy, 0xFF, and a file of its tests.
func policyTest(_ bytes: [UInt8]) {
    let files = parts(bytes, 2)
    do throws(Diagnostics) {
        let tests = try PolicyTestFile.parse(files[1], file: name)
        expect(!tests.cases.isEmpty, "a file of tests has cases")
        guard let set = load(files[0]) else { return }
        report(set, tests, files[1])
    } catch {
        check(error, of: files[1], file: name)
    }
}

private func load(_ bytes: [UInt8]) -> PolicySet? {
    do throws(Diagnostics) {
        let set = try PolicySet.load([(file: name, bytes: bytes)])
        expect(set.policies.count + set.grants.count <= 1, "a file has one policy or grant")
        expect(set.digest.utf8.count == 64, "a set has a digest")
        return set
    } catch {
        check(error, of: bytes, file: name)
        return nil
    }
}

private func judge(_ set: PolicySet, _ expected: [(name: String, expectation: String)]) {
    for (policy, expectation) in expected {
        let text = """
            apiVersion: belay/v1
            kind: PolicyTest
            policy: "\(policy)"
            cases:
            - {name: planned, expect: \(expectation)}
            - {name: run, set: {request.phase: execute}, expect: \(expectation)}
            """
        guard let tests = try? PolicyTestFile.parse(Array(text.utf8), file: name) else {
            return expect(false, "a policy's name can be written in a file of tests")
        }
        report(set, tests, Array(text.utf8))
    }
}

private func report(_ set: PolicySet, _ tests: PolicyTestFile, _ bytes: [UInt8]) {
    do throws(Diagnostics) {
        let report = try set.test([tests])
        expect(report.outcomes.count == tests.cases.count, "something comes of every case")
        let again = try set.test([tests])
        expect(report.outcomes.map(\.found) == again.outcomes.map(\.found), "a judgement is the same every time")
        for outcome in report.outcomes where [.deny, .warn, .error, .refused].contains(outcome.found) {
            expect(!outcome.messages.isEmpty, "what is not let pass has a reason")
        }
    } catch {
        check(error, of: bytes, file: name)
    }
}

/// A project's file, 0xFF, the machine's, 0xFF, and a user's; those of the last two that are empty are not there.
func configuration(_ bytes: [UInt8]) {
    let files = parts(bytes, 3)
    let system = layer(files[1]) { (bytes, file) throws(Diagnostics) in try SystemConfiguration.parse(bytes, file: file)
    }
    let user = layer(files[2]) { (bytes, file) throws(Diagnostics) in try UserConfiguration.parse(bytes, file: file) }
    let project = layer(files[0]) { (bytes, file) throws(Diagnostics) in
        try Configuration.parse(bytes, file: file, under: system)
    }
    guard let project else { return }
    let inEffect = project.with(user)
    let settings = inEffect.settings(logDirectory: "/log")
    expect(
        settings.allSatisfy { $0.layer != .user || $0.name == "signing.key" }, "a user's file moves no guardrail")
    expect(Set(system?.policies ?? []).isSubset(of: inEffect.policies), "the machine's policies hold")
    expect(system?.allowedSigners.map { $0 == inEffect.allowedSigners } ?? true, "the machine says who may sign")
    expect(system?.notify.map { $0 == inEffect.notify } ?? true, "the machine says who is told")
    expect(!inEffect.policies.isEmpty, "there are policies")
    check(inEffect.calendar)
}

private func layer<Layer>(
    _ bytes: [UInt8], _ parse: ([UInt8], String) throws(Diagnostics) -> Layer
) -> Layer? {
    if bytes.isEmpty { return nil }
    do throws(Diagnostics) {
        return try parse(bytes, name)
    } catch {
        check(error, of: bytes, file: name)
        return nil
    }
}

private func check(_ calendar: ChangeCalendar) {
    // Around a change of summer time, and far away.
    for seconds: Int64 in [1_774_746_000, 1_792_890_000, 0, 4_102_444_800, -62_135_596_800, 253_402_300_799] {
        let now = Timestamp(milliseconds: seconds * 1000)
        expectSame(calendar.moment(at: now))
        guard let next = calendar.nextOpening(after: now) else { continue }
        expect(next.opensAt > now && next.closesAt > next.opensAt, "what opens next opens later, and for a while")
    }
}
